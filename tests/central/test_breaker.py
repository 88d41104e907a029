"""What devices would hold back is refused before it is published, with a way on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.central.city import Change, City, open_city
from scanner.central.errors import CentralError
from scanner.central.register import Artefact
from scanner.core.revocation import StatusBits, decode_part
from tests.central.conftest import means
from tests.central.device import Device
from tests.city import NOW

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# Of the 20 000 indexes of the founded city.
ALLOWED, RESTORES = 200, 20


def revoke(city: City, first: int, count: int, *, beyond: bool = False, value: int = 1) -> None:
    change = Change(Artefact.STATUS, range(first, first + count), value)
    city.change(change, beyond_breaker=beyond)
    city.publish(beyond_breaker=beyond)


def test_one_percent_a_day_is_published(central: Path) -> None:
    """Exactly the limit goes out."""
    with open_city(central, means(NOW)) as city:
        revoke(city, 0, ALLOWED)
        assert city.register.newest(Artefact.STATUS) == 2


def test_more_than_one_percent_is_refused_and_forgotten(central: Path) -> None:
    """One too many: nothing is changed, and a later small revocation is not blocked."""
    with open_city(central, means(NOW)) as city:
        with pytest.raises(
            CentralError, match=r"201 entries .* where 200 still may be.*policy set"
        ):
            revoke(city, 0, ALLOWED + 1)
        assert list(city.register.entries(Artefact.STATUS)) == []
        revoke(city, 0, 1)
        assert city.register.newest(Artefact.STATUS) == 2


def test_changes_add_up_within_a_day(central: Path) -> None:
    """A slow trickle meets the same limit; a day later there is room again."""
    with open_city(central, means(NOW)) as city:
        revoke(city, 0, 150)
    with open_city(central, means(NOW + 23 * HOUR)) as city, pytest.raises(CentralError):
        revoke(city, 150, 51)
    with open_city(central, means(NOW + 25 * HOUR)) as city:
        revoke(city, 150, 51)


def test_restores_have_a_limit_of_their_own(central: Path) -> None:
    """A thief who wants the city open restores passes: 0.1 % a day and no more."""
    with open_city(central, means(NOW)) as city:
        revoke(city, 0, 100)
    with open_city(central, means(NOW + 2 * DAY)) as city:
        with pytest.raises(CentralError, match=r"21 restored where 20 may"):
            revoke(city, 0, RESTORES + 1, value=StatusBits.VALID)
        revoke(city, 0, RESTORES, value=StatusBits.VALID)


def test_back_and_forth_counts_for_nothing(central: Path) -> None:
    """What was revoked and restored before anybody saw it is no change."""
    with open_city(central, means(NOW)) as city:
        for value in (1, 0, 1, 0):
            city.change(Change(Artefact.STATUS, range(150), value))
        city.publish()
        assert city.register.newest(Artefact.STATUS) == 1


@pytest.mark.parametrize(
    ("artefact", "entry"), [(Artefact.IDS, 16), (Artefact.HOLDERS, 8)], ids=["ids", "holders"]
)
def test_other_lists_have_limits_too(artefact: Artefact, entry: int, central: Path) -> None:
    """Neither hashes nor holders may shut a city: the same numbers hold for them."""
    entries = [number.to_bytes(entry) for number in range(ALLOWED + 1)]
    with (
        open_city(central, means(NOW)) as city,
        pytest.raises(CentralError, match=f"entries of the {artefact.name.lower()} list"),
    ):
        city.change(Change(artefact, entries, 1))


def test_suspension_of_a_revoked_pass_is_no_flip(central: Path) -> None:
    """What stops nobody anew and lets nobody through is not counted."""
    with open_city(central, means(NOW)) as city:
        revoke(city, 0, ALLOWED)
        revoke(city, 0, ALLOWED, value=StatusBits.SUSPENDED)
        assert city.register.newest(Artefact.STATUS) == 3


def test_raised_limit_holds_on_its_day(central: Path) -> None:
    """A policy signed before lets the city annul a quarter of all passes on one day."""
    raised = {"raised": [{"day": "2020-05-10", "flips": 0.25}]}
    body = json.dumps({"time_zone": "UTC", "breaker": raised}).encode()
    with open_city(central, means(NOW)) as city:
        city.sign(lambda documents, edition: documents.set_policy(body))
    with open_city(central, means(NOW + 5 * DAY)) as city, pytest.raises(CentralError):
        revoke(city, 0, 5_000)
    with open_city(central, means(datetime(2020, 5, 10, 8, tzinfo=UTC))) as city:
        revoke(city, 0, 5_000)


def test_beyond_the_breaker_comes_with_a_base_to_approve(central: Path, device: Device) -> None:
    """On purpose, with its option: in a base of its own, whose approval lasts a week."""
    with open_city(central, means(NOW)) as city:
        revoke(city, 0, 4 * 250, beyond=True)
        city.sign(lambda documents, edition: documents.approve(["base-7-2-0"]))
    targets = device.look(NOW)
    assert decode_part(targets["base-7-2-0"])[:250] == b"\x55" * 250
    assert sum(name.startswith("approve-") for name in targets) == 1


def test_approved_change_leaves_room_for_the_next(central: Path) -> None:
    """What devices do not count is not counted here: an ordinary day goes on after it."""
    with open_city(central, means(NOW)) as city:
        revoke(city, 0, 4 * 250, beyond=True)
        revoke(city, 5_000, ALLOWED)
        with pytest.raises(CentralError, match="where 0 still may be"):
            revoke(city, 6_000, 1)
