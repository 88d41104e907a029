"""In a world without liars the right time always lies in the interval, whatever the system says.

The system's clock may be set to anything at any moment, power and network come and go, crystal and
battery drift; time servers, issuers and hands are honest.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from scanner.core.clock import ClockLevel
from scanner.core.errors import TimeError
from scanner.core.held_time import Held
from scanner.core.time_bounds import Base, TimeBounds
from scanner.core.time_memory import Tick, TimeMemory
from scanner.core.timekeeping import Timekeeper

START = datetime(2026, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SECONDS = st.floats(0, 3 * 86400.0)
PPM = st.floats(-100, 100)


class HonestWorld(RuleBasedStateMachine):
    """`true` is the right time, `off` what the system's clock is wrong by."""

    @initialize(off=st.floats(-1.5e9, 1.5e9), until=st.none() | st.just(START + 365 * DAY))
    def start(self, off: float, until: datetime | None) -> None:
        """A device that knows a floor, perhaps the offline expiry, and wakes up with some time."""
        self.true, self.off, self.boot_s = START, timedelta(seconds=off), 5.0
        self.is_online, self.newest_code = False, START
        self.rtc: datetime | None = None
        floor = START - timedelta(hours=3)
        bounds = TimeBounds(floor, Base(floor, 0.0), until)
        self.keeper = Timekeeper(TimeMemory(bounds))

    def tick(self) -> Tick:
        at = self.true if self.is_online else self.true + self.off
        return Tick(at, self.boot_s, self.is_online)

    @rule(seconds=SECONDS, ppm=PPM, rtc_ppm=PPM)
    def wait(self, seconds: float, ppm: float, rtc_ppm: float) -> None:
        """Crystal and battery go at their own pace; network time keeps the battery right."""
        by = timedelta(seconds=seconds)
        self.true += by
        self.boot_s += seconds * (1 + ppm / 1_000_000)
        if self.rtc is not None:
            self.rtc += by * (1 + rtc_ppm / 1_000_000)

    @rule(off=st.floats(-1e7, 1e7))
    def set_system(self, off: float) -> None:
        """Somebody runs `date`."""
        self.off = timedelta(seconds=off)

    @rule(is_online=st.booleans())
    def network(self, is_online: bool) -> None:
        """The time server puts the system right; without it the system keeps what it has."""
        if self.is_online and not is_online:
            self.off = timedelta(0)
        self.is_online = is_online

    @rule(age_s=st.floats(0, 2 * 86400.0))
    def lists(self, age_s: float) -> None:
        """Lists that were signed a while ago."""
        with suppress(TimeError):
            self.keeper.hear_signed(self.true - timedelta(seconds=age_s), self.tick())

    @rule(age_s=st.floats(0, 60.0))
    def time_code(self, age_s: float) -> None:
        """From a page that shows each code for a minute; newer than the one before."""
        iat = (self.true - timedelta(seconds=age_s)).replace(microsecond=0)
        if self.true - iat <= timedelta(seconds=60):
            with suppress(TimeError):
                self.keeper.take_time_code(iat, self.tick())

    @rule(off_s=st.floats(-300, 300))
    def hand(self, off_s: float) -> None:
        """A technician with a watch."""
        held = Held.from_hand(self.true + timedelta(seconds=off_s), self.boot_s)
        with suppress(TimeError):
            self.keeper.take_hand(held, self.tick())

    @rule()
    def minute(self) -> None:
        """Housekeeping; the kernel sets the battery while network time is there."""
        if self.is_online:
            self.rtc = self.true
        self.keeper.watch_rtc(self.shown_rtc(), self.tick())
        self.keeper.save(self.tick())

    @rule(
        off=st.floats(-1.5e9, 1.5e9),
        has_rtc=st.booleans(),
        seconds=SECONDS | st.floats(0, 30 * 86400.0),
        rtc_ppm=PPM,
    )
    def power_cut(self, off: float, has_rtc: bool, seconds: float, rtc_ppm: float) -> None:
        """The device is off for a while and wakes up with any time; the battery may be lost."""
        self.wait(seconds, 0.0, rtc_ppm)
        self.boot_s, self.off, self.is_online = 5.0, timedelta(seconds=off), False
        memory = self.keeper.memory
        bounds = replace(memory.bounds, base=Base(memory.bounds.floor, 0.0))
        self.keeper = Timekeeper(replace(memory, bounds=bounds, held=None, by_hand=None))
        self.rtc = self.rtc if has_rtc else None
        self.keeper.start_from_rtc(self.shown_rtc(), self.tick())

    @rule()
    def restart(self) -> None:
        """The process alone is killed; what it kept is of this boot."""
        self.keeper = Timekeeper(self.keeper.memory)

    def shown_rtc(self) -> datetime | None:
        """Whole seconds."""
        return None if self.rtc is None else self.rtc.replace(microsecond=0)

    @invariant()
    def truth_lies_in_the_interval(self) -> None:
        """So nothing is green or red by a wrong clock."""
        now, tolerance = self.keeper.read(self.tick()), timedelta(milliseconds=1)
        assert now.earliest <= self.true + tolerance
        assert now.latest is None or self.true <= now.latest + tolerance
        assert (now.latest is None) == (now.level is ClockLevel.C)
        assert self.keeper.memory.bounds.floor <= self.true + tolerance


HonestWorld.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestHonestWorld = HonestWorld.TestCase
