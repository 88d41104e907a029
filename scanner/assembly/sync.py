"""Signed lists from a server, a folder or a stick into the databases of a device."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.assembly.clock import open_known_time, start_clock
from scanner.core.clock import ClockReading
from scanner.core.errors import CheckpointError, StoreError, SyncError, TimeError
from scanner.core.time_bounds import TimeSource

if TYPE_CHECKING:
    from scanner.store.known_time import KnownTime
    from scanner.store.writer import ListsWriter
    from scanner.sync.pull import Progress, Report

log = logging.getLogger("scanner.sync")

# Under the state folder: the newest root that was verified; what is fetched, where no folder in
# memory is given.
TUF = "tuf"
ROOT = "root.json"


@dataclass(frozen=True, slots=True)
class Sync:
    """What a run needs to know: the source is a URL or a folder, `root` the first trusted root."""

    state: Path
    source: str
    root: Path | None
    fleet_key: Path | None
    allow_test_keys: bool


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
        now = start_clock(known, None).now()
        try:
            report = _pull(sync, writer, progress, now)
        except CheckpointError as error:
            _note(writer, now, {"sync": str(error)})
            raise
        faults = {**report.refused, **_hear(known, report, boot_seconds())}
        _note(writer, now, faults)
    return report


def _pull(sync: Sync, writer: ListsWriter, progress: Progress, now: ClockReading) -> Report:
    from scanner.store.state import StateStore
    from scanner.sync.client import UpdateClient
    from scanner.sync.fetch import base_url
    from scanner.sync.pull import pull

    root = _trusted_root(sync)
    url, work = base_url(sync.source), work_folder(sync.state)
    with closing(StateStore(sync.state)) as floors:
        client = UpdateClient(root, work, url, floors, now.earliest)
        latest = None if now.latest is None else int(now.latest.timestamp())
        report = pull(client, writer, progress, latest=latest)
        if client.root != root:
            _keep_root(sync.state, client.root)
    return report


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
