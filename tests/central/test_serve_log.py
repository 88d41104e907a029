"""`scanner central serve` as it runs: one command, both services, both ends of TLS."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hardware.clock import system_time
from scanner.__main__ import USAGE, run
from scanner.central.app import HEALTH_PATH
from scanner.central.ledger import open_ledger
from scanner.central.log_folder import ensure_receipt_key, receipt_key
from scanner.core.enrol_call import ENROL_PATH
from scanner.core.enrolment import LOG_PATH, EnrolmentAnswer
from scanner.core.receipt import ANSWER_BYTES, read_receipt, unpad_answer
from tests import pki
from tests.central.reporter import Reporter
from tests.central.test_devices import URL, City, answered, tls_key
from tests.postgres import Postgres

CHECKOUT = Path(__file__).parents[2]


class Serving:
    """A server that runs: what it has said, and on which ports it listens."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        self.process, self.said = process, list[str]()
        for line in process.stdout:
            self.said.append(line)
            if "Devices enrolled" in line:
                break
        self.ports = [int(port) for line in self.said for port in re.findall(r":(\d+)\b", line)]

    def stop(self) -> tuple[int, str]:
        """As a service manager does; exit code, and what was said at last."""
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=60)
        return self.process.returncode, out


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Serving]:
    """`scanner central serve` on free ports."""
    command = [sys.executable, "-m", "scanner", "central", "--dir", str(folder), "serve",
               "--port", "0", "--log-port", "0", *options]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Serving(process)
        finally:
            process.kill()


def enrolled(city: City, gate: Reporter) -> EnrolmentAnswer:
    """As of now: real TLS asks the real clock."""
    _, path = city.enrol(gate, "--url", URL, at=f"{system_time():%Y-%m-%dT%H:%M:%SZ}")
    return answered(path, gate)


def device_context(
    folder: Path, gate: Reporter, answer: EnrolmentAnswer | None = None
) -> ssl.SSLContext:
    """TLS as a device speaks it; without an answer it has no certificate to show."""
    context = ssl.create_default_context(cafile=str(folder / "log/ca.crt"))
    if answer is not None:
        chain = pki.write_pem(folder / "chain.pem", *answer.certificates)
        context.load_cert_chain(chain, pki.write_key(folder / "tls.pem", tls_key(gate)))
    return context


def post(connection: http.client.HTTPConnection, body: bytes) -> tuple[int, bytes]:
    """Status and answer to an upload."""
    with closing(connection):
        connection.request("POST", LOG_PATH, body)
        said = connection.getresponse()
        return said.status, said.read()


def test_one_command_serves_lists_and_takes_records(central: Path) -> None:
    """With nothing but the central folder: certificates, keys and the database are made."""
    city, gate = City(central, str(central / "log.db")), Reporter()
    with serving(central, "--name", "localhost", "--name", "127.0.0.1") as server:
        answer = enrolled(city, gate)
        certificate, lists, records, count = server.said
        assert certificate.startswith("A certificate for localhost, 127.0.0.1 until ")
        assert lists.endswith(f"serves {central}/repository\n")
        assert records.startswith("https://localhost:")
        assert records.endswith(f"takes scan records into {central}/log.db\n")
        assert count.startswith("Devices enrolled: 0;")
        list_port, log_port = server.ports
        for host in ("localhost", "127.0.0.1"):
            context = device_context(central, gate, answer)
            secure = http.client.HTTPSConnection(host, log_port, timeout=30, context=context)
            status, body = post(secure, gate.body(gate.seal(2)))
            key = receipt_key(central).public_key()
            assert (status, len(body)) == (200, ANSWER_BYTES)
            assert read_receipt(unpad_answer(body), key).segment == len(gate.parts)
        with closing(http.client.HTTPConnection("127.0.0.1", list_port, timeout=30)) as connection:
            connection.request("GET", "/metadata/timestamp.json")
            assert connection.getresponse().status == 200
        assert server.stop() == (0, "Stopped.\n")


