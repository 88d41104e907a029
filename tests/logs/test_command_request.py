"""`scanner logs request` and its key: signed, named, never replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.core.request import read_request
from scanner.logs.age import make_identity
from scanner.logs.keys import load_keys, make_keys
from tests.core.chains import MINUTE
from tests.logs.conftest import Run
from tests.logs.made import CASE

DAY = "2020-04-29"


def ask(
    scanner: Run, folder: Path, *options: object, name: str = "a.request"
) -> tuple[int, str, str]:
    return scanner(
        "logs", "request", folder / name, "--key", folder / "anna.key", "--supervisor", "Anna",
        "--at", "2020-04-30T09:00:00Z", *options,
    )  # fmt: skip


def test_request_is_signed_and_says_what_it_asks(scanner: Run, tmp_path: Path) -> None:
    """Keys are made once; the answer is for the recipient beside the key."""
    code, out, _ = ask(scanner, tmp_path, "--make-key", "--since", DAY, "--hours", 3)
    assert code == 0
    assert '"name": "Anna"' in out
    assert "Valid until 2020-04-30 12:00Z" in out
    request = read_request((tmp_path / "a.request").read_bytes())
    assert (request.device, request.supervisor, request.case) == (b"", "Anna", "")
    assert request.since == MINUTE - 9 * 60
    assert request.recipient in (tmp_path / "anna.age").read_text()
    assert (tmp_path / "anna.key").stat().st_mode & 0o777 == 0o600
    code, out, _ = ask(scanner, tmp_path, "--device", "00" * 8, "--case", CASE, name="b.request")
    assert code == 0
    assert "policy" not in out
    second = read_request((tmp_path / "b.request").read_bytes())
    assert (second.device, second.case) == (bytes(8), CASE)
    assert second.nonce != request.nonce


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ([], "Make a key with --make-key"),
        (["--make-key", "--device", "xyz"], "is no device"),
        (["--make-key", "--device", "00"], "is no device"),
        (["--make-key", "--to", "age1nobody"], "no age recipient"),
        (["--make-key", "--hours", "25"], "25"),
        (["--make-key", "--since", "2020-05-05"], "--since must be before --until"),
    ],
)
def test_request_that_cannot_be_is_refused(
    scanner: Run, tmp_path: Path, options: list[str], why: str
) -> None:
    """Exit code 64, and no request."""
    code, _, err = ask(scanner, tmp_path, *options)
    assert code == 64
    assert why in err
    assert not (tmp_path / "a.request").exists()


def test_request_has_a_name_that_devices_look_for(scanner: Run, tmp_path: Path) -> None:
    """Or nobody would answer it; and a place where it can be written."""
    code, _, err = ask(scanner, tmp_path, "--make-key", name="monday")
    assert code == 64
    assert ".request" in err
    code, _, err = ask(scanner, tmp_path, name="no/a.request")
    assert code == 64
    assert "cannot be written" in err


def test_key_is_never_replaced(scanner: Run, tmp_path: Path) -> None:
    """It stands in the policy of a city."""
    ask(scanner, tmp_path, "--make-key")
    before = (tmp_path / "anna.key").read_bytes()
    code, _, err = ask(scanner, tmp_path, "--make-key")
    assert code == 64
    assert "there already" in err
    assert (tmp_path / "anna.key").read_bytes() == before


def test_request_without_anybody_to_open_the_answer_is_refused(
    scanner: Run, tmp_path: Path
) -> None:
    """The age key beside the signing key is gone: another recipient must be named."""
    ask(scanner, tmp_path, "--make-key")
    (tmp_path / "anna.age").unlink()
    code, _, err = ask(scanner, tmp_path)
    assert code == 64
    assert "Give --to" in err
    assert ask(scanner, tmp_path, "--to", make_identity()[1])[0] == 0


def test_key_can_be_under_a_passphrase(tmp_path: Path) -> None:
    """Which is asked for only then, and must be the right one."""
    made = make_keys(tmp_path / "anna.key", b"horse")
    back = load_keys(tmp_path / "anna.key", lambda: "horse")
    assert back.recipient == made.recipient
    assert back.signing.private_bytes_raw() == made.signing.private_bytes_raw()
    with pytest.raises(Exception, match="passphrase is another one"):
        load_keys(tmp_path / "anna.key", lambda: "cow")
    (tmp_path / "garbage.key").write_bytes(b"garbage")
    with pytest.raises(Exception, match="is no key"):
        load_keys(tmp_path / "garbage.key", lambda: "")
    with pytest.raises(Exception, match="cannot be written"):
        make_keys(tmp_path / "no" / "anna.key")


def test_stick_without_a_request_is_said(scanner: Run, tmp_path: Path) -> None:
    """And what makes one."""
    code, _, err = scanner("logs", "pull", tmp_path, "--state", tmp_path / "state")
    assert code in (64, 74)
    assert err
