"""Make every file of the samples again:  python -m sample_codes.make_samples [--out DIR]

The same files each time, byte for byte with the same libraries. `--only` draws single frames.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from sample_codes.bundle import make_index, make_targets
from sample_codes.keys import FLEET_IDENTITY
from sample_codes.lines import LINES
from sample_codes.passes import make_texts
from sample_codes.png import encode_png
from sample_codes.readme import fill_table
from sample_codes.shots import SHOTS, render

FOLDER = Path(__file__).parent

FLEET_KEY = f"""\
# Test key of the sample fleet: it is public, never use it for a real one.
{FLEET_IDENTITY}
"""


def make_manifest() -> str:
    return json.dumps([line.as_json() for line in LINES], ensure_ascii=False, indent=2) + "\n"


def write_bundle(folder: Path) -> None:
    """The targets under their names, and `index.json`; target files of before are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    old_holders = folder / "holders-1-0"
    targets = make_targets(old_holders.read_bytes() if old_holders.exists() else None)
    for stale in folder.iterdir():
        stale.unlink()
    for name, body in targets.items():
        (folder / name).write_bytes(body)
    (folder / "index.json").write_bytes(make_index(targets))


def write_frames(folder: Path, names: list[str]) -> None:
    texts = make_texts()
    for name in names:
        (folder / f"{name}.png").write_bytes(encode_png(render(name, texts)))


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the sample passes, frames and lists again.")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to")
    parser.add_argument(
        "--only", action="append", choices=sorted(SHOTS), help="draw this frame only"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "manifest.json").write_text(make_manifest(), encoding="utf-8")
    (options.out / "fleet.key").write_text(FLEET_KEY, encoding="ascii")
    write_bundle(options.out / "bundle")
    write_frames(options.out, options.only or list(SHOTS))
    readme = FOLDER / "README.md"
    text = fill_table(readme.read_text(encoding="utf-8"))
    (options.out / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
