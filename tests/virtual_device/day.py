"""The virtual day: played in the guest, judged on the host from what the kernel recorded."""

from __future__ import annotations

import json
import re
import shutil
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scanner.core.pattern import Showing
from scanner.core.reasons import SignalName
from tests.virtual_device.edges import DARK, TOGETHER_S, Edge, Timeline, edges_of, flickers
from tests.virtual_device.expected import Expectation, Fed, differences
from tests.virtual_device.machine import Image, Results, run_job
from tests.virtual_device.script import OF_A_CODE, SAID, Event
from tests.virtual_device.stick import make_stick

GUEST = Path(__file__).with_name("guest")
# The player steps each 10 ms, the feeder and the reader share the guest's one processor with it.
SLACK_S = 0.06
GREEN_ALONE = DARK._replace(green=True)
RED_ALONE = DARK._replace(red=True)
ADMITS = (SignalName.ADMIT, SignalName.ADMIT_SEEN)
# Half of the shortest thing that is shown, the 20 ms of a ready tick, is one step of the player.
SHORTEST_S = 0.008
# The scanner's own word for a presentation.
_SAID = re.compile(r": ((?:ADMIT|REFUSE|UNDECIDED|NONE) .*) \d+ ms$")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of a day. `wrong`: one line for each thing that should not be."""

    events: int
    right: int
    green_for_invalid: int
    glitches: int
    edges: int
    wrong: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        return not self.wrong and self.right == self.events


def together(parts: Sequence[Judgement]) -> Judgement:
    """Of a day that was played in parts."""
    return Judgement(
        events=sum(part.events for part in parts),
        right=sum(part.right for part in parts),
        green_for_invalid=sum(part.green_for_invalid for part in parts),
        glitches=sum(part.glitches for part in parts),
        edges=sum(part.edges for part in parts),
        wrong=tuple(line for part in parts for line in part.wrong),
    )


def play(image: Image, events: Sequence[Event], work: Path) -> Results:
    """The day in the guest."""
    job = work / "job"
    make_stick(job, events)
    add_programs(job, "day.sh")
    timetable = [[event.picture, event.kind.value, event.lasts_s] for event in events]
    (job / "timetable.json").write_text(json.dumps(timetable))
    return run_job(image, job, work / "run")


def add_programs(job: Path, script: str) -> None:
    """What runs in the guest; `script` is the job itself."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(GUEST, job / "tests/virtual_device/guest", ignore=ignore)
    for name in ("prepare.sh", "checkpoint.toml"):
        shutil.copy(GUEST / name, job / name)
    shutil.copy(GUEST / script, job / "job.sh")


def judge(events: Sequence[Event], results: Results) -> Judgement:
    """Verdicts by the journal, lamps and sounder by the kernel's record."""
    edges = edges_of(results.text("trace").splitlines())
    return judge_edges(events, edges, results.text("fed"), results.text("journal"))


def judge_edges(
    events: Sequence[Event], edges: Sequence[Edge], notes: str, journal: str
) -> Judgement:
    """As `judge`; `notes` are the feeder's."""
    fed = fed_of(notes)
    if len(fed) != len(events) or not edges:
        return Judgement(len(events), 0, 0, 0, len(edges), ("the day was not played to its end",))
    expectation = expect(events, fed, edges)
    span = (fed[0].begins_s - 4.5, fed[-1].ends_s)
    expected = expectation.timeline(span[1] + 10)
    unlike = list(_differences(expectation, expected, span))
    misjudged = list(misjudgements(events, said_of(journal)))
    greens = list(greens_for_invalid(expectation, span))
    short = [edge for edge in flickers(edges, SHORTEST_S)
             if span[0] < edge.at_s < span[1] and not is_preempted(expectation, edge)]  # fmt: skip
    wrong = [*expectation.missing, *unlike, *misjudged, *greens, *map(str, short)]
    troubled = _troubled(events, fed, unlike) | set(map(_number_in, expectation.missing))
    right = len(events) - len(troubled | set(map(_number_in, misjudged)))
    return Judgement(len(events), right, len(greens), len(short), len(edges), tuple(wrong))


