"""The end of the regime on a device: the earliest date seen, until a newer root names another."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta

import pytest

from scanner.core.policy import Checkpoint
from scanner.store.trust_list import SqliteLists
from tests import city
from tests.sync.conftest import LATER, Device
from tests.sync.repository import Repository

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
END = city.NOW.replace(microsecond=0) + 30 * DAY
FIELD = "x-end-of-regime"


def sign(repository: Repository, end: datetime | None) -> None:
    """A newer root, with this date or with none."""
    repository.root.unrecognized_fields.pop(FIELD, None)
    if end is not None:
        repository.root.unrecognized_fields[FIELD] = end.isoformat()
    repository.renew_root()
    repository.publish(repository.now + MINUTE)


def end_on(device: Device) -> datetime | None:
    """As the loop reads it."""
    with closing(SqliteLists(device.state, Checkpoint(), allow_test_keys=False)) as lists:
        return lists.policy.end_of_regime


def test_end_of_regime_comes_from_the_root_alone(followed: Device, repository: Repository) -> None:
    """Three of five set it, a newer root moves it; nothing else is asked."""
    at = city.NOW + timedelta(hours=1)
    repository.root.unrecognized_fields[FIELD] = at.isoformat()
    repository.renew_root()
    repository.timestamp.unrecognized_fields[FIELD] = city.NOW.isoformat()
    repository.publish(LATER)
    report = followed.sync(repository.url, LATER)
    assert report.changed["end-of-regime"] == int(at.timestamp())


def test_root_without_a_date_ends_nothing(device: Device, repository: Repository) -> None:
    """A city that has not said when."""
    device.sync(repository.url)
    assert end_on(device) is None


@pytest.mark.parametrize("days", [60, 5], ids=["later", "earlier"])
def test_newer_root_names_another_date(device: Device, repository: Repository, days: int) -> None:
    """Three of five moved it."""
    sign(repository, END)
    device.sync(repository.url, repository.now)
    assert end_on(device) == END
    sign(repository, END + days * DAY)
    device.sync(repository.url, repository.now)
    assert end_on(device) == END + days * DAY


def test_newer_root_without_a_date_has_not_said_that_it_goes_on(
    device: Device, repository: Repository
) -> None:
    """The field was forgotten, not taken back: the date holds, until another one is named."""
    sign(repository, END)
    device.sync(repository.url, repository.now)
    for _ in range(2):
        sign(repository, None)
        device.sync(repository.url, repository.now)
        assert end_on(device) == END
    sign(repository, END + DAY)
    device.sync(repository.url, repository.now)
    assert end_on(device) == END + DAY


def test_date_moves_once_for_a_root(device: Device, repository: Repository) -> None:
    """Another look at the same root changes nothing."""
    sign(repository, END)
    device.sync(repository.url, repository.now)
    repository.publish(repository.now + MINUTE)
    report = device.sync(repository.url, repository.now)
    assert end_on(device) == END
    assert "end-of-regime" not in report.changed
