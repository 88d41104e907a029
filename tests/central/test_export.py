"""`scanner logs export` from a central database: noted in the audit, and provably whole."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from scanner.__main__ import run
from scanner.central.audit import AuditEntry, read_audit
from scanner.central.ingest import Ingest
from scanner.central.ledger import Ledger, open_ledger
from scanner.central.log_folder import default_database, ensure_receipt_key
from scanner.core.signed_log import public_bytes
from scanner.logs.files import Book, open_book
from scanner.logs.verify import check_book
from scanner.logs.volume import Source
from tests.central.reporter import ADMITTED, DAY, REFUSED, Reporter, Ticking

CASE = "2 UJs 12/20"


class Server:
    """A central folder whose server has taken three days of two devices."""

    def __init__(self, central: Path, url: str) -> None:
        self.central, self.url = central, url
        self.key = ensure_receipt_key(central, Random(1).randbytes)

    def take(self, ledger: Ledger) -> list[Reporter]:
        gates = [Reporter(name, day=DAY - 3).enrol(ledger) for name in ("gate", "tunnel")]
        for gate in gates:
            for _ in range(3):
                gate.seal([ADMITTED] * 9 + [REFUSED] * 2)
                gate.seal()
                gate.day += 1
            Ingest(ledger, self.key, Ticking()).take(gate.body(*gate.parts))
        return gates

    def audit(self) -> list[AuditEntry]:
        with closing(open_ledger(self.url)) as ledger, ledger.book(reading=True) as book:
            found = list(read_audit(book.audit(), self.key.public_key()))
        assert not any(fault for _, fault in found)
        return [entry for entry, _ in found]


@pytest.fixture
def server(tmp_path: Path, ledger_url: str, ledger: Ledger) -> Server:
    """On both kinds of store."""
    made = Server(tmp_path / "central", ledger_url)
    made.take(ledger)
    return made


def export(server: Server, out: Path, *options: str) -> int:
    words = ["logs", "export", server.url, "--central", str(server.central), "--out", str(out)]
    return run([*words, *options])


def is_whole(server: Server, book: Book) -> bool:
    return all(checked.is_sound for checked in check_book(book, server.key.public_key()))


def test_export_is_in_the_audit_and_whole(server: Server, tmp_path: Path) -> None:
    """Both devices, accounted for by receipts; not one single record."""
    assert export(server, tmp_path / "log") == 0
    book = open_book(tmp_path / "log")
    assert is_whole(server, book)
    volumes = list(book.volumes())
    assert (len(volumes), book.heading.source) == (2, Source.CENTRAL)
    assert not any(volume.log.records for volume in volumes)
    (entry,) = server.audit()
    assert (entry.what, entry.details["nonce"]) == ("export", book.heading.nonce)


def test_days_of_an_export_are_whole_by_themselves(server: Server, tmp_path: Path) -> None:
    """A row of the day is that of the whole day, and receipts stand at both ends."""
    day = Path(tmp_path / "log")
    assert export(server, day, "--since", "2020-04-27", "--until", "2020-04-28") == 0
    book = open_book(day)
    assert is_whole(server, book)
    assert {cell.day for volume in book.volumes() for cell in volume.cells} == {DAY - 2}


def test_single_records_are_for_a_case_that_is_noted(server: Server, tmp_path: Path) -> None:
    """Every one of them, sealed."""
    assert export(server, tmp_path / "log", "--raw", "--case", CASE) == 0
    book = open_book(tmp_path / "log")
    assert is_whole(server, book)
    assert sum(len(volume.log.records) for volume in book.volumes()) == 66
    assert server.audit()[0].details["case"] == CASE


def test_verify_asks_for_the_key_of_the_server(
    server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without it nothing says where the log ends."""
    export(server, tmp_path / "log")
    key = public_bytes(server.key).hex()
    assert run(["logs", "verify", str(tmp_path / "log")]) == 2
    assert "--server-key" in capfd.readouterr().out
    assert run(["logs", "verify", str(tmp_path / "log"), "--server-key", key]) == 0


def test_export_without_the_key_of_the_audit_gives_nothing(server: Server, tmp_path: Path) -> None:
    """What cannot be noted is not given."""
    server.central.rename(tmp_path / "gone")
    assert export(server, tmp_path / "log") == 64
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("named", ["folder", "database"])
def test_embedded_database_is_found_by_its_folder(tmp_path: Path, named: str) -> None:
    """Or by its path."""
    central = tmp_path / "central"
    central.mkdir()
    server = Server(central, default_database(central))
    with closing(open_ledger(server.url)) as ledger:
        server.take(ledger)
    source = central if named == "folder" else server.url
    words = ["logs", "export", str(source), "--central", str(central)]
    assert run([*words, "--out", str(tmp_path / "log")]) == 0
    assert len(list(open_book(tmp_path / "log").volumes())) == 2
