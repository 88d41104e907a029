"""What is installed is what the loop judges by."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from scanner.core.claims import Movement
from scanner.core.clock import ClockReading
from scanner.core.errors import StoreError, UpdateError
from scanner.core.facts import ListFacts, PassStatus
from scanner.core.formats import open_pass
from scanner.core.policy import Checkpoint
from scanner.core.revocation import PART_BYTES, StatusBits, encode_map, encode_refs
from scanner.store.install import Installer, confirm_age
from scanner.store.migrations import migrate
from scanner.store.trust_list import SqliteLists
from tests import city

NOW = ClockReading.exact(city.NOW)


def plain(packed: bytes) -> bytes:
    """Holder lists in these tests are not encrypted."""
    return packed


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A migrated state folder without lists."""
    migrate(tmp_path)
    return tmp_path


def install(state: Path, files: dict[str, bytes], end_of_regime: int | None = None) -> None:
    """As an update would, at the time the city's lists were issued."""
    Installer(state, plain, allow_test_keys=False).install(files, city.ISSUED_AT, end_of_regime)


def lists(state: Path) -> SqliteLists:
    """The lists as the loop opens them."""
    return SqliteLists(state, Checkpoint(), allow_test_keys=False)


def facts(known: SqliteLists, payload: bytes) -> ListFacts:
    """What the lists know of the pass in this code."""
    return known.about(open_pass(payload, known.trust, NOW), NOW)


@pytest.mark.parametrize(
    ("index", "status"),
    [
        (0, PassStatus.VALID),
        (city.REVOKED, PassStatus.REVOKED),
        (city.SUSPENDED, PassStatus.SUSPENDED),
        (city.RESTORED, PassStatus.VALID),
        (city.REVOKED_LATE, PassStatus.REVOKED),
        (city.MAP_SIZE - 1, PassStatus.VALID),
        (city.MAP_SIZE, PassStatus.BEYOND_MAP),
        (9 * city.MAP_SIZE, PassStatus.BEYOND_MAP),
    ],
)
def test_status_is_by_index_with_the_delta_on_top(
    state: Path, index: int, status: PassStatus
) -> None:
    """Base and delta together: revoked, suspended, restored, and what lies beyond the map."""
    install(state, city.targets())
    known = facts(lists(state), city.issue({Movement.INDEX: index}))
    assert known.status is status
    assert (known.status_version, known.status_age_s) == (2, 1800.0)


def test_pass_without_index_is_looked_up_by_id(state: Path) -> None:
    """The hash of its id stands on the revocation list, or not."""
    install(state, city.targets(keys=city.trust_list(index=None)))
    known = lists(state)
    revoked = facts(known, city.issue(cti=city.REVOKED_CTI))
    assert (revoked.status, revoked.status_version) == (PassStatus.REVOKED, 1)
    assert facts(known, city.issue()).status is PassStatus.VALID


def test_quarantined_holder_is_known_by_reference(state: Path) -> None:
    """By the reference in the pass, whatever pass it is."""
    install(state, city.targets())
    known = lists(state)
    assert facts(known, city.issue({Movement.HOLDER_REF: city.QUARANTINED})).holder_is_listed
    assert not facts(known, city.issue({Movement.HOLDER_REF: b"someone-"})).holder_is_listed
    assert not facts(known, city.issue()).holder_is_listed


def test_lists_that_an_older_version_wrote_are_read(state: Path) -> None:
    """In one row each, before they had parts."""
    install(state, city.targets(keys=city.trust_list(index=None)))
    with closing(sqlite3.connect(state / "lists.db")) as db:
        for name in ("holders", "ids"):
            row = (name, f"{name}-000")
            assert db.execute("UPDATE document SET target = ? WHERE target = ?", row).rowcount == 1
        db.commit()
    known = lists(state)
    assert facts(known, city.issue({Movement.HOLDER_REF: city.QUARANTINED})).holder_is_listed
    assert facts(known, city.issue(cti=city.REVOKED_CTI)).status is PassStatus.REVOKED


def test_holder_list_that_cannot_be_opened_is_missing(state: Path) -> None:
    """Without the fleet key there is no holder list, and its age says so."""
    Installer(state, None, allow_test_keys=False).install(city.targets(), city.ISSUED_AT)
    assert facts(lists(state), city.issue()).holders_age_s is None


def test_issued_set_of_a_leaked_key_is_asked(state: Path) -> None:
    """Inside, outside, and no set at all are three answers."""
    kid = city.KEY.kid.hex()
    leaked = city.targets(keys=city.trust_list(state="issued-set"))
    install(state, leaked)
    assert facts(lists(state), city.issue()).is_issued is None
    import hashlib

    short = hashlib.sha256(b"pass-0123456789-").digest()[:8]
    install(state, leaked | {f"issued-{kid}": encode_refs([short])})
    known = lists(state)
    assert facts(known, city.issue()).is_issued is True
    assert facts(known, city.issue(cti=b"never-issued----")).is_issued is False


