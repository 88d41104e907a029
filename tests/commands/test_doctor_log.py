"""What `scanner doctor` says of the scan log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from scanner.core.reasons import Reason
from scanner.core.record import local_day
from scanner.core.segment import SegmentFlag
from scanner.doctor import log as doctor
from scanner.doctor.finding import Finding, Grade
from scanner.store.fold import fold_oldest
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from scanner.store.segments import Running, SegmentLog
from tests.commands.conftest import Run, rows
from tests.faults.small_disk import small_disk
from tests.store.log_case import AT, KEY, MOSCOW, RUNNING, running_with, scan

PERIOD, DAY = timedelta(minutes=15), timedelta(days=1)
ROOM = 64 << 20


class Case:
    """A device whose log is looked at."""

    def __init__(self, state: Path) -> None:
        migrate(state)
        self.state, self.outbox, self.log = state, SqliteOutbox(state), SegmentLog(state, KEY)

    def findings(self, capacity: int = ROOM) -> list[Finding]:
        return list(doctor.check_log(self.state, capacity))

    def grade(self, id_: str, capacity: int = ROOM) -> Grade:
        """The gravest of this id."""
        return max(found.grade for found in self.findings(capacity) if found.id == id_)

    def said(self, id_: str) -> list[str]:
        return [found.found for found in self.findings() if found.id == id_]


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    made = Case(tmp_path)
    with closing(made.outbox), closing(made.log):
        yield made


def test_fresh_log_is_well(case: Case) -> None:
    """Every id is there with its answer, before the first scan too."""
    assert {found.id: found.grade for found in case.findings()} == dict.fromkeys(
        ["E-LOG-WAITING", "E-LOG-SPACE", "E-UNCLEAN", "E-AMBER"], Grade.OK
    )


def test_records_that_wait_are_told(case: Case) -> None:
    """How many no server has, and how many of these no segment has."""
    scan(case.outbox, AT, [Reason.OK] * 3)
    case.log.seal(AT + PERIOD, RUNNING)
    scan(case.outbox, AT + PERIOD)
    (said,) = case.said("E-LOG-WAITING")
    assert said == "4 scan records wait for a server, 1 of them not sealed yet"
    case.log.db.execute("UPDATE segment SET state = 1")
    assert case.said("E-LOG-WAITING")[0].startswith("1 scan records wait")


def test_log_that_is_nearly_full_is_a_warning(case: Case) -> None:
    """From four fifths of what the settings allow; a disk that is full is told, too."""
    scan(case.outbox, AT, [Reason.OK] * 500)
    (said,) = case.said("E-LOG-SPACE")
    taken = case.log.db.execute("PRAGMA page_count").fetchone()[0] * 1024
    assert "% of its room" in said
    assert case.grade("E-LOG-SPACE", 100 * taken) is Grade.OK
    assert case.grade("E-LOG-SPACE", taken) is Grade.WARNING
    with small_disk(case.state) as disk:
        disk.fill(4096)
        assert case.grade("E-LOG-SPACE") is Grade.WARNING


def test_records_that_gave_way_are_told_by_their_day(case: Case) -> None:
    """Nothing goes in silence."""
    scan(case.outbox, AT)
    case.log.seal(AT + PERIOD, RUNNING)
    fold_oldest(case.log, AT + DAY, RUNNING)
    assert any("2020-04-29 gave way" in said for said in case.said("E-LOG-SPACE"))
    assert case.grade("E-LOG-SPACE") is Grade.WARNING


def test_unclean_starts_of_two_days_are_counted(case: Case) -> None:
    """Each start once, however many minutes it ran; older ones are history."""
    for day, boot in ((0, 1), (3, 2), (3, 2), (4, 3), (4, 4)):
        is_clean = boot == 4
        running = Running("north-3", boot, is_clean, 15, MOSCOW)
        case.log.seal(AT + day * DAY, running)
    assert case.said("E-UNCLEAN") == ["2 starts after a cut of the power in two days"]
    assert case.grade("E-UNCLEAN") is Grade.WARNING


def test_amber_share_is_told_while_it_lasts(case: Case) -> None:
    """By the newest heartbeat."""
    case.log.seal(AT, running_with(SegmentFlag.AMBER))
    assert case.grade("E-AMBER") is Grade.WARNING
    case.log.seal(AT + PERIOD, RUNNING)
    assert case.grade("E-AMBER") is Grade.OK


def test_keys_attacked_are_shown_from_five_a_day_on(case: Case) -> None:
    """Four are shown nowhere: neither today nor when the day is over."""
    for kid, n in ((b"k" * 8, 6), (b"m" * 8, 4)):
        for _ in range(n):
            case.outbox.count_forged("FORGED", AT, kid, local_day(AT, MOSCOW))
    hex_ = (b"k" * 8).hex()
    assert case.said("E-KEY-ATTACK") == [f"6 forged passes named the key {hex_}, today"]
    case.log.seal(AT + DAY, RUNNING)
    assert case.said("E-KEY-ATTACK") == [f"6 forged passes named the key {hex_}, 2020-04-29"]
    case.log.seal(AT + 3 * DAY, RUNNING)
    assert case.said("E-KEY-ATTACK") == []


def test_log_that_cannot_be_read_is_a_failure(case: Case) -> None:
    """A segment that is none: nothing can be sealed behind it. A missing file says so as well."""
    case.log.seal(AT, RUNNING)
    case.log.db.execute("UPDATE segment SET signed = x'00'")
    assert case.grade("E-LOG") is Grade.FAILURE
    (case.state / "outbox.db").unlink()
    assert [found.id for found in case.findings()] == ["E-LOG"]


def test_log_is_a_part_of_its_own(scanner: Run, case: Case, tmp_path: Path) -> None:
    """`--only log`, with the room that the settings name; without settings, that of the default."""
    scan(case.outbox, AT, [Reason.OK] * 100)
    config = tmp_path / "x.toml"
    config.write_text("standalone = true\n[log]\ncapacity_mb = 1\n")
    arguments = ("--state", case.state, "--only", "log", "--json")
    for path in (config, tmp_path / "none.toml"):
        _, out, _ = scanner("doctor", "--config", path, *arguments)
        found = {str(row["id"]) for row in rows(out)}
        assert {"E-LOG-WAITING", "E-LOG-SPACE", "E-UNCLEAN", "E-AMBER"} <= found
        assert all(row["fix"] for row in rows(out) if row["grade"] != "ok")
