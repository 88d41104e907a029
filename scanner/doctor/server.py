"""Whether the servers are reached: a matter of lists and records, never of a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from scanner.config import Settings
from scanner.core.clock import ClockReading
from scanner.core.errors import StoreError, SyncError
from scanner.doctor.finding import Finding, Grade
from scanner.doctor.upload import UNKNOWN
from scanner.store.enrolment import TLS_KEY_FILE, read_enrolment

# The first file of any list: small, and its size is bounded here.
TIMESTAMP, LONGEST = "metadata/timestamp.json", 64 * 1024

NETWORK = (
    "Look at cable, Wi-Fi and the name server (`ping`, `resolvectl status`). Scanning goes on "
    "without; lists grow old and records wait."
)


def check_servers(
    settings: Settings | None, state: Path, now: ClockReading | None
) -> Iterator[Finding]:
    """Those that are configured: of the scan records, and of the lists."""
    is_standalone = settings is not None and settings.standalone
    if not is_standalone:
        yield from _records(state, now or UNKNOWN)
    url = None if settings is None else settings.updates.url
    if url is not None:
        yield _lists(url)
    elif is_standalone:
        yield Finding("E-SERVER", Grade.OK, "no server is configured, and none is needed")


def _records(state: Path, now: ClockReading) -> Iterator[Finding]:
    """TLS as an upload opens it, with the CA of the enrolment; nothing is sent."""
    from scanner.sync.transport import HttpsTransport

    try:
        enrolment = read_enrolment(state)
    except StoreError:
        return  # the part "upload" says what is wrong with it
    if enrolment is None:
        yield Finding("E-SERVER", Grade.OK, "no server yet: this device is not enrolled")
        return
    try:
        with closing(HttpsTransport(enrolment, state / TLS_KEY_FILE, lambda: now)) as transport:
            transport.reach()
    except SyncError as error:
        yield Finding("E-SERVER", Grade.WARNING, f"{enrolment.url}: {error}", NETWORK)
    else:
        yield Finding(
            "E-SERVER", Grade.OK, f"{enrolment.url} answers and shows itself as the city's"
        )


def _lists(url: str) -> Finding:
    from tuf.api.exceptions import DownloadError

    from scanner.sync.fetch import ListFetcher, base_url

    try:
        base = base_url(url)
        with ListFetcher().download_file(f"{base}{TIMESTAMP}", LONGEST):
            pass
    except (SyncError, DownloadError) as error:
        return Finding("E-LISTS-SERVER", Grade.WARNING, f"lists: {error}", NETWORK)
    return Finding("E-LISTS-SERVER", Grade.OK, f"lists are to be had at {url}")
