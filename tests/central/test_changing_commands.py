"""`scanner central` as a shell sees it: passes taken back and restored, people in quarantine."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from scanner.central.register import Register
from scanner.core.revocation import StatusBits, decode_delta, decode_ids
from tests.central.desk import LATER, Central, done, issue
from tests.central.device import Device


@pytest.mark.parametrize(
    ("command", "bits"), [("revoke", StatusBits.REVOKED), ("suspend", StatusBits.SUSPENDED)]
)
def test_taken_back_and_restored(
    command: str, bits: StatusBits, scanner: Central, device: Device
) -> None:
    """At once at the device; and a restored pass is valid there again."""
    issued = issue(scanner)
    out = done(scanner(command, issued["printed_id"]))
    assert "1 of 1 passes" in out
    assert "Published as number 2" in out
    assert decode_delta(device.look(LATER)["d-7-1-2"]).changes == {0: bits}
    done(scanner("restore", issued["index"], at=LATER + timedelta(minutes=1)))
    delta = device.look(LATER + timedelta(minutes=1))["d-7-1-3"]
    assert decode_delta(delta).changes == {0: StatusBits.VALID}


def test_revoke_takes_a_file(scanner: Central, device: Device, tmp_path: Path) -> None:
    """One pass a line, by index, printed id or hash."""
    first, second = issue(scanner), issue(scanner)
    listed = tmp_path / "annulled.txt"
    listed.write_text(f"{first['index']}\n{second['printed_id']}\n{'ab' * 16}\n")
    assert "3 of 3 passes revoked" in done(scanner("revoke", "--file", listed))
    targets = device.look(LATER)
    assert set(decode_delta(targets["d-7-1-2"]).changes) == {0, 1}
    assert decode_ids(targets["ids-0-2-0"]).revoked == (b"\xab" * 16,)


def test_revocation_can_wait(scanner: Central, device: Device) -> None:
    """--no-publish leaves the lists as they are until `publish`."""
    issue(scanner)
    assert "Not published yet" in done(scanner("revoke", 0, "--no-publish"))
    assert "d-7-1-2" not in device.look(LATER)
    assert "Published as number 2" in done(scanner("publish"))
    assert "d-7-1-2" in device.look(LATER)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("77", "index 77 was ever issued"),
        ("Иванов", "no index, printed id or hash"),
        ("0400-0000-MTFN-N76B-5", "another issuer, of number 1"),
    ],
)
def test_pass_that_is_none_is_refused(word: str, text: str, scanner: Central) -> None:
    """A slip of the pen never revokes somebody else's pass."""
    code, _, err = scanner("revoke", word)
    assert code == 64
    assert text in err


def test_change_beyond_the_breaker_is_refused(
    scanner: Central, central: Path, tmp_path: Path
) -> None:
    """It says both ways on; with the option it goes out, and `approve` signs it."""
    register = Register(central)
    lines = [(n, b"k", b"%d" % n, 1, b"ref", 0, 0, 0) for n in range(201)]
    register.db.executemany("INSERT INTO issued VALUES (?, ?, ?, ?, ?, ?, ?, ?)", lines)
    register.close()
    listed = tmp_path / "annulled.txt"
    listed.write_text("\n".join(str(n) for n in range(201)))
    code, _, err = scanner("revoke", "--file", listed)
    assert code == 64
    assert "--beyond-breaker" in err
    done(scanner("revoke", "--file", listed, "--beyond-breaker"))
    out = done(scanner("approve"))
    assert "Approved: base-7-2, d-7-1-2, holders-1, ids-0-1." in out


def test_quarantine_and_release(scanner: Central, device: Device) -> None:
    """By the index of a pass, by reference or by document: the same person each time."""
    issue(scanner)
    assert "quarantined." in done(scanner("quarantine", 0))
    assert "quarantined already" in done(scanner("quarantine", "--document", "4508123456"))
    assert "released." in done(scanner("release", "--document", "4508123456"))
    assert "holders-3-0" in device.look(LATER)
    assert scanner("quarantine")[0] == 64
    assert scanner("quarantine", 0, "--document", "4508123456")[0] == 64
