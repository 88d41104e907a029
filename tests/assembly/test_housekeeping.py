"""Once a minute: lists, times and the end of the regime, on real stores and a scripted clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hardware.clock import ClockReaders, SystemClock
from scanner.assembly.housekeeping import EVERY_S, Housekeeping, Stores
from scanner.core.clock import ClockLevel
from scanner.core.errors import StoreError
from scanner.core.held_time import Held
from scanner.core.policy import Checkpoint
from scanner.core.reasons import Outcome, Reason
from scanner.core.record import NO_FLAGS, ScanRecord
from scanner.core.time_bounds import TimeSource
from scanner.store import wipe as wipe_module
from scanner.store.database import LISTS, connect
from scanner.store.device_key import KEY_FILE, provide_device_key
from scanner.store.install import confirm_age
from scanner.store.installed import Artefact, keep_artefact
from scanner.store.known_time import KnownTime
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from scanner.store.segments import SegmentLog
from scanner.store.trust_list import SqliteLists
from scanner.store.wipe import STATEMENT
from tests import city
from tests.journeys.booth import install
from tests.store.log_case import RUNNING

END = city.NOW + timedelta(days=3)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RECORD = ScanRecord(1, Outcome.REFUSE, Reason.REVOKED, 7, NO_FLAGS, 2)


class House:
    """A device without camera and lamps: what housekeeping looks after, and its clock."""

    def __init__(
        self, state: Path, parts: ExitStack, at: datetime = city.NOW, boot: str = "b1"
    ) -> None:
        self.state, self.at, self.boot_s, self.is_disciplined = state, at, 100.0, True
        self.known = parts.enter_context(closing(KnownTime(state, boot, self.boot_s)))
        self.outbox = parts.enter_context(closing(SqliteOutbox(state)))
        self.lists = parts.enter_context(
            closing(SqliteLists(state, Checkpoint(), allow_test_keys=False))
        )
        readers = ClockReaders(
            system_s=lambda: self.at.timestamp(),
            boot_s=lambda: self.boot_s,
            is_disciplined=lambda: self.is_disciplined,
            rtc=lambda: None,
        )
        self.clock = SystemClock(self.known.load(), self.known.save, readers)
        stores = Stores(self.lists, self.outbox, self.known)
        self.forgotten = 0
        self.keep = Housekeeping(state, self.clock, stores, self._forget)

    def _forget(self) -> None:
        self.forgotten += 1

    def minute(self) -> None:
        """A minute goes by, and housekeeping is done."""
        self.pass_time(MINUTE)
        self.keep(self.boot_s)

    def pass_time(self, by: timedelta) -> None:
        self.at += by
        self.boot_s += by.total_seconds()

    def run_until(self, end: datetime) -> None:
        """Hour by hour, with lists that are signed anew each hour."""
        while self.at < end:
            self.pass_time(min(HOUR, end - self.at))
            self.sign(self.at)
            self.keep(self.boot_s)

    def sign(self, at: datetime) -> None:
        """A newer signed time still names everything that is installed."""
        confirm_age(self.state, int(at.timestamp()))

    @property
    def is_wiped(self) -> bool:
        return (self.state / STATEMENT).exists()


@pytest.fixture
def parts() -> Iterator[ExitStack]:
    """Closes what a test opens."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def house(tmp_path: Path, parts: ExitStack) -> House:
    """The city's lists with an end of the regime in three days."""
    migrate(tmp_path)
    provide_device_key(tmp_path)
    install(tmp_path, city.targets(), int(END.timestamp()))
    return House(tmp_path, parts)


def test_floor_is_saved_each_minute(house: House) -> None:
    """What a cut of the power leaves is less than a minute old."""
    for _ in range(3):
        house.minute()
        assert house.known.load().bounds.floor == house.at
    floor = house.at
    house.pass_time(timedelta(seconds=EVERY_S - 1))
    house.keep(house.boot_s)
    assert house.known.load().bounds.floor == floor


def test_hand_of_a_command_is_taken_over(house: House) -> None:
    """Within a minute, while nothing better is known; it raises no floor."""
    house.is_disciplined = False
    house.known.set_by_hand(Held.from_hand(city.NOW + HOUR, house.boot_s))
    house.minute()
    assert (house.clock.now().level, house.clock.source) == (ClockLevel.B, TimeSource.HAND)
    assert house.known.load().bounds.floor == datetime.fromtimestamp(city.ISSUED_AT, UTC)


