"""Bytes of a boot file → text → tables, with the mistakes that editors and people make named.

Read from a partition that any laptop can write: small, bounded, and nothing is guessed.
"""

from __future__ import annotations

import re
import tomllib

from scanner.boot.reasons import BootError, BootReason

MOST_BYTES = 64 * 1024
_CURLY = re.compile("[“”„‟«»‘’‚‛]")
_LINE = re.compile(r"\(at line (\d+)")
_BARE = re.compile(r"\s*[\w.-]+\s*=\s*[A-Za-z_][^\"'#=]*(#.*)?$")
_TRUTH = re.compile(r"\s*[\w.-]+\s*=\s*(True|False|TRUE|FALSE|yes|no|on|off)\s*(#.*)?$")
_SETTING = re.compile(r"\s*[\w.-]+\s*=")
_HEADER = re.compile(r"\s*\[\s*([\w.-]+)\s*\]\s*(#.*)?$")


def read_text(raw: bytes) -> str:
    """Raises BootError. Lines may end as on Windows."""
    if not raw:
        raise BootError(BootReason.EMPTY)
    if len(raw) > MOST_BYTES:
        raise BootError(BootReason.SIZE)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or _has_wide_letters(raw[:20]):
        raise BootError(BootReason.UTF16)
    if raw.startswith(b"\xef\xbb\xbf"):
        raise BootError(BootReason.BOM)
    if b"\0" in raw:
        raise BootError(BootReason.NUL, line=raw[: raw.index(b"\0")].count(b"\n") + 1)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BootError(BootReason.UTF8, line=raw[: error.start].count(b"\n") + 1) from None
    if not text.strip():
        raise BootError(BootReason.EMPTY)
    return text.replace("\r\n", "\n")


def read_tables(text: str) -> dict[str, object]:
    """TOML → its members. Raises BootError with the mistake that is most likely meant."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        number = int(found[1]) if (found := _LINE.search(str(error))) else None
        raise _explained(str(error), text, number) from None
    except RecursionError:
        raise BootError(BootReason.TOML) from None


def without_tables(text: str, names: frozenset[str], keys: frozenset[str] = frozenset()) -> str:
    """The same lines, those of these tables empty; keys: also these settings before any table.

    Lines keep their numbers. Whoever calls this parses the result to see that no more was removed.
    """
    kept, table = list[str](), ""
    for line in text.split("\n"):
        if header := _HEADER.match(line):
            table = header[1]
        first = _SETTING.match(line)
        is_key = not table and first is not None and line.split("=")[0].strip() in keys
        kept.append("" if table.split(".")[0] in names or is_key else line)
    return "\n".join(kept)


def line_of(text: str, table: str, key: str = "") -> int | None:
    """Where a key of a table stands, else the table's header; None for neither."""
    here, header = "", None
    for number, line in enumerate(text.split("\n"), start=1):
        if found := _HEADER.match(line):
            here = found[1]
            header = number if here == table else header
        elif here == table and key and _SETTING.match(line) and line.split("=")[0].strip() == key:
            return number
    return header


def _has_wide_letters(head: bytes) -> bool:
    """Every second byte is zero, as in UTF-16 without a mark."""
    first, second = set(head[0::2]), set(head[1::2])
    return (first == {0}) != (second == {0}) and len(head) > 1


def _explained(said: str, text: str, number: int | None) -> BootError:
    """The likeliest mistake in the line in which the parser gave up."""
    lines = text.split("\n")
    line = lines[number - 1] if number is not None and number <= len(lines) else ""
    if _CURLY.search(line):
        return BootError(BootReason.QUOTES, line=number)
    if "Cannot overwrite" in said or "twice" in said or "Cannot mutate" in said:
        return BootError(BootReason.TWICE, line=_last_before(lines, number))
    if line.lstrip().startswith("["):
        return BootError(BootReason.BRACKET, line=number)
    if _TRUTH.match(line):
        return BootError(BootReason.TRUTH, line=number)
    if _BARE.match(line):
        return BootError(BootReason.UNQUOTED, line=number)
    if line.strip() and not _SETTING.match(line):
        return BootError(BootReason.EQUALS, line=number)
    return BootError(BootReason.TOML, line=number)


def _last_before(lines: list[str], number: int | None) -> int | None:
    """The parser names the end of a doubled line, which may be the line after it."""
    while number is not None and number > 1 and number <= len(lines) and not lines[number - 1]:
        number -= 1
    return number
