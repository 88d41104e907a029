"""The settings of a boot file: those of `config.py`, with the kind of each mistake named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec
import msgspec.inspect

from scanner.boot.reasons import FILE, BootError, BootReason
from scanner.boot.text import line_of
from scanner.config import Settings, explain

# In what msgspec says, in this order.
_KINDS = (
    ("two of the pins", BootReason.PINS),
    ("Invalid enum value", BootReason.CHOICE),
    ("matching regex", BootReason.CAMERA),
    ("of length", BootReason.LENGTH),
    ("` >= ", BootReason.RANGE),
    ("` <= ", BootReason.RANGE),
    ("got `null`", BootReason.TYPE),
)
_WHERE = re.compile(r"line (\d+), (.*)$", re.DOTALL)


def table_names() -> frozenset[str]:
    """The tables of the settings."""
    return frozenset(name for name, _ in _tables())


def check_settings(members: Mapping[str, object], text: str) -> Settings:
    """Raises BootError."""
    _check_tabs(members, text)
    try:
        settings = msgspec.convert(members, Settings)
    except msgspec.ValidationError as error:
        raise _explained(str(error), text) from None
    is_recorded = settings.camera.source.startswith(("dir:", "video:"))
    if settings.pins.factory == "mock":
        raise BootError(BootReason.MOCK, line=line_of(text, "pins", "factory"))
    if settings.reader.may_be_open:
        raise BootError(BootReason.OPEN, line=line_of(text, "reader", "may_be_open"))
    if is_recorded:
        raise BootError(BootReason.MOCK, line=line_of(text, "camera", "source"))
    return settings


def _check_tabs(members: Mapping[str, object], text: str) -> None:
    """Within a text a tab is invisible, and never meant."""
    for table, value in members.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        for key, found in inner:
            if isinstance(found, str) and "\t" in found:
                raise BootError(BootReason.TAB, line=line_of(text, table, key))


def _explained(said: str, text: str) -> BootError:
    found = _WHERE.search(explain(said, text, FILE))
    line, words = (int(found[1]), found[2].rstrip(".")) if found else (None, said)
    if unknown := re.search(r"unknown field `(.+?)`", said):
        return _unknown(unknown[1], line, words)
    kind = next((reason for sign, reason in _KINDS if sign in said), BootReason.TYPE)
    return BootError(kind, line=line, found=words)


def _unknown(key: str, line: int | None, words: str) -> BootError:
    homes = [table for table, fields in _tables() if key in fields]
    if homes:
        where = " or ".join(f"[{name}]" for name in homes)
        return BootError(BootReason.PLACE, line=line, found=f"{key} belongs to {where}")
    return BootError(BootReason.KEY, line=line, found=words[:200])


def _tables() -> Iterator[tuple[str, frozenset[str]]]:
    """Each table of the settings with its keys."""
    info = msgspec.inspect.type_info(Settings)
    assert isinstance(info, msgspec.inspect.StructType)
    for field in info.fields:
        if isinstance(field.type, msgspec.inspect.StructType):
            yield field.name, frozenset(each.name for each in field.type.fields)
