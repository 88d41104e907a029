"""What the table of the virtual device says of what a guest has left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.virtual_device.__main__ import default_cache, part_of_day, print_table
from tests.virtual_device.day import Judgement, judge, misjudgements, said_of, together
from tests.virtual_device.jobs import (
    Line,
    canary_line,
    exposure_lines,
    ready_lines,
    started_line,
)
from tests.virtual_device.machine import GUESTS, Results
from tests.virtual_device.script import COUNTS, Event, Kind

JOURNAL = """\
[   58.100000] python[412]: ready at virtual-1
[   61.200000] python[412]: ADMIT OK seq 1 31 ms
[   61.900000] python[412]: REFUSE FORGED counted 28 ms
"""
EVENTS = [Event(0, Kind.VALID, 0, 0.7), Event(1, Kind.FORGED, 0, 0.7)]


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path)


def test_verdicts_are_read_from_the_journal() -> None:
    """In their order, without the milliseconds."""
    assert said_of(JOURNAL) == ["ADMIT OK seq 1", "REFUSE FORGED counted"]
    assert list(misjudgements(EVENTS, said_of(JOURNAL))) == []


def test_a_wrong_verdict_is_named() -> None:
    """By its event; so is one that is missing."""
    (line,) = misjudgements(EVENTS, ["ADMIT OK seq 1", "ADMIT OK seq 2"])
    assert line.startswith("event 1: forged")
    assert any("2 codes were shown, 1 were judged" in each
               for each in misjudgements(EVENTS, ["ADMIT OK seq 1"]))  # fmt: skip


def test_a_day_that_was_cut_off_is_not_right(results: Results) -> None:
    """Nothing counts as right that was not seen."""
    judgement = judge(EVENTS, results)
    assert judgement == Judgement(2, 0, 0, 0, 0, ("the day was not played to its end",))
    assert not judgement.is_good


def test_parts_of_a_day_are_the_whole_day() -> None:
    """A thousand events in all, and one thing that is wrong in one part is wrong in the whole."""
    assert {kind: GUESTS * count for kind, count in part_of_day().items()} == COUNTS
    assert sum(COUNTS.values()) == 1000
    good = Judgement(500, 500, 0, 0, 4000, ())
    assert together([good, good]) == Judgement(1000, 1000, 0, 0, 8000, ())
    bad = Judgement(500, 499, 1, 2, 4000, ("green for nobody",))
    assert together([good, bad]) == Judgement(1000, 999, 1, 2, 8000, ("green for nobody",))


def test_exposure_is_the_largest_and_the_mean(results: Results) -> None:
    """Of all units; where systemd said nothing, nothing is good."""
    assert not any(line.is_good for line in exposure_lines(results))
    said = ("a → Overall exposure level for a: 1.0 OK", "b → Overall exposure level for b: 0.2")
    (results.folder / "security").write_text("\n".join(said))
    most, mean = exposure_lines(results)
    assert (most.got, mean.got, most.is_good, mean.is_good) == ("1.0 of 2", "0.60", True, True)


def test_canary_that_breaks_out_is_named(results: Results) -> None:
    """By unit and try; one that did not run counts as one that broke out."""
    (results.folder / "canary-a").write_text(
        "canary: tcp  held: EPERM\ncanary: 0 of 20 worked: none\n"
    )
    assert canary_line(results).is_good
    (results.folder / "canary-b").write_text("canary: 1 of 20 worked: tcp\n")
    (results.folder / "canary-c").write_text("")
    line = canary_line(results)
    assert (line.is_good, line.got) == (False, "b: tcp; c: it did not run")


def test_unit_that_never_ran_is_named(results: Results) -> None:
    """A condition that is not met starts nothing, whatever systemctl says."""
    (results.folder / "started").write_text(
        "a.service active success 0 5000\nb.service inactive success 0 0\n"
    )
    assert started_line(results).got == "1 of 2, not b.service"


def test_start_counts_from_the_exec_of_the_program(results: Results) -> None:
    """Not from systemd's start, which is told beside it; one without an exec says nothing."""
    trace = "".join(
        f"  python-{pid} [000] ..... {at_s}: sched_process_exec: filename=/a/python pid={pid} old\n"
        for pid, at_s in ((7, "10.000000"), (8, "20.500000"))
    )
    (results.folder / "trace").write_text(trace)
    assert not ready_lines(results)[0].is_good
    (results.folder / "ready").write_text("import 7 0 10400000\nready 8 20000000 21500000\n")
    exec_line, start_line = ready_lines(results)
    assert (exec_line.got, exec_line.is_good) == ("2.50 x (1.00 s, 0.40 s)", True)
    assert start_line.got == "3.75 x (1.50 s)"


def test_table_marks_what_is_not_reached(capsys: pytest.CaptureFixture[str]) -> None:
    """Each figure on a line, with what was wanted and what was seen."""
    print_table(
        [Line("a warm run", "≤ 180 s", "200 s", False), Line("stale green", "0", "0", True)]
    )
    lines = capsys.readouterr().out.splitlines()[2:]
    assert [line.split()[0] for line in lines] == ["WRONG", "ok"]


def test_image_is_kept_where_caches_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of the user, unless another place is named."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "scanner-virtual-device"
