"""Floors that never fall: the time below which the clock is surely wrong, versions, boots."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scanner.store.database import STATE, connect, transaction, translated

RAISE = (
    "INSERT INTO floor (name, value) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)"
)


class StateStore:
    """Numbers that survive a cut of the power and an older update alike."""

    def __init__(self, folder: Path) -> None:
        """Raises StoreError."""
        self._db = connect(folder, STATE)

    def floor(self, name: str) -> int:
        """0 when it was never raised."""
        with translated(STATE.name):
            row = self._db.execute("SELECT value FROM floor WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def raise_floors(self, floors: Mapping[str, int]) -> None:
        """Each to at least its value, all at once; a lower one changes nothing."""
        with transaction(self._db, STATE.name):
            self._db.executemany(RAISE, list(floors.items()))

    def close(self) -> None:
        self._db.close()
