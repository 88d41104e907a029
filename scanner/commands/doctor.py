"""`scanner doctor`: look at everything, and say what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from scanner.config import Settings, find_config, find_state
from scanner.doctor.finding import Finding, Grade, exit_code

PARTS = (
    "config",
    "libraries",
    "stores",
    "log",
    "clock",
    "lists",
    "upload",
    "reader",
    "camera",
    "pins",
)


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option("--state", type=click.Path(path_type=Path), help="State folder of this device.")
@click.option("--only", help=f"Parts to look at, with commas: {', '.join(PARTS)}.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a finding.")
def command(
    config: Path | None, state: Path | None, only: str | None, strict: bool, as_json: bool
) -> int:
    """Look at settings, libraries, databases, scan log, clock, lists, upload, reader,
    camera and lamps.

    \b
    Exit code:
      0 all is well          1 warnings, with --strict
      2 a failure: passes would not be admitted, or lamps not lit
      3 not configured: nobody has told this device what it is or whose
    """
    parts = PARTS if only is None else tuple(part.strip() for part in only.split(","))
    if unknown := set(parts) - set(PARTS):
        raise click.UsageError(
            f"There is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}."
        )
    findings = []
    for finding in look(parts, find_config(config), find_state(state)):
        findings.append(finding)
        click.echo(json.dumps(finding.as_json()) if as_json else finding.as_line())
    return exit_code(findings, strict=strict)


def look(parts: tuple[str, ...], config: Path, state: Path) -> Iterator[Finding]:
    """One finding after the other, as each part is looked at."""
    from scanner.doctor import software

    finding, settings = software.check_config(config)
    if "config" in parts or finding.grade is not Grade.OK:
        yield finding
    if "libraries" in parts:
        yield from software.check_libraries()
        yield software.check_zbar()
    if "stores" in parts:
        yield from software.check_stores(state)
        yield software.check_device(state)
        yield software.check_space(state)
    is_mock = settings is not None and settings.pins.factory == "mock"
    is_standalone = settings is not None and settings.standalone
    if "log" in parts:
        yield from _look_at_log(state, settings)
    if set(parts) & {"clock", "lists", "upload"}:
        yield from _look_at_time(parts, state, allow_test_keys=is_mock, is_standalone=is_standalone)
    if settings is not None:
        yield from _look_at_hardware(parts, settings, state)


def _look_at_log(state: Path, settings: Settings | None) -> Iterator[Finding]:
    from scanner.config import LogTable
    from scanner.doctor import log

    table = LogTable() if settings is None else settings.log
    yield from log.check_log(state, table.capacity)


def _look_at_time(
    parts: tuple[str, ...], state: Path, *, allow_test_keys: bool, is_standalone: bool
) -> Iterator[Finding]:
    """The clock, and what is judged by it; without a clock no age can be told, which is said."""
    from scanner.doctor import hardware, lists, upload

    clock, now = hardware.check_clock(state)
    if "clock" in parts or now is None:
        yield from clock
    if "lists" in parts and now is not None:
        yield from lists.check_lists(state, now, allow_test_keys=allow_test_keys)
    if "upload" in parts:
        yield from upload.check_upload(state, now, is_standalone=is_standalone)


def _look_at_hardware(parts: tuple[str, ...], settings: Settings, state: Path) -> Iterator[Finding]:
    from scanner.doctor import hardware, reader

    if "reader" in parts:
        yield reader.check_reader(settings)
    if "camera" in parts:
        yield from hardware.check_stickers(state)
        yield hardware.check_camera(settings)
    if "pins" in parts:
        yield hardware.check_pins(settings)
