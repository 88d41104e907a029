"""Whatever happens, in whatever order: green means that the last verdict is a kept ADMIT."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.simulated import pass_time
from scanner.checkpoint import Scan
from scanner.core.errors import DeviceError
from scanner.core.reasons import Outcome, Reason, SignalName
from scanner.core.signal import COMMIT_WITHIN_S, GREEN, SIGNALS, Signal
from scanner.ports import CameraState, Indicator, Press
from tests import city
from tests.journeys.booth import DISK_FULL, STEP_S, Booth, pass_number

CODES = (
    pass_number(1),
    pass_number(2),
    pass_number(3, {1: 5}),
    city.issue({10: city.REVOKED}),
    city.issue({9: True}),
    b"12AB-34CD-56EF-78GH",
    b"WIFI:S:cafe;;",
    b"MP1:ABC",
)
ADMITTING = (SignalName.ADMIT, SignalName.ADMIT_SEEN)
SLOW_DISK_S = 1.5

# One phone, mostly a good one; sometimes nobody or two at once.
_shown = st.one_of(
    st.sampled_from(CODES[:3]).map(lambda code: (code,)),
    st.sampled_from(CODES).map(lambda code: (code,)),
    st.lists(st.sampled_from(CODES), max_size=2).map(tuple),
)
_EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("show"), _shown),
        st.tuples(st.just("show"), _shown),
        st.tuples(st.just("frames"), st.integers(1, 15)),
        st.tuples(st.just("wait"), st.floats(0.2, 90.0)),
        st.tuples(st.just("disk"), st.sampled_from(["fails", "is slow", "works"])),
        st.tuples(st.just("reader skips"), st.booleans()),
        st.tuples(st.just("camera gives"), st.booleans()),
        st.tuples(st.just("press"), st.sampled_from(Press)),
        st.tuples(st.just("restart"), st.none()),
    ),
    min_size=8,
    max_size=30,
)
# After these a code may be judged that was judged before.
_NEW_SPELL = ("show", "wait", "press", "restart")
# After these it may have gone and come back.
_GAP = (*_NEW_SPELL, "reader skips", "camera gives")


class Listener:
    """An Indicator that passes everything on and remembers what was asked of the lamps."""

    def __init__(self, booth: Booth) -> None:
        self._lamps, self._clock = booth.lamps, booth.clock
        self.signal: Signal = SIGNALS[SignalName.DARK]
        self.shown_s = 0.0
        self.confirmed_s: float | None = None

    @property
    def fault(self) -> str | None:
        return self._lamps.fault

    def show(self, signal: Signal) -> None:
        self.signal, self.shown_s, self.confirmed_s = signal, self._clock.monotonic_s(), None
        self._lamps.show(signal)

    def confirm(self) -> None:
        if self.confirmed_s is None:
            self.confirmed_s = self._clock.monotonic_s()
        self._lamps.confirm()

    def end_view(self) -> None:
        self._lamps.end_view()

    def close(self) -> None:
        self._lamps.close()

    def may_be_green(self, now_s: float) -> bool:
        """An admission, not older than it may be, and its record not overdue; or CHECK."""
        if self.signal.name is SignalName.COMPARE:
            return True
        confirmed_s = now_s if self.confirmed_s is None else self.confirmed_s
        return (
            self.signal.name in ADMITTING
            and confirmed_s - self.shown_s <= COMMIT_WITHIN_S + STEP_S
            and now_s - self.shown_s <= (self.signal.hold_s or 0.0) + STEP_S
        )


class Story:
    """Plays events to a checkpoint, and looks at the lamps at every step of the clock."""

    def __init__(self, booth: Booth) -> None:
        self.booth, self.listener = booth, Listener(booth)
        self.scans: list[Scan] = []
        self.spell: list[Scan] = []
        self.held: list[Scan] = []
        self.wrong_green: list[float] = []
        step = booth.lamps.step

        def step_and_look() -> None:
            step()
            self.check_lamps()

        booth.each_step = step_and_look

    def check_lamps(self) -> None:
        """Noted, not asserted: the loop takes whatever its parts raise for a broken disk."""
        now_s = self.booth.clock.monotonic_s()
        if self.booth.lit == GREEN and not self.listener.may_be_green(now_s):
            self.wrong_green.append(now_s)

    def turn(self) -> None:
        scan = self.booth.turn()
        if scan is not None:
            self.scans.append(scan)
            self.spell.append(scan)
            self.held.append(scan)
        if self.listener.signal.name in ADMITTING:
            assert self.scans[-1].verdict.outcome is Outcome.ADMIT
        self.check_lamps()
        assert self.wrong_green == []

    def play(self, event: str, value: object) -> None:
        booth = self.booth
        if event in _NEW_SPELL:
            self.spell = []
        if event in _GAP:
            self.held = []
        match event, value:
            case "show", tuple() as codes:
                booth.scene.codes = codes
            case "wait", float() as seconds:
                booth.clock.advance(seconds)
            case "disk", state:
                booth.outbox.fails_with = DISK_FULL if state == "fails" else None
                booth.outbox.during = self.hang if state == "is slow" else lambda: None
            case "reader skips", bool() as skips:
                booth.scene.reader_skips = skips
            case "camera gives", bool() as gives:
                booth.scene.gives_frames = gives
            case "press", Press() as press:
                booth.finger.waiting.append(press)
            case "restart", _:
                booth.restart()
        for _ in range(value if event == "frames" and isinstance(value, int) else 1):
            self.turn()
        assert len(self.held) <= 1
        assert sum(scan.seq is not None for scan in self.spell) <= 1

    def hang(self) -> None:
        pass_time(self.booth.clock, SLOW_DISK_S, self.booth.each_step, step_s=STEP_S)

    def check_stores(self) -> None:
        """Every scan is one record or one count; every other record is a decision by hand."""
        records = self.booth.records()
        judged = [scan for scan in self.scans if scan.seq is not None]
        by_hand = [record for record in records if record.outcome is Outcome.BY_HAND]
        assert len(records) == len(judged) + len(by_hand)
        for scan in judged:
            assert scan.seq is not None
            assert records[scan.seq - 1].reason is scan.verdict.reason
        counted = [s for s in self.scans if s.seq is None and s.verdict.reason is not Reason.STORE]
        assert sum(self.booth.counters().values()) == len(counted)
        asked = [s for s in self.scans if s.verdict.outcome in (Outcome.REFUSE, Outcome.UNDECIDED)]
        assert len(by_hand) <= len(asked)


@given(events=_EVENTS)
def test_green_is_always_a_kept_admission(
    city_state: Path, events: list[tuple[str, object]]
) -> None:
    """No order of phones, faults, presses and waits lights green for anything else."""
    with tempfile.TemporaryDirectory() as folder:
        state = shutil.copytree(city_state, Path(folder) / "state")
        stories: list[Story] = []

        def watch(booth: Booth) -> Indicator:
            stories.append(Story(booth))
            return stories[0].listener

        booth = Booth(state, watch=watch)
        try:
            for event, value in events:
                stories[0].play(event, value)
            stories[0].check_stores()
            booth.scene.gives_frames, booth.scene.states = False, [CameraState.LOST]
            with pytest.raises(DeviceError):
                booth.turn()
            assert booth.lit != GREEN
        finally:
            booth.close()
