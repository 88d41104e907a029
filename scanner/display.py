"""What the lamps show when nothing new has happened: the last answer, then ready, or a fault."""

from __future__ import annotations

import math
from collections.abc import Callable

from scanner.core.reasons import SignalName
from scanner.core.signal import SIGNALS, Signal
from scanner.ports import Clock, Indicator

# These stay until another code is shown: the officer must not miss them.
_STAYING = frozenset({SignalName.SCANNER, SignalName.REGIME_ENDED})
# These say what the last frame showed, and only another frame can end them. The loop turns more
# often than frames come: advice that ended in between would begin anew with each of them.
_OF_A_FRAME = frozenset({SignalName.UNREADABLE})


class Display:
    """Remembers how long the present signal has the lamps; `ready` says which ready it is."""

    def __init__(self, indicator: Indicator, clock: Clock, ready: Callable[[], SignalName]) -> None:
        self._indicator, self._clock, self._ready = indicator, clock, ready
        self._shown: SignalName | None = None
        self._until_s = -math.inf

    @property
    def shown(self) -> SignalName | None:
        """What was shown last; it may have gone dark meanwhile."""
        return self._shown

    @property
    def left_s(self) -> float:
        """Seconds that the present signal still has; infinite: it has had its time, or stays."""
        left_s = self._until_s - self._clock.monotonic_s()
        return left_s if left_s > 0 else math.inf

    def show(self, signal: Signal) -> None:
        """At once, from its beginning."""
        now_s = self._clock.monotonic_s()
        stays_s = math.inf if signal.name in _STAYING else 0.0
        self._until_s = now_s + (stays_s if signal.hold_s is None else signal.hold_s)
        self._shown = signal.name
        self._indicator.show(signal)

    def keep_showing(self, name: SignalName) -> None:
        """Start it, with its sound; leave it running when it is already shown."""
        signal = SIGNALS[name]
        has_ended = signal.hold_s is not None and self._is_over()
        if self._shown is not name or has_ended:
            self.show(signal)
            self._indicator.confirm()

    def settle(self, *, has_frame: bool = True) -> None:
        """Back to ready, or to the fault, once the present signal has had its time.

        has_frame: whether a frame has just been looked at.
        """
        if not has_frame and self._shown in _OF_A_FRAME:
            return
        name = SignalName.FAULT if self._indicator.fault else self._ready()
        if self._is_over() and self._shown is not name:
            self.show(SIGNALS[name])
            self._indicator.confirm()

    def _is_over(self) -> bool:
        return self._clock.monotonic_s() >= self._until_s