def test_expiry_of_the_offline_targets_comes_with_the_lists(house: House) -> None:
    """From then on no online claim passes it."""
    until = city.NOW + 30 * DAY
    with closing(connect(house.state, LISTS)) as db:
        keep_artefact(db, "offline-until", Artefact(int(until.timestamp()), city.ISSUED_AT))
    house.minute()
    assert house.known.load().bounds.offline_until == until
    assert house.clock.memory.bounds.offline_until == until


def test_lists_from_the_future_are_told(house: House) -> None:
    """A stolen online key: the clock goes on, doctor names the claim."""
    house.minute()
    house.sign(city.NOW + 90 * DAY)
    house.minute()
    assert house.clock.now().level is ClockLevel.A
    assert house.known.future_claim == city.NOW + 90 * DAY
    assert house.known.load().bounds.floor == house.at


def test_wipe_comes_a_day_after_the_end_and_not_before(house: House) -> None:
    """Level A, no records that wait; the device then knows that no pass is needed."""
    house.run_until(END + DAY - MINUTE)
    assert (house.is_wiped, bool(house.lists.trust.keys)) == (False, True)
    house.run_until(END + DAY)
    assert house.is_wiped
    assert not (house.state / KEY_FILE).exists()
    house.minute()
    assert house.lists.trust.keys == {}
    assert house.lists.policy.has_ended(house.clock.now())


def test_records_that_wait_delay_the_wipe_by_two_weeks(house: House) -> None:
    """Nobody took them: they go with the rest in the end."""
    house.outbox.append(RECORD)
    house.run_until(END + 15 * DAY - HOUR)
    assert (house.is_wiped, house.outbox.waiting()) == (False, 1)
    house.run_until(END + 15 * DAY)
    assert (house.is_wiped, house.outbox.waiting()) == (True, 0)


def test_records_that_a_server_has_delay_nothing(house: House) -> None:
    """They are still there for a supervisor, and wait for nobody; after the wipe numbers begin
    anew, and whoever held a key lets go of it."""
    house.outbox.append(RECORD)
    with closing(SegmentLog(house.state, provide_device_key(house.state))) as chain:
        chain.seal(house.at, RUNNING, whole=True)
        chain.db.execute("UPDATE segment SET state = 1")
    house.run_until(END + DAY)
    assert (house.is_wiped, house.forgotten) == (True, 1)
    assert house.outbox.append(RECORD) == 1


@pytest.mark.parametrize("lie", [5 * DAY, 400 * DAY])
def test_lying_time_server_wipes_nothing(house: House, lie: timedelta) -> None:
    """A jump past the end is no end."""
    house.minute()
    house.at += lie
    for _ in range(3):
        house.minute()
    assert not house.is_wiped


def test_two_witnesses_past_the_reach_wipe_nothing(house: House, parts: ExitStack) -> None:
    """A device out of a drawer stops, and wipes once the offline keys say how late it is."""
    house.minute()
    house.known.set_offline_until(END + 100 * DAY)
    house.sign(END + 3 * DAY)
    later = House(house.state, parts, END + 3 * DAY, "b2")
    later.minute()
    later.minute()
    assert later.clock.now().level is ClockLevel.A
    assert later.lists.policy.has_ended(later.clock.now())
    assert not later.is_wiped
    later.known.hear(TimeSource.OFFLINE, END + 2 * DAY, later.boot_s)
    later.minute()
    assert later.is_wiped


def test_hand_past_the_end_wipes_nothing(house: House) -> None:
    """Whoever sets the clock by hand stops the device, and loses nothing."""
    house.is_disciplined = False
    house.known.set_by_hand(Held.from_hand(END + 100 * DAY, house.boot_s))
    house.minute()
    assert house.lists.policy.has_ended(house.clock.now())
    assert not house.is_wiped


def test_wipe_that_fails_is_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lamps go on saying that no pass is needed meanwhile."""

    def fail(*_: object) -> None:
        raise StoreError("the card is read-only")

    house.run_until(END + DAY - MINUTE)
    with monkeypatch.context() as patch:
        patch.setattr(wipe_module, "wipe", fail)
        house.minute()
        house.minute()
    assert not house.is_wiped
    house.minute()
    assert house.is_wiped


def test_wipe_is_done_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wiped device does not wipe again each minute."""
    house.run_until(END + DAY)
    monkeypatch.setattr(wipe_module, "wipe", lambda *_: pytest.fail("wiped again"))
    house.minute()
    assert house.is_wiped


def test_simulated_clock_teaches_nothing(house: House) -> None:
    """Neither a floor nor a wipe comes of a recording."""
    stores = Stores(house.lists, house.outbox, house.known)
    Housekeeping(house.state, None, stores)(1e9)
    assert house.known.load().bounds.base is None
    assert not house.is_wiped
