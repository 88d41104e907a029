"""A device that follows a city's repository with a board whose time is a value: sync and loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path

from scanner.assembly.clock import open_known_time, start_clock
from scanner.assembly.housekeeping import Housekeeping, Stores
from scanner.checkpoint import decide
from scanner.core.claims import Pass
from scanner.core.clock import ClockReading
from scanner.core.facts import Facts
from scanner.core.policy import Checkpoint
from scanner.core.verdict import Verdict
from scanner.store.outbox import SqliteOutbox
from scanner.store.trust_list import SqliteLists

Scanner = Callable[..., tuple[int, str, str]]


class Follower:
    """`scanner` runs a command line; the loop is opened anew for each look, as after a restart."""

    def __init__(self, scanner: Scanner, state: Path, root: Path, fleet_key: Path) -> None:
        self.state, self._scanner = state, scanner
        self._root, self._fleet_key = root, fleet_key

    def sync(self, source: Path, *options: str) -> tuple[int, str, str]:
        """`scanner sync --from`; the root is that of the city's first day."""
        given = ("--root", self._root, "--fleet-key", self._fleet_key)
        return self._scanner("sync", "--state", self.state, "--from", source, *given, *options)

    def loop(self) -> AbstractContextManager[Loop]:
        """The loop of this device, started anew."""
        return loop_of(self.state)


@contextmanager
def loop_of(state: Path) -> Iterator[Loop]:
    """The part of the loop that knows the time, with one minute's housekeeping done."""
    with ExitStack() as parts:
        yield Loop(state, parts)


class Loop:
    """Clock, stores and housekeeping, without camera and lamps."""

    def __init__(self, state: Path, parts: ExitStack) -> None:
        self.lists = parts.enter_context(
            closing(SqliteLists(state, Checkpoint(), allow_test_keys=False))
        )
        self.known = parts.enter_context(closing(open_known_time(state)))
        outbox = parts.enter_context(closing(SqliteOutbox(state)))
        self.clock = start_clock(self.known, self.lists.signed_at)
        self._keep = Housekeeping(state, self.clock, Stores(self.lists, outbox, self.known))
        self._minutes = 0
        self.minute()

    def minute(self) -> ClockReading:
        """Housekeeping, and what the time is then."""
        self._minutes += 1
        self._keep(60.0 * self._minutes)
        return self.clock.now()

    def judge(self, payload: bytes) -> Verdict:
        """As the loop does at a scan."""
        now = self.clock.now()

        def facts_about(pass_: Pass) -> Facts:
            return Facts(self.lists.about(pass_, now))

        return decide(payload, self.lists, facts_about, now)

    @property
    def floor(self) -> datetime:
        """As it is kept."""
        return self.known.load().bounds.floor
