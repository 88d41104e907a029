"""Signed lists from a server, a folder or a stick into the databases of a device."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.assembly.clock import open_known_time, start_clock
from scanner.assembly.clock_reset import ResetDesk
from scanner.core.clock import ClockReading
from scanner.core.clock_reset import ClockReset
from scanner.core.errors import CheckpointError, StoreError, SyncError, TimeError, UpdateError
from scanner.core.time_bounds import NEVER_SET, TimeSource

if TYPE_CHECKING:
    from scanner.store.known_time import KnownTime
    from scanner.store.writer import ListsWriter
    from scanner.sync.client import UpdateClient
    from scanner.sync.pull import Progress, Report

log = logging.getLogger("scanner.sync")

# Under the state folder: the newest root that was verified; what is fetched, where no folder in
# memory is given.
TUF = "tuf"
ROOT = "root.json"
RESET = "clock-reset"
# In the state folder from enrolment on, where the settings name no other.
FLEET_KEY_FILE = "fleet.key"


@dataclass(frozen=True, slots=True)
class Sync:
    """What a run needs to know: the source is a URL or a folder, `root` the first trusted root."""

    state: Path
    source: str
    root: Path | None
    fleet_key: Path | None
    allow_test_keys: bool
    resets_clock: bool = False  # a technician says that the floor of time is wrong


def sync_lists(sync: Sync, progress: Progress) -> Report:
    """One run. Raises SyncError, UpdateError, StoreError; why is kept for `scanner status`."""
    from hardware.clock import boot_seconds
    from scanner.store.migrations import migrate
    from scanner.store.writer import ListsWriter
    from scanner.sync.bundle import holder_opener

    migrate(sync.state)
    opener = holder_opener(sync.fleet_key) if sync.fleet_key else None
    writer = ListsWriter(sync.state, opener, allow_test_keys=sync.allow_test_keys)
    with closing(open_known_time(sync.state)) as known:
        desk = ResetDesk(known, start_clock(known, None), sync.resets_clock)
        now = desk.clock.now()
        try:
            report = _pull_or_reset(sync, writer, progress, desk)
        except CheckpointError as error:
            _note(writer, now, {"sync": str(error)})
            raise
        faults = {**report.refused, **_hear(known, report, boot_seconds())}
        _note(writer, now, faults)
    return report


def _pull_or_reset(sync: Sync, writer: ListsWriter, progress: Progress, desk: ResetDesk) -> Report:
    """By a floor that is wrong everything has expired, the clock-reset too: it is fetched first."""
    from scanner.sync.refusals import ExpiredError

    try:
        return _pull(sync, writer, progress, desk)
    except ExpiredError as error:
        if not desk.is_due:
            raise _with_hint(error, desk) from error
        if (reset := _fetch_reset(sync, desk)) is None:
            raise
    anew = ResetDesk(desk.known, start_clock(desk.known, None), is_asked=False)
    report = _pull(sync, writer, progress, anew)
    report.changed[RESET] = reset.number
    return report


def _pull(sync: Sync, writer: ListsWriter, progress: Progress, desk: ResetDesk) -> Report:
    from scanner.sync.pull import pull

    now = desk.clock.now()
    with _client(sync, work_folder(sync.state), now.earliest) as client:
        latest = None if now.latest is None else int(now.latest.timestamp())
        report = pull(client, writer, progress, latest=latest)
        try:
            if (reset := desk.take(client, report.offer)) is not None:
                report.changed[RESET] = reset.number
        except UpdateError as error:
            report.refused[RESET] = str(error)
    return report


def _fetch_reset(sync: Sync, desk: ResetDesk) -> ClockReset | None:
    """Nothing but the clock-reset, with every signature and version checked and no expiry.

    Raises as `sync_lists`.
    """
    folder = work_folder(sync.state) / RESET
    try:
        with _client(sync, folder, NEVER_SET) as client:
            return desk.take(client, client.refresh())
    finally:
        # What has expired must not be what the next run begins with.
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _client(sync: Sync, work: Path, now: datetime) -> Iterator[UpdateClient]:
    """now: what must not have expired then. A newer root is kept when all went well."""
    from scanner.store.state import StateStore
    from scanner.sync.client import UpdateClient
    from scanner.sync.fetch import base_url

    root = _trusted_root(sync)
    with closing(StateStore(sync.state)) as floors:
        client = UpdateClient(root, work, base_url(sync.source), floors, now)
        yield client
        if client.root != root:
            _keep_root(sync.state, client.root)


def _with_hint(error: UpdateError, desk: ResetDesk) -> UpdateError:
    """Where nothing says what the time is, the floor may be what is wrong."""
    if desk.clock.now().latest is not None or desk.clock.network_time is not None:
        return error
    return UpdateError(
        f"{error} If it is not yet {desk.floor:%Y-%m-%d %H:%M}Z, this device's floor of time is "
        f"wrong: have a clock-reset signed, and run `scanner sync --clock-reset`."
    )


def work_folder(state: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """In memory where systemd gives such a folder: what is fetched need not wear the card."""
    given = environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(given) / TUF if given else state / TUF


def _trusted_root(sync: Sync) -> bytes:
    """The one that was kept; the first time, the one that is given. Raises SyncError."""
    kept = sync.state / TUF / ROOT
    path = kept if kept.exists() else sync.root
    if path is None:
        raise SyncError(
            "This device trusts nobody yet. Run `scanner sync --root FILE` once with the city's "
            "root.json, which comes with the device's papers and never from the network.",
            retryable=False,
        )
    try:
        root = path.read_bytes()
    except OSError as error:
        raise SyncError(f"The root {path} cannot be read ({error}).", retryable=False) from error
    if path != kept:
        _check_root(root, path)
        _keep_root(sync.state, root)
    return root


def _check_root(root: bytes, path: Path) -> None:
    from scanner.sync.client import is_root

    if not is_root(root):
        raise SyncError(f"{path} is no root of signed lists: give root.json.", retryable=False)


def _keep_root(state: Path, root: bytes) -> None:
    """Whole or not at all. Raises StoreError."""
    folder = state / TUF
    passing = folder / f"{ROOT}.part"
    try:
        folder.mkdir(exist_ok=True)
        with passing.open("wb") as file:
            file.write(root)
            file.flush()
            os.fsync(file.fileno())
        passing.replace(folder / ROOT)
    except OSError as error:
        raise StoreError(f"The root cannot be kept in {folder} ({error}). Make room.") from error


def _hear(known: KnownTime, report: Report, boot_s: float) -> dict[str, str]:
    """The signed time raises the floor of the clock, within its bounds."""
    offer = report.offer
    source = TimeSource.OFFLINE if offer.is_offline_signed else TimeSource.ONLINE
    known.set_offline_until(datetime.fromtimestamp(offer.offline_until, UTC))
    try:
        known.hear(source, datetime.fromtimestamp(offer.issued_at, UTC), boot_s)
    except TimeError as error:
        log.warning("clock: %s", error)
        return {"clock": str(error)}
    return {}


def _note(writer: ListsWriter, now: ClockReading, faults: Mapping[str, str]) -> None:
    """For `scanner status`; a run without any clears those before it."""
    lines = [f"{name}: {words}" for name, words in faults.items()]
    try:
        writer.note_faults(int(now.earliest.timestamp()), lines)
    except StoreError as error:
        log.error("%s", error)
