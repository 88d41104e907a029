"""`scanner central serve`: the lists for the devices, and the place for their scan records."""

from __future__ import annotations

import secrets
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING

import click

from scanner.commands.central_desk import Desk, pass_desk, with_database

if TYPE_CHECKING:
    from scanner.central.ca import ServerFiles

PORT = click.IntRange(0, 65535)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 for every network.")
@click.option("--port", type=PORT, default=8000, show_default=True, help="For the lists.")
@click.option(
    "--poll", "poll_s", type=click.IntRange(10), default=300, show_default=True,
    help="Seconds between two polls of a device.",
)  # fmt: skip
@click.option("--log-port", type=PORT, default=8443, show_default=True, help="For the records.")
@click.option(
    "--enrol-port", type=PORT,
    help="Also let devices in that come with a card or a code, on this port, such as 8444.",
)  # fmt: skip
@click.option(
    "--name", "names", multiple=True,
    help="Host name or address by which devices reach it; again for each. Kept for later starts.",
)  # fmt: skip
@click.option(
    "--plain", is_flag=True,
    help="Records without TLS, behind nginx that does it; with --name, its certificate is made.",
)  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True,
    help="Processes that take records; more than one needs PostgreSQL.",
)  # fmt: skip
@with_database
@pass_desk
def serve(
    desk: Desk,
    host: str,
    port: int,
    poll_s: int,
    log_port: int,
    enrol_port: int | None,
    names: tuple[str, ...],
    plain: bool,
    workers: int,
    database: str | None,
) -> None:
    """Serve the lists, and take the scan records of enrolled devices.

    With --enrol-port, devices are also let in online: `scanner central device token` makes cards.
    Keys, certificates and the database are made at the first start. In a city nginx or a CDN
    serves the lists, and nginx may stand before the records: scanner/central/README.md.
    """
    from scanner.central.ledger import open_ledger
    from scanner.central.log_folder import default_database, ensure_receipt_key
    from scanner.central.serve_log import LogService, check_workers, listen, run

    store = database or default_database(desk.folder)
    check_workers(store, workers)
    ensure_receipt_key(desk.folder, secrets.token_bytes)
    with closing(open_ledger(store)) as ledger, ledger.book(reading=True) as book:
        enrolled = sum(device.revoked_at is None for device in book.devices())
        place = ledger.name
    files = _certificates(desk, names) if names or not plain else None
    tls = None if plain else files
    with (
        ExitStack() as stack,
        _lists(desk, (host, port), poll_s),
        listen(host, log_port) as listener,
    ):
        scheme, at = ("https", tls.names[0]) if tls else ("http", host)
        bound = listener.getsockname()[1]
        click.echo(f"{scheme}://{_in_url(at)}:{bound} takes scan records into {place}")
        door = stack.enter_context(_door(desk, store, (host, enrol_port), tls))
        if door is not None:
            click.echo(f"{scheme}://{_in_url(at)}:{door} lets in devices with a card or a code")
        click.echo(f"Devices enrolled: {enrolled}; add one: scanner central device enrol")
        # What a service manager sends is taken as Ctrl-C is.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            run(LogService(desk.folder, store, desk.clock), listener, tls, workers)
        click.echo("Stopped.")


def _certificates(desk: Desk, names: tuple[str, ...]) -> ServerFiles:
    from scanner.central.ca import ensure_server, open_authority
    from scanner.central.log_folder import log_folder

    folder = log_folder(desk.folder)
    if not names and not (folder / "server.crt").exists():
        names = ("localhost", "127.0.0.1", socket.gethostname())
    files = ensure_server(folder, open_authority(folder, desk.now), names, desk.now)
    if files.is_new:
        click.echo(f"A certificate for {', '.join(files.names)} until {files.until:%Y-%m-%d}.")
    return files


@contextmanager
def _door(
    desk: Desk, store: str, address: tuple[str, int | None], tls: ServerFiles | None
) -> Iterator[int | None]:
    """Where devices are let in, beside the records; its port, None: nowhere."""
    from scanner.central.ledger import open_ledger
    from scanner.central.serve_enrol import enrolling
    from scanner.central.serve_log import listen
    from scanner.commands.central_desk import office_of

    host, port = address
    if port is None:
        yield None
        return
    with (
        closing(open_ledger(store)) as ledger,
        listen(host, port, "--enrol-port") as listener,
        enrolling(office_of(desk, ledger), desk.clock, listener, tls),
    ):
        yield listener.getsockname()[1]


@contextmanager
def _lists(desk: Desk, address: tuple[str, int], poll_s: int) -> Iterator[None]:
    """The static files beside it, in a thread; a computer without lists takes records alone."""
    from threading import Thread

    from scanner.central.city import REPOSITORY
    from scanner.central.errors import CentralError
    from scanner.central.serve import make_server

    repository = desk.folder / REPOSITORY
    if not repository.is_dir():
        yield
        return
    try:
        server = make_server(repository, address, poll_s)
    except OSError as error:
        where = f"{address[0]}:{address[1]}"
        raise CentralError(
            f"{where} cannot be listened to ({error.strerror}). Choose another --port."
        ) from None
    with server:
        port = server.server_address[1]
        click.echo(f"http://{_in_url(address[0])}:{port}/ serves {repository}")
        thread = Thread(target=server.serve_forever, name="lists", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def _in_url(host: str) -> str:
    """An IPv6 address stands in brackets [RFC 3986 §3.2.2]."""
    return f"[{host}]" if ":" in host else host


COMMANDS = (serve,)
