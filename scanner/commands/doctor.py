"""`scanner doctor`: look at everything, and say what to do."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import click

from scanner.config import find_config, find_state
from scanner.doctor.examine import examine
from scanner.doctor.finding import as_told_here, exit_code
from scanner.doctor.parts import BY_NAME, PARTS, WIRING, Part
from scanner.doctor.subject import Subject

NAMES = ", ".join(part.name for part in PARTS)


class AtTerminal:
    """The technician at this terminal; questions go to standard error, findings to output."""

    def tell(self, words: str) -> None:
        click.echo(words, err=True)

    def confirm(self, question: str) -> bool:
        return click.confirm(question, err=True)


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option("--state", type=click.Path(path_type=Path), help="State folder of this device.")
@click.option("--only", help=f"Parts to look at, with commas: {NAMES}; or {WIRING.name}.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a finding.")
def command(
    config: Path | None, state: Path | None, only: str | None, strict: bool, as_json: bool
) -> int:
    """Look at settings, libraries, databases, disk, scan log, clock, lists, servers, reader,
    camera, lamps, power and units, and say what to do. scanner/doctor/README.md lists every
    finding by its id.

    `--only wiring` lights lamp by lamp, asks what you saw, and waits for the button; stop the
    scanner before (`sudo systemctl stop scanner scanner-fault`).

    \b
    Exit code:
      0 all is well          1 warnings, with --strict
      2 a failure: passes would not be admitted, or lamps not lit
      3 not configured: nobody has told this device what it is or whose
    """
    # What a part logs while it is tried is in its finding.
    logging.getLogger("scanner").addHandler(logging.NullHandler())
    findings = []
    for finding in map(as_told_here, examine(_chosen(only), _subject(config, state))):
        findings.append(finding)
        click.echo(json.dumps(finding.as_json()) if as_json else finding.as_line())
    return exit_code(findings, strict=strict)


def _chosen(only: str | None) -> tuple[Part, ...]:
    if only is None:
        return PARTS
    names = [name.strip() for name in only.split(",")]
    if unknown := set(names) - set(BY_NAME):
        raise click.UsageError(
            f"There is no part {', '.join(sorted(unknown))}; there are {', '.join(BY_NAME)}."
        )
    if WIRING.name in names and not sys.stdin.isatty():
        raise click.UsageError(
            "Sit down at the device, or use `ssh -t`: --only wiring asks what you see, and "
            "nobody can answer here."
        )
    return tuple(part for part in BY_NAME.values() if part.name in names)


def _subject(config: Path | None, state: Path | None) -> Subject:
    technician = AtTerminal() if sys.stdin.isatty() else None
    return Subject(find_config(config), find_state(state), technician)
