"""`scanner migrate`: make or update the databases of a state folder."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.config import find_image_built, find_state, load_image_built


@click.command()
@click.option("--state", type=click.Path(path_type=Path), help="State folder of this device.")
def command(state: Path | None) -> None:
    """Make or update the databases and the key of the device; safe to run at any time.

    A damaged database is moved aside, never deleted, and a new one made. Where whoever made the
    image left the time of that (RFC 3339) in $SCANNER_IMAGE_BUILT, else /etc/scanner/image-built,
    the clock knows that it is not earlier.
    """
    from scanner.store.device_key import device_id, provide_device_key
    from scanner.store.migrations import migrate

    folder = find_state(state)
    migrate(folder, report=click.echo)
    built_at = load_image_built(find_image_built())
    if built_at is not None:
        from scanner.assembly.clock import hear_image

        if hear_image(folder, built_at):
            click.echo(f"the image was made on {built_at:%Y-%m-%d %H:%M}Z: it is not earlier")
    click.echo(f"device {device_id(provide_device_key(folder))}, state folder {folder}")
