"""What `scanner check` judges with: lists and a time that somebody names on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from scanner.assembly.lists import install_lists
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.policy import Checkpoint, CheckpointPolicy
from scanner.core.trust import TrustList, parse_trust_list
from scanner.ports import Lists

# A trust list that somebody names on the command line is taken as it is.
_ALWAYS_FRESH = datetime(9999, 12, 31, tzinfo=UTC)


def time_of_check(given: datetime | None) -> ClockReading:
    """The time a code is judged at on a desk: the given one, else what this computer says."""
    from hardware.clock import system_time

    if given is not None:
        return ClockReading.exact(given)
    return ClockReading.exact(system_time(), ClockLevel.B)


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
    from tempfile import TemporaryDirectory

    from scanner.store.given import GivenTrust, OtherTrust
    from scanner.store.migrations import migrate
    from scanner.store.trust_list import SqliteLists

    given = _read_trust(trust) if trust else None
    if folder is None and state is None:
        yield GivenTrust(given or TrustList.of([]), CheckpointPolicy(checkpoint=site)), False
        return
    with TemporaryDirectory(prefix="scanner-check-") as passing:
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
