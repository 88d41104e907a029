"""What the sticks sign: trust list, policy, rules, issued sets, approvals. Each is a target.

Every one is read by the code that devices read it with before it is signed, so that nothing is
published that they would hold back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from scanner.central.edition import Edition
from scanner.central.errors import CentralError
from scanner.central.repository import Repository
from scanner.core import strict_json
from scanner.core.errors import UpdateError
from scanner.core.revocation import REF_BYTES, encode_refs
from scanner.core.targets import MAX_RULES, parse_policy, parse_rules
from scanner.core.trust import parse_trust_list
from scanner.core.update import Target, in_parts

Document = dict[str, object]

LONGEST_RULE = timedelta(days=31)
# 8 bytes each, and nothing makes hashes smaller.
ISSUED_A_PART = 16_000


class Documents:
    """The documents of an edition, by what they are."""

    def __init__(self, repository: Repository, edition: Edition) -> None:
        self._repository = repository
        self._edition = edition

    def policy(self) -> bytes:
        return self._body(self._newest("policy-"))

    def set_policy(self, text: bytes) -> int:
        """A policy in JSON; its version is counted here. Raises CentralError, UpdateError."""
        policy = _object(text, "The policy")
        version = self._version("policy-") + 1
        body = _json({**policy, "version": version})
        parse_policy(body)
        self._replace("policy-", {f"policy-{version}": body})
        return version

    def trust_list(self) -> list[Document]:
        listed = _object(self._body(self._newest("keys-")), "The trust list")["keys"]
        return [dict(entry) for entry in listed] if isinstance(listed, list) else []

    def set_trust_list(self, entries: Sequence[Document]) -> None:
        body = _json({"keys": list(entries)})
        parse_trust_list(body, allow_test_keys=False)
        version = self._version("keys-") + 1
        self._replace("keys-", {f"keys-{version}-0": body})

    def rules(self) -> list[Document]:
        listed = strict_json.parse(self._body(self._newest("rules-")))
        return [dict(rule) for rule in listed] if isinstance(listed, list) else []

    def add_rule(self, rule: Document, now: datetime) -> None:
        """Rules that are over make room. Raises CentralError, UpdateError."""
        begun, end = int(now.timestamp()), rule["not_after"]
        if not isinstance(end, int) or not begun < end <= begun + LONGEST_RULE.total_seconds():
            raise CentralError("A rule ends within 31 days from now. Give another --not-after.")
        rules = [old for old in self.rules() if _ends(old) > begun]
        if any(old["id"] == rule["id"] for old in rules):
            raise CentralError(f"There is a rule {rule['id']} already. Remove it first.")
        if len(rules) >= MAX_RULES:
            raise CentralError(f"{MAX_RULES} rules are active, and no more fit. Remove one first.")
        self.set_rules([*rules, rule])

    def remove_rule(self, rule_id: str) -> None:
        rules = self.rules()
        kept = [rule for rule in rules if rule["id"] != rule_id]
        if len(kept) == len(rules):
            names = ", ".join(str(rule["id"]) for rule in rules) or "none"
            raise CentralError(f"There is no rule {rule_id}. There are: {names}.")
        self.set_rules(kept)

    def set_rules(self, rules: Sequence[Document]) -> None:
        body = _json(list(rules))
        parse_rules(body)
        version = self._version("rules-") + 1
        self._replace("rules-", {f"rules-{version}": body})

    def set_issued(self, kid: str, hashes: Sequence[bytes]) -> None:
        """From now on the key signs only what is in this set. Raises CentralError."""
        entries = self.trust_list()
        if not any(entry["kid"] == kid for entry in entries):
            known = ", ".join(str(entry["kid"]) for entry in entries)
            raise CentralError(f"The trust list has no key {kid}. It has: {known}.")
        changed = [
            {**entry, "state": "issued-set"} if entry["kid"] == kid else entry for entry in entries
        ]
        refs = sorted(whole[:REF_BYTES] for whole in hashes)
        parts = [refs[at : at + ISSUED_A_PART] for at in range(0, len(refs), ISSUED_A_PART)] or [[]]
        names = [f"issued-{kid}-{n}" for n in range(len(parts))]
        if len(parts) == 1:
            names = [f"issued-{kid}"]
        bodies = dict(zip(names, map(encode_refs, parts), strict=True))
        self._replace(f"issued-{kid}", bodies)
        self.set_trust_list(changed)

    def approve(self, names: Sequence[str]) -> list[str]:
        """Let devices apply these targets whatever they change, each with all its parts.

        Returns what they are called without their parts. Raises CentralError.
        """
        targets = {
            target.path: Target(target.length, target.hashes["sha256"])
            for target in self._edition.after.all_targets()
        }
        published = in_parts(targets, targets)
        by_name = {name: parts for parts in published for name in (parts.name, *parts.names)}
        if unknown := [name for name in names if name not in by_name]:
            raise CentralError(
                f"There is no target {unknown[0]}. `scanner central status --all` lists them."
            )
        wanted = {by_name[name].name: by_name[name] for name in names}
        for parts in wanted.values():
            for name, digest in zip(parts.names, parts.digests, strict=True):
                self._edition.put(f"approve-{digest}", _json({"target": name, "sha256": digest}))
        return list(wanted)

    def drop_idle_approvals(self) -> None:
        """An approval of what is no longer published has done its work."""
        live = {target.hashes["sha256"] for target in self._edition.after.all_targets()}
        for name in self._edition.after.names("approve-"):
            if name.removeprefix("approve-") not in live:
                self._edition.drop(name)

    def _newest(self, prefix: str) -> str:
        names = self._edition.after.names(prefix)
        if not names:
            raise CentralError(f"The repository has no {prefix}…. Restore it from the backup.")
        return max(names, key=_number)

    def _version(self, prefix: str) -> int:
        return max(map(_number, self._edition.after.names(prefix)), default=0)

    def _body(self, name: str) -> bytes:
        if name in self._edition.bodies:
            return self._edition.bodies[name]
        target = self._edition.after.target(name)
        if target is None:
            raise CentralError(f"The repository has no {name}. Restore it from the backup.")
        return self._repository.body(target)

    def _replace(self, prefix: str, bodies: Mapping[str, bytes]) -> None:
        self._edition.drop(*self._edition.after.names(prefix))
        for name, body in bodies.items():
            self._edition.put(name, body)


def _number(name: str) -> int:
    return int(name.split("-")[1])


def _ends(rule: Document) -> int:
    end = rule["not_after"]
    return end if isinstance(end, int) else 0


def _object(text: bytes, what: str) -> Document:
    try:
        parsed = strict_json.parse(text)
    except ValueError as error:
        raise UpdateError(f"{what} is not strict JSON: {error}.") from None
    if not isinstance(parsed, dict):
        raise UpdateError(f"{what} is not a JSON object.")
    return parsed


def _json(content: object) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()
