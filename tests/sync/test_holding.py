"""A stolen online key can neither open nor shut the city: what is beyond the limits is held.

The city's map has 40 000 indexes: 400 may be taken back in a day, 40 restored.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from scanner.core.facts import PassStatus
from scanner.core.revocation import IdChanges, encode_ids, encode_refs
from tests import city
from tests.sync.conftest import Device
from tests.sync.repository import Repository, approval, base, delta

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ATTACK = range(1000, 9000)
FIRST = {key: body for key, body in city.targets().items() if key.startswith("base-")}
NOBODY = city.targets(keys=city.trust_list(index=None))


def is_revoked(device: Device, index: int) -> bool:
    return device.facts(index).status is PassStatus.REVOKED


def test_shutting_the_city_is_held(device: Device, repository: Repository) -> None:
    """8 000 passes taken back at once: told, kept, and none of them is red."""
    device.sync(repository.url)
    repository.put(delta(1, 3, ATTACK)).drop("d-7-1-2").publish(city.NOW + 5 * MINUTE)
    (held,) = device.sync(repository.url).held
    assert (held.target, held.flips, held.restores) == ("d-7-1-3", 8000, 0)
    assert not is_revoked(device, 1000)


def test_held_delta_does_not_block_a_later_revocation(
    device: Device, repository: Repository
) -> None:
    """The next delta says the same 8 000 and one more, and that one is red."""
    device.sync(repository.url)
    repository.put(delta(1, 3, ATTACK)).drop("d-7-1-2").publish(city.NOW + 5 * MINUTE)
    device.sync(repository.url)
    later = delta(1, 4, [*ATTACK, 20_000])
    repository.put(later).drop("d-7-1-3").publish(city.NOW + 10 * MINUTE)
    (held,) = device.sync(repository.url).held
    assert held.flips == 8000
    assert is_revoked(device, 20_000)
    assert not is_revoked(device, 1000)
    assert device.facts(20_000).status_version == 4


def test_held_change_that_is_taken_back_is_gone(device: Device, repository: Repository) -> None:
    """A delta over the same versions that does not say it any more ends it."""
    device.sync(repository.url)
    repository.put(delta(1, 3, ATTACK)).drop("d-7-1-2").publish(city.NOW + 5 * MINUTE)
    device.sync(repository.url)
    repository.put(delta(1, 4, [20_000])).drop("d-7-1-3").publish(city.NOW + 10 * MINUTE)
    assert device.sync(repository.url).held == ()
    assert is_revoked(device, 20_000)


def test_approved_delta_applies(device: Device, repository: Repository) -> None:
    """Signed offline, it releases what was held, at the same version."""
    device.sync(repository.url)
    files = delta(1, 3, ATTACK)
    repository.put(files).drop("d-7-1-2").publish(city.NOW + 5 * MINUTE)
    device.sync(repository.url)
    repository.put(approval(*files.values())).publish(city.NOW + 10 * MINUTE)
    assert device.sync(repository.url).held == ()
    assert is_revoked(device, 1000)
    assert is_revoked(device, 8999)


def test_approval_that_comes_first_is_known(device: Device, repository: Repository) -> None:
    """A delta that is approved when it arrives is not held at all."""
    device.sync(repository.url)
    files = delta(1, 3, ATTACK)
    repository.put(files | approval(*files.values())).drop("d-7-1-2").publish(city.NOW + MINUTE)
    assert device.sync(repository.url).held == ()
    assert is_revoked(device, 1000)


def test_online_key_cannot_approve(device: Device, repository: Repository) -> None:
    """An approval among the online lists is none."""
    device.sync(repository.url)
    files = delta(1, 3, ATTACK)
    repository.put(files).drop("d-7-1-2")
    (name,) = approval(*files.values())
    offline = dict(repository.targets.targets)
    repository.put(approval(*files.values()))
    repository.rev.targets[name] = repository.targets.targets[name]
    repository.targets.targets = offline
    repository.publish(city.NOW + 5 * MINUTE)
    assert len(device.sync(repository.url).held) == 1
    assert not is_revoked(device, 1000)


def test_opening_the_city_is_held_while_revocations_apply(
    device: Device, repository: Repository
) -> None:
    """Restores beyond the limit are held apart from what the same delta takes back."""
    repository.replace(base(1, range(300, 700))).publish()
    device.sync(repository.url)
    repository.put(delta(1, 2, [5000], range(300, 700))).publish(city.NOW + 5 * MINUTE)
    (held,) = device.sync(repository.url).held
    assert (held.flips, held.restores) == (0, 400)
    assert is_revoked(device, 5000)
    assert is_revoked(device, 300)


def test_small_steps_are_counted_together(device: Device, repository: Repository) -> None:
    """Four times 150 within a day: the third is the last that applies; a day later all may."""
    device.sync(repository.url)
    for turn in range(4):
        files = delta(2 + turn, 3 + turn, range(1000 + 150 * turn, 1150 + 150 * turn))
        repository.put(files).publish(city.NOW + (turn + 1) * 5 * MINUTE)
        report = device.sync(repository.url)
    assert len(report.held) == 2
    assert is_revoked(device, 1299)
    assert not is_revoked(device, 1300)
    repository.put(delta(6, 7, range(30_000, 30_390))).publish(city.NOW + 2 * DAY)
    device.sync(repository.url, city.NOW + 2 * DAY)
    assert device.facts(30_001, city.NOW + 2 * DAY).status is PassStatus.REVOKED


def test_base_beyond_the_limit_leaves_the_way_by_deltas(
    device: Device, repository: Repository
) -> None:
    """The old base stays, the delta that fits it applies, in the same run."""
    device.sync(repository.url)
    empty = base(9, ATTACK)
    repository.replace(empty | delta(2, 9, [77])).publish(city.NOW + 5 * MINUTE)
    report = device.sync(repository.url)
    assert report.held == ()
    assert is_revoked(device, 77)
    repository.replace(base(12, ATTACK)).publish(city.NOW + 10 * MINUTE)
    (held,) = device.sync(repository.url).held
    assert (held.target, held.flips) == ("base-7-12", 8000)
    assert not is_revoked(device, 1000)
    repository.replace(base(12, ATTACK) | delta(9, 13, [78])).publish(city.NOW + 15 * MINUTE)
    device.sync(repository.url)
    assert is_revoked(device, 78)


def test_approved_base_applies(device: Device, repository: Repository) -> None:
    """With every part approved; the day's delta goes on top of it."""
    device.sync(repository.url)
    files = base(9, ATTACK)
    repository.replace(files).publish(city.NOW + 5 * MINUTE)
    assert len(device.sync(repository.url).held) == 1
    repository.put(approval(*files.values()) | delta(9, 10, [78])).publish(city.NOW + 10 * MINUTE)
    assert device.sync(repository.url).held == ()
    assert is_revoked(device, 1000)
    assert is_revoked(device, 78)
    assert not is_revoked(device, city.REVOKED)


