"""The other jobs of the virtual device: units and canary, time to ready, first green, faults."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.systemd.canary_units import write_units
from tests.virtual_device.day import add_programs, fed_of
from tests.virtual_device.edges import GREEN as GREEN_LINE
from tests.virtual_device.edges import edges_of, first_rise
from tests.virtual_device.faults import FAULTS, Answer, Fault, Noted, answer_of
from tests.virtual_device.machine import GUESTS, Image, Results, run_job, side_by_side
from tests.virtual_device.script import Event, Kind
from tests.virtual_device.stick import make_stick

CANARY = Path(__file__).parents[1] / "systemd" / "canary.py"
# For programs that need somebody to come by, but no certain order.
PEOPLE = [Event(number, Kind.VALID, number, 1.2) for number in range(60)]
# A line of the kernel's record: when, and which process.
_EXEC = re.compile(r"\s(\d+\.\d+): sched_process_exec: .*\bpid=(\d+)")
MOST_EXPOSED, MEAN_EXPOSED, MOST_RATIO, MOST_ACTIONS = 1.2, 0.7, 3.0, 6


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: what was asked, what came, whether that is enough."""

    what: str
    wanted: str
    got: str
    is_good: bool


def units(image: Image, work: Path) -> list[Line]:
    """Exposure, canary, and whether each unit has run."""
    job = _job(work, "units.sh", PEOPLE[:2])
    (job / "canary.py").write_bytes(CANARY.read_bytes())
    write_units(job / "canary-units")
    results = run_job(image, job, work / "run")
    return [*exposure_lines(results), canary_line(results), started_line(results)]


def exposure_lines(results: Results) -> Iterator[Line]:
    """The largest and the mean of `systemd-analyze security`."""
    found = re.findall(r"level for \S+: (\d+\.\d)", results.text("security"))
    scores = [float(score) for score in found] or [10.0]
    most, mean = max(scores), statistics.mean(scores)
    got = f"{most:.1f} of {len(found)}"
    yield Line("exposure, the largest", f"≤ {MOST_EXPOSED}", got, most <= MOST_EXPOSED)
    yield Line("exposure, the mean", f"≤ {MEAN_EXPOSED}", f"{mean:.2f}", mean <= MEAN_EXPOSED)


def canary_line(results: Results) -> Line:
    """How many of its tries worked, over all units."""
    said = {path.name: path.read_text() for path in sorted(results.folder.glob("canary-*"))}
    ends = {name: re.search(r"canary: (\d+) of (\d+) worked: (.*)", text)
            for name, text in said.items()}  # fmt: skip
    worked = [f"{name.removeprefix('canary-')}: {end[3] if end else 'it did not run'}"
              for name, end in ends.items() if end is None or end[1] != "0"]  # fmt: skip
    got = "; ".join(worked) or f"0 in each of {len(said)} units"
    return Line("canary in each sandbox", "0 of 20", got, bool(said) and not worked)


def started_line(results: Results) -> Line:
    """A unit has run when systemd knows when its program began."""
    rows = [line.split() for line in results.text("started").splitlines() if line.strip()]
    idle = [row[0] for row in rows if row[-1] == "0"]
    got = f"{len(rows) - len(idle)} of {len(rows)}" + (f", not {' '.join(idle)}" if idle else "")
    return Line("units started, beside the loop", "all", got, bool(rows) and not idle)


def ready(image: Image, work: Path) -> list[Line]:
    """The loop's start against the bare import of numpy and OpenCV, medians of five."""
    return ready_lines(run_job(image, _job(work, "ready.sh", PEOPLE), work / "run"))


