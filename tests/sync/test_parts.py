"""Holders and revoked ids in parts: all parts of a version are taken together, or none is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from scanner.core.claims import Movement
from scanner.core.clock import ClockReading
from scanner.core.entries import Entries
from scanner.core.facts import ListFacts, PassStatus
from scanner.core.formats import open_pass
from scanner.core.parts import PART_IDS, PART_REFS, IdList, cut_ids, cut_refs
from scanner.core.policy import Checkpoint
from scanner.core.revocation import ID_BYTES, REF_BYTES, encode_refs
from scanner.store.sieve import MOST_HELD
from scanner.store.steps import LONG_OVERLAY
from scanner.store.trust_list import SqliteLists
from tests import city
from tests.sync.conftest import Device
from tests.sync.repository import Files, Repository, approval

MINUTE = timedelta(minutes=1)
NOW = ClockReading.exact(city.NOW)
# Two full parts and the beginning of a third.
HOLDERS, IDS = 2 * PART_REFS + 100, 2 * PART_IDS + 100
FAST = 1


def ref(number: int) -> bytes:
    return hashlib.sha256(b"holder %d" % number).digest()[:REF_BYTES]


def cti(number: int) -> bytes:
    return b"pass %011d" % number


def holders(version: int, numbers: Iterable[int]) -> Files:
    """A holder list in its parts."""
    refs = Entries.of(map(ref, numbers), REF_BYTES)
    return {f"holders-{version}-{n}": body for n, body in enumerate(cut_refs(refs, FAST))}


def ids(begin: int, end: int, numbers: Iterable[int]) -> Files:
    """A list of ids, or a step that revokes some, in its parts."""
    hashes = Entries.of((hashlib.sha256(cti(n)).digest()[:ID_BYTES] for n in numbers), ID_BYTES)
    parts = cut_ids(IdList(begin, end, hashes), FAST)
    return {f"ids-{begin}-{end}-{n}": body for n, body in enumerate(parts)}


@pytest.fixture
def repository(repository: Repository) -> Repository:
    """A city of which every device has lists of three parts, and passes have no index."""
    repository.put({"keys-1-0": city.trust_list(index=None)}).drop("holders-1", "ids-0-1")
    return repository.put(holders(2, range(HOLDERS)) | ids(0, 2, range(IDS))).publish()


@pytest.fixture
def device(device: Device, repository: Repository) -> Device:
    """It has them."""
    assert device.sync(repository.url).refused == {}
    return device


def publish(repository: Repository, minutes: int, files: Files, *gone: str) -> Repository:
    """The online lists of these kinds are replaced."""
    old = [name for name in repository.rev.targets if name.startswith(gone)] if gone else []
    return repository.drop(*old).put(files).publish(city.NOW + minutes * MINUTE)


@contextmanager
def asked(device: Device) -> Iterator[SqliteLists]:
    lists = SqliteLists(device.state, Checkpoint(), allow_test_keys=False)
    try:
        yield lists
    finally:
        lists.close()


def facts(lists: SqliteLists, number: int) -> ListFacts:
    """What the lists say of the pass with this number, of the holder with this number."""
    payload = city.issue({Movement.HOLDER_REF: ref(number)}, cti=cti(number))
    return lists.about(open_pass(payload, lists.trust, NOW), NOW)


def listed(device: Device, *numbers: int) -> list[bool]:
    """Whether the holders are quarantined."""
    with asked(device) as lists:
        return [facts(lists, number).holder_is_listed for number in numbers]


def revoked(device: Device, *numbers: int) -> list[bool]:
    with asked(device) as lists:
        return [facts(lists, number).status is PassStatus.REVOKED for number in numbers]


def test_all_parts_count(device: Device) -> None:
    """Whoever stands in one of them is stopped, and nobody else."""
    numbers = range(0, HOLDERS + 700, 700)
    assert listed(device, *numbers) == [number < HOLDERS for number in numbers]
    numbers = range(0, IDS + 300, 300)
    assert revoked(device, *numbers) == [number < IDS for number in numbers]


def test_names_without_parts_are_still_understood(device: Device, repository: Repository) -> None:
    """A city that has not renewed its own programs yet."""
    old = {"holders-3": encode_refs([city.QUARANTINED])}
    publish(repository, 5, old | approval(*old.values()), "holders-")
    report = device.sync(repository.url)
    assert (report.refused, report.held, report.changed["holders"]) == ({}, (), 3)
    assert listed(device, 0) == [False]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("end", "holders-3 lacks its last part"),
        ("middle", "holders-3 has no part 1"),
        ("first", "holders-3 has no part 0"),
        ("doubled", "holders-3 has part 0 twice"),
        ("mixed", "holders-3 has entries twice or out of order"),
        ("without-part", "holders-3 has a part that is not of its length"),
    ],
)
def test_holders_that_are_not_whole_are_refused(
    device: Device, repository: Repository, change: str, fault: str
) -> None:
    """What to do is said, and the list of before goes on."""
    files = holders(3, range(HOLDERS - 50))
    match change:
        case "end":
            del files["holders-3-2"]
        case "middle":
            del files["holders-3-1"]
        case "first":
            del files["holders-3-0"]
        case "doubled":
            files["holders-3"] = files["holders-3-0"]
        case "mixed":
            files["holders-3-2"] = holders(2, range(HOLDERS))["holders-2-0"]
        case "without-part":
            del files["holders-3-0"]
            files["holders-3"] = encode_refs([city.QUARANTINED])
    publish(repository, 5, files | approval(*files.values()), "holders-")
    words = device.sync(repository.url).refused["holders"]
    assert words.startswith(f"The update is held back: {fault}. Ask whoever signs the lists")
    assert listed(device, 0, HOLDERS - 1) == [True, True]


@pytest.mark.parametrize("whole", [True, False], ids=["list", "step"])
def test_ids_that_are_not_whole_are_refused(
    device: Device, repository: Repository, *, whole: bool
) -> None:
    """A part that is lost, and a part of another step under this one's name."""
    begin = 0 if whole else 2
    files, other = ids(begin, 3, range(IDS, 2 * IDS)), ids(begin, 4, range(IDS, 2 * IDS))
    name = f"ids-{begin}-3"
    lost = {key: body for key, body in files.items() if key != f"{name}-2"}
    publish(repository, 5, lost | approval(*lost.values()), "ids-")
    assert f"{name} lacks its last part" in device.sync(repository.url).refused["ids"]
    mixed = files | {f"{name}-2": other[f"ids-{begin}-4-2"]}
    publish(repository, 10, mixed | approval(*mixed.values()), "ids-")
    assert f"{name} has parts of several versions" in device.sync(repository.url).refused["ids"]
    assert revoked(device, 0, IDS) == [True, False]


