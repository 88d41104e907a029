"""The folder of signed static files: read the newest state, write the next one in order.

Targets first, then targets.json and rev.json, the snapshot, and the timestamp last: a device sees
the old state until the last rename, and the new one after it, wherever the power goes. A new root
counts by being there, so it comes after a state that the old and the new root both accept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, TargetFile, Targets, Timestamp

from scanner.central.edition import Edition, State
from scanner.central.errors import CentralError
from scanner.central.files import Writer, touch, write_atomically
from scanner.central.keys import NamedKey
from scanner.central.roles import REV

T = TypeVar("T", Root, Targets, Snapshot, Timestamp)

# A device that began with an old timestamp may still ask for what only that one names.
KEPT_UNNAMED = timedelta(days=1)


class Repository:
    """`metadata/` and `targets/` under a folder that any web server or stick may carry."""

    def __init__(self, folder: Path, write: Writer = write_atomically) -> None:
        self.metadata = folder / "metadata"
        self.targets = folder / "targets"
        self._write = write

    def state(self) -> State:
        """The newest state, verified from its root on. Raises CentralError."""
        root = self._newest_root()
        timestamp = self._read("timestamp.json", Timestamp)
        version = timestamp.signed.snapshot_meta.version
        snapshot = self._read(f"{version}.snapshot.json", Snapshot)
        meta = snapshot.signed.meta
        targets = self._read(f"{meta['targets.json'].version}.targets.json", Targets)
        rev = self._read(f"{meta['rev.json'].version}.rev.json", Targets)
        state = State(root, targets, rev, snapshot, timestamp)
        self._verify(state)
        return state

    def body(self, target: TargetFile) -> bytes:
        """The bytes of a target. Raises CentralError when they are not as signed."""
        path = self.targets / file_name(target)
        try:
            body = path.read_bytes()
            target.verify_length_and_hashes(body)
        except (OSError, RepositoryError) as error:
            raise CentralError(f"{path} is lost or changed: {error}. Restore it.") from None
        return body

    def publish(self, edition: Edition, keys: Mapping[str, NamedKey], now: datetime) -> State:
        """Sign everything, then write it; keys by key id. Raises CentralError."""
        if now.timestamp() < edition.before.issued_at:
            raise CentralError(
                "The clock of this computer is behind the last publish. Set it right."
            )
        edition.sign(keys, now)
        for path, body in self._files(edition):
            if not path.exists() or path.suffix == ".json":
                self._write(path, body, at=now)
        self.sweep(edition.after, now)
        return edition.after

    def make_folders(self) -> None:
        for folder in (self.metadata, self.targets):
            folder.mkdir(parents=True, exist_ok=True)

    def roots(self) -> list[Path]:
        """Every root from the first to the newest."""
        found = self.metadata.glob("*.root.json")
        return sorted(found, key=lambda path: int(path.name.partition(".")[0]))

    def sweep(self, state: State, now: datetime) -> None:
        """Mark what the newest state names; remove what none has named for a day."""
        named = {self.targets / file_name(target) for target in state.all_targets()}
        named |= {
            self._path(state.targets, Targets.type),
            self._path(state.rev, REV),
            self._path(state.snapshot, Snapshot.type),
            self.metadata / "timestamp.json",
            *self.roots(),
        }
        for path in (*self.metadata.iterdir(), *self.targets.iterdir()):
            if path in named:
                touch(path, now)
            elif path.stat().st_mtime < (now - KEPT_UNNAMED).timestamp():
                path.unlink()

    def _newest_root(self) -> Metadata[Root]:
        roots = self.roots()
        if not roots:
            raise CentralError(f"{self.metadata} has no root. Run `scanner central init`.")
        return self._read(roots[-1].name, Root)

    def _read(self, name: str, form: type[T]) -> Metadata[T]:
        path = self.metadata / name
        try:
            read: Metadata[T] = Metadata.from_bytes(path.read_bytes())
        except (OSError, RepositoryError) as error:
            raise CentralError(f"{path} cannot be read: {error}. Restore it.") from None
        if not isinstance(read.signed, form):
            raise CentralError(f"{path} is not the metadata that its name says. Restore it.")
        return read

    def _verify(self, state: State) -> None:
        root, targets = state.root.signed, state.targets.signed
        parts = (
            (root, Root.type, state.root),
            (root, Timestamp.type, state.timestamp),
            (root, Snapshot.type, state.snapshot),
            (root, Targets.type, state.targets),
            (targets, REV, state.rev),
        )
        for delegator, role, part in parts:
            try:
                delegator.verify_delegate(role, part.signed_bytes, part.signatures)
            except RepositoryError as error:
                raise CentralError(
                    f"{self.metadata} is not signed as it must be: {error}. Restore it."
                ) from None

    def _files(self, edition: Edition) -> Iterator[tuple[Path, bytes]]:
        """What is to be written, in the order in which it must be."""
        after, changed = edition.after, edition.is_changed
        for name, body in edition.bodies.items():
            if (target := after.target(name)) is not None:
                yield self.targets / file_name(target), body
        if changed[Targets.type]:
            yield self._path(after.targets, Targets.type), after.targets.to_bytes()
        if changed[REV]:
            yield self._path(after.rev, REV), after.rev.to_bytes()
        if after.snapshot.signed.version != edition.before.snapshot.signed.version:
            yield self._path(after.snapshot, Snapshot.type), after.snapshot.to_bytes()
        yield self.metadata / "timestamp.json", after.timestamp.to_bytes()
        if changed[Root.type]:
            yield self._path(after.root, Root.type), after.root.to_bytes()

    def _path(
        self, part: Metadata[Root] | Metadata[Targets] | Metadata[Snapshot], role: str
    ) -> Path:
        return self.metadata / f"{part.signed.version}.{role}.json"


def file_name(target: TargetFile) -> str:
    """With its hash before it, so that a file never changes under its name."""
    return f"{target.hashes['sha256']}.{target.path}"
