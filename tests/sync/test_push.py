"""One tick of the upload: what is sent, what stops it, what is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.core.batch import BODY_BYTES, unpack_body
from scanner.core.events import SetAside
from scanner.core.receipt import Receipt, pad_answer
from scanner.core.segment import NO_LINK, read_segment
from scanner.core.upload import MOST_BODIES, Reply
from scanner.store.upload_queue import SegmentState
from scanner.sync.push import PATIENCE_S
from tests.sync.pushing import Pusher, offline, saying, stranger
from tests.sync.sealed import SERVER_KEY

DAY_S = 24 * 3600
WAITS, TAKEN, ASIDE, _ = SegmentState


def test_a_body_goes_also_when_nothing_waits(tmp_path: Path) -> None:
    """One at each tick, of the size of all others, and the server answers it."""
    pusher = Pusher(tmp_path)
    report = pusher.tick()
    assert [len(body) for body in pusher.script.bodies] == [BODY_BYTES]
    assert (report.bodies, report.taken, report.fault) == (1, 0, "")


def test_what_was_sealed_arrives_and_is_marked(tmp_path: Path) -> None:
    """Every record once; the next tick sends what came after."""
    pusher = Pusher(tmp_path)
    pusher.device.scan(300)
    pusher.device.seal(whole=True)
    assert (pusher.tick().taken, pusher.tick().taken) == (2, 0)
    assert sorted(pusher.server.written) == list(range(1, 301))
    assert pusher.device.states() == [TAKEN, TAKEN]


def test_backlog_sends_eight_bodies_in_a_tick(tmp_path: Path) -> None:
    """And goes on in the next, until nothing waits."""
    pusher = Pusher(tmp_path)
    pusher.device.seal_bulky(130)
    first = pusher.tick()
    assert (first.bodies, len(pusher.script.bodies)) == (MOST_BODIES, MOST_BODIES)
    reports = [first]
    while reports[-1].bodies == MOST_BODIES:
        reports.append(pusher.tick())
    assert sum(report.taken for report in reports) == 130
    assert pusher.device.states() == [TAKEN] * 130


def test_short_wait_is_slept_through(tmp_path: Path) -> None:
    """A hiccup of the network costs a second, not a minute."""
    pusher = Pusher(tmp_path, offline, offline)
    pusher.device.seal()
    report = pusher.tick()
    assert pusher.slept == [0.5, 1.0]
    assert (report.bodies, report.taken, report.fault, report.wait_s) == (1, 1, "", 0.0)


def test_tick_sleeps_no_longer_than_its_patience(tmp_path: Path) -> None:
    """All waits of a tick together; the one that is too long is kept for later."""
    pusher = Pusher(tmp_path, *[offline] * 20)
    report = pusher.tick()
    assert pusher.slept == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert sum(pusher.slept) <= PATIENCE_S
    assert (report.fault, report.wait_s) == ("Check the network.", 16.0)
    assert pusher.device.queue.status().fault == "Check the network."


def test_nothing_is_sent_before_the_wait_is_over(tmp_path: Path) -> None:
    """The timer comes each minute; a wait of minutes lets it go by."""
    pusher = Pusher(tmp_path, saying(503, asked_s=200))
    pusher.device.seal()
    assert pusher.tick().wait_s == 200.5
    pusher.wait(60)
    report = pusher.tick()
    assert (report.bodies, report.wait_s) == (0, 140.5)
    pusher.wait(139)
    assert pusher.tick().bodies == 1
    assert pusher.slept == [1.5]
    assert len(pusher.script.bodies) == 2


def test_wait_survives_a_cut_of_the_power(tmp_path: Path) -> None:
    """It begins anew after a reboot, since nobody knows how long that took."""
    pusher = Pusher(tmp_path, saying(503, asked_s=200))
    pusher.tick()
    pusher.boot, pusher.boot_s = "b" * 32, 5.0
    assert pusher.tick().wait_s == 200.5
    pusher.wait(100)
    assert pusher.tick().wait_s == 100.5
    pusher.wait(101)
    assert pusher.tick().bodies == 1


def test_failures_in_a_row_wait_longer_and_success_ends_them(tmp_path: Path) -> None:
    """Up to a quarter of an hour; then one answer is enough."""
    pusher = Pusher(tmp_path, *[offline] * 40)
    waits = []
    while pusher.script.answers:
        waits.append(pusher.tick().wait_s)
        pusher.wait(waits[-1])
    assert max(waits) == 450.0
    assert pusher.tick().fault == ""
    assert pusher.device.queue.retry().attempts == 0


@pytest.mark.parametrize("status", [301, 307, 401, 403, 404, 405, 418])
def test_answer_for_people_keeps_everything_and_waits(tmp_path: Path, status: int) -> None:
    """Without another try in the same tick; nothing is set aside, nothing lost."""
    pusher = Pusher(tmp_path, saying(status))
    pusher.device.scan(3)
    pusher.device.seal(whole=True)
    report = pusher.tick()
    assert (report.bodies, report.aside, pusher.slept) == (0, [], [])
    assert report.fault.endswith(f"(status {status})")
    assert pusher.device.states() == [WAITS]
    pusher.wait(1)
    assert pusher.tick().taken == 1


def test_server_that_is_a_stranger_ends_the_tick(tmp_path: Path) -> None:
    """It will not become ours within seconds."""
    pusher = Pusher(tmp_path, stranger)
    report = pusher.tick()
    assert (report.fault, pusher.slept) == ("Tell the city's people.", [])


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_refused_batch_is_set_aside_and_noted(tmp_path: Path, status: int) -> None:
    """The chain says so, what comes after goes on, and a day later it is offered again."""
    pusher = Pusher(tmp_path, saying(status))
    pusher.device.scan(5)
    pusher.device.seal(whole=True)
    report = pusher.tick()
    assert report.aside == [SetAside(1, 1, status)]
    assert (report.bodies, len(pusher.script.bodies)) == (0, 1)
    noted = read_segment(pusher.device.queue.outgoing(int(pusher.now_s)).parts[0].segment)
    assert [event.body for event in noted.events] == [SetAside(1, 1, status)]
    assert pusher.tick().taken == 1
    pusher.wait(DAY_S)
    assert pusher.tick().taken == 1
    assert pusher.device.states() == [TAKEN, TAKEN]
    assert sorted(pusher.server.written) == [1, 2, 3, 4, 5]


def test_batch_that_is_refused_again_is_noted_once(tmp_path: Path) -> None:
    """The chain does not grow by a server's mood."""
    pusher = Pusher(tmp_path, saying(400))
    pusher.device.seal()
    pusher.tick()
    pusher.tick()
    pusher.wait(DAY_S)
    pusher.script.answers = [saying(400)]
    assert pusher.tick().aside == [SetAside(1, 1, 400)]
    assert pusher.device.states()[0] == ASIDE
    assert len(pusher.device.states()) == 2


