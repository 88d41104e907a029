"""Lists of a folder into the databases of a device."""

from __future__ import annotations

from pathlib import Path


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
