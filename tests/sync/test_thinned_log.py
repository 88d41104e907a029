"""A log of which the device had to give up something still reaches the city, up to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from scanner.central.ingest import Ingest, RefusedError
from scanner.central.ledger import Device, Ledger, open_ledger
from scanner.central.log_source import read_logs
from scanner.core.chain import State, check_log
from scanner.core.logbook import DeviceLog
from scanner.core.policy import LogPolicy
from scanner.core.reasons import Reason
from scanner.core.receipt import pad_answer, read_receipt
from scanner.core.record import local_day
from scanner.core.signed_log import public_bytes
from scanner.core.upload import Reply
from scanner.store.fold import fold_oldest
from scanner.store.retention import Age, retire
from tests.sync.pushing import Pusher, offline, saying
from tests.sync.sealed import RUNNING, SERVER_KEY, SealedDevice

DAY = timedelta(days=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(open_ledger(str(tmp_path / "log.db"))) as opened:
        yield opened


@pytest.fixture
def pusher(tmp_path: Path, ledger: Ledger) -> Pusher:
    """A device that the city knows."""
    pusher = Pusher(tmp_path / "device")
    with ledger.book() as book:
        book.keep_device(Device(public_bytes(pusher.device.key), 0, 2**32))
    ingest = Ingest(ledger, SERVER_KEY, lambda: pusher.device.now)

    def answer(body: bytes) -> Reply:
        try:
            return Reply(200, pad_answer(ingest.take(body)))
        except RefusedError as error:
            return Reply(error.status)

    pusher.script.last = answer
    return pusher


def day_of_scans(device: SealedDevice, admitted: int, refused: int) -> None:
    """Sealed to its end; then it is the next day."""
    device.scan(admitted)
    device.scan(refused, Reason.EXPIRED)
    device.seal(whole=True)
    device.now += DAY


def over(device: SealedDevice) -> None:
    """Remove whatever time is over for, whether or not a server has it."""
    today = local_day(device.now, RUNNING.zone)
    while retire(device.log, device.now, RUNNING, LogPolicy(), Age(today, today)):
        pass


def send_all(pusher: Pusher) -> None:
    """Until nothing waits, a day at a time, so that what was set aside is offered again."""
    taken = 1
    while taken:
        pusher.wait(DAY.total_seconds())
        taken = pusher.tick().taken
    assert pusher.device.queue.status().fault == ""
    assert pusher.device.queue.status().aside == ()


def city_log(tmp_path: Path, pusher: Pusher) -> tuple[DeviceLog, set[State]]:
    """What the city has, and what there is to say of it; the receipt goes to its end."""
    (log,) = read_logs(str(tmp_path / "log.db"), 0, 10**6)
    receipt = read_receipt(log.receipt, SERVER_KEY.public_key())
    query = "SELECT max(number) FROM segment"
    assert receipt.segment == pusher.device.queue._db.execute(query).fetchone()[0]
    return log, {finding.state for finding in check_log(log, receipt)}


@pytest.mark.parametrize("folds", [1, 3])
def test_folded_day_arrives_as_counts_and_refusals(
    tmp_path: Path, pusher: Pusher, folds: int
) -> None:
    """What had to give way before it was sent is accounted for; refusals go last."""
    day_of_scans(pusher.device, admitted=300, refused=20)
    for _ in range(folds):
        assert fold_oldest(pusher.device.log, pusher.device.now, RUNNING)
        pusher.device.seal()
        day_of_scans(pusher.device, admitted=30, refused=2)
    send_all(pusher)
    log, states = city_log(tmp_path, pusher)
    assert states == {State.INTACT, State.FOLDED}
    assert log.records == pusher.device.records()


def test_day_that_was_folded_after_it_was_sent_stays_whole(tmp_path: Path, pusher: Pusher) -> None:
    """The city keeps what it has; the device has the counts."""
    day_of_scans(pusher.device, admitted=300, refused=20)
    send_all(pusher)
    assert fold_oldest(pusher.device.log, pusher.device.now, RUNNING)
    send_all(pusher)
    log, states = city_log(tmp_path, pusher)
    assert states == {State.INTACT}
    assert len(log.records) == 320
    assert len(pusher.device.records()) == 20


def test_late_enrolment_begins_where_the_log_begins(tmp_path: Path, pusher: Pusher) -> None:
    """Days that were removed before any server came are missed by nobody: the chain says so."""
    for _ in range(40):
        day_of_scans(pusher.device, admitted=3, refused=1)
    over(pusher.device)
    kept = pusher.device.records()
    assert 0 < len(kept) < 160
    send_all(pusher)
    log, states = city_log(tmp_path, pusher)
    assert log.records == kept
    assert states == {State.INTACT, State.RETIRED}


def test_refused_batch_that_grew_too_old_stops_nobody(tmp_path: Path, pusher: Pusher) -> None:
    """Receipts wait before the gap while there is hope, and go past it when there is none."""
    pusher.script.answers = [saying(400)]
    day_of_scans(pusher.device, admitted=5, refused=0)
    assert pusher.tick().aside
    pusher.script.answers = [saying(400), offline]
    for _ in range(40):
        day_of_scans(pusher.device, admitted=1, refused=0)
    pusher.tick()
    over(pusher.device)
    send_all(pusher)
    log, states = city_log(tmp_path, pusher)
    assert log.records == pusher.device.records()
    assert State.MISSING not in states
    assert State.FORGED not in states
