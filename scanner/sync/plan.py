"""What to fetch: from the versions installed and the targets offered to the cheapest way. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scanner.core.update import (
    HeldChange,
    InstalledLists,
    Parts,
    Step,
    Target,
    in_parts,
    parse_target_name,
    set_version,
)

# Past these many changes over a map its next base is due, however cheap another delta is.
MAX_OVERLAY = 64 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps, and what the offer names: versions by list, digests of bases, lists that ended.

    `approved`: digests of what is approved in all its parts, beside those of the targets.
    """

    steps: tuple[Step, ...]
    current: Mapping[str, int]
    bases: frozenset[str]
    dropped: frozenset[str]
    approved: frozenset[str]

    def targets(self) -> list[str]:
        return [name for step in self.steps for name in step.targets]


def make_plan(
    offer: Mapping[str, Target], installed: InstalledLists, approved: frozenset[str] = frozenset()
) -> Plan:
    """Names of another form are of a later version of this program and are left alone."""
    lists = _by_list(offer)
    approved |= {
        parts.digest
        for known in lists.values()
        for parts in known
        if approved.issuperset(parts.digests)
    }
    planner = _Planner(installed, approved)
    found = {name: planner.step(name, known) for name, known in lists.items()}
    return Plan(
        tuple(step for step, _ in found.values() if step is not None),
        {name: version for name, (_, version) in found.items()},
        frozenset(planner.bases),
        frozenset(
            name
            for name in installed.versions
            if name not in found and (name == "rules" or name.startswith("issued-"))
        ),
        approved,
    )


def _by_list(offer: Mapping[str, Target]) -> dict[str, list[Parts]]:
    lists: dict[str, list[str]] = {}
    for name in offer:
        target = parse_target_name(name)
        if target is not None:
            lists.setdefault(target.list_name, []).append(name)
    return {name: in_parts(names, offer) for name, names in sorted(lists.items())}


@dataclass(frozen=True, slots=True)
class _Way:
    """How to get to a version, and what it costs in bytes."""

    cost: int
    targets: tuple[str, ...]

    def on(self, parts: Parts) -> _Way:
        return _Way(self.cost + parts.length, (*self.targets, *parts.names))


class _Planner:
    def __init__(self, installed: InstalledLists, approved: frozenset[str]) -> None:
        self._installed, self._approved = installed, approved
        self.bases: set[str] = set()

    def step(self, list_name: str, known: list[Parts]) -> tuple[Step | None, int]:
        """The step that a list needs, if any, and its newest version."""
        wanted = max(known, key=lambda parts: parts.target.version)
        newest = wanted.target.version
        if list_name.startswith("issued-"):
            newest = set_version(wanted.digests)
        if list_name == "ids" or list_name.startswith("status-"):
            way = self._route(list_name, known, newest)
        elif self._needs(list_name, newest, wanted):
            way = newest, wanted.names
        else:
            way = None
        return (None if way is None else Step(list_name, *way)), newest

    def _needs(self, list_name: str, newest: int, wanted: Parts) -> bool:
        is_held = bool(self._held(list_name)) and self._is_approved(wanted)
        return self._installed.versions.get(list_name) != newest or is_held

    def _is_approved(self, parts: Parts) -> bool:
        return parts.digest in self._approved

    def _held(self, list_name: str) -> list[HeldChange]:
        return [held for held in self._installed.held if held.list_name == list_name]

    def _route(
        self, list_name: str, known: list[Parts], newest: int
    ) -> tuple[int, tuple[str, ...]] | None:
        """To the newest version, or as far as it goes."""
        start = self._installed.versions.get(list_name)
        base = self._base(list_name, known)
        deltas = [parts for parts in known if parts.target.kind != "base"]
        if base is not None and self._must_begin_anew(list_name, base, start, newest):
            start = None
        if start == newest:
            return self._approved_delta(list_name, deltas, newest)
        ways = {} if start is None else {start: _Way(0, ())}
        if base is not None:
            ways.setdefault(base.target.version, _Way(0, ()).on(base))
        _walk(ways, [parts for parts in deltas if parts.target.from_version > 0])
        furthest = max(ways, default=0)
        if not furthest or not ways[furthest].targets or furthest <= (start or 0):
            return None
        return furthest, ways[furthest].targets

    def _base(self, list_name: str, known: list[Parts]) -> Parts | None:
        """The newest that is not held."""
        held = {each.sha256 for each in self._held(list_name)}
        found = [parts for parts in known if _is_base(parts)]
        for parts in sorted(found, key=lambda parts: parts.target.version, reverse=True):
            self.bases.add(parts.digest)
            # Of a list of ids each id is held by itself, and the rest of it is taken.
            is_held = parts.target.kind == "base" and parts.digest in held
            if not is_held or self._is_approved(parts):
                return parts
        return None

    def _must_begin_anew(self, list_name: str, base: Parts, start: int | None, newest: int) -> bool:
        """Versions that were counted from the beginning again, too many changes, an approval."""
        is_ahead = start is not None and start > newest
        is_other = self._installed.bases.get(list_name, base.digest) != base.digest
        is_long = self._installed.overlay.get(list_name, 0) > MAX_OVERLAY
        is_awaited = self._is_approved(base) and bool(self._held(list_name))
        return is_ahead or (is_other and (is_long or is_awaited))

    def _approved_delta(
        self, list_name: str, deltas: list[Parts], newest: int
    ) -> tuple[int, tuple[str, ...]] | None:
        """Applied again for what is held of it."""
        held = self._held(list_name)
        if not held:
            return None
        first = min(each.from_version for each in held)
        for parts in deltas:
            target = parts.target
            reaches = target.version == newest and target.from_version <= first
            if reaches and self._is_approved(parts):
                return newest, parts.names
        return None


def _is_base(parts: Parts) -> bool:
    return parts.target.kind == "base" or (
        parts.target.kind == "ids" and parts.target.from_version == 0
    )


def _walk(ways: dict[int, _Way], deltas: list[Parts]) -> None:
    """Steps only lead upwards, so that one pass in their order finds every cheapest way.

    A delta says all that was touched after its first version, so it fits every version from that
    one up to the one before its last.
    """
    for parts in sorted(deltas, key=lambda one: (one.target.version, one.target.from_version)):
        begin, end = parts.target.from_version, parts.target.version
        fitting = [way for at, way in ways.items() if begin <= at < end]
        if not fitting:
            continue
        way = min(fitting, key=lambda way: way.cost).on(parts)
        if end not in ways or way.cost < ways[end].cost:
            ways[end] = way
