"""`kill -9` of the city's server while it takes records in: nothing receipted is lost or doubled.

strace kills `scanner central serve` at the n-th write or flush of the thread that keeps a body, so
before, within and after its transaction, also when the receipt is already signed. The device scans
and sends meanwhile, to the next server on the same files too, until all of it is there.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest

from scanner.core.signed_log import public_bytes
from scanner.core.upload import RetryState
from scanner.store.device_key import provide_device_key
from scanner.store.upload_queue import UploadQueue
from scanner.sync.push import PushReport
from tests.central.test_serve_log import CHECKOUT, Serving, serving
from tests.faults.killed_device import SCANS, Loop, start_up, tick
from tests.faults.test_killed_by_strace import STRACE, WHY_NOT, Device, Point, Town, every

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "strace is there")

MINUTES = 40  # in which every point is reached
KEEPING = {"pwrite64": 90, "fdatasync": 12}
QUICK = 3


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """A city whose server has run once; short waits of the device are slept through by nobody."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    folder = tmp_path / "central"
    folder.mkdir()
    with serving(folder) as server:
        return Town(tmp_path, server.ports[0])


@contextmanager
def doomed(town: Town, point: Point) -> Iterator[Serving]:
    """The city's server on its old port, killed when one of its threads comes to the point."""
    call, at = point
    fatal = ("-e", f"inject=?{call}:signal=SIGKILL:when={at}")
    words = ("central", "--dir", town.central, "serve", "--port", 0, "--log-port", town.port)
    with subprocess.Popen(
        [*STRACE, *fatal, sys.executable, "-P", "-m", "scanner", *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Serving(process)
        finally:
            process.kill()


def send(state: Path) -> PushReport:
    """One tick, whatever was waited for."""
    public = public_bytes(provide_device_key(state))
    with closing(UploadQueue(state, public)) as queue:
        queue.keep_retry(RetryState(), "")
    return tick(state)


def live_until_killed(device: Device, server: Serving, minutes: Iterator[int]) -> None:
    """Scans go on and are sent, until the server is gone."""
    loop = Loop(device.state, device.heard.__setitem__)
    for _ in range(MINUTES):
        loop.live_a_minute(next(minutes) * len(SCANS))
        if send(device.state).fault:
            break
    assert server.process.wait(60) == -signal.SIGKILL


def kill_at_each(town: Town, points: Sequence[Point]) -> int:
    """The next server goes on with what the last one has left; how many scans were beeped."""
    device = town.new_device()
    start_up(device.state, device.answer)
    minutes = iter(range(1, 10**6))
    for point in points:
        with doomed(town, point) as server:
            live_until_killed(device, server, minutes)
    with serving(town.central, "--log-port", str(town.port)):
        while send(device.state).taken:
            pass
    town.check(device)
    return len(device.heard)


def test_some_ends_of_the_server_lose_and_double_nothing(town: Town) -> None:
    """A sample of all points, drawn by a seed."""
    assert kill_at_each(town, Random(3).sample(every(KEEPING), QUICK)) >= QUICK * len(SCANS)


@pytest.mark.slow
def test_no_end_of_the_server_loses_or_doubles_anything(town: Town) -> None:
    """Every write and flush of a thread that keeps body after body."""
    assert kill_at_each(town, every(KEEPING)) >= len(every(KEEPING)) * len(SCANS)
