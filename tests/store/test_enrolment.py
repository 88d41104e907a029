"""Key for TLS and the city's answer, in the state folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.enrolment import EnrolmentAnswer, encode_answer, read_request
from scanner.core.errors import EnrolmentError, StoreError
from scanner.store.enrolment import (
    TLS_KEY_FILE,
    check_offered,
    keep_answer,
    provide_tls_key,
    read_enrolment,
    sending_alone,
    write_request,
)
from scanner.store.place import ENROLMENT_FILE
from tests import pki

NOW = ClockReading.exact(datetime(2020, 4, 29, 9, 0, tzinfo=UTC))
UNKNOWN = ClockReading(datetime.fromtimestamp(0, UTC), None, ClockLevel.C)
CITY = pki.Authority()


def answered(folder: Path, authority: pki.Authority = CITY) -> EnrolmentAnswer:
    """What a city makes of the device's request."""
    write_request(folder, folder / "request.json")
    request = read_request((folder / "request.json").read_bytes())
    certificate = authority.issue(request.tls_key, request.device.hex())
    return EnrolmentAnswer(
        device=request.device,
        url="https://log.example.test",
        certificates=(certificate,),
        ca=authority.certificate,
        receipt_key=bytes(32),
        issued_at=1_588_150_000,
    )


def accept_answer(
    folder: Path, raw: bytes, now: ClockReading, *, anew: bool = False
) -> EnrolmentAnswer:
    """Checked and kept, as the command does it."""
    answer = check_offered(folder, raw, now, anew=anew)
    keep_answer(folder, raw)
    return answer


def test_tls_key_is_made_once_for_this_user_alone(tmp_path: Path) -> None:
    """P-256 in PKCS#8 PEM, mode 0600, and no half file beside it."""
    key = provide_tls_key(tmp_path)
    path = tmp_path / TLS_KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    kept = load_pem_private_key(path.read_bytes(), password=None)
    assert kept.public_key() == key.public_key() == provide_tls_key(tmp_path).public_key()
    assert [each.name for each in tmp_path.iterdir()] == [TLS_KEY_FILE]


@pytest.mark.parametrize("damage", ["empty", "half", "device key"])
def test_damaged_tls_key_is_not_replaced(tmp_path: Path, damage: str) -> None:
    """The certificate would be for a key that is gone; the error says what to do."""
    write_request(tmp_path, tmp_path / "request.json")
    path = tmp_path / TLS_KEY_FILE
    spoilt = {
        "empty": b"",
        "half": path.read_bytes()[:100],
        "device key": (tmp_path / "device.key").read_bytes(),
    }[damage]
    path.write_bytes(spoilt)
    with pytest.raises(StoreError, match="enrol"):
        provide_tls_key(tmp_path)
    assert path.read_bytes() == spoilt


def test_cut_off_request_leaves_no_half_key(tmp_path: Path) -> None:
    """What an attempt left behind is written anew."""
    (tmp_path / "tls.new").write_bytes(b"-----BEG")
    provide_tls_key(tmp_path)
    assert not (tmp_path / "tls.new").exists()


def test_accepted_answer_is_what_the_device_goes_by(tmp_path: Path) -> None:
    """Byte for byte as it was given, mode 0600."""
    assert read_enrolment(tmp_path) is None
    answer = answered(tmp_path)
    accept_answer(tmp_path, encode_answer(answer), NOW)
    assert read_enrolment(tmp_path) == answer
    path = tmp_path / ENROLMENT_FILE
    assert path.read_bytes() == encode_answer(answer)
    assert path.stat().st_mode & 0o777 == 0o600


def test_device_without_a_time_can_be_enrolled(tmp_path: Path) -> None:
    """A board without a battery says 1970; the dates of the certificate wait for the time."""
    answer = answered(tmp_path)
    assert accept_answer(tmp_path, encode_answer(answer), UNKNOWN) == answer


def test_certificate_that_has_surely_ended_is_refused(tmp_path: Path) -> None:
    """By the device's own clock."""
    late = ClockReading.exact(pki.BEGIN + pki.YEAR + timedelta(seconds=1))
    with pytest.raises(EnrolmentError, match="ended on 2021-04-01"):
        accept_answer(tmp_path, encode_answer(answered(tmp_path)), late)
    assert read_enrolment(tmp_path) is None


def test_answer_for_another_device_changes_nothing(tmp_path: Path) -> None:
    """Fifty boxes on a table, and the wrong stick."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    answer = answered(first)
    with pytest.raises(EnrolmentError, match="its own device"):
        accept_answer(second, encode_answer(answer), NOW)
    assert read_enrolment(second) is None


OTHERS: dict[str, Callable[[EnrolmentAnswer], EnrolmentAnswer]] = {
    "another receipt key": lambda answer: replace(answer, receipt_key=bytes(range(32))),
    "an older answer": lambda answer: replace(answer, issued_at=answer.issued_at - 1),
}


@pytest.mark.parametrize("what", OTHERS)
def test_another_server_needs_a_word(tmp_path: Path, what: str) -> None:
    """A stick alone does not move a log elsewhere."""
    answer = answered(tmp_path)
    accept_answer(tmp_path, encode_answer(answer), NOW)
    other = OTHERS[what](answer)
    with pytest.raises(EnrolmentError, match="--anew"):
        accept_answer(tmp_path, encode_answer(other), NOW)
    assert read_enrolment(tmp_path) == answer
    accept_answer(tmp_path, encode_answer(other), NOW, anew=True)
    assert read_enrolment(tmp_path) == other


def test_another_authority_needs_a_word(tmp_path: Path) -> None:
    """However well it has signed."""
    accept_answer(tmp_path, encode_answer(answered(tmp_path)), NOW)
    other = answered(tmp_path, pki.Authority())
    with pytest.raises(EnrolmentError, match="--anew"):
        accept_answer(tmp_path, encode_answer(other), NOW)


def test_renewal_goes_without_saying(tmp_path: Path) -> None:
    """The same authority and receipt key, a later certificate, perhaps another address."""
    answer = answered(tmp_path)
    accept_answer(tmp_path, encode_answer(answer), NOW)
    later = replace(answered(tmp_path), issued_at=answer.issued_at + 1, url="https://new.test")
    accept_answer(tmp_path, encode_answer(later), NOW)
    assert read_enrolment(tmp_path) == later


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff"])
def test_damaged_enrolment_is_told(tmp_path: Path, damage: bytes) -> None:
    """It is not taken for none: a device must not stop sending without a word."""
    (tmp_path / ENROLMENT_FILE).write_bytes(damage)
    with pytest.raises(StoreError, match="accept the answer again"):
        read_enrolment(tmp_path)


def test_answer_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    """What was there before counts on."""
    with pytest.raises(StoreError, match="Make room"):
        keep_answer(tmp_path / "gone", b"{}")


def test_only_one_process_sends(tmp_path: Path) -> None:
    """A second is told; once the first has ended another may."""
    with pytest.raises(StoreError, match="enrol request"), sending_alone(tmp_path):
        pass
    provide_tls_key(tmp_path)
    with sending_alone(tmp_path), pytest.raises(StoreError, match="already"):
        sending_alone(tmp_path).__enter__()
    with sending_alone(tmp_path):
        pass


def test_request_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A stick that is not there."""
    with pytest.raises(StoreError, match="Name another file"):
        write_request(tmp_path, tmp_path / "no-stick" / "request.json")
