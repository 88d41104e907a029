"""What journal and kernel say of the scanner, as far as it may leave the device."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from scanner.doctor.sayings import KERNEL, OURS, PRINTED, SYSTEMD, Sieve
from scanner.doctor.units import INSTANCES, UNITS

ASK_S = 20.0
SINCE, MOST_LINES = "-2d", 5000
NOT_READ = "{} cannot be read by this user, or holds nothing"
_INSTANCE = re.compile(r"@[^.]*\.")
_STAMPED = re.compile(r"\[ *(\d+)\.\d+\] (.*)")

Run = Callable[[Sequence[str]], str]


def run_program(command: Sequence[str]) -> str:
    """What it prints; empty where it is missing, refuses or hangs."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=ASK_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def read_journal(run: Run = run_program) -> Iterator[str]:
    """Lines of two days, by minute, unit and text; in the end how many were left out."""
    instances = [unit.replace("@", "@*") for unit in INSTANCES]
    named = [f"--unit={unit}" for unit in (*UNITS, *instances)]
    asked = ["journalctl", "--output=json", f"--since={SINCE}", f"--lines={MOST_LINES}", *named]
    sieve, left_out, answer = Sieve((*OURS, *PRINTED, *SYSTEMD)), Counter[str](), run(asked)
    if not answer:
        yield NOT_READ.format("the journal")
    yield from _folded(_journal_lines(answer.splitlines(), sieve, left_out))
    for unit, count in sorted(left_out.items()):
        yield f"{unit}: {count} lines were left out"


def _journal_lines(raw: Iterable[str], sieve: Sieve, left_out: Counter[str]) -> Iterator[str]:
    for line in raw:
        try:
            entry = json.loads(line)
            unit = _INSTANCE.sub("@.", entry.get("UNIT") or entry.get("_SYSTEMD_UNIT"))
            minute = datetime.fromtimestamp(int(entry["__REALTIME_TIMESTAMP"]) / 1e6, UTC)
            text = entry["MESSAGE"]
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError):
            continue
        if unit not in (*UNITS, *INSTANCES):
            continue
        kept = sieve(text) if isinstance(text, str) else None
        if kept is None:
            left_out[unit] += 1
        else:
            yield f"{minute:%Y-%m-%d %H:%M}Z {unit}: {kept}"


def read_kernel(run: Run = run_program) -> Iterator[str]:
    """Lines about USB, camera, pins, card and power, by seconds since the boot."""
    sieve = Sieve(KERNEL)
    answer = run(["dmesg"])
    if not answer:
        yield NOT_READ.format("dmesg")
    yield from _folded(_kernel_lines(answer.splitlines(), sieve))


def _kernel_lines(raw: Iterable[str], sieve: Sieve) -> Iterator[str]:
    for line in raw:
        if (match := _STAMPED.fullmatch(line)) and (kept := sieve(match[2])) is not None:
            yield f"{match[1]} s: {kept}"


def _folded(lines: Iterable[str]) -> Iterator[str]:
    """The same line again and again is one, with how often it came."""
    last, count = "", 0
    for line in (*lines, ""):
        if line == last:
            count += 1
            continue
        if last:
            yield last if count == 1 else f"{last} ({count} times)"
        last, count = line, 1
