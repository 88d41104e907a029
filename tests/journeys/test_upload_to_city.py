"""From a gate to the city's own server and back: two programs, real TLS, nothing in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from scanner.__main__ import run
from scanner.central.log_source import read_logs
from scanner.core.chain import State, check_log
from scanner.core.signed_log import device_of
from scanner.store.device_key import provide_device_key
from tests.central.test_serve_log import Serving, serving
from tests.sync.sealed import SealedDevice


@dataclass
class Gate:
    """A device of the city, run by its commands."""

    folder: Path
    capfd: pytest.CaptureFixture[str]

    def scanner(self, *arguments: object) -> tuple[int, str, str]:
        code = run([str(each) for each in arguments])
        return (code, *self.capfd.readouterr())

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def enrol(self, central: Path, port: int, *options: str) -> None:
        """Two files, there and back; options for the city's side."""
        request, answer, url = self.folder / "r", self.folder / "a", f"https://localhost:{port}"
        for words in (
            ("enrol", "request", request, "--state", self.state),
            ("central", "--dir", central, "device", "enrol", request, "--out", answer,
             "--url", url, *options),
            ("enrol", "accept", answer, "--state", self.state),
        ):  # fmt: skip
            code, _, err = self.scanner(*words)
            assert (code, err) == (0, "")

    def upload(self) -> tuple[int, str]:
        """What the timer does; exit code, and all that was said."""
        config = self.folder / "checkpoint.toml"
        config.write_text("standalone = false\n")
        code, out, err = self.scanner("upload", "--config", config, "--state", self.state)
        return code, out + err

    def scan(self, count: int) -> dict[int, bytes]:
        """So many records more, sealed; all there are."""
        device = SealedDevice(self.state, provide_device_key(self.state).private_bytes_raw())
        device.scan(count)
        device.seal(whole=True)
        try:
            return device.records()
        finally:
            device.close()


@pytest.fixture
def gate(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Gate:
    """Not enrolled yet; short waits are slept through by nobody."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return Gate(tmp_path, capfd)


@contextmanager
def city(folder: Path) -> Iterator[Serving]:
    """`scanner central serve`."""
    folder.mkdir(exist_ok=True)
    with serving(folder) as server:
        yield server


def test_records_arrive_whole_and_are_receipted(gate: Gate, tmp_path: Path) -> None:
    """Enrolled by its commands, a gate sends twice; the city has an intact log of it."""
    central = tmp_path / "central"
    with city(central) as server:
        gate.enrol(central, server.ports[0])
        gate.scan(300)
        code, said = gate.upload()
        assert (code, "record 300." in said) == (0, True)
        records = gate.scan(20)
        code, said = gate.upload()
        assert (code, "record 320." in said) == (0, True)
    (log,) = read_logs(str(central / "log.db"), 0, 10**6)
    assert log.records == records
    assert {finding.state for finding in check_log(log)} == {State.INTACT}


def test_network_that_comes_back_brings_everything(gate: Gate, tmp_path: Path) -> None:
    """What was scanned meanwhile is sent then, and nothing twice."""
    central = tmp_path / "central"
    with city(central) as server:
        gate.enrol(central, server.ports[0])
    gate.scan(300)
    code, said = gate.upload()
    assert (code, "Check the network" in said) == (75, True)
    with city(central) as server:
        gate.enrol(central, server.ports[0])  # on another port, which enrols it anew
        assert gate.upload()[0] == 0
    (log,) = read_logs(str(central / "log.db"), 0, 10**6)
    assert len(log.records) == 300


def test_revoked_device_is_told_and_keeps_its_records(gate: Gate, tmp_path: Path) -> None:
    """It waits for people; let in again it sends what it kept."""
    central = tmp_path / "central"
    with city(central) as server:
        gate.enrol(central, server.ports[0])
        records = gate.scan(7)
        public = provide_device_key(gate.state).public_key().public_bytes_raw()
        device = device_of(public).hex()
        assert gate.scanner("central", "--dir", central, "device", "revoke", device)[0] == 0
        code, said = gate.upload()
        assert (code, "revoked" in said, "status 403" in said) == (75, True, True)
        gate.enrol(central, server.ports[0], "--restore")
        assert gate.upload()[0] == 0
    (log,) = read_logs(str(central / "log.db"), 0, 10**6)
    assert log.records == records
