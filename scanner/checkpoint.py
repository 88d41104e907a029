"""The loop. Start reading here: the whole data path is on this page.

Frame → Reading → Pass (+ Facts) → Verdict → Signal + ScanRecord → Outbox.

The shell gathers facts, the core decides, the shell acts: lamp at the verdict, then the record on
the disk, and only then the sound. Whatever goes wrong on the way ends as UNDECIDED, never green.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from scanner.by_hand import HandDecision, decision_of
from scanner.camera_watch import CameraWatch
from scanner.core.claims import Pass
from scanner.core.clock import ClockReading
from scanner.core.errors import DeviceError, PassError, StoreError
from scanner.core.facts import Facts
from scanner.core.formats import open_pass
from scanner.core.reading import HoldGate, Sight, View
from scanner.core.reasons import Notice, Outcome, Reason, SignalName
from scanner.core.record import (
    NO_FLAGS,
    RecordFlag,
    ScanRecord,
    local_day,
    record_of,
    takes_record,
)
from scanner.core.repeat import RepeatMemory
from scanner.core.signal import SIGNALS, Signal, signal_for
from scanner.core.tally import ScanTally
from scanner.core.time_code import is_time_code
from scanner.core.verdict import Verdict, judge
from scanner.display import Display
from scanner.hand_scan import HandScans, Source
from scanner.ports import Camera, Clock, Decoder, HandScanner, Indicator, Lists, Outbox, Trigger
from scanner.time_setting import set_time

log = logging.getLogger("scanner.checkpoint")

# Counted when a code that was just judged is shown again.
RESCAN = "RESCAN"


@dataclass(frozen=True, slots=True)
class Ports:
    """What the loop is joined to; `assembly` chooses the concrete parts."""

    camera: Camera
    decoder: Decoder
    indicator: Indicator
    clock: Clock
    lists: Lists
    outbox: Outbox
    trigger: Trigger | None = None
    hand_scanner: HandScanner | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """What a presentation led to, for the screen. `seq` None: counted, not recorded."""

    verdict: Verdict
    signal: Signal
    seq: int | None
    latency_s: float  # from the frame to the lamp
    is_typed: bool = False  # by a hand scanner

    def as_line(self) -> str:
        """For the journal: reasons and numbers, nothing of the pass."""
        kept = "counted" if self.seq is None else f"seq {self.seq}"
        verdict = self.verdict
        notices = "".join(f" {notice.value}" for notice in verdict.notices)
        took = f"{1000 * self.latency_s:.0f} ms{' by hand scanner' if self.is_typed else ''}"
        return f"{verdict.outcome.name} {verdict.reason.name}{notices} {kept} {took}"


def decide(
    payload: bytes, lists: Lists, facts_about: Callable[[Pass], Facts], now: ClockReading
) -> Verdict:
    """Bytes → verdict. Signature before any claim is used; any doubt is UNDECIDED."""
    try:
        lists.refresh()
        if lists.policy.has_ended(now):
            return Verdict(Reason.REGIME_ENDED)
        pass_ = open_pass(payload, lists.trust, now)
        return judge(pass_, facts_about(pass_), lists.policy, now)
    except PassError as error:
        return Verdict(error.reason, forged_kid=error.forged_kid)
    except StoreError as error:
        log.error("the lists cannot be read: %s", error)
        return Verdict(Reason.STORE)
    except Exception as error:  # noqa: BLE001  # the officer gets UNDECIDED, not a traceback
        log.error("a check failed: %s", type(error).__name__)  # its text may hold a payload
        return Verdict(Reason.STORE)


class ScanLoop:
    """One checkpoint. `step()` is one turn and returns the scan that it finished, if any."""

    def __init__(
        self,
        ports: Ports,
        memory: RepeatMemory,
        *,
        ready: Callable[[], SignalName] = lambda: SignalName.READY,
        flags: RecordFlag = NO_FLAGS,
    ) -> None:
        self.ports, self.memory, self.tally = ports, memory, ScanTally()
        self._seen = Source()
        self._typed = HandScans(ports.hand_scanner, ports.clock)
        self.display = Display(ports.indicator, ports.clock, self._idle)
        self.typed_plate: str | None = None
        self._watch = CameraWatch(ports.camera, ports.decoder, ports.clock)
        self._by_hand = HandDecision()
        self._ready, self._flags = ready, flags

    @property
    def gate(self) -> HoldGate:
        """What is in the camera's view."""
        return self._seen.gate

    def see_anew(self) -> None:
        """The next frame is the first one: whatever is in view is judged."""
        self._seen = Source()

    def step(self) -> Scan | None:
        """Newest frame → what it means → act. DeviceError when camera or reader is lost."""
        self._take_presses()
        repeat_s = self.ports.lists.policy.repeat_s
        if (typed := self._typed.look(repeat_s)) is not None:
            return self._act(*typed, self._typed.source)
        try:
            look = self._watch.look()
        except DeviceError:
            self.display.keep_showing(SignalName.FAULT)
            raise
        if look is not None and look.readings is not None:
            taken_s = look.frame.taken_s
            sight = self.gate.look(look.readings, taken_s, repeat_s)
            return self._act(sight, taken_s, self._seen)
        if self._watch.is_blind:
            self.display.keep_showing(SignalName.FAULT)
        elif look is None:
            self.display.settle(has_frame=False)
        return None

    def _act(self, sight: Sight, taken_s: float, source: Source) -> Scan | None:
        match sight.view:
            case View.NEW | View.BACK if is_time_code(sight.payload):
                self._set_time(sight.payload, source)
            case View.NEW | View.BACK:
                return self._scan(sight, taken_s, source)
            case View.SEVERAL:
                self.display.keep_showing(SignalName.ONE_AT_A_TIME)
            case View.UNREAD:
                self._say_unread()
            case View.LEFT:
                self.ports.indicator.end_view()
            case View.HELD | View.EMPTY:
                self.display.settle()
            case _:
                assert_never(sight.view)
        return None

    def _scan(self, sight: Sight, now_s: float, source: Source) -> Scan:
        """The path of every pass: gather facts, decide, show, keep, sound."""
        now, flags = self.ports.clock.now(), source.flags

        def facts_about(pass_: Pass) -> Facts:
            lists, seen = self.ports.lists.about(pass_, now), self.memory.about(pass_, now_s)
            return Facts(lists, seen, typed_plate=self.typed_plate)

        verdict = decide(sight.payload, self.ports.lists, facts_about, now)
        is_again = self._is_again(sight, verdict, source)
        signal = signal_for(verdict.reason, seen=is_again or Notice.SEEN in verdict.notices)
        self.display.show(signal)
        latency_s = self.ports.clock.monotonic_s() - now_s
        seq, source.kept = None, None
        try:
            seq = self._count_or_keep(verdict, now, now_s, flags, is_again=is_again)
            source.kept = verdict.reason
        except Exception as error:  # noqa: BLE001  # the officer gets amber, not a traceback
            verdict = replace(verdict, reason=Reason.STORE, notices=())
            signal = self._say_not_kept("the scan", error)
        if not is_again and takes_record(verdict.reason):
            self.tally.note(verdict.outcome, latency_s, now_s)
        self.ports.indicator.confirm()
        source.gate.resume(self.ports.clock.monotonic_s())
        if not is_again or sight.view is View.NEW:
            self._by_hand.offer(self._record(verdict, now, flags), now_s)
        return Scan(verdict, signal, seq, latency_s, is_typed=source is self._typed.source)

    def _set_time(self, payload: bytes, source: Source) -> None:
        """A time code is no pass: it has a signal and a counter, and no record."""
        ports = self.ports
        try:
            name = set_time(payload, ports.lists, ports.clock, ports.outbox)
            self.display.show(SIGNALS[name])
        except Exception as error:  # noqa: BLE001  # the officer gets amber, not a traceback
            self._say_not_kept("the time", error)
        self._by_hand.close()
        ports.indicator.confirm()
        source.gate.resume(ports.clock.monotonic_s())

    def _is_again(self, sight: Sight, verdict: Verdict, source: Source) -> bool:
        """The phone that slipped away and came back with the same answer: no scan of its own.

        It is decided anew all the same: lists may have come meanwhile, and time has gone by.
        """
        if verdict.outcome is Outcome.ADMIT:
            return verdict.is_repeat(self.ports.lists.policy.repeat_s)
        return sight.view is View.BACK and verdict.reason is source.kept

    def _count_or_keep(
        self,
        verdict: Verdict,
        now: ClockReading,
        now_s: float,
        flags: RecordFlag,
        *,
        is_again: bool,
    ) -> int | None:
        """On the disk when this returns: a record, or a counter for what takes none. StoreError."""
        if is_again or not takes_record(verdict.reason):
            self._count(RESCAN if is_again else verdict.reason.name, now, verdict.forged_kid)
            return None
        seq = self.ports.outbox.append(self._record(verdict, now, flags))
        if verdict.outcome is Outcome.ADMIT and verdict.pass_ is not None:
            self.memory.remember(verdict.pass_, now_s)
        return seq

    def _count(self, counter: str, now: ClockReading, kid: bytes | None) -> None:
        """kid: the key that a forged pass names. StoreError."""
        if kid is None or counter == RESCAN:
            self.ports.outbox.count(counter, now.earliest)
        else:
            day = local_day(now.earliest, self.ports.lists.policy.time_zone)
            self.ports.outbox.count_forged(counter, now.earliest, kid, day)

    def decide_by_hand(self, reason: Reason) -> int | None:
        """The officer's own decision after CHECK or STOP, a record of its own. StoreError."""
        if not self._by_hand.is_open(self.ports.clock.monotonic_s()):
            return None
        now, policy = self.ports.clock.now(), self.ports.lists.policy
        seq = self.ports.outbox.append(
            self._by_hand.record(reason, policy, now, self._state_flags())
        )
        self._by_hand.close()
        self.display.show(signal_for(reason, seen=False))
        return seq

    def _take_presses(self) -> None:
        """After CHECK or STOP a press is the officer's decision; else it asks for a new look."""
        for press in self.ports.trigger.presses() if self.ports.trigger else ():
            try:
                is_taken = self.decide_by_hand(decision_of(press)) is not None
            except StoreError as error:
                self._say_not_kept("a decision by hand", error)
                self.ports.indicator.confirm()
                continue
            if not is_taken:
                self.gate.trigger(self.ports.clock.monotonic_s())

    def _say_unread(self) -> None:
        """What helps against a code that cannot be read; counted once a time that it is said."""
        if self.display.shown is not SignalName.UNREADABLE:
            try:
                now = self.ports.clock.now()
                self.ports.outbox.count(Reason.UNREADABLE.name, now.earliest)
            except Exception as error:  # noqa: BLE001  # a counter is no reason to say nothing
                log.error("an unreadable code cannot be counted: %s", _text_of(error))
        self.display.keep_showing(SignalName.UNREADABLE)

    def _say_not_kept(self, what: str, error: Exception) -> Signal:
        """Amber. Only our own errors are quoted: the text of another may hold a payload."""
        log.error("%s cannot be kept: %s", what, _text_of(error))
        signal = SIGNALS[SignalName.SCANNER]
        self.display.show(signal)
        return signal

    def _record(self, verdict: Verdict, now: ClockReading, flags: RecordFlag) -> ScanRecord:
        return record_of(verdict, self.ports.lists.policy, now, self._state_flags() | flags)

    def _state_flags(self) -> RecordFlag:
        return self._flags | (RecordFlag.LAMP_FAULT if self.ports.indicator.fault else NO_FLAGS)

    def _idle(self) -> SignalName:
        """What is shown while nothing is before the camera."""
        has_ended = self.ports.lists.policy.has_ended(self.ports.clock.now())
        return SignalName.REGIME_ENDED if has_ended else self._ready()


def _text_of(error: Exception) -> str:
    return str(error) if isinstance(error, StoreError) else type(error).__name__
