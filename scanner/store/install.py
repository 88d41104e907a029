"""Put targets of a folder into `lists.db`: all of them, or nothing.

For bundles without signatures, on desks and for samples; what a device fetches comes step by step
(see writer.py), and both end in the same code.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from scanner.core.errors import UpdateError
from scanner.core.update import (
    Step,
    Target,
    TargetName,
    Update,
    parse_target_name,
    set_version,
)
from scanner.store.database import LISTS, connect, transaction
from scanner.store.installed import Artefact, keep_artefact, read_artefacts
from scanner.store.steps import OpenHolders
from scanner.store.writer import ListsWriter


class Installer:
    """Writes one update; `open_holders` decrypts the holder list, None leaves it out."""

    def __init__(
        self, folder: Path, open_holders: OpenHolders | None, *, allow_test_keys: bool
    ) -> None:
        self._writer = ListsWriter(folder, open_holders, allow_test_keys=allow_test_keys)
        self._opens_holders = open_holders is not None

    def install(
        self, targets: Mapping[str, bytes], issued_at: int, end_of_regime: int | None = None
    ) -> None:
        """Replace all lists by these targets; times in seconds. Raises UpdateError, StoreError."""
        ordered = sorted((_parsed(name), name) for name in targets)
        kinds = {target.kind for target, _ in ordered}
        if missing := {"keys", "policy"} - kinds:
            raise UpdateError(f"The update is held back: it has no {' and no '.join(missing)}.")
        wanted = [
            (target, name)
            for target, name in ordered
            if target.kind != "holders" or self._opens_holders
        ]
        digests = {
            name: Target(len(body), sha256(body).hexdigest()) for name, body in targets.items()
        }
        update = Update(issued_at, _steps(wanted, digests), digests, end_of_regime=end_of_regime)
        with self._writer.alone():
            self._writer.apply(update, targets.__getitem__, afresh=True)


def confirm_age(folder: Path, issued_at: int) -> None:
    """A newer signed time still names everything that is installed. Raises StoreError."""
    with closing(connect(folder, LISTS)) as db, transaction(db, LISTS.name):
        for name, known in read_artefacts(db).items():
            keep_artefact(db, name, Artefact(known.version, issued_at))


def _parsed(name: str) -> TargetName:
    target = parse_target_name(name)
    if target is None or target.kind == "approve":
        raise UpdateError(f"The update is held back: this version knows no target {name}.")
    return target


def _steps(
    ordered: list[tuple[TargetName, str]], digests: Mapping[str, Target]
) -> tuple[Step, ...]:
    """All targets of a list in their order: bases before deltas, parts by their numbers."""
    by_list: dict[str, list[tuple[TargetName, str]]] = {}
    for target, name in ordered:
        by_list.setdefault(target.list_name, []).append((target, name))
    return tuple(
        Step(
            list_name,
            max(target.version for target, _ in found)
            or set_version([digests[name].sha256 for _, name in found]),
            tuple(name for _, name in found),
        )
        for list_name, found in by_list.items()
    )
