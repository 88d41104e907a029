"""Floors that never fall: the time below which the clock is surely wrong, versions, boots."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from scanner.store.database import STATE, connect, transaction, translated

RAISE = (
    "INSERT INTO floor (name, value) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)"
)
_EPOCH = datetime.fromtimestamp(0, UTC)


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

    def raise_floor(self, name: str, value: int) -> None:
        """To at least `value`; a lower one changes nothing."""
        with transaction(self._db, STATE.name):
            self._db.execute(RAISE, (name, value))

    def raise_floors(self, floors: Mapping[str, int]) -> None:
        """Several, in one transaction."""
        with transaction(self._db, STATE.name):
            self._db.executemany(RAISE, list(floors.items()))

    def time_floor(self) -> datetime:
        """The clock is wrong when it shows less."""
        return max(_EPOCH, datetime.fromtimestamp(self.floor("time"), UTC))

    def close(self) -> None:
        self._db.close()
