"""What a support bundle holds beside findings and lines: numbers, states and names of ours.

An allow-list by construction: each field is written here by its name. Of settings only numbers,
yes or no, and choices from a list go; of a text, whether it is set.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from contextlib import closing
from importlib import metadata
from pathlib import Path

import msgspec
import msgspec.inspect

import scanner as package
from scanner.config import Settings
from scanner.core.clock import ClockReading
from scanner.core.receipt import parse_receipt
from scanner.core.segment import Segment, link_of, read_segment
from scanner.core.signed_log import public_bytes
from scanner.core.trust import IssuerKey
from scanner.core.update import HeldChange
from scanner.doctor import power
from scanner.doctor.lists import ListState, lists_status
from scanner.doctor.software import LIBRARIES
from scanner.doctor.units import Systemctl, ask_systemd, look_at_units
from scanner.store.database import ALL_FILES, OUTBOX, connect, is_intact, translated
from scanner.store.device_key import KEY_FILE, device_id, provide_device_key
from scanner.store.upload_queue import UploadQueue

Json = Mapping[str, object]

OS_RELEASE = Path("/etc/os-release")
_RELEASE = re.compile(r'^(ID|VERSION_ID)="?([\w.]{1,20})"?$', re.MULTILINE)
_MODEL = re.compile(r"Raspberry Pi [\w .]{1,40}")
_STEP = re.compile("[a-z_]{1,40}")
_LIST = re.compile(r"keys|policy|rules|holders|ids|status-\d{1,3}|issued-[0-9a-f]{16}")
_STATE_OF_UNIT = re.compile("[a-z-]{1,30}")
_LINUX = re.compile(r"[\w.+~-]{1,60}")

_NEWEST = "SELECT signed FROM segment ORDER BY number DESC LIMIT 3000"
_STEPS = "SELECT name FROM _sqlite_migrations ORDER BY id"


def versions(os_release: Path = OS_RELEASE, sys: Path = power.SYS) -> Json:
    """Program, Python, system, board, libraries."""
    model = _MODEL.match(power.read_text(sys / power.MODEL))
    return {
        "scanner": package.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "kernel": _only(_LINUX, platform.release()),
        "system": dict(_RELEASE.findall(power.read_text(os_release))),
        "board": model[0] if model else None,
        "libraries": {package: _version(package) for package, _ in LIBRARIES.values()},
    }


def _version(name: str) -> str | None:
    for each in (name, f"{name}-headless"):
        try:
            return metadata.version(each)
        except metadata.PackageNotFoundError:
            continue
    return None


def settings_shape(settings: Settings) -> Json:
    """Every key; its value where that is a number, yes or no, or one of a list."""
    return _shape(settings)


def _shape(table: msgspec.Struct) -> dict[str, object]:
    info = msgspec.inspect.type_info(type(table))
    assert isinstance(info, msgspec.inspect.StructType)
    shown: dict[str, object] = {}
    for field in info.fields:
        value = getattr(table, field.name)
        if isinstance(value, msgspec.Struct):
            shown[field.name] = _shape(value)
        elif value is None or not isinstance(value, str) or _is_choice(field.type):
            shown[field.name] = value if isinstance(value, (int, float, str)) else None
        else:
            shown[field.name] = "set"
    return shown


def _is_choice(kind: msgspec.inspect.Type) -> bool:
    if isinstance(kind, msgspec.inspect.UnionType):
        return all(map(_is_choice, kind.types))
    return isinstance(kind, (msgspec.inspect.LiteralType, msgspec.inspect.NoneType))


def units(ask: Systemctl = ask_systemd) -> Json:
    """Unit → its state in systemd's own words."""
    names = ("LoadState", "ActiveState", "SubState", "Result", "UnitFileState", "NeedDaemonReload")
    return {
        unit.name: {name: _only(_STATE_OF_UNIT, unit.has.get(name, "")) for name in names}
        | {"restarts": unit.restarts}
        for unit in look_at_units(ask)
    }


