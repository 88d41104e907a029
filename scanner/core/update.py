"""A signed update in plain values: targets by name, and the steps that lead to their versions.

A list is called `keys`, `policy`, `rules`, `holders`, `ids`, `status-<issuer>` or `issued-<kid>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from scanner.core.errors import UpdateError

_KID = re.compile("[0-9a-f]{16}")
# How many numbers follow the word in a target's name; the last of `_PARTED` counts its parts.
_NUMBERS = {"keys": 2, "rules": 1, "policy": 1, "holders": 2, "base": 3, "d": 3, "ids": 3}
_PARTED = frozenset({"keys", "holders", "base", "ids"})
# Before these lists had parts their names ended with the version: such a target is part 0.
_ONCE_WHOLE = frozenset({"holders", "ids"})
_NUMBER = re.compile("0|[1-9][0-9]{0,9}")
APPROVE = "approve-"
# What comes with the lists and is kept beside them, with a version, and is no list: the end of the
# regime in seconds, the version of the root that named it, and the expiry of the offline targets.
END_OF_REGIME, END_ROOT, OFFLINE_UNTIL = "end-of-regime", "end-of-regime-root", "offline-until"
NO_LISTS = frozenset({END_OF_REGIME, END_ROOT, OFFLINE_UNTIL})


@dataclass(frozen=True, slots=True, order=True)
class TargetName:
    """`base-7-4-0` → kind "base", numbers (7, 4, 0); `issued-<kid>-1` → "issued", (1,), kid."""

    kind: str
    numbers: tuple[int, ...]
    kid: str = ""

    @property
    def whole(self) -> str:
        """What the names of all parts of one version share: `base-7-4`."""
        if self.kind == "issued":
            return self.list_name
        numbers = self.numbers[:-1] if self.kind in _PARTED else self.numbers
        return "-".join([self.kind, *map(str, numbers)])

    @property
    def part(self) -> int:
        """Its place among them, from 0 on; 0 also for what never has parts."""
        is_part = self.kind in _PARTED or self.kind == "issued"
        return self.numbers[-1] if is_part and self.numbers else 0

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
        numbers, kid, has_form = rest[1:], rest[0], len(rest) <= 2
    else:
        wanted = _NUMBERS.get(kind, 0)
        if kind in _ONCE_WHOLE and len(rest) == wanted - 1:
            rest.append("0")
        numbers, kid, has_form = rest, "", 0 < len(rest) == wanted
    if not has_form or not all(map(_NUMBER.fullmatch, numbers)):
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
class Parts:
    """All targets that together are one version of a list, or one step of it, in their order.

    `name`: what their names share. They are fetched, held and approved together.
    """

    name: str
    targets: tuple[TargetName, ...]
    names: tuple[str, ...]
    digests: tuple[str, ...]
    length: int

    @property
    def target(self) -> TargetName:
        """Of the first."""
        return self.targets[0]

    @property
    def digest(self) -> str:
        """What the change is known by: of a single target its own, bases aside."""
        if len(self.digests) == 1 and self.target.kind != "base":
            return self.digests[0]
        return joint_digest(self.digests)

    def check(self) -> None:
        """They count from 0 on, each once. Raises UpdateError."""
        for place, target in enumerate(self.targets):
            if target.part != place:
                fault = f"part {target.part} twice" if target.part < place else f"no part {place}"
                raise UpdateError(
                    f"The update is held back: {self.name} has {fault}. Ask whoever signs the "
                    "lists to publish them anew."
                )


def in_parts(names: Iterable[str], targets: Mapping[str, Target]) -> list[Parts]:
    """Sorted by their numbers; names of another form are left out."""
    parsed = ((parse_target_name(name), name) for name in names)
    groups: dict[str, list[tuple[TargetName, str]]] = {}
    for target, name in sorted((target, name) for target, name in parsed if target is not None):
        groups.setdefault(target.whole, []).append((target, name))
    return [_parts(whole, members, targets) for whole, members in groups.items()]


def _parts(
    whole: str, members: Sequence[tuple[TargetName, str]], targets: Mapping[str, Target]
) -> Parts:
    names = tuple(name for _, name in members)
    described = [targets[name] for name in names]
    return Parts(
        whole,
        tuple(target for target, _ in members),
        names,
        tuple(target.sha256 for target in described),
        sum(target.length for target in described),
    )


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
    change more than the circuit breaker lets pass, and the digest of `Parts` that may, all of
    them. `bases`: digests of all bases that it names. `end_of_regime`: as the root with the
    version `root_version` says; None where it says nothing.
    """

    issued_at: int
    steps: tuple[Step, ...]
    targets: Mapping[str, Target]
    current: Mapping[str, int] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    approved: frozenset[str] = frozenset()
    bases: frozenset[str] = frozenset()
    end_of_regime: int | None = None
    root_version: int = 0
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


def joint_digest(digests: Sequence[str]) -> str:
    """SHA-256 over several in hex: what a base of many parts, or an issued set, is known by."""
    return sha256("\n".join(digests).encode()).hexdigest()


def set_version(digests: Sequence[str]) -> int:
    """A fingerprint of 32 bits in place of the version that an issued set does not have."""
    return int(joint_digest(digests)[:8], 16)
