"""Every line of the manifest, from the camera's picture to pins and database."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from scanner.core.clock import ClockLevel
from scanner.core.pattern import buzzes_at, lamps_at
from scanner.core.reasons import Notice, Outcome, Reason, SignalName
from scanner.core.record import RecordFlag, floored_minute, takes_record
from scanner.core.signal import GREEN, NO_LAMPS, SIGNALS, Lamps, Signal
from scanner.demo.journey import HELD_S, WATCHED_S, Moment, Shown
from scanner.demo.manifest import Line
from tests.journeys.device import LINES, SampleDevice, name_of, sample_device

ADMITTED = [line for line in LINES if line.outcome == "ADMIT"]
FLOOR_MIN = 15
# Time is stepped by 5 ms: so near to a change either is right.
BLUR_S = 0.01
# A code counts as gone after two or three frames without it.
LEFT_S = (HELD_S, HELD_S + 0.3)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleDevice]:
    with sample_device(tmp_path_factory.mktemp("samples") / "state") as device:
        yield device


def expected_signal(line: Line) -> SignalName:
    """What the table says for this line; what gives no verdict is shown all the same."""
    if line.file == "two-phones.png":
        return SignalName.ONE_AT_A_TIME
    if line.file == "no-code.png":
        return SignalName.READY
    return SignalName.ADMIT_SEEN if "SEEN" in line.notices else Reason[line.reason].signal


def at(moments: tuple[Moment, ...], at_s: float) -> Moment:
    """What the pins did at this time."""
    return next(moment for moment in reversed(moments) if moment.at_s <= at_s)


def begun_s(shown: Shown) -> float:
    """When the lamps and the buzzer of the answer began: both at once, as time stands still."""
    return next(moment.at_s for moment in shown.moments if moment.hz is not None)


def differences(moments: tuple[Moment, ...], signal: Signal, from_s: float) -> Iterator[float]:
    """The times, in seconds, at which the pins differ from the row; not judged after its end."""
    ends_s = WATCHED_S - from_s - 0.1
    if signal.hold_s is not None:
        ends_s = min(ends_s, signal.hold_s)
    if signal.early_dark is not None:
        ends_s = LEFT_S[0] + signal.early_dark.after_left_s - from_s
    for step in range(int(ends_s / BLUR_S) - 1):
        elapsed_s = step * BLUR_S
        near = [elapsed_s - BLUR_S, elapsed_s, elapsed_s + BLUR_S]
        lamps = {lamps_at(signal, max(0.0, s), confirmed_s=0.0) for s in near}
        buzzes = {buzzes_at(signal, max(0.0, s)) for s in near}
        found = at(moments, from_s + elapsed_s)
        if found.lamps not in lamps or (found.hz is not None) not in buzzes:
            yield elapsed_s


def check_lamps(shown: Shown) -> None:
    """Every lamp and beep as the row of the table says, from the first moment to its end."""
    name = expected_signal(shown.line)
    signal = SIGNALS[name]
    assert shown.shown is name
    if name is SignalName.READY:
        assert {moment.hz for moment in shown.moments} == {None}
        assert list(differences(shown.moments, signal, 0.0)) == []
        return
    from_s = begun_s(shown)
    assert list(differences(shown.moments, signal, from_s)) == []
    if signal.repeat_s is None:
        assert len(shown.beeps_ms) == len(signal.beeps)
    if signal.early_dark is not None:
        dark_s = next(m.at_s for m in shown.moments if m.at_s > from_s and m.lamps == NO_LAMPS)
        after_s = signal.early_dark.after_left_s
        assert LEFT_S[0] + after_s <= dark_s <= LEFT_S[1] + after_s
        assert at(shown.moments, 2.0).lamps in (NO_LAMPS, Lamps(green=True, red=True))


def check_kept(samples: SampleDevice, line: Line, before: tuple[int, dict[str, int]]) -> None:
    """One record for a judged pass, one count for anything else, nothing for no answer."""
    records, counters = samples.records()[before[0] :], samples.counters()
    counted = {name: n - before[1].get(name, 0) for name, n in counters.items()}
    counted = {name: n for name, n in counted.items() if n}
    reason = Reason[line.reason]
    times = 1 if line.facts.seen_min_ago is None else 2
    if not takes_record(reason):
        assert records == []
        assert counted == ({} if reason is Reason.UNREADABLE else {reason.name: times})
        return
    assert (len(records), counted) == (times, {})
    record = records[-1]
    assert (record.outcome.name, record.reason) == (line.outcome, reason)
    assert record.minute == floored_minute(line.moment, FLOOR_MIN)
    assert RecordFlag(record.flags) == expected_flags(line)


def expected_flags(line: Line) -> RecordFlag:
    flags = RecordFlag.SIMULATED | RecordFlag(ClockLevel[line.facts.clock_level])
    if "EXTENDED" in line.notices:
        flags |= RecordFlag.EXTENDED
    if line.facts.seen_min_ago is not None:
        flags |= RecordFlag.SEEN_BEFORE
    return flags | (RecordFlag.LIST_OLD if is_list_flagged_old(line) else RecordFlag(0))


def is_list_flagged_old(line: Line) -> bool:
    """Older than a day; a pass that was never opened has no lists to speak of."""
    was_opened = Reason[line.reason] not in (Reason.UNKNOWN_KEY, Reason.UNSIGNED)
    return was_opened and line.facts.list_age_h > 24


@pytest.mark.parametrize("line", LINES, ids=name_of)
def test_a_sample_gets_its_verdict_lamps_beeps_and_record(
    line: Line, samples: SampleDevice
) -> None:
    """Picture → reader process → loop → pins and database, as the manifest and the table say."""
    before = len(samples.records()), samples.counters()
    shown = samples.show(line)
    assert (shown.outcome.name, shown.reason.name) == (line.outcome, line.reason)
    assert {notice.name for notice in shown.notices} == set(line.notices)
    check_lamps(shown)
    check_kept(samples, line, before)


@pytest.mark.parametrize("line", ADMITTED, ids=name_of)
def test_no_sample_is_green_when_only_a_floor_of_the_time_is_known(
    line: Line, samples: SampleDevice
) -> None:
    """With a clock at level C every good pass is amber, and green alone is never lit."""
    facts = msgspec.structs.replace(line.facts, clock_level="C", seen_min_ago=None)
    shown = samples.show(msgspec.structs.replace(line, facts=facts))
    assert (shown.outcome, shown.reason) == (Outcome.UNDECIDED, Reason.CLOCK)
    assert Notice.SEEN not in shown.notices
    assert GREEN not in {moment.lamps for moment in shown.moments}