def test_revoked_ids_are_held_like_indexes(device: Device, repository: Repository) -> None:
    """A list that would stop 1 000 more passes; one that is within applies."""
    device.sync(repository.url)
    stopped = [hashlib.sha256(bytes([n % 256, n // 256])).digest()[:16] for n in range(1000)]
    own = hashlib.sha256(b"pass-0123456789-").digest()[:16]
    attack = {"ids-1-2": encode_ids(IdChanges(1, 2, tuple(stopped), ()))}
    repository.drop("ids-0-1").put(attack).publish(city.NOW + 5 * MINUTE)
    (held,) = device.sync(repository.url).held
    assert (held.list_name, held.flips) == ("ids", 1000)
    after = {"ids-1-3": encode_ids(IdChanges(1, 3, (*stopped, own), ()))}
    unmapped = {"keys-2-0": NOBODY["keys-1-0"]}
    repository.drop("ids-1-2", "keys-1-0").put(after | unmapped).publish(city.NOW + 10 * MINUTE)
    device.sync(repository.url)
    assert is_revoked(device, 5)


def test_whole_list_of_ids_is_held_against_what_is_installed(
    device: Device, repository: Repository
) -> None:
    """Given anew as a whole, it is still the difference that counts."""
    device.sync(repository.url)
    stopped = [hashlib.sha256(bytes([n % 256, n // 256])).digest()[:16] for n in range(1000)]
    whole = {"ids-0-2": encode_ids(IdChanges(0, 2, tuple(stopped), ()))}
    repository.drop("ids-0-1").put(whole).publish(city.NOW + 5 * MINUTE)
    (held,) = device.sync(repository.url).held
    assert (held.flips, held.restores) == (1000, 0)
    repository.put(approval(*whole.values())).publish(city.NOW + 10 * MINUTE)
    assert device.sync(repository.url).held == ()


def test_holders_are_held_like_indexes(device: Device, repository: Repository) -> None:
    """1 000 residents quarantined at once wait; the one beside them in the next list does not."""
    device.sync(repository.url)
    many = [n.to_bytes(8) for n in range(1000)]
    first = encode_refs([city.QUARANTINED, *many])
    repository.drop("holders-1").put({"holders-2": first}).publish(city.NOW + 5 * MINUTE)
    (held,) = device.sync(repository.url).held
    assert (held.list_name, held.flips) == ("holders", 1000)
    second = encode_refs([city.QUARANTINED, b"new-ref-", *many])
    repository.drop("holders-2").put({"holders-3": second}).publish(city.NOW + 10 * MINUTE)
    (held,) = device.sync(repository.url).held
    assert held.flips == 1000
    approved = approval(second)
    repository.put(approved).publish(city.NOW + 15 * MINUTE)
    assert device.sync(repository.url).held == ()
