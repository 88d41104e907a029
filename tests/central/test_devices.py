"""`scanner central device` and `scanner central log`: who may send, and what is done with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)

from scanner.__main__ import USAGE, run
from scanner.central.ingest import Ingest, RefusedError
from scanner.central.ledger import open_ledger
from scanner.central.log_folder import receipt_key
from scanner.core.enrolment import EnrolmentAnswer, check_answer, make_request, read_answer
from scanner.core.receipt import read_receipt
from scanner.core.signed_log import public_bytes
from tests.central.reporter import DAY, Reporter, Ticking

AT = "2020-04-29T12:00:00Z"
URL = "https://records.city.example:8443"


class City:
    """A central folder, its store, and the commands on it."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder, self._database = folder, database

    def do(self, *words: str | Path, at: str = AT) -> int:
        """One command of the group `central`; its exit code."""
        store = ["--database", self._database] if words[-1] != "--default" else []
        arguments = [str(word) for word in words if word != "--default"]
        return run(["central", "--dir", str(self.folder), "--at", at, *arguments, *store])

    def enrol(self, gate: Reporter, *more: str, at: str = AT) -> tuple[int, Path]:
        """A device's request, answered or refused; exit code and where the answer is."""
        request, answer = self.folder / f"{gate.name}.json", self.folder / f"{gate.name}.answer"
        request.write_bytes(make_request(gate.key, tls_key(gate)))
        code = self.do("device", "enrol", request, "--out", answer, *more, at=at)
        return code, answer

    def ingest(self) -> Ingest:
        """The server beside the commands."""
        return Ingest(open_ledger(self._database), receipt_key(self.folder), Ticking())


_TLS_KEYS: dict[str, EllipticCurvePrivateKey] = {}


def tls_key(gate: Reporter) -> EllipticCurvePrivateKey:
    """The same for a device each time."""
    return _TLS_KEYS.setdefault(gate.name, generate_private_key(SECP256R1()))


def answered(path: Path, gate: Reporter) -> EnrolmentAnswer:
    """An answer as its device takes it."""
    answer = read_answer(path.read_bytes())
    check_answer(answer, gate.device, tls_key(gate).public_key())
    return answer


@pytest.fixture
def city(tmp_path: Path, ledger_url: str) -> City:
    """A folder in which nothing was done yet."""
    folder = tmp_path / "central"
    folder.mkdir()
    return City(folder, ledger_url)


def test_device_is_enrolled_and_heard(city: City, capsys: pytest.CaptureFixture[str]) -> None:
    """From its request to its first receipt, which its answer lets it verify."""
    gate = Reporter()
    code, path = city.enrol(gate, "--url", URL)
    assert code == 0
    answer = answered(path, gate)
    assert (answer.url, answer.receipt_key) == (
        URL, public_bytes(receipt_key(city.folder)),
    )  # fmt: skip
    assert capsys.readouterr().out.splitlines() == [
        f"Device {gate.device.hex()} may send records to {URL}.",
        f"Its certificate holds until 2022-04-29; take {path} to the device.",
    ]
    signed = city.ingest().take(gate.body(gate.seal(3)))
    assert read_receipt(signed, receipt_key(city.folder).public_key()).seq == 3


def test_address_is_remembered(city: City, capsys: pytest.CaptureFixture[str]) -> None:
    """It is asked for once, and can be changed for the devices to come."""
    assert city.enrol(Reporter())[0] == USAGE
    assert "--url https://HOST:PORT" in capsys.readouterr().err
    assert city.enrol(Reporter(), "--url", "http://records.city.example")[0] == USAGE
    assert "no plain https address" in capsys.readouterr().err
    city.enrol(Reporter(), "--url", URL)
    for name, more in (("bridge", ()), ("tunnel", ("--url", "https://10.0.0.1"))):
        gate = Reporter(name)
        code, path = city.enrol(gate, *more)
        assert code == 0
        assert answered(path, gate).url == (more[1] if more else URL)


def test_one_device_is_revoked_and_the_others_go_on(city: City) -> None:
    """Its certificate still opens the door; its bodies are refused by their key."""
    gate, bridge = Reporter(), Reporter("bridge")
    for each in (gate, bridge):
        city.enrol(each, "--url", URL)
    ingest = city.ingest()
    ingest.take(gate.body(gate.seal(2)))
    assert city.do("device", "revoke", gate.device.hex()) == 0
    with pytest.raises(RefusedError) as caught:
        ingest.take(gate.body(gate.seal(2)))
    assert caught.value.status == 403
    assert ingest.take(bridge.body(bridge.seal(2)))


