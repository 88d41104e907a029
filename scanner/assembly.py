"""The only file that chooses concrete parts and joins them. Imports stay in the functions that
need them: the loop must not load what only a command uses."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.policy import Checkpoint, CheckpointPolicy
from scanner.core.trust import TrustList, parse_trust_list
from scanner.ports import Lists

# A trust list that somebody names on the command line is taken as it is.
_ALWAYS_FRESH = datetime(9999, 12, 31, tzinfo=UTC)


def install_lists(
    state: Path, folder: Path, fleet_key: Path | None, *, allow_test_keys: bool
) -> int:
    """Lists of a folder → `lists.db`, all or nothing; returns how many targets it had.

    Raises SyncError, UpdateError, StoreError.
    """
    from scanner.store.install import Installer
    from scanner.sync.bundle import holder_opener, read_bundle

    bundle = read_bundle(folder)
    opener = holder_opener(fleet_key) if fleet_key else None
    installer = Installer(state, opener, allow_test_keys=allow_test_keys)
    installer.install(bundle.targets, bundle.issued_at, bundle.end_of_regime)
    return len(bundle.targets)


def time_of_check(given: datetime | None) -> ClockReading:
    """The time a code is judged at on a desk: the given one, else what this computer says."""
    from hardware.clock import wall_time

    if given is not None:
        return ClockReading.exact(given)
    return ClockReading.exact(wall_time(), ClockLevel.B)


@contextmanager
def lists_of_check(
    site: Checkpoint,
    trust: Path | None,
    folder: Path | None,
    fleet_key: Path | None,
    state: Path | None,
) -> Iterator[tuple[Lists, bool]]:
    """The lists that `scanner check` was given, and whether they know of revocations.

    A folder of lists is installed into a passing state folder by the code that devices run.
    """
    from scanner.store.given import GivenTrust, OtherTrust
    from scanner.store.migrations import migrate
    from scanner.store.trust_list import SqliteLists

    given = _read_trust(trust) if trust else None
    if folder is None and state is None:
        yield GivenTrust(given or TrustList.of([]), CheckpointPolicy(checkpoint=site)), False
        return
    with tempfile.TemporaryDirectory(prefix="scanner-check-") as passing:
        where = state or Path(passing)
        if folder is not None:
            where = Path(passing)
            migrate(where)
            key = fleet_key or _fleet_key_beside(folder)
            install_lists(where, folder, key, allow_test_keys=True)
        known = SqliteLists(where, site, allow_test_keys=True)
        try:
            yield (OtherTrust(known, given) if given else known), True
        finally:
            known.close()


def _read_trust(path: Path) -> TrustList:
    keys = parse_trust_list(path.read_bytes(), allow_test_keys=True)
    return TrustList.of(keys, fresh_until=_ALWAYS_FRESH)


def _fleet_key_beside(folder: Path) -> Path | None:
    """The sample bundle has its fleet key one folder up."""
    beside = folder.resolve().parent / "fleet.key"
    return beside if beside.is_file() else None