def expect(events: Sequence[Event], fed: Sequence[Fed], edges: Sequence[Edge]) -> Expectation:
    """What the table says to this day."""
    expectation = Expectation(edges)
    first_s = fed[0].begins_s
    ticks = [since for since, _, state in expectation.seen.spans(first_s - 4.5, first_s)
             if state.green and state.red]  # fmt: skip
    expectation.begin(ticks[0] if ticks else first_s)
    for event, moments in zip(events, fed, strict=True):
        expectation.add(event, moments)
    return expectation


def fed_of(text: str) -> list[Fed]:
    """The feeder's notes."""
    notes = [json.loads(line) for line in text.splitlines()]
    return [Fed(note["begins"], note["last"], note["gone"], note["ends"]) for note in notes]


def said_of(journal: str) -> list[str]:
    """The scanner's own words, in their order."""
    matches = (_SAID.search(line) for line in journal.splitlines())
    return [match[1] for match in matches if match]


def misjudgements(events: Sequence[Event], said: Sequence[str]) -> Iterator[str]:
    """Each presentation of a code has one line, in order, and nothing else has one."""
    codes = [event for event in events if event.kind in OF_A_CODE]
    if len(said) != len(codes):
        counted = Counter(re.sub(r"seq \d+", "seq", line) for line in said)
        yield f"event -1: {len(codes)} codes were shown, {len(said)} were judged: {counted}"
    for event, line in zip(codes, said, strict=False):
        if not line.startswith(SAID[event.kind]):
            yield f"event {event.number}: {event.kind.value}: {line}"


def greens_for_invalid(expectation: Expectation, span: tuple[float, float]) -> Iterator[str]:
    """Green alone that began when nobody had just been let through."""
    moments = [piece.at_s for piece in expectation.pieces]
    for since, until, state in expectation.seen.lamps().spans(*span):
        if state != GREEN_ALONE or _is_self_test(expectation, since):
            continue
        # What is shown since then, or what was until then: the end of a wink, just before the next.
        places = {bisect_right(moments, since + slack_s) - 1 for slack_s in (0.0, SLACK_S)}
        showings = [expectation.pieces[place].showing for place in places if place >= 0]
        if not any(_lights_green(showing, since) for showing in showings):
            yield f"{since:.3f} to {until:.3f}: green for nobody"


def is_preempted(expectation: Expectation, edge: Edge) -> bool:
    """Whether something else is shown from that moment on: that may come at any moment."""
    return any(abs(piece.at_s - edge.at_s) < TOGETHER_S for piece in expectation.pieces)


def _lights_green(showing: Showing, at_s: float) -> bool:
    hold_s = showing.signal.hold_s
    assert hold_s is not None or showing.signal.name not in ADMITS
    return showing.signal.name in ADMITS and at_s <= showing.shown_s + (hold_s or 0.0)


def _is_self_test(expectation: Expectation, since_s: float) -> bool:
    """While the scanner is started again: half a second of red comes right before."""
    if not any(zone.since_s <= since_s <= zone.until_s for zone in expectation.zones):
        return False
    before = list(expectation.seen.lamps().spans(since_s - 0.6, since_s))
    begins, ends, state = before[-1]
    return state == RED_ALONE and ends - begins >= 0.4


def _differences(
    expectation: Expectation, expected: Timeline, span: tuple[float, float]
) -> Iterator[str]:
    """Everywhere but where the scanner was started again."""
    begins_s = span[0]
    for zone in expectation.zones:
        yield from differences(expectation.seen, expected, (begins_s, zone.since_s), SLACK_S)
        begins_s = zone.until_s
    yield from differences(expectation.seen, expected, (begins_s, span[1]), SLACK_S)


def _troubled(events: Sequence[Event], fed: Sequence[Fed], lines: Sequence[str]) -> set[int]:
    """The events during which something was shown that should not have been."""
    moments = [float(line.split(" ", 1)[0]) for line in lines]
    return {
        event.number
        for event, note in zip(events, fed, strict=True)
        for at_s in moments
        if note.begins_s - SLACK_S <= at_s <= note.ends_s
    }


def _number_in(line: str) -> int:
    match = re.search(r"event (-?\d+)", line)
    return int(match[1]) if match else -1
