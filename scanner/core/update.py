"""A signed update in plain values: targets by name, and the steps that lead to their versions.

A list is called `keys`, `policy`, `rules`, `holders`, `ids`, `status-<issuer>` or `issued-<kid>`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

_KID = re.compile("[0-9a-f]{16}")
# How many numbers follow the word in a target's name.
_NUMBERS = {"keys": 2, "rules": 1, "policy": 1, "holders": 1, "base": 3, "d": 3, "ids": 2}
_NUMBER = re.compile("0|[1-9][0-9]{0,9}")
APPROVE = "approve-"


@dataclass(frozen=True, slots=True, order=True)
class TargetName:
    """`base-7-4-0` → kind "base", numbers (7, 4, 0); `issued-<kid>-1` → "issued", (1,), kid."""

    kind: str
    numbers: tuple[int, ...]
    kid: str = ""

    @property
    def list_name(self) -> str:
        """The list that the target belongs to."""
        match self.kind:
            case "base" | "d":
                return f"status-{self.numbers[0]}"
            case "issued":
                return f"issued-{self.kid}"
            case _:
                return self.kind

    @property
    def version(self) -> int:
        """The version that the list has with this target; 0 for issued sets, which have none."""
        match self.kind:
            case "keys" | "rules" | "policy" | "holders":
                return self.numbers[0]
            case "base" | "ids":
                return self.numbers[1]
            case "d":
                return self.numbers[2]
            case _:
                return 0

    @property
    def from_version(self) -> int:
        """The oldest version that a delta fits; 0 for what needs none."""
        match self.kind:
            case "d":
                return self.numbers[1]
            case "ids":
                return self.numbers[0]
            case _:
                return 0


def parse_target_name(name: str) -> TargetName | None:
    """None for a name of another form: of a later version of this program, perhaps."""
    kind, *rest = name.split("-")
    if kind == "issued" and rest and _KID.fullmatch(rest[0]):
        numbers, kid, is_whole = rest[1:], rest[0], len(rest) <= 2
    else:
        numbers, kid, is_whole = rest, "", len(rest) == _NUMBERS.get(kind)
    if not is_whole or not all(map(_NUMBER.fullmatch, numbers)):
        return None
    target = TargetName(kind, tuple(map(int, numbers)), kid)
    if kind == "base" and not 1 <= target.numbers[0] <= 255:
        return None
    return target


@dataclass(frozen=True, slots=True)
class Target:
    """What signed metadata says of a file: its length in bytes and its SHA-256 in hex."""

    length: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Step:
    """Brings one list to a version by these targets, in this order."""

    list_name: str
    version: int
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Update:
    """What one verified moment of a repository brings; times in seconds since 1970.

    `current`: the newest version of each list that it names. `dropped`: lists it names no more.
    `targets`: of every target that a step needs. `approved`: SHA-256 in hex of targets that may
    change more than the circuit breaker lets pass. `bases`: digests of all bases that it names.
    """

    issued_at: int
    steps: tuple[Step, ...]
    targets: Mapping[str, Target]
    current: Mapping[str, int] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    approved: frozenset[str] = frozenset()
    bases: frozenset[str] = frozenset()
    end_of_regime: int | None = None
    offline_until: int | None = None


@dataclass(frozen=True, slots=True)
class HeldChange:
    """A target that changes more than may change: nothing of what is counted here is applied."""

    list_name: str
    target: str
    sha256: str
    from_version: int
    flips: int
    restores: int


@dataclass(frozen=True, slots=True)
class InstalledLists:
    """What a device has, as far as it matters for what to fetch next.

    `overlay`: changes that lie over each map. `bases`: the digest of each installed base.
    """

    versions: Mapping[str, int] = field(default_factory=dict)
    overlay: Mapping[str, int] = field(default_factory=dict)
    bases: Mapping[str, str] = field(default_factory=dict)
    held: tuple[HeldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of an update: versions by list, what is held, what was refused and why."""

    changed: Mapping[str, int]
    held: tuple[HeldChange, ...]
    refused: Mapping[str, str]


def joint_digest(digests: list[str]) -> str:
    """SHA-256 over several in hex: what a base of many parts, or an issued set, is known by."""
    return sha256("\n".join(digests).encode()).hexdigest()


def set_version(digests: list[str]) -> int:
    """A fingerprint of 32 bits in place of the version that an issued set does not have."""
    return int(joint_digest(digests)[:8], 16)