@pytest.mark.parametrize("who", ["without a certificate", "of another city", "by TLS 1.2"])
def test_only_devices_of_the_city_come_in(who: str, tmp_path: Path) -> None:
    """The handshake fails; not a byte of a request is read."""
    city, gate = City(tmp_path, str(tmp_path / "log.db")), Reporter()
    with serving(tmp_path) as server:
        answer = enrolled(city, gate)
        context = device_context(tmp_path, gate, answer)
        if who == "without a certificate":
            context = device_context(tmp_path, gate)
        elif who == "of another city":
            other = pki.Authority(end=pki.BEGIN + 99 * pki.YEAR)
            until = pki.BEGIN + 98 * pki.YEAR
            stranger = other.issue(tls_key(gate).public_key(), gate.device.hex(), end=until)
            key = pki.write_key(tmp_path / "tls.pem", tls_key(gate))
            context.load_cert_chain(pki.write_pem(tmp_path / "chain.pem", stranger), key)
        else:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        (port,) = server.ports
        connection = http.client.HTTPSConnection("localhost", port, timeout=30, context=context)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            post(connection, gate.body())


def test_behind_nginx_it_speaks_plainly(tmp_path: Path) -> None:
    """No certificates are made; /healthz is there for nginx."""
    with serving(tmp_path, "--plain") as server:
        assert server.said[0].startswith("http://127.0.0.1:")
        (port,) = server.ports
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request("GET", HEALTH_PATH)
            said = connection.getresponse()
            assert (said.status, said.headers["Server"]) == (200, None)
    assert not (tmp_path / "log/ca.pem").exists()


def test_body_of_another_size_closes_the_connection(tmp_path: Path) -> None:
    """Refused unread: what follows on the wire is never taken for a request."""
    with serving(tmp_path, "--plain") as server:
        (port,) = server.ports
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            head = f"POST {LOG_PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
            connection.sendall(head.encode() + bytes(1000))
            said = connection.makefile("rb").read()
    assert said.startswith(b"HTTP/1.1 413 ")
    assert said.endswith(bytes(ANSWER_BYTES))


def test_several_workers_share_one_database(postgres: Postgres, tmp_path: Path) -> None:
    """PostgreSQL, two processes, one port: all is stored once, and both stop when told."""
    url, gates = postgres.new_database(), [Reporter(f"gate {number}") for number in range(4)]
    with closing(open_ledger(url)) as ledger:
        for gate in gates:
            gate.enrol(ledger)
    with serving(tmp_path, "--plain", "--database", url, "--workers", "2") as server:
        assert "Devices enrolled: 4;" in server.said[-1]
        (port,) = server.ports
        for gate in gates * 3:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            assert post(connection, gate.body(gate.seal(5)))[0] == 200
        assert server.stop() == (0, "Stopped.\n")
    with closing(open_ledger(url)) as ledger, ledger.book(reading=True) as book:
        assert [(log.segment, log.seq) for log in book.logs()] == [(3, 15)] * 4


def test_devices_are_let_in_beside_several_workers(postgres: Postgres, tmp_path: Path) -> None:
    """By one process, on its own port, without a certificate; and all of it stops when told."""
    options = ("--workers", "2", "--enrol-port", "0", "--database", postgres.new_database())
    with serving(tmp_path, *options) as server:
        (door,) = (line for line in server.said if "lets in devices" in line)
        port = int(re.findall(r":(\d+) ", door)[0])
        context = device_context(tmp_path, Reporter())
        secure = http.client.HTTPSConnection("localhost", port, timeout=30, context=context)
        with closing(secure):
            secure.request("POST", ENROL_PATH, b"{}")
            said = secure.getresponse()
            assert (said.status, said.read()) == (400, b'{"refused": "malformed"}')
        assert server.stop() == (0, "Stopped.\n")


def test_several_workers_need_postgres(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One process at a time writes to a file."""
    assert run(["central", "--dir", str(tmp_path), "serve", "--workers", "2"]) == USAGE
    assert "Several workers need PostgreSQL" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--port", "--log-port"])
def test_port_that_is_taken_is_told(
    option: str, central: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the option that chooses another."""
    ensure_receipt_key(central, os.urandom)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"--port": "0", "--log-port": "0", option: str(taken.getsockname()[1])}
        words = [word for pair in ports.items() for word in pair]
        assert run(["central", "--dir", str(central), "serve", "--plain", *words]) == USAGE
    said = capsys.readouterr().err
    assert f"cannot be listened to (Address already in use). Choose another {option}." in said
