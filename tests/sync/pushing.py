"""A device that sends, with time, chance and sleep in the hands of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from scanner.core.errors import SyncError
from scanner.core.events import Event, SetAside
from scanner.core.upload import Reply
from scanner.sync.push import PushReport, Sender, Surroundings, Transport, push
from tests.sync.sealed import SERVER_KEY, MemoryServer, SealedDevice

BOOT = "a" * 32
Answer = Callable[[bytes], Reply]


def offline(_: bytes) -> Reply:
    """No network."""
    raise SyncError("Check the network.", retryable=True)


def stranger(_: bytes) -> Reply:
    """Another server shows itself."""
    raise SyncError("Tell the city's people.", retryable=False)


def saying(status: int, asked_s: float | None = None) -> Answer:
    """A server that takes nothing."""
    return lambda _: Reply(status, asked_s=asked_s)


def of(server: MemoryServer) -> Answer:
    """A server that keeps to the rules."""

    def answer(body: bytes) -> Reply:
        status, said = server.take(body)
        return Reply(status, said)

    return answer


@dataclass
class Script:
    """A transport: one answer after the other, then those of the server; `bodies` as they came."""

    last: Answer
    answers: list[Answer] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def post(self, body: bytes) -> Reply:
        self.bodies.append(body)
        answer = self.answers.pop(0) if self.answers else self.last
        return answer(body)

    def close(self) -> None:
        pass


class Pusher:
    """A sealed device and its ticks; seconds pass only by sleeping and by `wait`."""

    def __init__(self, folder: Path, *answers: Answer) -> None:
        self.folder = folder
        self.device, self.server = SealedDevice(folder), MemoryServer()
        self.script = Script(of(self.server), list(answers))
        self.transport: Transport = self.script
        self.boot, self.boot_s, self.now_s = BOOT, 1000.0, 1_588_150_000.0
        self.draws: Iterable[float] = ()
        self.slept: list[float] = []

    def become(self, seed: bytes) -> None:
        """Another device, before it has sealed anything."""
        self.device.close()
        self.device = SealedDevice(self.folder, seed)

    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.boot_s += seconds
        self.now_s += seconds

    def tick(self) -> PushReport:
        """What the timer starts."""
        sender = Sender(self.device.key, SERVER_KEY.public_key(), self._note)
        draws = iter(self.draws)
        around = Surroundings(
            self.boot,
            lambda: self.boot_s,
            lambda: int(self.now_s),
            lambda: next(draws, 0.5),
            self._sleep,
        )
        return push(self.device.queue, self.transport, sender, around)

    def _note(self, aside: SetAside) -> None:
        self.device.note(Event(aside))

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.wait(seconds)
