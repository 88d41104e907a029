"""A city with 100 000 people in quarantine and 100 000 passes taken back by their hashes.

From the counter to the gate: the register, signed parts, the sync of a device, the verdict.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from scanner.central.city import Change, City, Means, open_city
from scanner.central.documents import Documents
from scanner.central.edition import Edition
from scanner.central.founding import Charter, found
from scanner.central.issuer import WORK, current_key
from scanner.central.passes import Counter, Issued, Person, Request, issue
from scanner.central.register import Artefact
from scanner.checkpoint import decide
from scanner.core.clock import ClockReading
from scanner.core.facts import Facts
from scanner.core.policy import Checkpoint
from scanner.core.reasons import Reason
from scanner.core.revocation import ID_BYTES, REF_BYTES
from scanner.store.trust_list import SqliteLists
from scanner.store.writer import ListsWriter
from scanner.sync.bundle import holder_opener
from scanner.sync.pull import Report
from tests import city as other
from tests.central.conftest import Dice
from tests.city import NOW
from tests.sync.conftest import Device

MANY = 100_000
MINUTE = timedelta(minutes=1)
# What makes a pass of the other issuer.
REVOKED, VALID = b"revoked-by-id---", b"never-revoked---"
OK = Reason.OK


def hashes(word: str, size: int) -> list[bytes]:
    return [hashlib.sha256(f"{word} {n}".encode()).digest()[:size] for n in range(MANY)]


class Large:
    """The city, and its repository as it was at some moments, in minutes after the founding."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._dice = folder / "central", Dice()
        self._moments = folder
        found(self.folder, Charter("large.example", 1, "Europe/Moscow", MANY), self._means(0))
        with self.at(0) as city:
            city.sign(self._trust_the_other)
            self.anna, self.boris = give(city, "45 08 111111"), give(city, "45 08 222222")
        self._take_back_many()
        with self.at(10) as city:
            # By their names without parts, as devices show them.
            city.sign(lambda documents, edition: documents.approve(["holders-2", "ids-0-2"]))
        self._take_back_one()

    def url(self, minutes: int) -> str:
        return (self._moments / str(minutes)).as_uri() + "/"

    def _means(self, minutes: int) -> Means:
        return Means(NOW + minutes * MINUTE, self._dice)

    @contextmanager
    def at(self, minutes: int) -> Iterator[City]:
        with open_city(self.folder, self._means(minutes)) as city:
            yield city
        shutil.copytree(self.folder / "repository", self._moments / str(minutes))

    def _trust_the_other(self, documents: Documents, edition: Edition) -> None:
        """An issuer whose passes have no index."""
        (entry,) = json.loads(other.trust_list(index=None))["keys"]
        documents.set_trust_list([*documents.trust_list(), entry])

    def _take_back_many(self) -> None:
        """Anna among those in quarantine, a pass of the other issuer among those revoked."""
        with self.at(5) as city:
            anna = city.register.db.execute("SELECT holder_ref FROM issued WHERE idx = 0")
            holders = [*anna.fetchone(), *hashes("holder", REF_BYTES)]
            ids = [hash_of(REVOKED), *hashes("pass", ID_BYTES)]
            changes = (Change(Artefact.HOLDERS, holders, 1), Change(Artefact.IDS, ids, 1))
            assert city.change(*changes, beyond_breaker=True) == 2 * MANY + 2
            city.publish(beyond_breaker=True)

    def _take_back_one(self) -> None:
        with self.at(20) as city:
            city.change(Change(Artefact.HOLDERS, [bytes(REF_BYTES)], 1))
            city.change(Change(Artefact.IDS, [hash_of(VALID)], 1))
            city.publish()


def hash_of(cti: bytes) -> bytes:
    return hashlib.sha256(cti).digest()[:ID_BYTES]


def give(city: City, document: str) -> Issued:
    key = current_key(city.folder, city.register, NOW)
    counter = Counter(city.register, key, city.trust(), city.zone())
    person = Person("А.Б.", "0912", document)
    return issue(counter, Request(WORK, person, NOW, NOW + timedelta(days=10)), NOW, Dice(document))


class Gate:
    """A device of the fleet, and what its officer sees of four passes."""

    def __init__(self, folder: Path, city: Large) -> None:
        self._city = city
        root = (city.folder / "repository/metadata/1.root.json").read_bytes()
        self._device = Device(folder, root)
        opener = holder_opener(city.folder / "fleet.key")
        self._device.writer = ListsWriter(self._device.state, opener, allow_test_keys=False)

    def sync(self, minutes: int) -> Report:
        report = self._device.sync(self._city.url(minutes), NOW + minutes * MINUTE)
        assert report.refused == {}
        return report

    def sees(self, minutes: int) -> list[Reason]:
        """Of Anna and Boris, of the revoked and the valid pass of the other issuer."""
        texts = [self._city.anna.text, self._city.boris.text]
        codes = [*map(str.encode, texts), other.issue(cti=REVOKED), other.issue(cti=VALID)]
        lists = SqliteLists(self._device.state, Checkpoint(), allow_test_keys=False)
        with closing(lists):
            now = ClockReading.exact(NOW + minutes * MINUTE)
            return [
                decide(code, lists, lambda pass_: Facts(lists.about(pass_, now)), now).reason
                for code in codes
            ]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Large:
    return Large(tmp_path_factory.mktemp("large"))


@pytest.fixture
def gate(city: Large, tmp_path: Path) -> Gate:
    return Gate(tmp_path, city)


def test_a_new_device_takes_them_at_once(gate: Gate) -> None:
    """Whoever is in quarantine is stopped, whose pass was revoked is stopped, and nobody else."""
    gate.sync(10)
    assert gate.sees(10) == [Reason.HOLDER, OK, Reason.REVOKED, OK]


def test_a_device_holds_them_until_they_are_approved(gate: Gate) -> None:
    """Each list as a whole, however many parts it has; then all of it counts."""
    gate.sync(0)
    assert gate.sees(0) == [OK, OK, OK, OK]
    held = gate.sync(5).held
    names = [(each.target, each.flips, each.restores) for each in held]
    assert names == [("holders-2", MANY + 1, 0), ("ids-0-2", MANY + 1, 0)]
    assert gate.sees(5) == [OK, OK, OK, OK]
    assert gate.sync(10).held == ()
    assert gate.sees(10) == [Reason.HOLDER, OK, Reason.REVOKED, OK]


def test_one_more_is_a_small_step(gate: Gate) -> None:
    """Of the ids only what is new is fetched; the holders come as a whole again."""
    before = gate.sync(10).received_bytes
    report = gate.sync(20)
    assert (report.changed, report.held) == ({"holders": 3, "ids": 3}, ())
    assert report.received_bytes - before < REF_BYTES * MANY + 25_000
    assert gate.sees(20) == [Reason.HOLDER, OK, Reason.REVOKED, Reason.REVOKED]
