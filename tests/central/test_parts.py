"""Lists longer than a target: what is published, approved, and refused."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pyrage
import pytest
from tuf.api.metadata import TargetFile

from scanner.central import edition as editions
from scanner.central.city import Change, City, open_city
from scanner.central.edition import MAX_METADATA_BYTES, Edition
from scanner.central.errors import CentralError
from scanner.central.ladder import STEPS
from scanner.central.lists import MAX_DELTA_CHANGES
from scanner.central.register import Artefact
from scanner.central.roles import REV
from scanner.core.parts import (
    MOST_HOLDERS,
    MOST_IDS,
    PART_IDS,
    PART_REFS,
    join_ids,
    join_refs,
)
from scanner.core.revocation import ID_BYTES, REF_BYTES
from scanner.sync import client
from tests.central.conftest import means
from tests.central.device import Device
from tests.city import NOW

MINUTE = timedelta(minutes=1)
HOLDERS = [sha256(b"holder %d" % n).digest()[:REF_BYTES] for n in range(PART_REFS + 50)]
IDS = [sha256(b"pass %d" % n).digest()[:ID_BYTES] for n in range(2 * PART_IDS)]


def add(city: City, artefact: Artefact, entries: list[bytes]) -> None:
    city.change(Change(artefact, entries, 1), beyond_breaker=True)
    city.publish(beyond_breaker=True)


def test_long_holder_list_is_published_in_parts(central: Path, device: Device) -> None:
    """Each encrypted by itself; the names of before are gone."""
    with open_city(central, means(NOW + MINUTE)) as city:
        add(city, Artefact.HOLDERS, HOLDERS)
    targets = device.look(NOW + MINUTE)
    names = [name for name in sorted(targets) if name.startswith("holders-")]
    assert names == ["holders-2-0", "holders-2-1"]
    secret = (central / "fleet.key").read_text().splitlines()[-1]
    identity = pyrage.x25519.Identity.from_str(secret)
    parts = [bytes(pyrage.decrypt(targets[name], [identity])) for name in names]
    assert list(join_refs("holders-2", parts)) == sorted(HOLDERS)


def test_long_list_of_ids_is_published_in_parts(central: Path, device: Device) -> None:
    """The whole list, and a step in as many parts as it needs, where that is shorter."""
    with open_city(central, means(NOW + MINUTE)) as city:
        add(city, Artefact.IDS, IDS[:50])
    with open_city(central, means(NOW + 11 * MINUTE)) as city:
        add(city, Artefact.IDS, IDS[50:])
    with open_city(central, means(NOW + 21 * MINUTE)) as city:
        add(city, Artefact.IDS, [bytes(ID_BYTES)])
    targets = device.look(NOW + 21 * MINUTE)
    whole = [targets[f"ids-0-4-{n}"] for n in range(3)]
    assert list(join_ids("ids-0-4", whole).revoked) == sorted([bytes(ID_BYTES), *IDS])
    step = [targets[f"ids-2-4-{n}"] for n in range(2)]
    assert set(join_ids("ids-2-4", step).revoked) == {bytes(ID_BYTES), *IDS[50:]}
    assert list(join_ids("ids-3-4", [targets["ids-3-4-0"]]).revoked) == [bytes(ID_BYTES)]


@pytest.mark.parametrize("name", ["holders-2", "holders-2-0", "holders-2-1"])
def test_approval_covers_every_part(central: Path, device: Device, name: str) -> None:
    """Whichever is named: one part alone would release nothing."""
    with open_city(central, means(NOW + MINUTE)) as city:
        add(city, Artefact.HOLDERS, HOLDERS)
        city.sign(lambda documents, edition: documents.approve([name]))
    targets = device.look(NOW + MINUTE)
    wanted = {f"approve-{sha256(targets[f'holders-2-{n}']).hexdigest()}" for n in (0, 1)}
    assert {name for name in targets if name.startswith("approve-")} == wanted


@pytest.mark.parametrize(
    ("artefact", "most", "entry"),
    [(Artefact.HOLDERS, MOST_HOLDERS, bytes(REF_BYTES)), (Artefact.IDS, MOST_IDS, bytes(ID_BYTES))],
)
def test_more_than_devices_take_is_refused(
    central: Path, artefact: Artefact, most: int, entry: bytes
) -> None:
    """Before anything is changed, so that other lists go out all the same."""
    with open_city(central, means(NOW + MINUTE)) as city:
        full = f"""
            WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number LIMIT {most})
            INSERT INTO state SELECT ?, CAST(printf('%0{len(entry)}d', n) AS BLOB), 1 FROM number"""
        city.register.db.execute(full, (artefact,))
        with pytest.raises(CentralError, match=f"more than the {artefact.name.lower()} list may"):
            city.change(Change(artefact, [entry], 1), beyond_breaker=True)
        assert (city.register.listed(artefact), city.register.value(artefact, entry)) == (most, 0)


def largest(edition: Edition) -> None:
    """Every target that the online lists of a city of 20 million may have, with long numbers."""
    version = 2**32 - 1
    rungs = [version - 1 - n for n in range(sum(count for count, _ in STEPS) + 1)]
    names = [f"base-255-{version}-{n}" for n in range(20)]
    names += [f"d-255-{first}-{version}" for first in rungs]
    names += [f"holders-{version}-{n}" for n in range(MOST_HOLDERS // PART_REFS + 1)]
    names += [f"ids-0-{version}-{n}" for n in range(MOST_IDS // PART_IDS + 1)]
    parts = range(MAX_DELTA_CHANGES // PART_IDS + 1)
    names += [f"ids-{first}-{version}-{n}" for first in rungs for n in parts]
    for name in names:
        target = TargetFile(129_999, {"sha256": "0" * 64}, name)
        edition.after.rev.signed.targets[name] = target
    edition.is_changed[REV] = True


def test_metadata_of_full_lists_is_within_what_devices_read(central: Path) -> None:
    """A million of each, and the longest ladder of steps, are a tenth of it."""
    assert client._LIMITS.targets_max_length == MAX_METADATA_BYTES
    with open_city(central, means(NOW + MINUTE)) as city:
        edition = Edition(city.repository.state())
        largest(edition)
        edition.sign(city.online_keys(), NOW + MINUTE)
    assert len(edition.after.rev.to_bytes()) < MAX_METADATA_BYTES / 8


def test_metadata_that_devices_would_not_read_is_refused(
    central: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it is written."""
    monkeypatch.setattr(editions, "MAX_METADATA_BYTES", 500)
    with open_city(central, means(NOW + MINUTE)) as city:
        before = city.repository.state()
        with pytest.raises(CentralError, match=r"json would have .* at most 500"):
            add(city, Artefact.HOLDERS, HOLDERS)
        assert city.repository.state() == before
