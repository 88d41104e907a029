"""Cities founded in passing folders, and what a device reads of them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from scanner.__main__ import run
from scanner.central.city import Means
from scanner.central.files import Writer, write_atomically
from scanner.central.founding import Charter, found
from scanner.central.ingest import Ingest
from scanner.central.ledger import Ledger, open_ledger
from tests.central.desk import LATER, Central, Said
from tests.central.device import Device
from tests.central.ingested import KEY
from tests.central.reporter import Reporter, Ticking
from tests.city import NOW
from tests.postgres import NOT_FOUND, Postgres, find_binaries, running_postgres

MakeDevice = Callable[[Path], Device]


class Dice:
    """Bytes that look random and are the same in every run."""

    def __init__(self, seed: str = "dice") -> None:
        self._seed = seed
        self._thrown = 0

    def __call__(self, count: int) -> bytes:
        self._thrown += 1
        return hashlib.shake_256(f"{self._seed} {self._thrown}".encode()).digest(count)


def means(now: datetime, *sticks: Path, write: Writer = write_atomically) -> Means:
    """A command at this moment, with dice that differ from those of the founding."""
    return Means(now, Dice(now.isoformat()), sticks, write)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city on its first day; copied for each test."""
    folder = tmp_path_factory.mktemp("founded") / "central"
    charter = Charter("moscow.example", 7, "Europe/Moscow", 20_000)
    found(folder, charter, Means(NOW, Dice("founding")))
    return folder


@pytest.fixture
def central(founded: Path, tmp_path: Path) -> Path:
    """The folder of a city, its sticks still in it."""
    return Path(shutil.copytree(founded, tmp_path / "central"))


@pytest.fixture
def device(central: Path, tmp_path: Path) -> Device:
    """A device that follows the city and has seen nothing yet."""
    return Device(central / "repository", tmp_path / "device")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for all tests that ask for one."""
    if find_binaries() is None:
        pytest.skip(NOT_FOUND)
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store of scan records: each test runs against both kinds."""
    if request.param == "sqlite":
        return str(tmp_path / "log.db")
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """That store, open for three threads."""
    opened = open_ledger(ledger_url, connections=3)
    yield opened
    opened.close()


@pytest.fixture
def scanner(central: Path, capfd: pytest.CaptureFixture[str]) -> Central:
    """Runs `scanner central …` at a moment; gives exit code, output and errors."""

    def call(*arguments: object, at: datetime = LATER) -> Said:
        words = ["central", "--dir", central, "--at", at.isoformat(), *arguments]
        code = run([str(word) for word in words])
        return (code, *capfd.readouterr())

    return call


@pytest.fixture
def ingest(ledger: Ledger) -> Ingest:
    """A server with an empty store."""
    return Ingest(ledger, KEY, Ticking())


@pytest.fixture
def gate(ledger: Ledger) -> Reporter:
    """An enrolled device."""
    return Reporter().enrol(ledger)