def ready_lines(results: Results) -> list[Line]:
    """From the exec of the loop's program, and from systemd's start, which lays the sandbox too."""
    execs = {int(pid): float(at_s) for at_s, pid in _EXEC.findall(results.text("trace"))}
    rows = [line.split() for line in results.text("ready").splitlines()]
    from_exec: dict[str, list[float]] = {"import": [], "ready": []}
    from_start = []
    for name, pid, started_us, ended_us in (row for row in rows if len(row) == 4):
        if int(pid) in execs:
            from_exec[name].append(int(ended_us) / 1e6 - execs[int(pid)])
        if name == "ready":
            from_start.append((int(ended_us) - int(started_us)) / 1e6)
    if not (all(from_exec.values()) and from_start):
        return [Line("exec to READY=1", f"≤ {MOST_RATIO} x import", "the job did not end", False)]
    bare, loop = (statistics.median(from_exec[name]) for name in ("import", "ready"))
    start = statistics.median(from_start)
    got = f"{loop / bare:.2f} x ({loop:.2f} s, {bare:.2f} s)"
    with_sandbox = f"{start / bare:.2f} x ({start:.2f} s)"
    return [
        Line("exec to READY=1", f"≤ {MOST_RATIO} x import", got, loop <= MOST_RATIO * bare),
        Line("systemd's start to READY=1", "no bound", with_sandbox, True),
    ]


def first_green(image: Image, work: Path) -> list[Line]:
    """Actions of a person from image and boot file to the first green."""
    events = [Event(0, Kind.TIME_CODE, 0, 6.0), Event(1, Kind.VALID, 0, 4.0)]
    job = _job(work, "first_green.sh", events)
    settings = (job / "checkpoint.toml").read_text()
    (job / "boot.toml").write_text("version = 1\n" + settings.split("[updates]")[0])
    results = run_job(image, job, work / "run")
    actions = len(results.text("actions").splitlines())
    fed = fed_of(results.text("fed"))
    edges = edges_of(results.text("trace").splitlines())
    green = len(fed) == 2 and first_rise(edges, GREEN_LINE, fed[1].begins_s, fed[1].begins_s + 1)
    got = f"{actions} actions, {'green' if green else 'not green'}"
    is_good = bool(green) and actions <= MOST_ACTIONS
    return [Line("image and boot file to first green", f"≤ {MOST_ACTIONS} actions", got, is_good)]


def faults(image: Image, work: Path, chosen: Sequence[Fault] = FAULTS) -> list[Line]:
    """Each fault; the table names those after which something was not as it must be."""
    parts = [chosen[number::GUESTS] for number in range(GUESTS) if chosen[number:]]
    played = side_by_side(partial(inject, image), parts, work)
    answers = [answer for each in zip(parts, played, strict=True) for answer in answers_of(*each)]
    for answer in answers:
        print(answer.as_line())
    bad = [answer for answer in answers if not answer.is_good]
    got = f"{len(answers) - len(bad)} of {len(chosen)}"
    stale = sum(len(answer.stale) for answer in answers)
    return [
        Line(
            "faults answered in 15 s",
            f"{len(chosen)}",
            got,
            len(answers) == len(chosen) and not bad,
        ),
        Line("stale green", "0", str(stale), stale == 0 and bool(answers)),
    ]


def inject(image: Image, chosen: Sequence[Fault], work: Path) -> Results:
    """One fault after the other, in one guest."""
    job = _job(work, "faults.sh", PEOPLE)
    asked = [[fault.kind, fault.for_s, fault.moment] for fault in chosen]
    (job / "faults.json").write_text(json.dumps(asked))
    return run_job(image, job, work / "run")


def answers_of(chosen: Sequence[Fault], results: Results) -> list[Answer]:
    """What came of each fault that was injected."""
    edges = edges_of(results.text("trace").splitlines())
    notes = [json.loads(line) for line in results.text("faults").splitlines()]
    return [
        answer_of(fault, Noted(n["begins"], n["cleared"], n["ends"], tuple(n["shown"])), edges)
        for fault, n in zip(chosen, notes, strict=False)
    ]


def _job(work: Path, script: str, events: Sequence[Event]) -> Path:
    job = work / "job"
    make_stick(job, events)
    add_programs(job, script)
    timetable = [[event.picture, event.kind.value, event.lasts_s] for event in events]
    (job / "timetable.json").write_text(json.dumps(timetable))
    return job