def databases(state: Path) -> Json:
    """File → steps of its schema, bytes of it and its WAL, and whether it is whole."""
    found: dict[str, object] = {}
    for file in ALL_FILES:
        with closing(connect(state, file)) as db, translated(file.name):
            steps = [_only(_STEP, row[0]) for row in db.execute(_STEPS)]
            whole = is_intact(db)
        sizes = {
            ending: (state / f"{file.name}{ending}").stat().st_size
            for ending in ("", "-wal")
            if (state / f"{file.name}{ending}").exists()
        }
        found[file.name] = {
            "steps": steps,
            "bytes": sizes.get("", 0),
            "wal_bytes": sizes.get("-wal", 0),
            "is_whole": whole,
        }
    return found


def lists(state: Path, now: ClockReading) -> Json:
    """Versions and ages; keys by kid and state; what is held, by how much; when updates failed."""
    status = lists_status(state, now, allow_test_keys=True)
    return {
        "lists": [_list(each) for each in status.lists],
        "keys": [_key(each) for each in status.keys],
        "held": [_held(each) for each in status.held],
        "faults_at": [at for at, _ in status.faults],
        "clock": now.level.name,
    }


def _list(each: ListState) -> Json:
    name = _only(_LIST, each.name)
    return {"name": name, "version": each.version, "age_s": each.age_s, "mark": each.mark}


def _key(key: IssuerKey) -> Json:
    return {"kid": key.kid.hex(), "state": key.state.value, "issuer_no": key.issuer_no}


def _held(each: HeldChange) -> Json:
    name = _only(_LIST, each.list_name)
    return {"list": name, "flips": each.flips, "restores": each.restores}


def scan_log(state: Path) -> Json:
    """The end of the chain, what waits and was refused, and how the last segments were."""
    with closing(connect(state, OUTBOX)) as db, translated(OUTBOX.name):
        raw = [bytes(row[0]) for row in db.execute(_NEWEST)]
    segments = [read_segment(each) for each in raw]
    found: dict[str, object] = {"segments_here": len(segments)}
    if segments:
        found |= _end(segments[0], link_of(raw[0])) | _statistics(segments)
    if (state / KEY_FILE).exists():
        key = provide_device_key(state)
        found["device"] = device_id(key)
        with closing(UploadQueue(state, public_bytes(key))) as queue:
            found["upload"] = _upload(queue)
    return found


def _end(last: Segment, link: bytes) -> dict[str, object]:
    return {
        "epoch": last.epoch.hex(),
        "number": last.number,
        "next_seq": last.next_seq,
        "link": link.hex(),
        "minute": last.minute,
        "boot": last.boot,
    }


def _statistics(segments: list[Segment]) -> dict[str, object]:
    """Over the segments that were read: reading times in 16 sizes, flags, starts, events."""
    events: dict[str, int] = {}
    for event in (event for segment in segments for event in segment.events):
        kind = type(event.body).__name__
        events[kind] = events.get(kind, 0) + 1
    return {
        "histogram": [sum(sizes) for sizes in zip(*(s.histogram for s in segments), strict=True)],
        "flagged": {
            str(flags): sum(s.flags == flags for s in segments) for flags in _flags(segments)
        },
        "unclean_starts": len({s.boot for s in segments if not s.is_clean}),
        "events": events,
    }


def _flags(segments: list[Segment]) -> list[int]:
    return sorted({segment.flags for segment in segments})


def _upload(queue: UploadQueue) -> dict[str, object]:
    status = queue.status()
    receipt = parse_receipt(status.receipt) if status.receipt else None
    return {
        "segments_wait": status.segments,
        "records_wait": status.records,
        "attempts": status.retry.attempts,
        "has_fault": bool(status.fault),
        "receipt": None if receipt is None else {"seq": receipt.seq, "at": receipt.at},
        "aside": [[each.first, each.last, each.status] for each in status.aside],
    }


def _only(pattern: re.Pattern[str], text: str) -> str:
    """The text where it is of this form, else nothing of it."""
    return text if pattern.fullmatch(text) else "…"
