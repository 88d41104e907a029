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

from scanner.core.claims import Pass
from scanner.core.clock import ClockReading
from scanner.core.errors import DeviceError, PassError, StoreError
from scanner.core.facts import Facts
from scanner.core.formats import open_pass
from scanner.core.reading import HoldGate, View
from scanner.core.reasons import Notice, Outcome, Reason, SignalName
from scanner.core.record import NO_FLAGS, RecordFlag, record_of, takes_record
from scanner.core.repeat import RepeatMemory
from scanner.core.signal import SIGNALS, Signal, signal_for
from scanner.core.verdict import Verdict, judge
from scanner.display import Display
from scanner.ports import (
    Camera,
    CameraState,
    Clock,
    Decoder,
    Frame,
    Indicator,
    Lists,
    Outbox,
    Press,
    Trigger,
)

log = logging.getLogger("scanner.checkpoint")

# Counted when a code that was just judged is shown again.
RESCAN = "RESCAN"
# Older frames show what was, not what is: they are not decoded.
OLDEST_FRAME_S = 0.15
# A camera that is silent for so long is a fault to be shown.
SILENT_CAMERA_S = 2.0


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


@dataclass(frozen=True, slots=True)
class Scan:
    """What a presentation led to, for the screen. `seq` None: counted, not recorded."""

    verdict: Verdict
    signal: Signal
    seq: int | None
    latency_s: float  # from the frame to the lamp

    def as_line(self) -> str:
        """For the journal: reasons and numbers, nothing of the pass."""
        kept = "counted" if self.seq is None else f"seq {self.seq}"
        verdict = self.verdict
        notices = "".join(f" {notice.value}" for notice in verdict.notices)
        took_ms = 1000 * self.latency_s
        return f"{verdict.outcome.name} {verdict.reason.name}{notices} {kept} {took_ms:.0f} ms"


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
        return Verdict(error.reason)
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
        self.ports, self.memory, self.gate = ports, memory, HoldGate()
        self.display = Display(ports.indicator, ports.clock, ready)
        self.typed_plate: str | None = None
        self._flags = flags
        self._last: Verdict | None = None
        self._awaits_hand = False
        self._frame_s = ports.clock.monotonic_s()

    def step(self) -> Scan | None:
        """Newest frame → what it means → act. Raises DeviceError when the camera is lost."""
        self._take_presses()
        frame = self._fresh_frame()
        readings = self.ports.decoder.read(frame) if frame else None
        if frame is None or readings is None:
            return None
        sight = self.gate.look(readings, frame.taken_s, self.ports.lists.policy.repeat_s)
        match sight.view:
            case View.NEW:
                return self._scan(sight.payload, frame)
            case View.BACK:
                return self._repeat(frame)
            case View.SEVERAL:
                self.display.keep_showing(SignalName.ONE_AT_A_TIME)
            case View.LEFT:
                self.ports.indicator.end_view()
            case View.HELD | View.EMPTY:
                self.display.settle()
            case _:
                assert_never(sight.view)
        return None

    def _scan(self, payload: bytes, frame: Frame) -> Scan:
        """The path of every pass: gather facts, decide, show, keep, sound."""
        now, now_s = self.ports.clock.now(), frame.taken_s

        def facts_about(pass_: Pass) -> Facts:
            lists, seen = self.ports.lists.about(pass_, now), self.memory.about(pass_, now_s)
            return Facts(lists, seen, typed_plate=self.typed_plate)

        verdict = decide(payload, self.ports.lists, facts_about, now)
        return self._answer(verdict, frame, lambda: self._keep(verdict, now, now_s))

    def _repeat(self, frame: Frame) -> Scan | None:
        """The code that was judged has come again: the same answer, a counter, no new record."""
        if self._last is None:
            return None
        now = self.ports.clock.now()
        return self._answer(self._last, frame, lambda: self._count(RESCAN, now), seen=True)

    def _answer(
        self, verdict: Verdict, frame: Frame, keep: Callable[[], int | None], *, seen: bool = False
    ) -> Scan:
        """Lamp, then disk, then sound; when the disk fails, amber and the reason."""
        signal = signal_for(verdict.reason, seen=seen or Notice.SEEN in verdict.notices)
        self.display.show(signal)
        latency_s = self.ports.clock.monotonic_s() - frame.taken_s
        try:
            seq = keep()
        except StoreError as error:
            log.error("the scan cannot be kept: %s", error)
            verdict, seq = replace(verdict, reason=Reason.STORE, notices=()), None
            signal = signal_for(verdict.reason, seen=False)
            self.display.show(signal)
            self.gate.forget()
        self.ports.indicator.confirm()
        self._last = verdict
        self._awaits_hand = verdict.outcome in (Outcome.REFUSE, Outcome.UNDECIDED)
        return Scan(verdict, signal, seq, latency_s)

    def _keep(self, verdict: Verdict, now: ClockReading, now_s: float) -> int | None:
        """On the disk when this returns: a record, or a counter for what takes none."""
        is_repeat = verdict.is_repeat(self.ports.lists.policy.repeat_s)
        if is_repeat or not takes_record(verdict.reason):
            self._count(RESCAN if is_repeat else verdict.reason.name, now)
            return None
        seq = self.ports.outbox.append(
            record_of(verdict, self.ports.lists.policy, now, self._state_flags())
        )
        if verdict.outcome is Outcome.ADMIT and verdict.pass_ is not None:
            self.memory.remember(verdict.pass_, now_s)
        return seq

    def _count(self, name: str, now: ClockReading) -> None:
        self.ports.outbox.count(name, now.earliest)

    def _state_flags(self) -> RecordFlag:
        return self._flags | (RecordFlag.LAMP_FAULT if self.ports.indicator.fault else NO_FLAGS)

    def decide_by_hand(self, reason: Reason) -> int | None:
        """The officer's own decision after CHECK or STOP, a record of its own. StoreError."""
        if self._last is None or not self._awaits_hand:
            return None
        now = self.ports.clock.now()
        verdict = replace(self._last, reason=reason, notices=())
        record = record_of(verdict, self.ports.lists.policy, now, self._state_flags())
        seq = self.ports.outbox.append(record)
        self._awaits_hand = False
        return seq

    def _take_presses(self) -> None:
        """After CHECK or STOP a press is the officer's decision; else it asks for a new look."""
        for press in self.ports.trigger.presses() if self.ports.trigger else ():
            if not self._awaits_hand:
                self.gate.trigger(self.ports.clock.monotonic_s())
                continue
            try:
                self.decide_by_hand(
                    Reason.LET_THROUGH if press is Press.SHORT else Reason.HOLDER_MISMATCH
                )
            except StoreError as error:
                log.error("a decision by hand cannot be kept: %s", error)
                self.display.show(SIGNALS[SignalName.SCANNER])
                self.ports.indicator.confirm()

    def _fresh_frame(self) -> Frame | None:
        """The newest frame, if it shows what is now; a silent camera is shown as a fault."""
        frame, now_s = self.ports.camera.newest(), self.ports.clock.monotonic_s()
        if frame is not None:
            self._frame_s = now_s
            return frame if now_s - frame.taken_s <= OLDEST_FRAME_S else None
        if self.ports.camera.state is CameraState.LOST:
            self.display.keep_showing(SignalName.FAULT)
            raise DeviceError(
                "The camera gives no picture. Check its cable, then run `scanner doctor`."
            )
        if now_s - self._frame_s > SILENT_CAMERA_S:
            self.display.keep_showing(SignalName.FAULT)
        else:
            self.display.settle()
        return None
