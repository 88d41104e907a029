"""Everything the loop judges by, read from `lists.db` and taken anew when an update lands."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scanner.core.claims import Pass
from scanner.core.clock import ClockReading
from scanner.core.errors import StoreError, UpdateError
from scanner.core.facts import ListFacts
from scanner.core.policy import Checkpoint, CheckpointPolicy
from scanner.core.targets import PolicyFile, parse_policy, parse_rules
from scanner.core.trust import TrustList, parse_trust_list
from scanner.store.database import LISTS, connect, file_id, translated
from scanner.store.installed import Artefact, Installed, read_installed
from scanner.store.revocations import about


class SqliteLists:
    """Implements the `Lists` port over the `lists.db` of a state folder."""

    def __init__(self, folder: Path, checkpoint: Checkpoint, *, allow_test_keys: bool) -> None:
        """Raises StoreError when the file is missing, damaged or holds what cannot be read."""
        self.checkpoint = checkpoint
        self._allow_test_keys = allow_test_keys
        self._folder = folder
        self._installed: Installed | None = None
        self._open()
        self.refresh()

    def _open(self) -> None:
        self._file_id = file_id(self._folder, LISTS)
        self._db = connect(self._folder, LISTS)
        self._seen_version, self._has_failed, self._is_new_file = -1, False, True

    def _follow_file(self) -> None:
        """A file that was put in the place of ours, and one that has failed, are opened anew."""
        if self._has_failed or file_id(self._folder, LISTS) != self._file_id:
            self._has_failed = True  # until it is open again
            self._db.close()
            self._open()

    @property
    def trust(self) -> TrustList:
        return self._trust

    @property
    def policy(self) -> CheckpointPolicy:
        return self._policy

    @property
    def artefacts(self) -> dict[str, Artefact]:
        """Versions and ages of what is installed, for status and doctor."""
        return dict(self._now.artefacts)

    @property
    def signed_at(self) -> datetime | None:
        """The newest time that a signature vouches for; None without lists."""
        newest = max((each.issued_at for each in self._now.artefacts.values()), default=None)
        return None if newest is None else datetime.fromtimestamp(newest, UTC)

    def about(self, pass_: Pass, now: ClockReading) -> ListFacts:
        """Raises StoreError; the next `refresh` then opens the file anew."""
        try:
            return about(self._now, pass_, now)
        except StoreError:
            self._has_failed = True
            raise

    def move_to(self, checkpoint: Checkpoint) -> None:
        """The device stands elsewhere now, or asks for other things. Raises StoreError."""
        self.checkpoint = checkpoint
        self._load()

    def refresh(self) -> bool:
        """Take over what another process has committed; True when there was something new.

        One stat and one PRAGMA when nothing changed, so it may be called often. Raises StoreError;
        what was loaded before stays.
        """
        self._follow_file()
        with translated(LISTS.name):
            version = int(self._db.execute("PRAGMA data_version").fetchone()[0])
        if version == self._seen_version:
            return False
        self._load()
        self._seen_version = version
        return True

    @property
    def _now(self) -> Installed:
        if self._installed is None:
            raise StoreError("No lists were read. Run `scanner doctor`.")
        return self._installed

    def _load(self) -> None:
        """In one read transaction, so that never half an update is seen."""
        # What was read from a file that has gone, or that has failed, is not gone on with.
        before = None if self._is_new_file else self._installed
        try:
            with translated(LISTS.name):
                installed = self._read(before)
            policy = self._read_policy(installed)
            trust = self._read_trust(installed, policy)
        except UpdateError as error:
            raise StoreError(f"lists.db holds what this version cannot read: {error}") from error
        if self._installed is not None:
            self._installed.close(but=installed)
        self._installed, self._policy, self._trust = installed, policy, trust
        self._is_new_file = False

    def _read(self, before: Installed | None) -> Installed:
        """Once more when a map has gone between two reads: a newer one has come then."""
        try:
            return self._read_once(before)
        except StoreError:
            return self._read_once(before)

    def _read_once(self, before: Installed | None) -> Installed:
        self._db.execute("BEGIN")
        try:
            return read_installed(self._db, self._folder, before)
        finally:
            self._db.execute("COMMIT")

    def _read_policy(self, installed: Installed) -> CheckpointPolicy:
        """Without a policy there are no lists either, and nothing is admitted."""
        policy, documents = CheckpointPolicy(checkpoint=self.checkpoint), installed.documents
        if "policy" in documents:
            policy = to_policy(parse_policy(documents["policy"][0]), self.checkpoint)
        rules = tuple(rule for body in documents.get("rules", ()) for rule in parse_rules(body))
        end, until = (_date(installed, name) for name in ("end-of-regime", "offline-until"))
        return dataclasses.replace(policy, rules=rules, end_of_regime=end, offline_until=until)

    def _read_trust(self, installed: Installed, policy: CheckpointPolicy) -> TrustList:
        keys = [
            key
            for body in installed.documents.get("keys", ())
            for key in parse_trust_list(body, allow_test_keys=self._allow_test_keys)
        ]
        artefact = installed.artefacts.get("keys")
        if artefact is None:
            return TrustList.of(keys)
        soft = timedelta(seconds=policy.trust_ages.soft_s)
        fresh_until = datetime.fromtimestamp(artefact.issued_at, UTC) + soft
        return TrustList.of(keys, artefact.version, fresh_until)

    def close(self) -> None:
        self._db.close()
        if self._installed is not None:
            self._installed.close()


def _date(installed: Installed, name: str) -> datetime | None:
    """A date that came with the lists: the version of its artefact, in seconds."""
    artefact = installed.artefacts.get(name)
    return datetime.fromtimestamp(artefact.version, UTC) if artefact else None


def to_policy(file: PolicyFile, checkpoint: Checkpoint) -> CheckpointPolicy:
    """The signed policy joined with this checkpoint's settings. Raises UpdateError."""
    try:
        zone = ZoneInfo(file.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UpdateError(f"the policy names an unknown time zone, {file.time_zone}") from None
    return CheckpointPolicy(
        checkpoint=checkpoint,
        version=file.version,
        time_zone=zone,
        leeway=timedelta(seconds=file.leeway_s),
        status_ages=file.ages_s.status.to_ages(),
        holder_ages=file.ages_s.holders.to_ages(),
        trust_ages=file.ages_s.trust.to_ages(),
        kinds={kind: entry.to_kind() for kind, entry in file.kinds.items()},
        formats=frozenset(file.formats),
        repeat_s=file.repeat_s,
        reboot_grace=file.reboot_grace,
        log=file.log.to_log(),
        supervisors=tuple(each.to_supervisor() for each in file.supervisors),
    )
