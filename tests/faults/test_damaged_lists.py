"""Bad blocks, cut files, a full card: told, repaired at the next update, never a green by mistake.

What is revoked stays red or becomes undecided.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from scanner.checkpoint import decide
from scanner.core.claims import Movement
from scanner.core.clock import ClockReading
from scanner.core.errors import PassError, StoreError
from scanner.core.facts import Facts, PassStatus
from scanner.core.formats import open_pass
from scanner.core.policy import Checkpoint
from scanner.core.reasons import Reason
from scanner.store.database import LISTS, PAGE_BYTES, connect
from scanner.store.installed import Artefact
from scanner.store.trust_list import SqliteLists
from tests import city
from tests.sync.conftest import Device
from tests.sync.repository import Repository, base, delta

REVOKED = (city.REVOKED, city.REVOKED_LATE, 99)


@pytest.fixture
def city_lists(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository").put(city.targets() | delta(2, 3, [99])).publish()


@pytest.fixture
def device(tmp_path: Path, city_lists: Repository) -> Device:
    """A device that has all lists, closed, so that everything is in its files."""
    device = Device(tmp_path, city_lists.first_root)
    device.sync(city_lists.url)
    db = connect(device.state, LISTS)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return device


def statuses(state: Path) -> set[PassStatus] | None:
    """What a fresh reader says of passes that are revoked; None: it says that it cannot read."""
    now = ClockReading.exact(city.NOW)
    found = set()
    try:
        lists = SqliteLists(state, Checkpoint(), allow_test_keys=False)
        try:
            for index in REVOKED:
                pass_ = open_pass(city.issue({Movement.INDEX: index}), lists.trust, now)
                facts = lists.about(pass_, now)
                is_known = facts.status_age_s is not None
                found.add(facts.status if is_known else PassStatus.BEYOND_MAP)
        finally:
            lists.close()
    except (StoreError, PassError):
        return None
    return found


def is_never_green(state: Path) -> bool:
    return PassStatus.VALID not in (statuses(state) or set())


def the_map(state: Path) -> Path:
    (path,) = state.glob("status-7-*.db")
    return path


def spoil(path: Path, at: int, size: int, byte: int) -> None:
    body = bytearray(path.read_bytes())
    body[at : at + size] = bytes([byte]) * size
    path.write_bytes(body)


@pytest.mark.parametrize("file", ["map", "lists"])
def test_bad_block_never_makes_a_revoked_pass_green(
    device: Device, city_lists: Repository, tmp_path: Path, file: str
) -> None:
    """Each block of each file, of zeros and of noise; the next update makes all good again."""
    dice = random.Random(1)
    whole = the_map(device.state) if file == "map" else device.state / "lists.db"
    kept = shutil.copytree(device.state, tmp_path / "kept")
    for at in range(0, whole.stat().st_size, 512):
        for byte in (0, dice.randrange(1, 256)):
            spoil(whole, at, 512, byte)
            assert is_never_green(device.state), f"green with block {at} of {file} lost"
            shutil.rmtree(device.state)
            shutil.copytree(kept, device.state)


def ages(state: Path) -> dict[str, Artefact] | None:
    """Versions and ages as a fresh reader sees them; None: it says that it cannot read."""
    try:
        with closing(SqliteLists(state, Checkpoint(), allow_test_keys=False)) as lists:
            return lists.artefacts
    except StoreError:
        return None


@pytest.mark.parametrize("column", ["version", "issued_at"])
def test_no_bit_of_an_age_flips_unseen(device: Device, column: str) -> None:
    """Each of the 64 bits in each row: the reader says that it cannot read, until it is mended."""
    before = ages(device.state)
    assert before
    with closing(connect(device.state, LISTS)) as db:
        rows = db.execute(f"SELECT name, {column} FROM artefact").fetchall()
        assert dict(rows).keys() == before.keys()
        for (name, value), bit in itertools.product(rows, range(64)):
            (flipped,) = struct.unpack("<q", struct.pack("<Q", value ^ 1 << bit))
            query = f"UPDATE artefact SET {column} = ? WHERE name = ?"
            db.execute(query, (flipped, name))
            assert ages(device.state) is None, f"bit {bit} of the {column} of {name}"
            db.execute(query, (value, name))
    assert ages(device.state) == before


@pytest.mark.slow
def test_no_bit_of_the_page_with_ages_flips_unseen(device: Device) -> None:
    """Wherever SQLite keeps lengths, types and places of the rows: an error, or the same ages."""
    before, path = ages(device.state), device.state / "lists.db"
    with closing(connect(device.state, LISTS)) as db:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'artefact'"
        begin = PAGE_BYTES * (db.execute(query).fetchone()[0] - 1)
    body, noticed = bytearray(path.read_bytes()), 0
    for at, bit in itertools.product(range(begin, begin + PAGE_BYTES), range(8)):
        body[at] ^= 1 << bit
        path.write_bytes(body)
        found = ages(device.state)
        assert found in (None, before), f"bit {bit} of byte {at - begin}"
        noticed += found is None
        body[at] ^= 1 << bit
    assert noticed > 8 * sum(len(name) + 2 * 4 for name in before or ())


def test_old_lists_with_a_damaged_age_admit_nobody(device: Device, city_lists: Repository) -> None:
    """48 days later, made young by one bit: the gate says so, and the next run rebuilds them."""
    bit, day = 1 << 22, timedelta(days=1)
    later = city.NOW + timedelta(seconds=bit)
    begins, ends = (int(moment.timestamp()) for moment in (later - day, later + day))
    payload, now = city.issue(iat=begins, nbf=begins, exp=ends), ClockReading.exact(later)
    with closing(SqliteLists(device.state, Checkpoint(), allow_test_keys=False)) as lists:

        def reason() -> Reason:
            return decide(payload, lists, lambda p: Facts(lists.about(p, now)), now).reason

        assert reason() is Reason.LIST_TOO_OLD
        with closing(connect(device.state, LISTS)) as db:
            db.execute("UPDATE artefact SET issued_at = issued_at + ?", (bit,))
        assert reason() is Reason.STORE
        report = device.sync(city_lists.url)
        assert "lists.db is damaged; moved aside" in report.repaired[0]
        assert reason() is Reason.LIST_TOO_OLD


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("file", ["map", "lists"])
def test_damaged_file_is_moved_aside_and_rebuilt(
    device: Device, city_lists: Repository, file: str, share: float
) -> None:
    """Cut short: undecided until the next run, which brings a new one and keeps the old."""
    path = the_map(device.state) if file == "map" else device.state / "lists.db"
    os.truncate(path, int(share * path.stat().st_size))
    assert is_never_green(device.state)
    report = device.sync(city_lists.url)
    assert statuses(device.state) == {PassStatus.REVOKED}
    assert report.held == ()
    assert list(device.state.glob("*.damaged-1"))


def test_lost_map_is_fetched_again(device: Device, city_lists: Repository) -> None:
    """A file that somebody has deleted."""
    the_map(device.state).unlink()
    assert statuses(device.state) is None
    device.sync(city_lists.url)
    assert statuses(device.state) == {PassStatus.REVOKED}


def test_damage_without_a_server_is_left_as_it_is(device: Device, city_lists: Repository) -> None:
    """Nothing is moved aside before there is something to put in its place."""
    path = the_map(device.state)
    spoil(path, 4096, 512, 255)
    shutil.move(city_lists.folder, city_lists.folder.with_name("away"))
    with pytest.raises(Exception, match=r"Check the network|Try again"):
        device.sync(city_lists.url)
    assert path.exists()
    assert is_never_green(device.state)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.8, 0.99])
def test_truncated_wal_leaves_an_older_moment(
    device: Device, city_lists: Repository, share: float
) -> None:
    """Frames that are lost are updates that never were; the next run brings them again."""
    reader = connect(device.state, LISTS)
    reader.execute("SELECT count(*) FROM artefact").fetchone()
    for version in range(4, 9):
        city_lists.put(delta(version - 1, version, [100 + version])).publish()
        device.sync(city_lists.url)
    copy = device.state.with_name("copy")
    shutil.copytree(device.state, copy, ignore=shutil.ignore_patterns("*-shm"))
    reader.close()
    wal = copy / "lists.db-wal"
    os.truncate(wal, int(share * wal.stat().st_size))
    assert is_never_green(copy)
    device.state = copy
    device.writer = type(device.writer)(copy, bytes, allow_test_keys=False)
    device.sync(city_lists.url)
    assert device.facts(108).status is PassStatus.REVOKED


def full(after: int) -> Callable[..., sqlite3.Connection]:
    """Databases on a card that is full after so many pages more."""
    connect_really = sqlite3.connect

    def limited(*arguments: str, **options: bool) -> sqlite3.Connection:
        db: sqlite3.Connection = connect_really(*arguments, **options)  # type: ignore[call-overload]
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count={pages + after}")
        return db

    return limited


@pytest.mark.parametrize("room", [1, 2, 5])
def test_full_card_keeps_the_old_lists(
    device: Device, city_lists: Repository, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """An update that does not fit is an error with what to do, and nothing is lost."""
    before = device.writer.installed()
    many = list(range(2000, 2390))
    files = base(9, [*REVOKED, *many]) | delta(9, 10, [500])
    city_lists.replace(files).publish()
    with monkeypatch.context() as patch:
        patch.setattr("sqlite3.connect", full(room))
        with pytest.raises(StoreError, match=r"room|full"):
            device.sync(city_lists.url)
    assert device.writer.installed() == before
    assert statuses(device.state) == {PassStatus.REVOKED}
    assert not list(device.state.glob("*.part"))
    device.sync(city_lists.url)
    assert device.facts(500).status is PassStatus.REVOKED
