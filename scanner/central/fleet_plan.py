"""devices.csv → the devices of a fleet: every row checked before anything is made of any.

    name,serial,zone,transport,asks_plate,asks_card,capacity_mb,camera,sound,wifi_ssid,
    wifi_password,wifi_country

Only `name` must be there. An error names line and column, and says what to write instead.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scanner.central.errors import CentralError
from scanner.core.place import HIGHEST_CODE, LEAST_MB, MOST_MB
from scanner.core.stick import SERIAL

MOST_BYTES, MOST_DEVICES = 1 << 20, 10_000
_NAME = re.compile(r"(?!\.)[\w.-]{1,32}")
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_CAMERA = re.compile(r"(usb:/dev/|csi:)[!-~]{1,120}")
_PASSWORD = re.compile(r"[\x20-\x7e]{8,63}|[0-9A-Fa-f]{64}")


class RowError(CentralError):
    """devices.csv must be corrected; nothing was made of it."""


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device to be. place: members of `placing.py`; settings: of the boot file, by table."""

    line: int
    name: str
    serial: str | None
    place: Mapping[str, object]
    settings: Mapping[str, Mapping[str, object]]


Reader = Callable[[str], object]


def read_plan(raw: bytes, source: str) -> list[DeviceRow]:
    """All rows, or RowError for the first that is wrong. source: the file's name, for errors."""
    text = _text(raw, source)
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = list(_rows(lines, source))
    except csv.Error as error:
        raise RowError(f"{source}, line {lines.line_num}: close the quotes ({error}).") from None
    if not rows:
        raise RowError(f"{source} names no device. Write one row for each below the header.")
    _check_once(rows, source)
    return rows


def _text(raw: bytes, source: str) -> str:
    if len(raw) > MOST_BYTES:
        raise RowError(f"{source} has more than {MOST_BYTES} bytes. Make two files of it.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RowError(f"{source} is not UTF-8. Export it as “CSV UTF-8”.") from None


def _rows(lines: Iterator[list[str]], source: str) -> Iterator[DeviceRow]:
    header = [each.strip().lower() for each in next(lines, [])]
    _check_header(header, source)
    for number, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(header):
            raise RowError(
                f"{source}, line {number}: {len(cells)} cells under {len(header)} names."
            )
        named = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        yield _row(number, named, source)


def _check_header(header: list[str], source: str) -> None:
    unknown = [name for name in header if name not in READERS]
    if "name" not in header or unknown:
        what = f"there is no column {unknown[0]!r}" if unknown else "the column name is missing"
        raise RowError(f"{source}, line 1: {what}; here stand {', '.join(READERS)}.")
    if len(set(header)) < len(header):
        raise RowError(f"{source}, line 1: a column stands there twice. Remove one.")


def _row(number: int, cells: Mapping[str, str], source: str) -> DeviceRow:
    found = dict[str, object]()
    for column, cell in cells.items():
        try:
            found[column] = READERS[column](cell) if cell else None
        except ValueError as error:
            raise RowError(f"{source}, line {number}, column {column}: {error}.") from None
    if not found.get("name"):
        raise RowError(f"{source}, line {number}, column name: write the name of the checkpoint.")
    wifi = _wifi(found, number, source)
    camera, sound = found.get("camera"), found.get("sound")
    settings = {
        "camera": {"source": camera} if camera else {},
        "pins": {"sound": sound} if sound else {},
        "wifi": wifi,
    }
    place = {
        "checkpoint": found["name"],
        **{column: found.get(column) for column in _PLACE if found.get(column) is not None},
    }
    serial = found.get("serial")
    name = str(found["name"])
    return DeviceRow(number, name, None if serial is None else str(serial), place, settings)


def _wifi(found: Mapping[str, object], number: int, source: str) -> dict[str, object]:
    names = {"ssid": "wifi_ssid", "password": "wifi_password", "country": "wifi_country"}
    wifi = {key: found[column] for key, column in names.items() if found.get(column) is not None}
    if not wifi:
        return {}
    for key in ("ssid", "country"):
        if key not in wifi:
            raise RowError(f"{source}, line {number}, column {names[key]}: write it, or no Wi-Fi.")
    return wifi if "password" in wifi else {**wifi, "open": True}


def _check_once(rows: list[DeviceRow], source: str) -> None:
    """Names are those of folders, also where capitals do not count."""
    if len(rows) > MOST_DEVICES:
        raise RowError(f"{source} names more than {MOST_DEVICES} devices. Make two files of it.")
    _check_column("name", [(row.line, row.name.casefold()) for row in rows], source)
    serials = [(row.line, row.serial) for row in rows if row.serial is not None]
    _check_column("serial", serials, source)


def _check_column(column: str, values: Sequence[tuple[int, str]], source: str) -> None:
    seen = dict[str, int]()
    for line, value in values:
        if value in seen:
            where = f"{source}, line {line}, column {column}"
            raise RowError(f"{where}: line {seen[value]} has it already.")
        seen[value] = line


def _name(cell: str) -> str:
    if not _NAME.fullmatch(cell):
        raise ValueError("1 to 32 letters, digits, hyphens, dots or underscores, no spaces")
    return cell


def _serial(cell: str) -> str:
    if not SERIAL.fullmatch(cell.lower()):
        raise ValueError("the serial number of the board, 8 to 32 hex digits")
    return cell.lower()


def _number(least: int, most: int) -> Reader:
    def read(cell: str) -> int:
        if not cell.isascii() or not cell.isdigit() or not least <= int(cell) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(cell)

    return read


def _truth(cell: str) -> bool:
    if cell.lower() not in _WORDS:
        raise ValueError("yes or no")
    return _WORDS[cell.lower()]


def _one_of(pattern: str, words: str) -> Reader:
    def read(cell: str) -> str:
        if not re.fullmatch(pattern, cell):
            raise ValueError(words)
        return cell

    return read


def _ssid(cell: str) -> str:
    if not cell.isprintable() or len(cell.encode()) > 32:
        raise ValueError("the name of the network, at most 32 bytes")
    return cell


_PLACE = ("zone", "transport", "asks_plate", "asks_card", "capacity_mb")
READERS: Mapping[str, Reader] = {
    "name": _name,
    "serial": _serial,
    "zone": _number(0, HIGHEST_CODE),
    "transport": _number(0, HIGHEST_CODE),
    "asks_plate": _truth,
    "asks_card": _truth,
    "capacity_mb": _number(LEAST_MB, MOST_MB),
    "camera": _one_of(_CAMERA.pattern, "usb:/dev/v4l/by-id/… or csi:0"),
    "sound": _one_of("active|piezo", "active or piezo"),
    "wifi_ssid": _ssid,
    "wifi_password": _one_of(_PASSWORD.pattern, "8 to 63 plain characters, or 64 hex digits"),
    "wifi_country": _one_of("[A-Z]{2}", "two capital letters, as DE"),
}
