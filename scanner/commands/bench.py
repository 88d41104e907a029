"""`scanner bench`: how quick this very device is, from camera to lamp."""

from __future__ import annotations

import json
from pathlib import Path

import click
import msgspec

from scanner.config import CameraTable, PinsTable, Settings, find_config, find_state, load_settings
from scanner.core.errors import DeviceError

RUNNING = (
    "The scanner is running and has camera and lamps. Run `sudo systemctl stop scanner`, then this "
    "again, and `sudo systemctl start scanner` after it."
)
NOTHING_READ = 1


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option("--state", type=click.Path(path_type=Path), help="State folder of this device.")
@click.option(
    "--source",
    metavar="dir:FOLDER|video:FILE",
    help="Recorded frames and mock pins in the place of camera, lamps and settings.",
)
@click.option(
    "--lists",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Judge by the lists of this folder.",
)
@click.option("--seconds", type=click.FloatRange(1, 3600), default=20, show_default=True)
@click.option("--frames", type=click.IntRange(1), help="End after so many frames, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    config: Path | None,
    state: Path | None,
    source: str | None,
    lists: Path | None,
    seconds: float,
    frames: int | None,
    as_json: bool,
) -> int:
    """Time the loop on this very device: hold a code before the camera while it runs.

    Every frame is judged anew, and the lamps are lit: nobody may take them for a checkpoint's.
    Records go to a scratch log. A frame counts from its arrival in this program; what the sensor
    and its cable take comes on top. Exit code 1 when no code was read.
    """
    from scanner.bench.machine import machine_in_words
    from scanner.bench.measure import run_bench
    from scanner.bench.table import as_json as told
    from scanner.bench.table import lines
    from scanner.doctor.units import is_scanning

    settings = load_settings(find_config(config)) if source is None else _recorded(source)
    if settings.pins.factory != "mock" and is_scanning():
        raise DeviceError(RUNNING)
    where = find_state(state)
    bench = run_bench(settings, where, seconds=seconds, frames=frames, lists=lists)
    machine = machine_in_words()
    if as_json:
        click.echo(json.dumps(told(bench, machine), ensure_ascii=False))
    else:
        click.echo("\n".join(lines(bench, machine)))
    return 0 if bench.latency is not None else NOTHING_READ


def _recorded(source: str) -> Settings:
    """Settings without hardware."""
    if not source.startswith(("dir:", "video:")):
        raise click.UsageError(f"Name recorded frames, dir:FOLDER or video:FILE, not {source!r}.")
    camera, pins = CameraTable(source=source, fps=30.0), PinsTable(factory="mock")
    return msgspec.structs.replace(Settings(), camera=camera, pins=pins)