def test_revoked_device_comes_back_only_on_purpose(
    city: City, capsys: pytest.CaptureFixture[str]
) -> None:
    """An old request that is answered by mistake lets nobody in."""
    gate = Reporter()
    city.enrol(gate, "--url", URL)
    city.do("device", "revoke", gate.device.hex())
    assert city.enrol(gate)[0] == USAGE
    assert "was revoked on 2020-04-29. Give --restore" in capsys.readouterr().err
    assert city.enrol(gate, "--restore")[0] == 0
    assert city.ingest().take(gate.body(gate.seal(1)))


def test_enrolling_again_renews_the_certificate(city: City) -> None:
    """The device stays the same, and so does its log."""
    gate = Reporter()
    city.enrol(gate, "--url", URL)
    city.ingest().take(gate.body(gate.seal(2)))
    _, path = city.enrol(gate, at="2021-04-29T12:00:00Z")
    until = answered(path, gate).certificates[0].not_valid_after_utc
    assert f"{until:%Y-%m-%d}" == "2023-04-29"
    signed = city.ingest().take(gate.body())
    assert read_receipt(signed, receipt_key(city.folder).public_key()).seq == 2


def test_list_tells_of_each_device(city: City, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is, when it was seen, how far its log goes; and which are refused."""
    city.do("device", "list")
    assert capsys.readouterr().out == "No device is enrolled.\n"
    gate, bridge, tunnel = Reporter(), Reporter("bridge"), Reporter("tunnel")
    for each in (gate, bridge):
        city.enrol(each, "--url", URL)
    city.enrol(tunnel, at="2020-04-30T12:00:00Z")
    city.ingest().take(gate.body(gate.seal(3), gate.seal()))
    city.do("device", "revoke", bridge.device.hex())
    capsys.readouterr()
    assert city.do("device", "list", at="2022-04-30T00:00:00Z") == 0
    lines = {line[:16]: line[18:] for line in capsys.readouterr().out.splitlines()}
    assert lines == {
        gate.device.hex(): "certificate expired   until 2022-04-29  seen 2020-04-29 12:00Z"
        "  3 records in 2 segments, metro 1",
        bridge.device.hex(): "revoked 2020-04-29    until 2022-04-29  never seen"
        "              no records, -",
        tunnel.device.hex(): "enrolled              until 2022-04-30  never seen"
        "              no records, -",
    }


@pytest.mark.parametrize("name", ["00", "zz", "0123456789abcdef"])
def test_unknown_device_is_not_revoked(
    name: str, city: City, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistyped id is told, not swallowed."""
    assert city.do("device", "revoke", name) == USAGE
    assert f"No device {name} is enrolled." in capsys.readouterr().err


def test_request_that_does_not_hold_is_refused(
    city: City, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is enrolled and no answer is written."""
    request, answer = city.folder / "request.json", city.folder / "answer.json"
    gate, other = Reporter(), Reporter("other")
    signed = make_request(gate.key, tls_key(gate))
    request.write_bytes(signed.replace(gate.public.hex().encode(), other.public.hex().encode()))
    assert city.do("device", "enrol", request, "--out", answer, "--url", URL) == USAGE
    assert not answer.exists()
    capsys.readouterr()
    city.do("device", "list")
    assert capsys.readouterr().out == "No device is enrolled.\n"


def test_audit_tells_what_was_done(city: City, capsys: pytest.CaptureFixture[str]) -> None:
    """Enrolled, revoked, pruned: in order, with the time, exit 0; exit 2 once the chain breaks."""
    gate = Reporter(day=DAY - 40)
    city.enrol(gate, "--url", URL)
    city.ingest().take(gate.body(gate.seal(3)))
    city.do("device", "revoke", gate.device.hex())
    capsys.readouterr()
    assert city.do("log", "prune", "--keep-days", "14") == 0
    assert capsys.readouterr().out == "Removed 3 records and 1 segments from before 2020-04-15.\n"
    assert city.do("log", "audit") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"     1  2020-04-29 12:00:00Z  enrolled  device {gate.device.hex()}",
        f"     2  2020-04-29 12:00:00Z  revoked   device {gate.device.hex()}",
        "     3  2020-04-29 12:00:00Z  pruned    before 2020-04-15, records 3, segments 1",
    ]
    (city.folder / "log/receipt.pem").unlink()
    city.enrol(Reporter("bridge"))
    capsys.readouterr()
    assert city.do("log", "audit") == 2
    assert capsys.readouterr().out.count("WRONG: not signed by this server") == 3


def test_store_is_in_the_folder_by_default(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --database; and a folder where no server was ever started says so."""
    city = City(tmp_path, "")
    assert city.do("log", "prune", "--default") == USAGE
    assert "copy its log/ from the computer" in capsys.readouterr().err
    assert city.do("device", "list", "--default") == 0
    assert city.do("log", "prune", "--default") == 0
    assert (tmp_path / "log.db").is_file()
