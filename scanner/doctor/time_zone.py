"""Two time zones: the policy's, by which passes are judged, and the system's, for people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from scanner.core.errors import StoreError
from scanner.core.policy import Checkpoint
from scanner.doctor.finding import Finding, Grade
from scanner.store.trust_list import SqliteLists

LOCALTIME = Path("/etc/localtime")
ZONES = "zoneinfo/"


def check_time_zone(state: Path, localtime: Path = LOCALTIME) -> Iterator[Finding]:
    """localtime: the link by which the system names its zone."""
    here = system_zone(localtime)
    try:
        with closing(SqliteLists(state, Checkpoint(), allow_test_keys=True)) as lists:
            judged = str(lists.policy.time_zone)
    except StoreError:
        found = f"no policy names a time zone yet; the journal is in {here}"
        yield Finding("E-TIME-ZONE", Grade.WARNING, found, "Install lists, see E-LISTS.")
        return
    found = f"passes are judged in {judged}"
    grade = Grade.OK if here in (judged, "UTC", "Etc/UTC") else Grade.WARNING
    fix = f"To read the journal in the same time: `sudo timedatectl set-timezone {judged}`."
    yield Finding("E-TIME-ZONE", grade, f"{found}; the journal is in {here}", fix)


def system_zone(localtime: Path) -> str:
    """Such as Europe/Moscow; UTC where no zone is set."""
    try:
        target = str(localtime.readlink())
    except OSError:
        return "UTC"
    return target.partition(ZONES)[2] or "UTC"
