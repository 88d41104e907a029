"""`scanner demo`: the main job on a machine without camera and lamps."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from scanner.demo.lines import summary_lines, text_line


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-out"),
    show_default=True,
    help="Where the database, the contact sheet and the report go.",
)
@click.option(
    "--samples",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with manifest.json, pictures and bundle; default: sample_codes of the checkout.",
)
def command(out: Path, samples: Path | None) -> int:
    """Scan simulated phones with the loop, rules, pins and stores that ship.

    Only the camera, the clock and the GPIO chip are simulated, and every line says so. At the end
    the records go to a central server that is started on loopback.
    Exit code 1 when a verdict is not the one in the manifest, or a record did not arrive.
    """
    from scanner.demo.manifest import read_manifest
    from scanner.demo.show import bring_back, show_all

    folder = samples or Path(__file__).resolve().parents[2] / "sample_codes"
    lines = read_manifest(folder)
    colours = sys.stdout.isatty()
    click.echo(f"SIMULATED  {len(lines)} frames from {folder.name}, lists from its bundle.")
    show = show_all(lines, folder, out, report=lambda shown: click.echo(text_line(shown, colours)))
    show = bring_back(show, out)
    for line in summary_lines(show):
        click.echo(line)
    return 0 if show.is_as_expected else 1
