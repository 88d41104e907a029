"""What is known of the time: levels A, B and C, and how each is won and lost.

    C ──disciplined by NTP, and a signed time within 24 h──▶ A ──no longer──▶ B ──7 days──▶ C
    C ──time code, or a clock battery set while A──────────────────────────▶ B ──7 days──▶ C
    C ──set by hand────────────────────────────────────────────────────────▶ B ──12 h────▶ C
    A, B ──a jump of more than 5 min against the seconds since the boot────────────────────▶ C

At B the crystal counts and not the system's time, which anybody may set. One source is believed
within the reach of the bounds; two that agree, network time and a signed time, also past it: so a
device that lay in a drawer works again, while its floor stays within the reach. Nothing here reads
a clock: each call brings the Tick of its moment.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from scanner.core.clock import ClockLevel, ClockReading, shifted
from scanner.core.errors import TimeError
from scanner.core.grace import LASTS_S, TO_SPARE
from scanner.core.held_time import RTC_OFF, Held
from scanner.core.time_bounds import TimeSource
from scanner.core.time_code import LIFE
from scanner.core.time_fault import TimeFault
from scanner.core.time_memory import Tick, TimeMemory

AGREES_WITHIN = timedelta(hours=24)
JUMP = timedelta(minutes=5)


class Timekeeper:
    """One clock. `future`: a time too far ahead to be believed, at the last reading."""

    def __init__(self, memory: TimeMemory) -> None:
        self._begin(memory)

    def _begin(self, memory: TimeMemory) -> None:
        self.memory = memory
        self.future: datetime | None = None  # E-CLOCK-FUTURE
        self.source: TimeSource | None = None  # of the last reading; None at level C
        self._has_jumped = False
        # A signed time past the reach: heard, not believed, and good to confirm network time by.
        self._witness: datetime | None = None
        self._code_seen_s: float | None = None
        # The system's time at the moment from which jumps are measured.
        held = memory.held
        is_by_ntp = held is not None and held.source is TimeSource.NTP
        self._reference = Tick(held.earliest, held.boot_s) if held and is_by_ntp else None

    def read(self, tick: Tick) -> ClockReading:
        """What is known at this moment."""
        self._watch_for_jump(tick)
        is_beyond = tick.is_disciplined and self.memory.bounds.is_too_far(tick.at, tick.boot_s)
        self.future = tick.at if is_beyond else None
        if self._has_jumped:
            return self._floor_only(tick)
        if self._is_confirmed(tick):
            self._hold(Held.exactly(tick.at, tick.boot_s))
            self._reference, self.source = self._reference or tick, TimeSource.NTP
            return ClockReading.exact(tick.at, ClockLevel.A)
        return self._by_crystal(tick)

    def hear_signed(self, at: datetime, tick: Tick) -> None:
        """A time that the online keys have signed; an older one changes nothing.

        A newer one may confirm anew after a jump. Raises TimeError(TOO_FAR_AHEAD): such a one moves
        nothing; it is at most a witness, and not even that against a clock that was confirmed, or a
        stolen online key could stop every clock.
        """
        known = self.memory.signed_at
        if known is not None and at <= known:
            self._witness = None
            return
        had_jumped = self._has_jumped  # before this one arrived
        now, bounds = self.read(tick), self.memory.bounds
        is_confirmed = now.latest is not None and self.source is TimeSource.NTP
        if is_confirmed and at > shifted(now.latest or at, AGREES_WITHIN):
            raise TimeError(TimeFault.TOO_FAR_AHEAD)
        if bounds.is_too_far(at, tick.boot_s):
            self._bear_witness(at, tick, had_jumped=had_jumped)
            raise TimeError(TimeFault.TOO_FAR_AHEAD)
        self._witness = None
        if not is_confirmed:  # a confirmed clock raises its floor by itself
            bounds = bounds.raised(TimeSource.ONLINE, at, tick.boot_s)
        self.memory = replace(self.memory, signed_at=at, bounds=bounds)
        if had_jumped:
            self._has_jumped, self._reference = False, None

    def take_time_code(self, iat: datetime, tick: Tick) -> None:
        """A time code whose signature is good. Raises TimeError.

        How old it is "by its own count": a clock that knows no time cannot subtract. It takes a
        code that is newer than the floor and than every code it took before, as of 0 to 60 s ago;
        the same code may be shown again for 60 s from its first sight, and then is too old. A
        clock that knows the time demands that the code agrees with it.
        """
        if self._was_taken(iat, tick.boot_s):
            return
        if iat < self.memory.bounds.floor:
            raise TimeError(TimeFault.BELOW_FLOOR)
        if self.memory.bounds.is_too_far(iat, tick.boot_s):
            raise TimeError(TimeFault.TOO_FAR_AHEAD)
        now = self.read(tick)
        held = self._agreed(Held.from_code(iat, tick.boot_s), now)
        self._code_seen_s = tick.boot_s
        self.memory = replace(self.memory, newest_code=iat)
        if now.level is not ClockLevel.A:
            self._hold(held)
            self._has_jumped, self._reference = False, tick

    def take_hand(self, by_hand: Held, tick: Tick) -> None:
        """Set by a person in two steps: weaker than every other source. Raises TimeError."""
        self.check_hand(by_hand.middle, tick)
        if self._has_jumped:
            # Which of the two clocks jumped is not known: what was held is not held any more.
            self._has_jumped = False
            self.memory = replace(self.memory, held=None)
        self._reference = tick
        self.memory = replace(self.memory, by_hand=by_hand)

    def check_hand(self, at: datetime, tick: Tick) -> None:
        """Whether the clock may be set to this time by hand. Raises TimeError."""
        if at < self.memory.bounds.floor:
            raise TimeError(TimeFault.BELOW_FLOOR)
        if self.read(tick).level is not ClockLevel.C:
            raise TimeError(TimeFault.NOT_NEEDED)

    def start_from_rtc(self, rtc: datetime | None, tick: Tick) -> None:
        """Once after the boot: a clock battery that was set while A is as good as held time."""
        set_at, bounds = self.memory.rtc_set_at, self.memory.bounds
        if self.memory.held is not None or rtc is None or set_at is None:
            return
        held = Held.from_rtc(rtc, set_at, tick.boot_s)
        if held is None or held.latest < bounds.floor or bounds.is_too_far(rtc, tick.boot_s):
            return
        self._hold(held)
        self._reference = tick

    def watch_rtc(self, rtc: datetime | None, tick: Tick) -> None:
        """Note at level A whether the battery is right; after a jump it may have been set wrong."""
        now = self.read(tick)
        if now.level is ClockLevel.A:
            is_right = rtc is not None and abs(rtc - now.earliest) <= RTC_OFF
            self.memory = replace(self.memory, rtc_set_at=now.earliest if is_right else None)
        elif self._has_jumped:
            self.memory = replace(self.memory, rtc_set_at=None)

    def learn(self, stored: TimeMemory, tick: Tick) -> None:
        """Take over what other processes have kept meanwhile: a floor, a bound, a hand.

        After a clock-reset nothing counts that was known before it.
        """
        mine = self.memory
        if stored.resets > mine.resets:
            self._begin(stored)
            return
        base = stored.bounds.base or mine.bounds.base
        bounds = replace(
            stored.bounds, floor=max(stored.bounds.floor, mine.bounds.floor), base=base
        )
        self.memory = replace(mine, bounds=bounds)
        if stored.by_hand is not None and stored.by_hand != mine.by_hand:
            with suppress(TimeError):
                self.take_hand(stored.by_hand, tick)

    def save(self, tick: Tick) -> TimeMemory:
        """What to keep, once a minute: the floor follows the time that is surely past."""
        self.read(tick)
        held = self.memory.held
        if self.source is not None and held is not None:
            surely = self._surely(tick.boot_s)
            bounds = self.memory.bounds.raised(held.source, surely, tick.boot_s)
            self.memory = replace(self.memory, bounds=bounds)
        return self.memory

    def _bear_witness(self, at: datetime, tick: Tick, *, had_jumped: bool) -> None:
        """Past the reach. After a jump only a newer one that agrees confirms anew."""
        is_newer = self._witness is None or at > self._witness
        self._witness = at
        if had_jumped and is_newer and _agree(at, tick):
            self._has_jumped, self._reference = False, None

    def _is_confirmed(self, tick: Tick) -> bool:
        bounds = self.memory.bounds
        if not (_agree(self.memory.signed_at, tick) or _agree(self._witness, tick)):
            return False
        return tick.at >= bounds.floor and bounds.lets_two_agree(tick.at, tick.boot_s)

    def _watch_for_jump(self, tick: Tick) -> None:
        """Against the first confirmation, so that many small steps count like one large one.

        The first right setting of a system that began with another time is no jump: it lands in
        what the time code, the battery or the hand have said.
        """
        if self._reference is None or self._has_jumped:
            return
        since = timedelta(seconds=tick.boot_s - self._reference.boot_s)
        if abs(tick.at - self._reference.at - since) <= JUMP:
            return
        active = self._active(tick.boot_s)
        if active is not None and active.source is not TimeSource.NTP:
            earliest, latest = active.at(tick.boot_s)
            if shifted(earliest, -JUMP) <= tick.at <= shifted(latest, JUMP):
                self._reference = tick
                return
        self._has_jumped = True

    def _hold(self, held: Held) -> None:
        self.memory = replace(self.memory, held=held, by_hand=None)

    def _active(self, boot_s: float) -> Held | None:
        """What the time rests on at level B; what the floor has overtaken was wrong."""
        for held in (self.memory.held, self.memory.by_hand):
            if held is None or boot_s > held.until_s:
                continue
            earliest, latest = held.at(boot_s)
            if self._is_believed(held.source, earliest, boot_s) and (
                latest >= self.memory.bounds.floor
            ):
                return held
        return None

    def _is_believed(self, source: TimeSource, earliest: datetime, boot_s: float) -> bool:
        """A hand is no claim to be bounded; past the reach only what two had confirmed."""
        bounds = self.memory.bounds
        if source is TimeSource.HAND or not bounds.is_too_far(earliest, boot_s):
            return True
        self.future = self.future or earliest
        return source is TimeSource.NTP and bounds.lets_two_agree(earliest, boot_s)

    def _by_crystal(self, tick: Tick) -> ClockReading:
        """Level B: the system's time may have been stepped a little."""
        held = self._active(tick.boot_s)
        if held is None:
            return self._floor_only(tick)
        earliest, latest = held.at(tick.boot_s)
        self.source = held.source
        return ClockReading(max(self.memory.bounds.floor, earliest), latest, ClockLevel.B)

    def _floor_only(self, tick: Tick) -> ClockReading:
        """Level C: what was right once cannot have passed backwards."""
        self.source = None
        surely = self._surely(tick.boot_s)
        return ClockReading(surely, None, ClockLevel.C, self._is_just_rebooted(tick, surely))

    def _is_just_rebooted(self, tick: Tick, surely: datetime) -> bool:
        """No time was known in this boot, and nobody claims one that makes it a long cut."""
        memory, claims = self.memory, (self.future, self._witness)
        if not memory.is_floor_fresh or memory.held is not None or any(claims):
            return False
        return tick.boot_s <= LASTS_S and tick.at <= shifted(surely, TO_SPARE)

    def _surely(self, boot_s: float) -> datetime:
        """Now is not earlier, whatever became of the time that was held; never past the bounds."""
        bounds, held = self.memory.bounds, self.memory.held
        if held is None:
            return bounds.floor
        ceiling, earliest = bounds.ceiling(boot_s), held.at(boot_s)[0]
        return max(bounds.floor, earliest if ceiling is None else min(earliest, ceiling))

    def _was_taken(self, iat: datetime, boot_s: float) -> bool:
        """Whether this very code is still in view. Raises TimeError for an older one."""
        newest, seen_s = self.memory.newest_code, self._code_seen_s
        if newest is None or iat > newest:
            return False
        if iat == newest and seen_s is not None and boot_s - seen_s <= LIFE.total_seconds():
            return True
        raise TimeError(TimeFault.SHOWN_BEFORE)

    def _agreed(self, code: Held, now: ClockReading) -> Held:
        """The code with what is known beside it. Raises TimeError.

        A signed time that is later than a time held on lesser grounds proves it wrong, and wins.
        """
        if now.latest is None or self.source is TimeSource.HAND:
            return code
        if code.latest < shifted(now.earliest, -LIFE):
            raise TimeError(TimeFault.SHOWN_BEFORE)
        if code.earliest > shifted(now.latest, LIFE):
            if self.source is TimeSource.NTP:
                raise TimeError(TimeFault.DISAGREES)
            return code
        return code.joined(now.earliest, now.latest)


def _agree(signed_at: datetime | None, tick: Tick) -> bool:
    """Two witnesses: network time, and a signed time within a day of it."""
    agrees = signed_at is not None and abs(tick.at - signed_at) <= AGREES_WITHIN
    return agrees and tick.is_disciplined
