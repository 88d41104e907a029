"""What the loop counts beside its records: how long lamps took, and how often it cannot decide.

In memory alone. The times go into a segment as 16 numbers, the share of UNDECIDED as one flag.
"""

from __future__ import annotations

from collections import deque

from scanner.core.reasons import Outcome
from scanner.core.segment import BUCKETS, bucket_of

# So many of the scans of ten minutes may be undecided before somebody should look at the device.
AMBER_SHARE, AMBER_WITHIN_S = 0.2, 600.0
# Fewer scans than these say nothing.
AMBER_LEAST_SCANS = 5


class ScanTally:
    """Of one run of the loop; times are monotonic seconds."""

    def __init__(self) -> None:
        self._buckets = [0] * BUCKETS
        self._judged: deque[tuple[float, bool]] = deque()

    def note(self, outcome: Outcome, latency_s: float, now_s: float) -> None:
        """A judged scan. latency_s: from the frame to the lamp."""
        self._buckets[bucket_of(latency_s)] += 1
        self._judged.append((now_s, outcome is Outcome.UNDECIDED))
        self._forget_old(now_s)

    @property
    def histogram(self) -> tuple[int, ...]:
        """Scans since `forget_times` by the bucket of their latency."""
        return tuple(self._buckets)

    def forget_times(self) -> None:
        """They stand in a segment now."""
        self._buckets = [0] * BUCKETS

    def is_amber(self, now_s: float) -> bool:
        """Whether too many of the last ten minutes' scans were undecided."""
        self._forget_old(now_s)
        judged = len(self._judged)
        undecided = sum(is_undecided for _, is_undecided in self._judged)
        return judged >= AMBER_LEAST_SCANS and undecided > AMBER_SHARE * judged

    def _forget_old(self, now_s: float) -> None:
        while self._judged and now_s - self._judged[0][0] > AMBER_WITHIN_S:
            self._judged.popleft()
