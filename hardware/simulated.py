"""A clock and a camera that do what they are told: the same loop runs on them as on a device.

The demo shows the shipped loop with them, and the tests use nothing else. The lamps' twin is in
`simulated_gpio.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.errors import TimeError
from scanner.core.time_code import LIFE
from scanner.core.time_fault import TimeFault
from scanner.ports import CameraState, Frame


class SimulatedClock:
    """Time of day and monotonic seconds that move together, and only when told to.

    unsure: how much later than `at` it may be; None: not bounded, as when only a floor is known.
    """

    def __init__(
        self,
        at: datetime,
        *,
        level: ClockLevel = ClockLevel.A,
        unsure: timedelta | None = timedelta(0),
        monotonic_s: float = 0.0,
    ) -> None:
        self._at, self._level, self._unsure = at, level, unsure
        self._monotonic_s = monotonic_s

    def now(self) -> ClockReading:
        """What is known of the time of day."""
        latest = None if self._unsure is None else self._at + self._unsure
        return ClockReading(self._at, latest, self._level)

    def monotonic_s(self) -> float:
        """Seconds since the start of the simulation, counted from what was given."""
        return self._monotonic_s

    def take_time_code(self, iat: datetime) -> None:
        """Level B from then on; a code from before `at` is refused. Raises TimeError."""
        if iat < self._at:
            raise TimeError(TimeFault.BELOW_FLOOR)
        self.set_time(iat, level=ClockLevel.B, unsure=LIFE)

    def advance(self, seconds: float) -> None:
        """Both go on by so much; never back."""
        if seconds < 0:
            raise ValueError(f"simulated time cannot go back by {-seconds} s")
        self._at += timedelta(seconds=seconds)
        self._monotonic_s += seconds

    def set_time(
        self,
        at: datetime,
        *,
        level: ClockLevel = ClockLevel.A,
        unsure: timedelta | None = timedelta(0),
    ) -> None:
        """Another time of day; the monotonic seconds do not notice."""
        self._at, self._level, self._unsure = at, level, unsure


class RunningClock:
    """A simulated time of day that goes on with real seconds; for trying out recordings."""

    def __init__(self, at: datetime, monotonic: Callable[[], float]) -> None:
        self._at, self._monotonic = at, monotonic
        self._begun_s = monotonic()

    def now(self) -> ClockReading:
        """Exact, and taken as confirmed: it is what the simulation says it is."""
        return ClockReading.exact(
            self._at + timedelta(seconds=self._monotonic() - self._begun_s), ClockLevel.A
        )

    def monotonic_s(self) -> float:
        """Real seconds."""
        return self._monotonic()

    def take_time_code(self, iat: datetime) -> None:
        """The simulation says what the time is: TimeError(NOT_NEEDED)."""
        raise TimeError(TimeFault.NOT_NEEDED)


def pass_time(
    clock: SimulatedClock, seconds: float, *turns: Callable[[], object], step_s: float = 0.01
) -> None:
    """Simulated time goes by in small steps; after each, every turn is called once."""
    steps = max(1, round(seconds / step_s))
    for _ in range(steps):
        clock.advance(seconds / steps)
        for turn in turns:
            turn()


class SimulatedCamera:
    """Hands out a script: a frame, None (nothing new), or a state that the camera gets into.

    After the script it is ENDED; an endless iterable never ends.
    """

    def __init__(self, script: Iterable[Frame | CameraState | None]) -> None:
        self._script: Iterator[Frame | CameraState | None] = iter(script)
        self._state = CameraState.WAITING

    @property
    def state(self) -> CameraState:
        return self._state

    def newest(self) -> Frame | None:
        """The next of the script; None while nothing is due and after the end."""
        if self._state is CameraState.ENDED:
            return None
        match next(self._script, CameraState.ENDED):
            case Frame() as frame:
                self._state = CameraState.LIVE
                return frame
            case CameraState() as state:
                self._state = state
        return None

    def close(self) -> None:
        """Nothing more is handed out."""
        self._state = CameraState.ENDED
