"""What doctor says of the way to the city."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.core.clock import ClockReading
from scanner.core.enrolment import EnrolmentAnswer, encode_answer, read_request
from scanner.core.upload import RetryState
from scanner.doctor.finding import Finding, Grade
from scanner.doctor.upload import UNKNOWN, check_upload
from scanner.store.device_key import provide_device_key
from scanner.store.enrolment import keep_answer, write_request
from tests import pki
from tests.commands.conftest import Run
from tests.store.queued import NOW_S, send
from tests.sync.sealed import MemoryServer, SealedDevice

NOW = ClockReading.exact(datetime.fromtimestamp(NOW_S + 60, UTC))
END = pki.BEGIN + pki.YEAR


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Of a device that is enrolled until 2021-04-01."""
    write_request(tmp_path, tmp_path / "request.json")
    request = read_request((tmp_path / "request.json").read_bytes())
    ca = pki.Authority()
    answer = EnrolmentAnswer(
        device=request.device,
        url="https://log.example.test",
        certificates=(ca.issue(request.tls_key, request.device.hex()),),
        ca=ca.certificate,
        receipt_key=bytes(32),
        issued_at=NOW_S,
    )
    keep_answer(tmp_path, encode_answer(answer))
    return tmp_path


@pytest.fixture
def device(state: Path) -> Iterator[SealedDevice]:
    """Three records in a segment, and a heartbeat."""
    device = SealedDevice(state, provide_device_key(state).private_bytes_raw())
    device.scan(3)
    device.seal(whole=True)
    device.seal()
    yield device
    device.close()


def found(
    state: Path, now: ClockReading | None = NOW, *, is_standalone: bool = False
) -> dict[str, list[Finding]]:
    """By id."""
    findings: dict[str, list[Finding]] = {}
    for finding in check_upload(state, now, is_standalone=is_standalone):
        findings.setdefault(finding.id, []).append(finding)
    return findings


def test_device_of_nobody_is_not_configured(tmp_path: Path) -> None:
    """Exit 3, and both ways out of it."""
    (only,) = found(tmp_path)["E-NOT-ENROLLED"]
    assert only.grade is Grade.UNCONFIGURED
    assert "scanner enrol request" in only.fix
    assert "standalone = true" in only.fix


def test_device_that_stands_alone_is_well(tmp_path: Path) -> None:
    """Its log is pulled; nobody expects a server."""
    (only,) = found(tmp_path, is_standalone=True)["E-NOT-ENROLLED"]
    assert only.grade is Grade.OK


def test_doctor_exits_3_until_somebody_owns_the_device(scanner: Run, tmp_path: Path) -> None:
    """Settings alone do not make it a checkpoint of somebody's."""
    config = tmp_path / "checkpoint.toml"
    config.write_text("standalone = false\n")
    scanner("migrate", "--state", tmp_path / "state")
    arguments = ("--config", config, "--state", tmp_path / "state", "--only", "config,upload")
    code, out, _ = scanner("doctor", *arguments)
    assert code == 3
    assert "E-NOT-ENROLLED" in out
    config.write_text("standalone = true\n")
    assert scanner("doctor", *arguments)[0] == 0


def test_damaged_enrolment_is_not_configured(state: Path) -> None:
    """It is said what is damaged."""
    (state / "enrolment.json").write_bytes(b"{")
    (only,) = found(state)["E-NOT-ENROLLED"]
    assert only.grade is Grade.UNCONFIGURED
    assert "enrolment.json" in only.found


def test_newest_receipt_and_what_waits_are_told(device: SealedDevice) -> None:
    """Up to which record the server had all, when, and how much is left."""
    send(device, MemoryServer())
    device.scan(2)
    device.seal(whole=True)
    findings = found(device.folder)
    (only,) = findings["E-UPLOAD"]
    assert only.grade is Grade.OK
    assert "up to record 3 on 2020-04-29" in only.found
    assert "2 records in 1 segments wait" in only.found
    assert {each.grade for group in findings.values() for each in group} == {Grade.OK}


def test_server_that_never_answered_is_a_warning(device: SealedDevice) -> None:
    """Perhaps the timer was not enabled."""
    (only,) = found(device.folder)["E-UPLOAD"]
    assert only.grade is Grade.WARNING
    assert "3 records in 2 segments wait" in only.found
    assert "list-timers" in only.fix


def test_long_silence_is_a_warning(device: SealedDevice) -> None:
    """A body goes each minute also where nobody is scanned."""
    send(device, MemoryServer())
    later = ClockReading.exact(NOW.earliest + timedelta(hours=3))
    (only,) = found(device.folder, later)["E-UPLOAD"]
    assert only.grade is Grade.WARNING
    assert found(device.folder, UNKNOWN)["E-UPLOAD"][0].grade is Grade.OK


def test_fault_of_the_last_try_is_told(device: SealedDevice) -> None:
    """In its own words, with how often."""
    send(device, MemoryServer())
    device.queue.keep_retry(RetryState(4, 10.0, "", 0.0), "Ask the city.")
    _, fault = found(device.folder)["E-UPLOAD"]
    assert (fault.grade, fault.found) == (
        Grade.WARNING,
        "the last try failed (4 in a row): Ask the city.",
    )


def test_refused_batches_are_told(device: SealedDevice) -> None:
    """Each with its numbers and the reason."""
    device.queue.set_aside(device.queue.outgoing(NOW_S).cut(1), 409, NOW_S)
    (only,) = found(device.folder)["E-LOG-ASIDE"]
    assert only.grade is Grade.WARNING
    assert "segments 1 to 1 are set aside" in only.found
    assert "409" in only.found


@pytest.mark.parametrize(
    ("at", "grade"),
    [
        (END - timedelta(days=31), Grade.OK),
        (END - timedelta(days=29), Grade.WARNING),
        (END + timedelta(days=1), Grade.WARNING),
    ],
)
def test_end_of_the_certificate_is_told_in_time(state: Path, at: datetime, grade: Grade) -> None:
    """A month before, so that a stick can go there and back."""
    (only,) = found(state, ClockReading.exact(at))["E-CERT"]
    assert only.grade is grade
    assert "2021-04-01" in only.found
    assert "scanner enrol request" in only.fix


def test_unknown_time_raises_no_alarm_about_dates(state: Path) -> None:
    """A board that thinks it is 1970 has other findings."""
    assert found(state, None)["E-CERT"][0].grade is Grade.OK


def test_database_that_cannot_be_read_is_a_failure(state: Path) -> None:
    """There is no outbox.db here."""
    (only,) = found(state)["E-UPLOAD"]
    assert only.grade is Grade.FAILURE