def test_refusal_of_an_empty_body_is_a_fault(tmp_path: Path) -> None:
    """There is nothing to set aside."""
    pusher = Pusher(tmp_path, saying(400))
    report = pusher.tick()
    assert (report.aside, report.fault != "", report.wait_s > 0) == ([], True, True)


def test_word_about_another_log_is_loud(tmp_path: Path) -> None:
    """It is kept as the fault of the last try, and nothing counts as sent."""
    foreign = Receipt(bytes(8), bytes(8), 0, 0, NO_LINK, 0).sign(SERVER_KEY)
    pusher = Pusher(tmp_path, lambda _: Reply(200, pad_answer(foreign)))
    pusher.device.seal()
    report = pusher.tick()
    assert "not about this log" in report.fault
    assert "not about this log" in pusher.device.queue.status().fault
    assert (report.bodies, pusher.device.states()) == (0, [WAITS])


def test_answer_that_is_no_receipt_is_a_fault(tmp_path: Path) -> None:
    """512 bytes of anything."""
    pusher = Pusher(tmp_path, lambda _: Reply(200, bytes(512)))
    pusher.device.seal()
    assert "answer" in pusher.tick().fault
    assert pusher.device.states() == [WAITS]


def test_lost_answer_sends_twice_and_stores_once(tmp_path: Path) -> None:
    """The server has it, the device does not know: each record once all the same."""
    pusher = Pusher(tmp_path)

    def lose(body: bytes) -> Reply:
        pusher.server.take(body)
        return offline(body)

    pusher.script.answers = [lose]
    pusher.device.scan(50)
    pusher.device.seal(whole=True)
    assert pusher.tick().taken == 1
    assert sorted(pusher.server.written) == list(range(1, 51))
    assert len(pusher.script.bodies) == 2


def test_segment_without_room_is_set_aside(tmp_path: Path) -> None:
    """It cannot be sent at all; what comes after it is, in the same tick."""
    pusher = Pusher(tmp_path)
    pusher.device.seal_minutes(2)
    damage = "UPDATE segment SET signed = randomblob(30000) WHERE number = 1"
    pusher.device.queue._db.execute(damage)
    report = pusher.tick()
    assert report.aside == [SetAside(1, 1, 413)]
    assert (report.bodies, len(pusher.script.bodies)) == (1, 1)


def test_damaged_segment_is_refused_alone(tmp_path: Path) -> None:
    """Its neighbours arrive; the server says what it thinks of it, and the chain notes that."""
    pusher = Pusher(tmp_path)
    pusher.device.scan(4)
    pusher.device.seal(whole=True)
    pusher.device.seal_minutes(2)
    pusher.device.queue._db.execute("UPDATE segment SET signed = x'00' WHERE number = 2")
    assert pusher.tick().aside == [SetAside(2, 2, 400)]
    pusher.tick()
    assert len(pusher.server.written) == 4
    assert sorted(*pusher.server.segments.values()) == [1, 3, 4]


def test_body_names_the_device_and_its_epoch(tmp_path: Path) -> None:
    """Whoever stores it needs nothing else."""
    pusher = Pusher(tmp_path)
    pusher.tick()
    batch = unpack_body(pusher.script.bodies[0])
    assert batch.epoch == pusher.device.queue.epoch