def test_empty_lists_are_no_lists(state: Path) -> None:
    """A device that never got lists trusts nobody and admits nobody."""
    known = lists(state)
    assert known.trust.keys == {}
    assert not known.trust.is_fresh(NOW)
    assert known.artefacts == {}


def test_update_is_seen_without_a_restart(state: Path) -> None:
    """What another process installs counts from the next refresh."""
    known = lists(state)
    assert not known.refresh()
    install(state, city.targets())
    assert known.refresh()
    assert known.trust.is_fresh(NOW)
    assert known.policy.version == 3
    assert not known.refresh()


def test_confirmed_lists_are_young_again(state: Path) -> None:
    """A newer signed time that still names what is installed renews its age."""
    install(state, city.targets())
    confirm_age(state, city.ISSUED_AT + 1700)
    assert facts(lists(state), city.issue()).status_age_s == 100.0


def test_trust_list_is_fresh_until_its_soft_age(state: Path) -> None:
    """From then on an unknown key may be a new one."""
    install(state, city.targets())
    trust = lists(state).trust
    issued = city.NOW - timedelta(minutes=30)
    assert trust.is_fresh(ClockReading.exact(issued + timedelta(hours=23, minutes=59)))
    assert not trust.is_fresh(ClockReading.exact(issued + timedelta(hours=24)))


def test_end_of_regime_reaches_the_policy(state: Path) -> None:
    """A signed date switches the judging off."""
    install(state, city.targets(), end_of_regime=city.ISSUED_AT)
    assert lists(state).policy.has_ended(NOW)


def test_map_of_many_parts_stands_where_its_indexes_are(state: Path) -> None:
    """The first index of the second part, and the last of the map."""
    size = 4 * PART_BYTES + 10
    parts = encode_map(size, {4 * PART_BYTES: StatusBits.REVOKED, size - 1: StatusBits.SUSPENDED})
    files = {name: body for name, body in city.targets().items() if name[0] not in "bd"}
    files |= {f"base-{city.ISSUER_NO}-9-{number}": part for number, part in enumerate(parts)}
    files["keys-1-0"] = city.trust_list(index=[0, 2**31])
    install(state, files)
    known = lists(state)
    by_index = {
        4 * PART_BYTES - 1: PassStatus.VALID,
        4 * PART_BYTES: PassStatus.REVOKED,
        size - 1: PassStatus.SUSPENDED,
    }
    for index, status in by_index.items():
        assert facts(known, city.issue({Movement.INDEX: index})).status is status


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"policy-3": b'{"version": 3, "time_zone": "UTC", "curfew": 1}'}, "curfew"),
        ({"rules-1": b'[{"do": "open-everything", "id": "x", "not_after": 1}]'}, "rules"),
        ({"keys-1-0": b"[]"}, "JWK Set"),
        ({"future-1": b""}, "future-1"),
        ({"d-7-5-6": b""}, "unpacked|zstd"),
        ({f"base-{city.ISSUER_NO}-1-5": b"(\xb5/\xfd\x20\x00\x01\x00\x00"}, "gap"),
        ({"holders-1": b"junk"}, "unpacked"),
        ({"base-x-1-0": b""}, "base-x-1-0"),
    ],
)
def test_bad_update_is_held_back_whole(state: Path, change: dict[str, bytes], says: str) -> None:
    """One target that cannot be used, and the lists installed before stay as they were."""
    install(state, city.targets())
    with pytest.raises(UpdateError, match=says):
        install(state, city.targets() | change)
    known = lists(state)
    assert facts(known, city.issue({Movement.INDEX: city.REVOKED})).status is PassStatus.REVOKED


def test_update_without_trust_list_is_held_back(state: Path) -> None:
    """Lists without keys or policy would leave the device with nothing to judge by."""
    files = city.targets()
    del files["policy-3"]
    with pytest.raises(UpdateError, match="no policy"):
        install(state, files)


def test_delta_that_does_not_fit_is_held_back(state: Path) -> None:
    """A delta is only right on top of the version it was made from."""
    files = city.targets()
    files["base-7-4-0"] = files.pop("base-7-1-0")
    with pytest.raises(UpdateError, match="does not fit"):
        install(state, files)


def test_unknown_time_zone_is_held_back(state: Path) -> None:
    """A policy that cannot be applied is not applied by halves."""
    policy = json.dumps({"version": 3, "time_zone": "Mars/Olympus"}).encode()
    with pytest.raises(UpdateError, match="Mars"):
        install(state, city.targets(policy=policy))


def test_damaged_row_is_a_store_error(state: Path) -> None:
    """A look-up in a broken file ends in STORE, never in "valid"."""
    install(state, city.targets())
    known = lists(state)
    (path,) = state.glob("status-7-*.db")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE status_row SET bits = zeroblob(length(bits))")
    with pytest.raises(StoreError, match=r"status-7-.*damaged"):
        facts(known, city.issue({Movement.INDEX: city.REVOKED}))
