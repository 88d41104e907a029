"""Where this device stands and what it keeps to: signed by its city, else from its own settings."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from scanner.config import Settings
from scanner.core.errors import NotConfiguredError, StoreError
from scanner.core.policy import Checkpoint
from scanner.store.place import ENROLMENT_FILE, read_own_place


@dataclass(frozen=True, slots=True)
class Standing:
    """lists: URL or folder of the signed lists, None: not told. capacity: of the log, bytes."""

    checkpoint: Checkpoint
    lists: str | None
    capacity: int


def check_configured(settings: Settings, state: Path) -> None:
    """Before the loop: by its own settings a device stands nowhere, and every zone would fit.

    Raises NotConfiguredError, StoreError. Enrolled by a city that has signed no place, it goes by
    its settings, as the city wants it to.
    """
    if settings.standalone or (state / ENROLMENT_FILE).exists() or _has_ended(state):
        return
    raise NotConfiguredError(
        "Enrol this device, or set standalone = true: nobody has said where it stands."
    )


def _has_ended(state: Path) -> bool:
    """The regime, and what the city had said was wiped: the loop tells that no pass is needed."""
    from scanner.store.trust_list import SqliteLists
    from scanner.store.wipe import is_wiped

    try:
        with closing(SqliteLists(state, Checkpoint(""), allow_test_keys=False)) as lists:
            end = lists.policy.end_of_regime
    except StoreError:
        return False
    return end is not None and is_wiped(state, end)


def standing_of(settings: Settings, state: Path) -> Standing:
    """A device that stands alone goes by its settings. Raises StoreError."""
    own = Standing(_checkpoint_in(settings), settings.updates.url, settings.log.capacity)
    signed = None if settings.standalone else read_own_place(state)
    if signed is None:
        return own
    capacity = own.capacity if signed.capacity_mb is None else signed.capacity_mb << 20
    return Standing(signed.checkpoint, signed.lists or own.lists, capacity)


class PlaceWatch:
    """Whether the city has spoken since this process began: then it begins anew.

    A loop that went on would judge fresh lists by the place it had before, which may be none at
    all, and let every zone through. To be made before the place is read.
    """

    def __init__(self, state: Path) -> None:
        self._path = state / ENROLMENT_FILE
        self._seen = self._stamp()

    def has_moved(self) -> bool:
        """An answer that was removed is no new place: the end of the regime does so."""
        now = self._stamp()
        return now is not None and now != self._seen

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


def _checkpoint_in(settings: Settings) -> Checkpoint:
    table = settings.checkpoint
    return Checkpoint(
        table.id,
        table.zone,
        table.transport,
        asks_plate=table.asks_plate,
        asks_card=table.asks_card,
    )
