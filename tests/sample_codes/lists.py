"""The lists of the bundle as the core sees them: read with the core's own parsers, no database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sample_codes.bundle import open_holders
from sample_codes.make_samples import FOLDER
from scanner.core.claims import Pass
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.facts import Facts, ListFacts, PassStatus, Seen
from scanner.core.policy import Checkpoint, CheckpointPolicy
from scanner.core.revocation import (
    ID_BYTES,
    StatusBits,
    decode_delta,
    decode_ids,
    decode_part,
    decode_refs,
    status_in,
)
from scanner.core.targets import parse_policy, parse_rules
from scanner.core.trust import TrustList, parse_trust_list

BUNDLE = FOLDER / "bundle"


def read(name: str, folder: Path = BUNDLE) -> bytes:
    return (folder / name).read_bytes()


@dataclass(frozen=True)
class Line:
    """One line of manifest.json."""

    file: str
    at: datetime
    outcome: str
    reason: str
    notices: list[str]
    facts: dict[str, Any]

    @classmethod
    def of(cls, entry: dict[str, Any]) -> Line:
        at = datetime.fromisoformat(entry["at"])
        return cls(
            entry["file"], at, entry["outcome"], entry["reason"], entry["notices"], entry["facts"]
        )

    @property
    def list_age(self) -> timedelta:
        return timedelta(hours=self.facts["list_age_h"])

    @property
    def now(self) -> ClockReading:
        """At level C only a floor is known, at B the time may be off by some minutes."""
        match self.facts["clock_level"]:
            case "A":
                return ClockReading.exact(self.at)
            case "B":
                some = timedelta(minutes=5)
                return ClockReading(self.at - some, self.at + some, ClockLevel.B)
            case _:
                return ClockReading(self.at, None, ClockLevel.C)

    def __str__(self) -> str:
        return f"{self.at:%H%M}-{self.file.removesuffix('.png')}-{self.reason}"


def manifest_lines() -> list[Line]:
    return [Line.of(entry) for entry in json.loads((FOLDER / "manifest.json").read_bytes())]


class Lists:
    """The bundle, opened once."""

    def __init__(self) -> None:
        self.keys = parse_trust_list(read("keys-1-0"), allow_test_keys=True)
        self.policy = parse_policy(read("policy-1"))
        self.rules = parse_rules(read("rules-1"))
        self.map = b"".join(decode_part(read(f"base-1-1-{part}")) for part in range(2))
        self.delta = decode_delta(read("d-1-1-2")).changes
        self.revoked = frozenset(decode_ids(read("ids-0-1-0")).revoked)
        self.holders = frozenset(decode_refs(open_holders(read("holders-1-0"))))

    def trust_for(self, line: Line) -> TrustList:
        soft = timedelta(seconds=self.policy.ages_s.trust.soft)
        return TrustList.of(self.keys, 1, line.at - line.list_age + soft)

    def policy_for(self, line: Line) -> CheckpointPolicy:
        checkpoint = Checkpoint(
            zone=line.facts["zone"],
            transport=line.facts["transport"],
            asks_plate=line.facts["asked_plate"] is not None,
        )
        return CheckpointPolicy(
            checkpoint=checkpoint,
            time_zone=ZoneInfo(self.policy.time_zone),
            leeway=timedelta(seconds=self.policy.leeway_s),
            status_ages=self.policy.ages_s.status.to_ages(),
            holder_ages=self.policy.ages_s.holders.to_ages(),
            kinds={kind: entry.to_kind() for kind, entry in self.policy.kinds.items()},
            repeat_s=self.policy.repeat_s,
            rules=self.rules,
        )

    def facts_for(self, pass_: Pass, line: Line) -> Facts:
        age_s = line.list_age.total_seconds()
        minutes = line.facts["seen_min_ago"]
        return Facts(
            lists=ListFacts(
                status=self._status(pass_),
                status_age_s=age_s,
                holder_is_listed=pass_.holder_ref in self.holders,
                holders_age_s=age_s,
            ),
            seen=Seen(None if minutes is None else 60.0 * minutes),
            typed_plate=line.facts["asked_plate"] or None,
        )

    def _status(self, pass_: Pass) -> PassStatus:
        if pass_.index is None:
            is_revoked = sha256(pass_.cti).digest()[:ID_BYTES] in self.revoked
            return PassStatus.REVOKED if is_revoked else PassStatus.VALID
        bits = self.delta.get(pass_.index, status_in(self.map, pass_.index))
        return {
            StatusBits.VALID: PassStatus.VALID,
            StatusBits.REVOKED: PassStatus.REVOKED,
            StatusBits.SUSPENDED: PassStatus.SUSPENDED,
        }[bits]
