"""One part after the other: what crashes or hangs is told, and spoils nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.core.errors import StoreError
from scanner.doctor.examine import examine
from scanner.doctor.finding import Finding, Grade
from scanner.doctor.parts import BY_NAME, Part
from scanner.doctor.subject import Subject

FINE = Finding("E-FINE", Grade.OK, "fine")


def fine(_: Subject) -> Iterator[Finding]:
    yield FINE


def crash(_: Subject) -> Iterator[Finding]:
    yield FINE
    raise ValueError("MP1:SECRET")


def refuse(_: Subject) -> Iterator[Finding]:
    yield from ()
    raise StoreError("Make room.")


def miss(_: Subject) -> Iterator[Finding]:
    yield from ()
    raise ModuleNotFoundError("No module named 'cv2'", name="cv2")


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    """Its settings are well."""
    (tmp_path / "x.toml").write_text("standalone = true\n")
    return Subject(tmp_path / "x.toml", tmp_path)


def test_crash_is_a_finding_and_the_others_go_on(subject: Subject) -> None:
    """What was found before it stays, too."""
    found = list(examine((Part("first", crash), Part("last", fine)), subject))
    assert [finding.id for finding in found] == ["E-FINE", "E-CHECK"]
    other = Finding("E-OTHER", Grade.OK, "")
    found = list(examine((Part("first", crash), Part("last", lambda _: iter([other]))), subject))
    assert found[-1] == other


def test_crash_tells_its_kind_and_place_only(subject: Subject) -> None:
    """Its text may hold what somebody has shown to the camera."""
    (_, told) = examine((Part("camera", crash),), subject)
    assert "camera could not be looked at: ValueError at doctor/test_examine.py:" in told.found
    assert "SECRET" not in told.as_line()


def test_missing_module_is_named(subject: Subject) -> None:
    """It is what a technician can do something about."""
    (told,) = examine((Part("camera", miss),), subject)
    assert "ModuleNotFoundError cv2" in told.found


def test_errors_of_our_own_say_what_to_do(subject: Subject) -> None:
    """Their text is written for people."""
    (told,) = examine((Part("log", refuse),), subject)
    assert told.found == "log: Make room."


@pytest.mark.parametrize(("is_vital", "grade"), [(True, Grade.FAILURE), (False, Grade.WARNING)])
def test_what_could_not_be_looked_at_counts_as_broken(
    subject: Subject, is_vital: bool, grade: Grade
) -> None:
    """Where no pass is admitted without it; elsewhere it is a warning."""
    (told,) = examine((Part("part", refuse, is_vital=is_vital),), subject)
    assert told.grade is grade


def test_hung_part_is_told_and_left(subject: Subject) -> None:
    """The next part is looked at while the thread of the first still hangs."""
    release = threading.Event()

    def hang(_: Subject) -> Iterator[Finding]:
        yield Finding("E-BEFORE", Grade.OK, "")
        release.wait()

    parts = (BY_NAME["config"], Part("stuck", hang, limit_s=30.0), Part("last", fine))
    # Asked when a part begins and before each wait; the time of "stuck" is over at its second wait.
    times = iter([0.0, 0.0, 0.0, 0.0, 0.0, 31.0])
    found = list(examine(parts, subject, lambda: next(times, 31.0)))
    release.set()
    assert [finding.id for finding in found] == ["E-CONFIG", "E-BEFORE", "E-CHECK-HUNG", "E-FINE"]
    assert "stuck gave no answer in 30 s" in found[2].found


def test_same_finding_is_told_once(subject: Subject) -> None:
    """Lists cannot be judged without the clock, and say so in the clock's own words."""
    assert list(examine((Part("one", fine), Part("two", fine)), subject)) == [FINE]


def test_settings_that_cannot_be_used_are_told_whatever_is_asked(subject: Subject) -> None:
    """Without them nobody knows where the camera is."""
    subject.config.write_text("[pins]\ngreen = 99")
    first, second = examine((Part("one", fine),), subject)
    assert (first.id, first.grade, second) == ("E-CONFIG", Grade.UNCONFIGURED, FINE)
