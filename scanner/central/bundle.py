"""The offline view: the newest lists on a card or stick, readable for 30 days.

The targets are those of the online repository. Timestamp, snapshot and rev are signed anew with
the bundle key from a stick, under the same versions and the same time of issue, so that a device
goes on from either to the other. A stick that carries no newer publish than the device has
brings it nothing, and its client says so.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from pathlib import Path

from tuf.api.metadata import Snapshot, Targets, Timestamp

from scanner.central.edition import State
from scanner.central.errors import CentralError
from scanner.central.files import Writer
from scanner.central.keys import NamedKey
from scanner.central.repository import Repository, file_name
from scanner.central.roles import BUNDLE_KEY, BUNDLE_LIFE, REV, sign


def write_bundle(
    source: Repository, folder: Path, keys: dict[str, NamedKey], now: datetime, write: Writer
) -> State:
    """The newest state as a repository of its own under `folder`. Raises CentralError."""
    state = offline_view(source.state(), keys, now)
    view = Repository(folder, write)
    view.make_folders()
    for target in state.all_targets():
        write(view.targets / file_name(target), source.body(target), at=now)
    for path in source.roots():
        write(view.metadata / path.name, path.read_bytes(), at=now)
    for role, part in (
        (Targets.type, state.targets),
        (REV, state.rev),
        (Snapshot.type, state.snapshot),
    ):
        write(view.metadata / f"{part.signed.version}.{role}.json", part.to_bytes(), at=now)
    write(view.metadata / "timestamp.json", state.timestamp.to_bytes(), at=now)
    view.sweep(state, now)
    return view.state()


def offline_view(state: State, keys: dict[str, NamedKey], now: datetime) -> State:
    """The same versions, for 30 days, by the bundle key. Raises CentralError."""
    own = {keyid: key for keyid, key in keys.items() if key.name == BUNDLE_KEY}
    if not own:
        raise CentralError(
            "The bundle key is not here. Put in the stick with bundle.pem and name its folder "
            "with --offline."
        )
    view = deepcopy(state)
    for part in (view.rev, view.snapshot, view.timestamp):
        part.signed.expires = now + BUNDLE_LIFE
    sign(view.rev, REV, [view.targets.signed], own)
    sign(view.snapshot, Snapshot.type, [view.root.signed], own)
    sign(view.timestamp, Timestamp.type, [view.root.signed], own)
    return view
