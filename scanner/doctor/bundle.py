"""A support bundle: what an engineer needs to know of a device, and nothing secret or about people.

Built from an allow-list: each file is made by a function that writes known fields, and each line of
text passes `sayings.py`. No file of the device is copied into it.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.errors import ConfigError
from scanner.doctor import journal, particulars
from scanner.doctor.examine import examine
from scanner.doctor.finding import Finding
from scanner.doctor.parts import PARTS, Part
from scanner.doctor.sayings import FINDINGS, Sieve
from scanner.doctor.subject import Subject
from scanner.doctor.units import Systemctl, ask_systemd

UNKNOWN_TIME = ClockReading(datetime.fromtimestamp(0, UTC), None, ClockLevel.C)
# A fixed date: the files are of one moment, which the journal tells to the minute at most.
STAMP = (1980, 1, 1, 0, 0, 0)

HOLDS_NOT = (
    "It does not hold: passes or what was read of codes, scan records, pictures, plates, names, "
    "keys, tokens, certificates, addresses of servers, Wi-Fi, the name of the checkpoint, and no "
    "line of a log that is not on the list of known ones."
)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the bundle."""

    name: str
    holds: str
    make: Callable[[], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a bundle asks: programs of the system, or what a test puts in their place."""

    systemctl: Systemctl = ask_systemd
    run: journal.Run = journal.run_program
    parts: tuple[Part, ...] = PARTS


def members(subject: Subject, sources: Sources | None = None) -> tuple[Member, ...]:
    """What a bundle of this device holds; nothing is looked at before a member is made."""
    asked = sources or Sources()
    return tuple(
        Member(name, holds, partial(make, subject, asked)) for name, holds, make in _MEMBERS
    )


def contents(chosen: Iterable[Member]) -> Iterator[str]:
    """What whoever hands it on should know before."""
    yield "This bundle holds:"
    for member in chosen:
        yield f"  {member.name:15} {member.holds}"
    yield HOLDS_NOT


def write_bundle(out: Path, chosen: Iterable[Member]) -> None:
    """A zip file for this user alone. Raises ConfigError when it is there already, or cannot be."""
    listed = tuple(chosen)
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        why = "it is there already" if isinstance(error, FileExistsError) else error.strerror
        raise ConfigError(f"Name another file for the bundle: {out} ({why}).") from None
    try:
        with (
            os.fdopen(descriptor, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            _add(archive, "README.txt", contents(listed))
            for member in listed:
                _add(archive, member.name, _made(member))
    except OSError as error:
        out.unlink(missing_ok=True)
        raise ConfigError(f"Make room for the bundle: {out} ({error.strerror}).") from None


def _add(archive: zipfile.ZipFile, name: str, lines: Iterable[str]) -> None:
    entry = zipfile.ZipInfo(name, STAMP)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
    archive.writestr(entry, "".join(f"{line}\n" for line in lines))


def _made(member: Member) -> list[str]:
    """What cannot be had is told by its kind; the others are written all the same."""
    try:
        return list(member.make())
    except Exception as error:  # noqa: BLE001 - a broken part is what bundles are made for
        return [f"not to be had: {type(error).__name__}"]


def _json(make: Callable[[], particulars.Json]) -> Iterator[str]:
    yield json.dumps(make(), indent=1, sort_keys=True)


def _settings(subject: Subject) -> particulars.Json:
    return {} if subject.settings is None else particulars.settings_shape(subject.settings)


def _lists(subject: Subject) -> particulars.Json:
    return particulars.lists(subject.state, subject.clock[1] or UNKNOWN_TIME)


def _findings(found: Iterable[Finding]) -> Iterator[str]:
    """Words that quote a file, an address or an error are left out; id and grade say enough."""
    sieve = Sieve(FINDINGS)
    for finding in found:
        said = sieve(finding.found)
        words = {} if said is None else {"found": said}
        row = {"id": finding.id, "grade": finding.grade.name.lower(), **words}
        yield json.dumps(row, ensure_ascii=False)


_MEMBERS: tuple[tuple[str, str, Callable[[Subject, Sources], Iterable[str]]], ...] = (
    (
        "doctor.jsonl",
        "every finding: id, grade, and its words where they are our own",
        lambda subject, asked: _findings(examine(asked.parts, subject)),
    ),
    (
        "versions.json",
        "scanner, libraries, system",
        lambda subject, asked: _json(particulars.versions),
    ),
    (
        "settings.json",
        "numbers and choices of the settings; of texts, whether they are set",
        lambda subject, asked: _json(lambda: _settings(subject)),
    ),
    (
        "units.json",
        "states of the units",
        lambda subject, asked: _json(lambda: particulars.units(asked.systemctl)),
    ),
    (
        "databases.json",
        "schema, size and soundness of each database",
        lambda subject, asked: _json(lambda: particulars.databases(subject.state)),
    ),
    (
        "lists.json",
        "versions and ages of the lists, ids of issuer keys",
        lambda subject, asked: _json(lambda: _lists(subject)),
    ),
    (
        "log.json",
        "the end of the scan log's chain, what waits, reading times in 16 sizes",
        lambda subject, asked: _json(lambda: particulars.scan_log(subject.state)),
    ),
    (
        "journal.txt",
        "known lines of the units' journal, by the minute",
        lambda subject, asked: journal.read_journal(asked.run),
    ),
    (
        "kernel.txt",
        "known lines of the kernel about USB, camera, pins, card and power",
        lambda subject, asked: journal.read_kernel(asked.run),
    ),
)
