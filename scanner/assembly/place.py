"""Where this device stands and what it keeps to: signed by its city, else from its own settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scanner.config import Settings
from scanner.core.policy import Checkpoint


@dataclass(frozen=True, slots=True)
class Standing:
    """lists: URL or folder of the signed lists, None: not told. capacity: of the log, bytes."""

    checkpoint: Checkpoint
    lists: str | None
    capacity: int


def standing_of(settings: Settings, state: Path) -> Standing:
    """A device that stands alone goes by its settings. Raises StoreError."""
    from scanner.store.place import read_own_place

    own = Standing(_checkpoint_in(settings), settings.updates.url, settings.log.capacity)
    signed = None if settings.standalone else read_own_place(state)
    if signed is None:
        return own
    capacity = own.capacity if signed.capacity_mb is None else signed.capacity_mb << 20
    return Standing(signed.checkpoint, signed.lists or own.lists, capacity)


def _checkpoint_in(settings: Settings) -> Checkpoint:
    table = settings.checkpoint
    return Checkpoint(
        table.id,
        table.zone,
        table.transport,
        asks_plate=table.asks_plate,
        asks_card=table.asks_card,
    )
