"""What the device remembers of whom it admitted: ten minutes, in memory only.

Not the pass id but its HMAC under a key of this boot: a dump of the memory names nobody, and
after a restart nothing is left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from scanner.core.claims import Pass
from scanner.core.facts import Seen
from scanner.core.hashing import KeyedHash

MEMORY_S = 600.0
MOST_ENTRIES = 10_000


@dataclass(slots=True)
class RepeatMemory:
    """Admissions by HMAC → when, in monotonic seconds; committed admissions only.

    `key`: 32 random bytes of this boot. `started_s`, `started_at`: when this memory began.
    """

    key: bytes = field(repr=False)
    started_s: float
    started_at: datetime
    _keyed: KeyedHash = field(init=False, repr=False)
    _passes: dict[bytes, float] = field(default_factory=dict, repr=False)
    _holders: dict[bytes, tuple[float, bytes]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._keyed = KeyedHash(self.key)

    def about(self, pass_: Pass, now_s: float) -> Seen:
        """What is remembered of this pass and its holder."""
        mark = self._mark(b"pass", pass_.cti)
        admitted_s = self._passes.get(mark)
        ago_s = None if admitted_s is None else now_s - admitted_s
        if ago_s is not None and ago_s >= MEMORY_S:
            ago_s = None
        is_young = now_s - self.started_s < MEMORY_S
        return Seen(
            ago_s=ago_s,
            same_person=self._saw_another(pass_, mark, now_s),
            memory_lost_at=self.started_at if is_young and ago_s is None else None,
        )

    def _saw_another(self, pass_: Pass, mark: bytes, now_s: float) -> bool:
        if pass_.holder_ref is None:
            return False
        seen_s, seen_mark = self._holders.get(self._mark(b"holder", pass_.holder_ref), (0.0, mark))
        return seen_mark != mark and now_s - seen_s < MEMORY_S

    def remember(self, pass_: Pass, now_s: float) -> None:
        """The record of this admission is on the disk."""
        self._make_room(now_s)
        mark = self._mark(b"pass", pass_.cti)
        self._passes.pop(mark, None)  # so that both stay in the order of their time
        self._passes[mark] = now_s
        if pass_.holder_ref is not None:
            holder = self._mark(b"holder", pass_.holder_ref)
            self._holders.pop(holder, None)
            self._holders[holder] = now_s, mark

    def _mark(self, what: bytes, value: bytes) -> bytes:
        return self._keyed.of(what + value)[:16]

    def _make_room(self, now_s: float) -> None:
        """Drop what is older than ten minutes.

        A memory that is full forgets its oldest as if it had just started: a one-off pass is then
        compared by eye instead of being admitted twice.
        """
        while self._passes and now_s - next(iter(self._passes.values())) >= MEMORY_S:
            del self._passes[next(iter(self._passes))]
        while self._holders and now_s - next(iter(self._holders.values()))[0] >= MEMORY_S:
            del self._holders[next(iter(self._holders))]
        if len(self._passes) >= MOST_ENTRIES:
            del self._passes[next(iter(self._passes))]
            self.started_s = now_s
