"""One tick of the upload: a body goes, whether or not anybody was scanned.

    wait over? ─▶ what is next ─▶ 16 KiB, signed ─▶ POST ─▶ receipt on the disk ─▶ next of a backlog

A backlog may send up to MOST_BODIES in a tick. The first failure ends the tick, but for waits so
short that they fit into it. What the server takes is marked and never deleted here; what it refuses
is set aside and noted in the chain. So a cut of the power anywhere sends a body twice at worst, and
the server keeps each record once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from scanner.core.batch import pack_body
from scanner.core.errors import LogError, SyncError
from scanner.core.events import SetAside
from scanner.core.receipt import Receipt, unpad_answer
from scanner.core.upload import (
    MOST_BODIES,
    Meaning,
    Outgoing,
    Reply,
    RetryState,
    meaning_of,
    words_of,
)

# In one tick, all waits together; what is longer is for a tick to come.
PATIENCE_S = 20.0
# What a server would answer to a segment that no body has room for.
TOO_LARGE = 413


class Queue(Protocol):
    """What waits, on the disk; each method raises StoreError."""

    epoch: bytes

    def outgoing(self, now_s: int) -> Outgoing: ...

    def acknowledge(self, signed: bytes, server: Ed25519PublicKey, sent: Outgoing) -> Receipt:
        """Raises LogError for a word that is not about this log."""

    def set_aside(self, sent: Outgoing, status: int, now_s: int) -> None: ...

    def retry(self) -> RetryState: ...

    def keep_retry(self, retry: RetryState, fault: str | None) -> None: ...


class Transport(Protocol):
    """A way to the server."""

    def post(self, body: bytes) -> Reply:
        """Raises SyncError."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, and whose word counts. note: puts an event into the chain; raises StoreError."""

    key: Ed25519PrivateKey
    server: Ed25519PublicKey
    note: Callable[[SetAside], None]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Time, chance and patience. draw: random, in [0, 1). now_s: seconds since 1970."""

    boot: str
    boot_s: Callable[[], float]
    now_s: Callable[[], int]
    draw: Callable[[], float]
    sleep: Callable[[float], None]


@dataclass(slots=True)
class PushReport:
    """bodies: sent and taken. taken: segments in them. fault: why it ended early, "" if it did not.

    wait_s: until the next try may be. aside: refused in this tick. receipt: the newest of the tick.
    """

    bodies: int = 0
    taken: int = 0
    fault: str = ""
    wait_s: float = 0.0
    aside: list[SetAside] = field(default_factory=list)
    receipt: Receipt | None = None


def push(
    queue: Queue,
    transport: Transport,
    sender: Sender,
    around: Surroundings,
    watch: Callable[[int], None] = lambda taken: None,
) -> PushReport:
    """One tick. watch: hears how many more segments were taken. Raises StoreError."""
    tick = _Tick(queue, transport, sender, around, watch)
    tick.run()
    return tick.report


class _Tick:
    def __init__(
        self,
        queue: Queue,
        transport: Transport,
        sender: Sender,
        around: Surroundings,
        watch: Callable[[int], None],
    ) -> None:
        self._queue, self._transport, self._sender = queue, transport, sender
        self._around, self._watch = around, watch
        self._patience_s = PATIENCE_S
        self.report = PushReport()

    def run(self) -> None:
        if not self._is_due():
            return
        for _ in range(MOST_BODIES):
            if not self._send_next():
                return

    def _is_due(self) -> bool:
        kept = self._queue.retry()
        retry = kept.resumed(self._around.boot, self._around.boot_s())
        if retry is not kept:
            self._queue.keep_retry(retry, None)
        return self._waits(retry.left_s(self._around.boot_s()))

    def _send_next(self) -> bool:
        """Whether to go on."""
        waiting = self._queue.outgoing(self._around.now_s())
        try:
            body, count = pack_body(self._sender.key, self._queue.epoch, waiting.parts)
        except LogError:
            self._set_aside(waiting.cut(1), TOO_LARGE)
            return True
        sent = waiting.cut(count)
        try:
            reply = self._transport.post(body)
            return self._heed(reply, sent)
        except SyncError as error:
            return self._failed(str(error), is_passing=error.retryable)

    def _heed(self, reply: Reply, sent: Outgoing) -> bool:
        match meaning_of(reply.status):
            case Meaning.TAKEN:
                return self._taken(reply, sent)
            case Meaning.ASIDE if sent.parts:
                self._set_aside(sent, reply.status)
                self.report.fault = words_of(reply.status)
                return False
            case meaning:
                is_passing = meaning is Meaning.LATER
                words = words_of(reply.status)
                return self._failed(words, is_passing=is_passing, asked_s=reply.asked_s)

    def _taken(self, reply: Reply, sent: Outgoing) -> bool:
        """Only what the server has signed counts; a word about another log is a loud fault."""
        try:
            signed = unpad_answer(reply.body)
            receipt = self._queue.acknowledge(signed, self._sender.server, sent)
        except LogError as error:
            return self._failed(str(error), is_passing=False)
        report = self.report
        report.bodies, report.taken = report.bodies + 1, report.taken + len(sent.parts)
        report.receipt, report.fault = receipt, ""
        self._watch(len(sent.parts))
        return sent.has_more or sent.is_again

    def _set_aside(self, sent: Outgoing, status: int) -> None:
        """The note first: a cut in between sends the batch once more, and notes it twice."""
        aside = SetAside(sent.first, sent.last, status)
        if not sent.is_again:
            self._sender.note(aside)
        self._queue.set_aside(sent, status, self._around.now_s())
        self.report.aside.append(aside)

    def _failed(self, words: str, *, is_passing: bool, asked_s: float | None = None) -> bool:
        """Kept before any wait, so that a cut of the power does not make it forget."""
        around = self._around
        draw, boot_s = around.draw(), around.boot_s()
        retry = self._queue.retry().failed(draw, around.boot, boot_s, asked_s)
        self._queue.keep_retry(retry, words)
        self.report.fault, self.report.wait_s = words, retry.wait_s
        return is_passing and self._waits(retry.wait_s)

    def _waits(self, wait_s: float) -> bool:
        """Whether it was short enough to be slept through."""
        if wait_s > self._patience_s:
            self.report.wait_s = wait_s
            return False
        if wait_s > 0:
            self._patience_s -= wait_s
            self._around.sleep(wait_s)
        self.report.wait_s = 0.0
        return True
