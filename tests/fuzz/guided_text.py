"""As fuzz_text.py, guided by which lines an input reaches: needs atheris, which is not in the lock.

    .venv/bin/python -m pip install atheris
    .venv/bin/python tests/fuzz/guided_text.py --count 10000000

On x86-64 only, for there is no wheel for others; it unpacks to 130 MB.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import atheris

with atheris.instrument_imports(include=["scanner"]):
    from tests.fuzz.readers import READERS

MOST_RESIDENT_MB = 400
LONGEST = 2048


def read(raw: bytes) -> None:
    """The first byte chooses the reader; whatever is not its own error ends the run."""
    if raw:
        reader = READERS[raw[0] % len(READERS)]
        try:
            reader.read(raw[1:])
        except reader.own:
            return


def plant(folder: Path) -> None:
    """Every genuine input, behind the byte that chooses its reader."""
    for number, reader in enumerate(READERS):
        for place, seed in enumerate(reader.seeds):
            (folder / f"{number}-{place}").write_bytes(bytes([number]) + seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as corpus:
        plant(Path(corpus))
        options = [
            f"-atheris_runs={chosen.count}",
            f"-seed={chosen.seed}",
            f"-max_len={LONGEST}",
            f"-rss_limit_mb={MOST_RESIDENT_MB}",
            f"-artifact_prefix={tempfile.gettempdir()}/",
            "-print_final_stats=1",
            "-verbosity=1",
        ]
        atheris.Setup([sys.argv[0], *options, corpus], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
