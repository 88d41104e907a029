"""The answer of `scanner check` about one code, as a line for people or for programs."""

from __future__ import annotations

import time
from dataclasses import dataclass

from scanner.checkpoint import decide
from scanner.commands.codes import Code
from scanner.core.claims import Pass
from scanner.core.clock import ClockReading
from scanner.core.facts import Facts, Seen
from scanner.core.reasons import Reason
from scanner.core.signal import signal_for
from scanner.core.verdict import Verdict
from scanner.core.words import words
from scanner.ports import Lists


@dataclass(frozen=True, slots=True)
class Answer:
    """Nothing of an unverified code stands in it: `verdict.pass_` is set by the signature only."""

    code: Code
    verdict: Verdict
    now: ClockReading
    has_lists: bool
    ms: float

    def as_json(self) -> dict[str, object]:
        verdict, pass_ = self.verdict, self.verdict.pass_
        fields: dict[str, object] = {
            "source": self.code.source,
            "format": pass_.format if pass_ else None,
            "outcome": verdict.outcome.name,
            "reason": verdict.reason.name,
            "notices": [notice.name for notice in verdict.notices],
            "signal": signal_for(verdict.reason, seen=False).name.value,
            "kind": pass_.kind if pass_ else None,
            "valid_until": pass_.expires.isoformat() if pass_ else None,
            "list_version": verdict.facts.lists.status_version if verdict.facts else None,
            "clock_level": self.now.level.name,
            "ms": round(self.ms, 2),
        }
        return fields if self.has_lists else fields | {"lists": "none"}

    def as_text(self) -> str:
        verdict = self.verdict
        said = words(verdict.reason)
        signal = signal_for(verdict.reason, seen=False)
        notices = "".join(f" ({notice.name})" for notice in verdict.notices)
        lists = "" if self.has_lists else " [lists: none]"
        return (
            f"{self.code.source}: {signal.word} {verdict.outcome.name} {verdict.reason.name}"
            f"{notices}{lists}\n    {said.line} {said.do}"
        )


def answer(
    code: Code, lists: Lists, now: ClockReading, *, typed_plate: str | None, has_lists: bool
) -> Answer:
    """Judge one code as the loop would, with a memory that has seen nobody."""

    def facts_about(pass_: Pass) -> Facts:
        return Facts(lists.about(pass_, now), Seen(), typed_plate=typed_plate or None)

    begun_s = time.perf_counter()
    verdict = Verdict(Reason.UNREADABLE)
    if code.payload is not None:
        verdict = decide(code.payload, lists, facts_about, now)
    spent_ms = code.read_ms + 1000 * (time.perf_counter() - begun_s)
    return Answer(code, verdict, now, has_lists, spent_ms)
