"""One run: refresh, plan, download, apply, in this order; a cut anywhere is gone on from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from scanner.core.errors import SyncError, UpdateError
from scanner.core.update import Applied, HeldChange, InstalledLists, Update
from scanner.sync.client import Offer, UpdateClient
from scanner.sync.plan import Plan, make_plan

# How far a signed time may be ahead of a clock that was confirmed.
AHEAD_S = 300


class ListStore(Protocol):
    """Where lists are installed."""

    def alone(self) -> AbstractContextManager[None]: ...

    def installed(self) -> InstalledLists: ...

    def repair(self) -> list[str]: ...

    def apply(self, update: Update, read: Callable[[str], bytes]) -> Applied: ...


class Progress(Protocol):
    """Hands on the names of targets while they are fetched, and may show how far it is."""

    def __call__(self, names: list[str]) -> AbstractContextManager[Iterable[str]]: ...


@dataclass(frozen=True, slots=True)
class Report:
    """What a run has done: versions that changed, what is held, what was refused and why."""

    offer: Offer
    received_bytes: int
    changed: dict[str, int]
    held: tuple[HeldChange, ...]
    refused: dict[str, str]
    repaired: tuple[str, ...]


def pull(
    client: UpdateClient, store: ListStore, progress: Progress, *, latest: int | None
) -> Report:
    """latest: the most that it may be now, in seconds; None where that is not known.

    Raises SyncError, UpdateError, StoreError; what was installed stays then.
    """
    with store.alone():
        offer = client.refresh()
        _check_time(offer, latest)
        changed: dict[str, int] = {}
        repaired: list[str] = []
        # A base that is held leaves the way by deltas, which is planned anew.
        for _ in range(2):
            installed = store.installed()
            plan = make_plan(offer.targets, installed, offer.approved)
            with progress(plan.targets()) as names:
                for name in names:
                    client.download(name)
            repaired += store.repair()
            applied = store.apply(_update(offer, plan), client.read)
            changed |= applied.changed
            if not _new_bases(applied, installed):
                break
        # What was refused is not fetched again each time; the rest is in the database now.
        refused_steps = [step for step in plan.steps if step.list_name in applied.refused]
        client.sweep({name for step in refused_steps for name in step.targets})
    refused = dict(applied.refused)
    received = client.fetcher.received
    return Report(offer, received, changed, applied.held, refused, tuple(repaired))


def _check_time(offer: Offer, latest: int | None) -> None:
    """What claims to come from the future would stay fresh for as long as it likes."""
    if latest is not None and offer.issued_at > latest + AHEAD_S:
        raise UpdateError(
            "Check the clock (`scanner doctor`): these lists claim to be issued in the future."
        )


def _update(offer: Offer, plan: Plan) -> Update:
    missing = [name for name in plan.targets() if name not in offer.targets]
    if missing:
        raise SyncError(f"The lists name no {missing[0]}.", retryable=True)
    return Update(
        offer.issued_at,
        plan.steps,
        offer.targets,
        current=plan.current,
        dropped=plan.dropped,
        approved=plan.approved,
        bases=plan.bases,
        end_of_regime=offer.end_of_regime,
        root_version=offer.root_version,
        offline_until=offer.offline_until,
    )


def _new_bases(applied: Applied, installed: InstalledLists) -> bool:
    """Whether a base was held that was not held before."""
    known = {held.sha256 for held in installed.held}
    return any(
        held.target.startswith("base-") and held.sha256 not in known for held in applied.held
    )
