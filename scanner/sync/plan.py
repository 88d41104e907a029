"""What to fetch: from the versions installed and the targets offered to the cheapest way. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scanner.core.update import (
    HeldChange,
    InstalledLists,
    Step,
    Target,
    TargetName,
    joint_digest,
    parse_target_name,
    set_version,
)

# Past these many changes over a map its next base is due, however cheap another delta is.
MAX_OVERLAY = 64 * 1024

Named = list[tuple[TargetName, str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps, and what the offer names: versions by list, digests of bases, lists that ended."""

    steps: tuple[Step, ...]
    current: Mapping[str, int]
    bases: frozenset[str]
    dropped: frozenset[str]

    def targets(self) -> list[str]:
        return [name for step in self.steps for name in step.targets]


def make_plan(
    offer: Mapping[str, Target], installed: InstalledLists, approved: frozenset[str] = frozenset()
) -> Plan:
    """Names of another form are of a later version of this program and are left alone."""
    planner = _Planner(offer, installed, approved)
    found = {name: planner.step(name, named) for name, named in _by_list(offer).items()}
    return Plan(
        tuple(step for step, _ in found.values() if step is not None),
        {name: version for name, (_, version) in found.items()},
        frozenset(planner.bases),
        frozenset(
            name
            for name in installed.versions
            if name not in found and (name == "rules" or name.startswith("issued-"))
        ),
    )


def _by_list(offer: Mapping[str, Target]) -> dict[str, Named]:
    lists: dict[str, Named] = {}
    for name in offer:
        target = parse_target_name(name)
        if target is not None:
            lists.setdefault(target.list_name, []).append((target, name))
    return {name: sorted(named) for name, named in sorted(lists.items())}


@dataclass(frozen=True, slots=True)
class _Way:
    """How to get to a version, and what it costs in bytes."""

    cost: int
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Base:
    version: int
    way: _Way
    digest: str
    is_approved: bool


class _Planner:
    def __init__(
        self, offer: Mapping[str, Target], installed: InstalledLists, approved: frozenset[str]
    ) -> None:
        self._offer, self._installed, self._approved = offer, installed, approved
        self.bases: set[str] = set()

    def step(self, list_name: str, named: Named) -> tuple[Step | None, int]:
        """The step that a list needs, if any, and its newest version."""
        if list_name.startswith("issued-"):
            newest, wanted = set_version([self._offer[name].sha256 for _, name in named]), named
        else:
            newest = max(target.version for target, _ in named)
            wanted = [(target, name) for target, name in named if target.version == newest]
        if list_name == "ids" or list_name.startswith("status-"):
            way = self._route(list_name, named, newest)
        elif self._needs(list_name, newest, wanted):
            way = newest, tuple(name for _, name in wanted)
        else:
            way = None
        return (None if way is None else Step(list_name, *way)), newest

    def _needs(self, list_name: str, newest: int, wanted: Named) -> bool:
        is_approved = all(self._offer[name].sha256 in self._approved for _, name in wanted)
        is_held = bool(self._held(list_name)) and is_approved
        return self._installed.versions.get(list_name) != newest or is_held

    def _held(self, list_name: str) -> list[HeldChange]:
        return [held for held in self._installed.held if held.list_name == list_name]

    def _route(
        self, list_name: str, named: Named, newest: int
    ) -> tuple[int, tuple[str, ...]] | None:
        """To the newest version, or as far as it goes."""
        start = self._installed.versions.get(list_name)
        base = self._base(list_name, named)
        deltas = [pair for pair in named if pair[0].kind != "base"]
        if base is not None and self._must_begin_anew(list_name, base, start, newest):
            start = None
        if start == newest:
            return self._approved_delta(list_name, deltas, newest)
        ways = {} if start is None else {start: _Way(0, ())}
        if base is not None and base.version not in ways:
            ways[base.version] = base.way
        _walk(ways, [pair for pair in deltas if pair[0].from_version > 0], self._offer)
        furthest = max(ways, default=0)
        if not furthest or not ways[furthest].targets or furthest <= (start or 0):
            return None
        return furthest, ways[furthest].targets

    def _base(self, list_name: str, named: Named) -> _Base | None:
        """The newest that is not held."""
        found: dict[int, list[str]] = {}
        for target, name in named:
            if target.kind == "base" or (target.kind == "ids" and target.from_version == 0):
                found.setdefault(target.version, []).append(name)
        held = {each.sha256 for each in self._held(list_name)}
        for version, names in sorted(found.items(), reverse=True):
            digests = [self._offer[name].sha256 for name in names]
            digest, is_approved = joint_digest(digests), self._approved.issuperset(digests)
            self.bases.add(digest)
            if digest not in held or is_approved:
                cost = sum(self._offer[name].length for name in names)
                return _Base(version, _Way(cost, tuple(names)), digest, is_approved)
        return None

    def _must_begin_anew(self, list_name: str, base: _Base, start: int | None, newest: int) -> bool:
        """Versions that were counted from the beginning again, too many changes, an approval."""
        is_ahead = start is not None and start > newest
        is_other = self._installed.bases.get(list_name, base.digest) != base.digest
        is_long = self._installed.overlay.get(list_name, 0) > MAX_OVERLAY
        is_awaited = base.is_approved and bool(self._held(list_name))
        return is_ahead or (is_other and (is_long or is_awaited))

    def _approved_delta(
        self, list_name: str, deltas: Named, newest: int
    ) -> tuple[int, tuple[str, ...]] | None:
        """Applied again for what is held of it."""
        held = self._held(list_name)
        if not held:
            return None
        first = min(each.from_version for each in held)
        for target, name in deltas:
            is_approved = self._offer[name].sha256 in self._approved
            if is_approved and target.version == newest and target.from_version <= first:
                return newest, (name,)
        return None


def _walk(ways: dict[int, _Way], deltas: Named, offer: Mapping[str, Target]) -> None:
    """Steps only lead upwards, so that one pass in their order finds every cheapest way.

    A delta says all that was touched after its first version, so it fits every version from that
    one up to the one before its last.
    """
    for target, name in sorted(deltas, key=lambda pair: (pair[0].version, pair[0].from_version)):
        fitting = [way for at, way in ways.items() if target.from_version <= at < target.version]
        if not fitting:
            continue
        before = min(fitting, key=lambda way: way.cost)
        cost = before.cost + offer[name].length
        known = ways.get(target.version)
        if known is None or cost < known.cost:
            ways[target.version] = _Way(cost, (*before.targets, name))
