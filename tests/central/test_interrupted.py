"""The power goes at any write of a publish: devices read the old state or the new one."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from scanner.central.ceremony import rotate_key
from scanner.central.city import Change, City, open_city
from scanner.central.files import write_atomically
from scanner.central.register import Artefact
from tests.central.conftest import means
from tests.central.device import Device
from tests.city import NOW

LATER = NOW + timedelta(minutes=10)


class PowerCut(BaseException):
    """Nobody catches it, as nobody catches the end of a process."""


class FailingWriter:
    """Writes so many files, and then none."""

    def __init__(self, writes: int) -> None:
        self._left = writes

    def __call__(self, path: Path, body: bytes, *, at: datetime) -> None:
        if self._left == 0:
            raise PowerCut
        self._left -= 1
        write_atomically(path, body, at=at)


def revoke_and_publish(city: City) -> None:
    city.change(Change(Artefact.STATUS, [5], 1), Change(Artefact.HOLDERS, [b"anna-ref"], 1))
    city.publish()


def exchange_timestamp_key(city: City) -> None:
    rotate_key(city, "timestamp", None, 0)


def exchange_rev_key(city: City) -> None:
    rotate_key(city, "rev", None, 0)


def exchange_bundle_key(city: City) -> None:
    rotate_key(city, "bundle", None, 0)


def exchange_targets_key(city: City) -> None:
    rotate_key(city, "targets-2", None, 0)


WORKS = {
    work.__name__: work
    for work in (
        revoke_and_publish,
        exchange_timestamp_key,
        exchange_rev_key,
        exchange_bundle_key,
        exchange_targets_key,
    )
}


@pytest.mark.parametrize("work", WORKS)
def test_power_cut_between_writes_leaves_a_readable_state(
    work: str, founded: Path, tmp_path: Path
) -> None:
    """After each number of writes a device reads all of the old lists or all of the new ones."""
    old = Device(founded / "repository", tmp_path / "old").look(NOW)
    whole = Path(shutil.copytree(founded, tmp_path / "whole"))
    with open_city(whole, means(LATER)) as city:
        WORKS[work](city)
    new = Device(whole / "repository", tmp_path / "new").look(LATER)
    seen = []
    for writes in count():
        central = Path(shutil.copytree(founded, tmp_path / f"cut-{writes}"))
        is_cut = run_until_cut(central, work, writes)
        read = Device(central / "repository", tmp_path / f"device-{writes}").look(LATER)
        seen.append(sorted(read))
        assert sorted(read) in (sorted(old), sorted(new))
        if not is_cut:
            break
    assert seen[-1] == sorted(new)
    assert len(seen) >= 4


def run_until_cut(central: Path, work: str, writes: int) -> bool:
    """True when the power went before the work was done."""
    try:
        with open_city(central, means(LATER, write=FailingWriter(writes))) as city:
            WORKS[work](city)
    except PowerCut:
        return True
    return False


@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize("writes", range(6))
def test_work_that_was_cut_is_done_by_the_next_command(
    work: str, writes: int, central: Path, device: Device
) -> None:
    """Whatever write was the last, the same command again and a publish bring everything out."""
    device.look(NOW)
    run_until_cut(central, work, writes)
    with open_city(central, means(LATER)) as city:
        WORKS[work](city)
    after = LATER + timedelta(minutes=1)
    with open_city(central, means(after)) as city:
        city.publish()
        assert city.register.newest(Artefact.STATUS) <= 2
    assert {"base-7-1-0", "policy-1"} <= set(device.look(after))


def test_version_that_was_cut_is_published_as_it_was(central: Path, device: Device) -> None:
    """A version keeps its content: a later change gets the next number."""
    run_until_cut(central, "revoke_and_publish", 0)
    with open_city(central, means(LATER)) as city:
        city.change(Change(Artefact.STATUS, [6], 1))
        city.publish()
        assert city.register.newest(Artefact.STATUS) == 3
    assert "d-7-1-3" in device.look(LATER)
