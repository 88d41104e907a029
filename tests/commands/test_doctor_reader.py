"""What `scanner doctor` says of the process that decodes, by the probe's answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.assembly import probes
from scanner.assembly.probes import ReaderProbe
from scanner.config import parse_settings
from scanner.core.errors import DeviceError
from scanner.doctor.finding import Grade
from scanner.doctor.reader import check_reader
from scanner.vision import seccomp
from scanner.vision.probe import is_confined

SETTINGS = parse_settings("", "x.toml")
OPEN = parse_settings("[reader]\nmay_be_open = true\n", "x.toml")
NO_TABLE = "the system calls of riscv64 are not in its table"


def test_this_machine_has_a_confined_reader_that_reads() -> None:
    """The kernel says that the worker is filtered, and it reads the test code all the same."""
    assert probes.probe_reader(SETTINGS) == ReaderProbe(
        is_confined=True, is_read=True, missing=None
    )
    assert check_reader(SETTINGS).grade is Grade.OK


def test_a_machine_without_filter_has_no_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would not decode at all: a failure that says why, and how to go on all the same."""
    monkeypatch.setattr(seccomp, "why_missing", lambda: NO_TABLE)
    finding = check_reader(SETTINGS)
    assert (finding.id, finding.grade) == ("E-READER-OPEN", Grade.FAILURE)
    assert "riscv64" in finding.found
    assert "reader.may_be_open = true" in finding.fix


@pytest.mark.parametrize(
    ("probe", "id_", "grade"),
    [
        (ReaderProbe(is_confined=False, is_read=True, missing=NO_TABLE), "E-READER-OPEN", 1),
        (ReaderProbe(is_confined=False, is_read=True, missing=None), "E-READER-OPEN", 1),
        (ReaderProbe(is_confined=True, is_read=False, missing=None), "E-READER", 2),
        (ReaderProbe(is_confined=True, is_read=True, missing=None), "E-READER-OPEN", 0),
    ],
)
def test_a_reader_that_may_be_open_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, probe: ReaderProbe, id_: str, grade: int
) -> None:
    """An open reader works, so it is a warning with its fix; one that reads nothing fails."""
    monkeypatch.setattr(probes, "probe_reader", lambda _: probe)
    finding = check_reader(OPEN)
    assert (finding.id, finding.grade) == (id_, Grade(grade))
    assert bool(finding.fix) is (grade > 0)


def test_a_reader_that_does_not_start_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence of the reader reaches the technician."""

    def fail(_: object) -> ReaderProbe:
        raise DeviceError("The reader process does not start.")

    monkeypatch.setattr(probes, "probe_reader", fail)
    assert check_reader(SETTINGS).grade is Grade.FAILURE


STATUS = "Name:\tpython\nPid:\t{}\nPPid:\t{}\nNoNewPrivs:\t{}\nSeccomp:\t2\nSeccomp_filters:\t{}\n"


@pytest.mark.parametrize(
    ("workers", "answer"),
    [
        ([(11, 10, 1, 2)], True),
        ([(11, 10, 1, 1)], False),  # only the filter that its parent has, too
        ([(11, 10, 0, 2)], False),
        ([(11, 10, 1, 2), (12, 10, 1, 1)], False),
        ([(11, 9, 1, 2)], False),  # the worker of another reader
        ([], False),
    ],
)
def test_every_worker_must_have_a_filter_of_its_own(
    tmp_path: Path, workers: list[tuple[int, int, int, int]], answer: bool
) -> None:
    """A filter that systemd gave to all, or one worker out of two, is not enough."""
    for fields in [(10, 1, 1, 1), *workers]:
        folder = tmp_path / str(fields[0])
        folder.mkdir()
        (folder / "status").write_text(STATUS.format(*fields))
    assert is_confined(10, tmp_path) is answer
