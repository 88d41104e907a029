"""Whoever reads the journal is told of a code that never leaves the view (E-STICKER)."""

from __future__ import annotations

import logging

from scanner.core.reading import STICKER
from scanner.ports import Clock, Outbox

log = logging.getLogger("scanner.stickers")

EVERY_S = 3600.0


class StickerReport:
    """A line and a counter of the hour for each code that is masked, again while it hangs there.

    A poster that people walk past comes and goes all day, and is told once an hour all the same.
    """

    def __init__(self, clock: Clock, outbox: Outbox) -> None:
        self._clock, self._outbox = clock, outbox
        self._told, self._until_s = 0, float("-inf")

    def __call__(self, masked: int, now_s: float) -> None:
        """masked: codes in view that never move. `now_s`: monotonic seconds. Raises StoreError."""
        if now_s >= self._until_s:
            self._told = 0
        if masked <= self._told:
            return
        if self._told == 0:
            self._until_s = now_s + EVERY_S
        new, self._told = masked - self._told, masked
        log.warning(
            "E-STICKER: a code that never moves hangs before the camera and is not read (%d of "
            "them). Take the sticker or poster out of view; passes beside it are read as ever.",
            masked,
        )
        self._outbox.count(STICKER, self._clock.now().earliest, new)
