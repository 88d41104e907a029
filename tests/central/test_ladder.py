"""The ladder of deltas: from any version within its reach to the newest, and to nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.central.edition import Edition, State
from scanner.central.ladder import STEPS, rungs
from scanner.central.lists import ListMaker
from scanner.central.register import Artefact, Register
from scanner.core.revocation import StatusBits, decode_delta, decode_part, status_in
from scanner.core.update import InstalledLists, Target
from scanner.sync.plan import make_plan
from tests.city import NOW

SIZE = 40
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

# How long after the last publish, which indexes, and their new status.
changes = st.lists(
    st.tuples(
        st.sampled_from([MINUTE, 7 * MINUTE, HOUR, 9 * HOUR, DAY, 9 * DAY]),
        st.dictionaries(st.integers(0, SIZE - 1), st.sampled_from([0, 1, 2]), min_size=1),
    ),
    min_size=1,
    max_size=14,
)


@contextmanager
def register_of(size: int) -> Iterator[Register]:
    """An empty register of issuer 7 with one key."""
    with tempfile.TemporaryDirectory() as folder:
        register = Register.create(Path(folder))
        register.db.execute("PRAGMA synchronous = OFF")  # no power is cut here
        register.keep_setting("issuer_no", "7")
        recipient = str(pyrage.x25519.Identity.generate().to_public())
        register.keep_setting("fleet_recipient", recipient)
        line = (b"kid", 0, size - 1, 0, 0, 2**40)
        register.db.execute("INSERT INTO issuer_key VALUES (?, ?, ?, ?, ?, ?)", line)
        yield register
        register.close()


def publish(register: Register, edition: Edition, change: dict[int, int], at: datetime) -> None:
    """One version of the status map, as the city makes it."""
    with register.transaction():
        for index, value in change.items():
            register.change(Artefact.STATUS, [index], value, at)
    if register.pending(Artefact.STATUS).changed or not register.newest(Artefact.STATUS):
        register.take_version(Artefact.STATUS, at)
        ListMaker(register, edition, at).renew(Artefact.STATUS)


def map_of(register: Register) -> bytes:
    """2 bits an index, as it stands in the register."""
    raw = bytearray(-(-SIZE // 4))
    for index, value in register.entries(Artefact.STATUS):
        assert isinstance(index, int)
        raw[index // 4] |= value << 2 * (index % 4)
    return bytes(raw)


def step_for(installed: int, deltas: Mapping[str, int]) -> tuple[str, ...]:
    """What a device with this version fetches, of deltas by their lengths."""
    offer = {name: Target(length, name) for name, length in deltas.items()}
    steps = make_plan(offer, InstalledLists({"status-7": installed})).steps
    return steps[0].targets if steps else ()


def apply(edition: Edition, installed: bytes, name: str) -> bytes:
    """The map after the delta, as a device overlays it."""
    delta = decode_delta(edition.bodies[name])
    values = [delta.changes.get(i, status_in(installed, i)) for i in range(SIZE)]
    raw = bytearray(len(installed))
    for index, value in enumerate(values):
        raw[index // 4] |= value << 2 * (index % 4)
    return bytes(raw)


@given(changes)
def test_any_version_within_reach_becomes_the_newest(
    history: list[tuple[timedelta, dict[int, int]]],
) -> None:
    """Every version since the longest step, and the base, end with the very same status map."""
    with register_of(SIZE) as register:
        edition, at, maps = Edition(State.first({}, NOW)), NOW, {}
        publish(register, edition, {}, at)
        for wait, change in history:
            maps[register.newest(Artefact.STATUS)] = map_of(register)
            at += wait
            publish(register, edition, change, at)
        newest, wanted = register.newest(Artefact.STATUS), map_of(register)
        deltas = {name: len(edition.bodies[name]) for name in edition.after.names("d-7-")}
        base = ListMaker(register, edition, at).base()
        assert base is not None
        packed = decode_part(edition.bodies[base.parts[0]])
        if base.version < newest:
            (name,) = step_for(base.version, deltas)
            packed = apply(edition, packed, name)
        assert packed == wanted
        oldest = min((int(name.split("-")[2]) for name in deltas), default=newest)
        for version in set(maps) & set(range(oldest, newest)):
            (name,) = step_for(version, deltas)
            assert apply(edition, maps[version], name) == wanted


def test_steps_grow_longer_with_age() -> None:
    """Minute by minute for five weeks: 12 steps within the hour, and each older one longer."""
    history = [(n + 1, NOW + n * MINUTE) for n in range(35 * 24 * 60)]
    now = history[-1][1]
    ages = [(now - history[version - 1][1]) for version in rungs(history, 1, now)]
    wanted = {n * length for count, length in STEPS for n in range(1, count + 1)}
    assert set(ages) == wanted | {now - NOW}  # the base of the first minute, too


def test_reach_is_four_weeks() -> None:
    """A device that was off for four weeks still gets on by deltas."""
    history = [(n + 1, NOW + n * DAY) for n in range(60)]
    now = history[-1][1]
    assert now - history[rungs(history, 59, now)[0] - 1][1] == timedelta(weeks=4)


def test_bursts_cost_no_steps() -> None:
    """A thousand revocations one by one in five minutes leave one step, which fits them all."""
    history = [(1, NOW), *((n, NOW + HOUR + n * timedelta(seconds=0.3)) for n in range(2, 1001))]
    assert rungs(history, 1, history[-1][1]) == [1]
    assert step_for(500, {"d-7-1-1000": 9_000}) == ("d-7-1-1000",)


@pytest.mark.parametrize(
    ("installed", "step"),
    [(1, "d-7-1-9"), (4, "d-7-1-9"), (5, "d-7-5-9"), (8, "d-7-5-9"), (9, None), (0, None)],
)
def test_device_takes_the_shortest_step_that_fits(installed: int, step: str | None) -> None:
    """The one that begins at or before the installed version; none from outside the ladder."""
    assert step_for(installed, {"d-7-1-9": 80, "d-7-5-9": 40}) == ((step,) if step else ())


def test_map_past_64_k_changes_gets_a_base() -> None:
    """The first day annuls hundreds of thousands: a base is shorter than the deltas."""
    size = 200_000
    with register_of(size) as register:
        edition = Edition(State.first({}, NOW))
        publish(register, edition, {}, NOW)
        publish(register, edition, dict.fromkeys(range(1, size, 2), 1), NOW + MINUTE)
        assert edition.after.names("base-7-", "d-7-") == ["base-7-2-0"]
        publish(register, edition, {0: StatusBits.REVOKED}, NOW + HOUR)
        assert edition.after.names("base-7-", "d-7-") == ["base-7-2-0", "d-7-2-3"]
