"""Lists for a desk: a trust list from a file, with or without the rest."""

from __future__ import annotations

from dataclasses import dataclass

from scanner.core.claims import Pass
from scanner.core.clock import ClockReading
from scanner.core.facts import ListFacts
from scanner.core.policy import CheckpointPolicy
from scanner.core.trust import TrustList
from scanner.ports import Lists


@dataclass(frozen=True, slots=True)
class GivenTrust:
    """A trust list alone: revocation is answered from empty fresh lists."""

    trust: TrustList
    policy: CheckpointPolicy

    def about(self, pass_: Pass, now: ClockReading) -> ListFacts:
        return ListFacts(status_age_s=0.0, holders_age_s=0.0)

    def refresh(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class OtherTrust:
    """Installed lists, but with another trust list."""

    lists: Lists
    trust: TrustList

    @property
    def policy(self) -> CheckpointPolicy:
        return self.lists.policy

    def about(self, pass_: Pass, now: ClockReading) -> ListFacts:
        """Raises StoreError."""
        return self.lists.about(pass_, now)

    def refresh(self) -> bool:
        """Raises StoreError."""
        return self.lists.refresh()