def test_breaker_counts_the_whole_list(device: Device, repository: Repository) -> None:
    """No part alone is beyond 400 flips a day, all of them are; what is within applies."""
    more = range(HOLDERS + 900)
    publish(repository, 5, holders(3, more), "holders-")
    (held,) = device.sync(repository.url).held
    assert (held.target, held.flips, held.restores) == ("holders-3", 900, 0)
    publish(repository, 10, holders(4, [*more, 10**6]), "holders-")
    (held,) = device.sync(repository.url).held
    assert held.flips == 900
    assert listed(device, 0, HOLDERS, 10**6) == [True, False, True]


@pytest.mark.parametrize("kind", ["holders", "ids", "step"])
def test_approval_covers_all_parts(device: Device, repository: Repository, kind: str) -> None:
    """With one part less nothing of it is released."""
    files, prefix, ask = {
        "holders": (holders(3, range(HOLDERS + 900)), "holders-", listed),
        "ids": (ids(0, 3, range(HOLDERS + 900)), "ids-", revoked),
        "step": (ids(2, 3, range(HOLDERS, 2 * HOLDERS)), "ids-", revoked),
    }[kind]
    publish(repository, 5, files, prefix)
    assert len(device.sync(repository.url).held) == 1
    publish(repository, 10, approval(*list(files.values())[:-1]))
    assert len(device.sync(repository.url).held) == 1
    assert ask(device, HOLDERS + 1) == [False]
    publish(repository, 15, approval(*files.values()))
    assert device.sync(repository.url).held == ()
    assert ask(device, HOLDERS + 1) == [True]


@pytest.mark.parametrize("kind", ["holders", "step"])
def test_more_than_can_be_held_is_refused(
    device: Device, repository: Repository, kind: str
) -> None:
    """A stolen key that publishes a million fills no memory; an approval lets it through."""
    files, prefix, ask = {
        "holders": (holders(3, range(HOLDERS + MOST_HELD + 1)), "holders-", listed),
        "step": (ids(2, 3, range(IDS, IDS + MOST_HELD + 1)), "ids-", revoked),
    }[kind]
    publish(repository, 5, files, prefix)
    report = device.sync(repository.url)
    (words,) = report.refused.values()
    assert "-3 changes more than 200000 entries, and nobody has approved that" in words
    assert (report.held, ask(device, 0, HOLDERS + 9)) == ((), [True, False])
    publish(repository, 10, approval(*files.values()))
    assert device.sync(repository.url).refused == {}
    assert ask(device, 0, HOLDERS + 9, IDS + MOST_HELD) == [True, True, True]


def test_what_was_held_is_released_after_newer_changes(
    device: Device, repository: Repository
) -> None:
    """The step that is approved is not the newest any more, and still named."""
    held = ids(2, 3, range(IDS, 2 * IDS))
    publish(repository, 5, held, "ids-")
    assert len(device.sync(repository.url).held) == 1
    publish(repository, 10, ids(3, 4, [10**6]))
    assert len(device.sync(repository.url).held) == 1
    assert revoked(device, IDS, 10**6) == [False, True]
    publish(repository, 15, approval(*held.values()))
    assert device.sync(repository.url).held == ()
    assert revoked(device, IDS, 2 * IDS - 1, 10**6) == [True, True, True]


def test_long_step_is_written_into_the_list(device: Device, repository: Repository) -> None:
    """A reader that was open meanwhile, a new one, and the next step all know the same."""
    many = ids(2, 3, range(IDS, IDS + LONG_OVERLAY + 1))
    with asked(device) as lists:
        publish(repository, 5, many | approval(*many.values()), "ids-")
        assert device.sync(repository.url).refused == {}
        publish(repository, 10, ids(3, 4, [10**6]))
        assert device.sync(repository.url).refused == {}
        lists.refresh()
        for number in (0, IDS, IDS + LONG_OVERLAY, 10**6):
            assert facts(lists, number).status is PassStatus.REVOKED
    assert revoked(device, 0, IDS, IDS + LONG_OVERLAY, 10**6, 10**6 + 1) == [*4 * [True], False]
