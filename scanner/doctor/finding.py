"""One thing that was looked at: a stable id, what was found, and the fix."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path

INSTALLED = Path("/opt/scanner")
# What a sentence tells to run on the device itself; the city's side has other machines.
_COMMAND = re.compile("`scanner (?!central )")


class Grade(IntEnum):
    """OK; WARNING: it works, but see to it; FAILURE: no pass would be admitted, or no lamp lit;
    UNCONFIGURED: nobody has told this device what it is."""

    OK = 0
    WARNING = 1
    FAILURE = 2
    UNCONFIGURED = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """`id` is the same in every version, so that a manual can name it."""

    id: str
    grade: Grade
    found: str
    fix: str = ""

    def as_line(self) -> str:
        fix = f"\n{'':27}→ {self.fix}" if self.fix and self.grade is not Grade.OK else ""
        return f"{self.grade.name:12} {self.id:14} {self.found}{fix}"

    def as_json(self) -> dict[str, str]:
        return {
            "id": self.id,
            "grade": self.grade.name.lower(),
            "found": self.found,
            "fix": self.fix,
        }


def as_told_here(finding: Finding, prefix: str = sys.prefix) -> Finding:
    """On a device settings, keys and records are the scanner's user's: each command needs sudo.

    prefix: of this Python; a checkout on somebody's desk has another one, and needs none.
    """
    if not Path(prefix).is_relative_to(INSTALLED):
        return finding
    found, fix = (_COMMAND.sub("`sudo scanner ", text) for text in (finding.found, finding.fix))
    return replace(finding, found=found, fix=fix)


def exit_code(findings: list[Finding], *, strict: bool) -> int:
    """0 ok, 1 warnings and `strict`, 2 a failure, 3 not configured."""
    grades = {finding.grade for finding in findings}
    if Grade.UNCONFIGURED in grades:
        return 3
    if Grade.FAILURE in grades:
        return 2
    return 1 if strict and Grade.WARNING in grades else 0
