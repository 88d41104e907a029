"""What `scanner doctor` says of databases, lists, their keys and the clock."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scanner.assembly.clock import ClockProbe
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.time_bounds import TimeBounds, TimeSource
from scanner.core.time_memory import TimeMemory
from scanner.core.update import OFFLINE_UNTIL
from scanner.doctor import hardware, lists, software
from scanner.doctor.finding import Finding, Grade
from scanner.store.database import LISTS, connect
from scanner.store.installed import Artefact, keep_artefact
from scanner.store.migrations import migrate
from tests import city


def by_id(findings: list[Finding]) -> dict[str, Grade]:
    """The gravest grade of each id."""
    grades: dict[str, Grade] = {}
    for finding in findings:
        grades[finding.id] = max(finding.grade, grades.get(finding.id, Grade.OK))
    return grades


def test_damaged_database_is_found(tmp_path: Path) -> None:
    """And one that was moved aside is not forgotten."""
    migrate(tmp_path)
    (tmp_path / "outbox.db").write_bytes(b"x" * 4096)
    for part in tmp_path.glob("outbox.db-*"):
        part.unlink()
    assert by_id(list(software.check_stores(tmp_path)))["E-STORE"] is Grade.FAILURE
    migrate(tmp_path)
    found = list(software.check_stores(tmp_path))
    assert by_id(found)["E-STORE"] is Grade.WARNING
    assert any("outbox.db.damaged-1" in finding.found for finding in found)


def test_old_lists_are_a_failure(tmp_path: Path) -> None:
    """Young lists are well, a day old is a warning, three days stop the checkpoint."""
    from scanner.store.install import Installer

    migrate(tmp_path)
    Installer(tmp_path, bytes, allow_test_keys=False).install(city.targets(), city.ISSUED_AT)
    for hours, grade in ((1, Grade.OK), (25, Grade.WARNING), (80, Grade.FAILURE)):
        now = ClockReading.exact(city.NOW + timedelta(hours=hours))
        found = list(lists.check_lists(tmp_path, now, allow_test_keys=False))
        assert by_id(found)["E-LIST-AGE"] is grade
    unsure = ClockReading(city.NOW, None, ClockLevel.C)
    found = list(lists.check_lists(tmp_path, unsure, allow_test_keys=False))
    assert by_id(found)["E-LIST-AGE"] is Grade.WARNING


@pytest.mark.parametrize(
    ("days", "grade"), [(80, Grade.WARNING), (30, Grade.OK), (89, Grade.WARNING)]
)
def test_end_of_the_citys_signatures_is_told_in_time(
    tmp_path: Path, days: int, grade: Grade
) -> None:
    """Past it no list is taken, however new; a stick has to come out of a safe before."""
    migrate(tmp_path)
    end = city.NOW + timedelta(days=90)
    with closing(connect(tmp_path, LISTS)) as db:
        keep_artefact(db, OFFLINE_UNTIL, Artefact(int(end.timestamp()), 0))
    now = ClockReading.exact(city.NOW + timedelta(days=days))
    grades = by_id(list(lists.check_lists(tmp_path, now, allow_test_keys=False)))
    assert grades["E-LISTS-END"] is grade


def test_device_that_trusts_nobody_yet_is_told(tmp_path: Path) -> None:
    """No list can come to it before somebody brings the city's root.json."""
    system = tmp_path / "root.json"
    assert lists.check_root(None, tmp_path, system).grade is Grade.WARNING
    assert lists.check_root(str(tmp_path / "other"), tmp_path, system).grade is Grade.WARNING
    system.write_text("{}")
    assert lists.check_root(None, tmp_path, system).grade is Grade.OK
    system.unlink()
    (tmp_path / "tuf").mkdir()
    (tmp_path / "tuf/root.json").write_text("{}")
    assert lists.check_root(None, tmp_path, system).grade is Grade.OK


def test_missing_key_of_the_holder_list_is_told(tmp_path: Path) -> None:
    """Where the settings name it, else where the enrolment has put it."""
    assert lists.check_fleet_key(None, tmp_path).grade is Grade.WARNING
    (tmp_path / "fleet.key").write_text("")
    assert lists.check_fleet_key(None, tmp_path).found.endswith("fleet.key is empty")
    (tmp_path / "fleet.key").write_text("AGE-SECRET-KEY-1")
    assert lists.check_fleet_key(None, tmp_path).grade is Grade.OK
    assert lists.check_fleet_key(str(tmp_path / "other"), tmp_path).grade is Grade.WARNING


def test_device_without_lists_is_told(tmp_path: Path) -> None:
    """No keys, no policy, no holder list: each by its name."""
    migrate(tmp_path)
    now = ClockReading.exact(city.NOW)
    grades = by_id(list(lists.check_lists(tmp_path, now, allow_test_keys=False)))
    assert (grades["E-LISTS"], grades["E-KEY"]) == (Grade.FAILURE, Grade.FAILURE)


CONFIRMED = ClockProbe(
    ClockReading.exact(city.NOW),
    TimeSource.NTP,
    TimeMemory(TimeBounds(city.NOW), rtc_set_at=city.NOW),
    ceiling=city.NOW + timedelta(days=2),
    future=None,
    has_rtc=True,
)
UNSURE = ClockReading(city.NOW, None, ClockLevel.C)
HELD = ClockReading.exact(city.NOW, ClockLevel.B)


@pytest.mark.parametrize(
    ("changes", "id_", "grade"),
    [
        ({}, "E-CLOCK", Grade.OK),
        ({}, "E-RTC", Grade.OK),
        ({"now": UNSURE, "source": None}, "E-CLOCK", Grade.FAILURE),
        ({"now": HELD, "source": TimeSource.TIME_CODE}, "E-CLOCK", Grade.OK),
        ({"now": HELD, "source": TimeSource.HAND}, "E-CLOCK", Grade.WARNING),
        ({"has_rtc": False}, "E-RTC", Grade.WARNING),
        ({"memory": TimeMemory(TimeBounds(city.NOW))}, "E-RTC", Grade.WARNING),
        ({"future": city.NOW}, "E-CLOCK-FUTURE", Grade.WARNING),
        ({"future": city.NOW, "now": UNSURE}, "E-CLOCK-FUTURE", Grade.FAILURE),
    ],
)
def test_clock_is_judged_by_what_it_knows(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    changes: dict[str, Any],
    id_: str,
    grade: Grade,
) -> None:
    """At level C nothing is admitted; a hand, a missing battery and a far claim are told."""
    probe = replace(CONFIRMED, **changes)
    monkeypatch.setattr("scanner.assembly.clock.probe_clock", lambda _: probe)
    findings, now = hardware.check_clock(tmp_path)
    assert by_id(findings)[id_] is grade
    assert now == probe.now
    assert all(finding.fix for finding in findings if finding.grade is not Grade.OK)
    assert ("E-CLOCK-FUTURE" in by_id(findings)) == (probe.future is not None)
