"""What the commands of `scanner logs` share: files and keys they are given, times, bars."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.core.errors import LogError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from scanner.core.chain import Watch
    from scanner.logs.files import Book

_PUBLIC_DIGITS = 64


class Minute(click.ParamType[int]):
    """A day, or a time with its offset, RFC 3339 → minutes since 1970."""

    name = "TIME"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        if isinstance(value, int):
            return value
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value} is neither a day such as 2020-04-29 nor a time", param, ctx)
        if at.tzinfo is None:
            if len(str(value)) > len("2020-04-29"):
                self.fail(f"{value} has no offset; write Z or +03:00 behind it", param, ctx)
            at = at.replace(tzinfo=UTC)
        return max(0, int(at.timestamp() // 60))


class PublicKey(click.ParamType[bytes]):
    """64 hex digits → a raw Ed25519 key."""

    name = "HEX"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        try:
            raw = bytes.fromhex(str(value))
        except ValueError:
            raw = b""
        if len(raw) * 2 != _PUBLIC_DIGITS:
            self.fail(f"{value} is no key of {_PUBLIC_DIGITS} hex digits", param, ctx)
        return raw


SINCE = click.option("--since", type=Minute(), help="From this day or time on (UTC for a day).")
UNTIL = click.option("--until", type=Minute(), help="Up to, and without, this day or time.")
FILES = click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
IDENTITY = click.option(
    "--identity",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The age key that opens encrypted files.",
)
SERVER_KEY = click.option(
    "--server-key", type=PublicKey(), help="The server's receipt key, for its exports."
)


def open_books(
    files: Sequence[Path], identity: Path | None, server_key: bytes | None
) -> Iterator[tuple[Book, Ed25519PublicKey | None]]:
    """Each file or device folder, with the key that receipts in it are checked by.

    Raises LogError, StoreError.
    """
    from scanner.core.signed_log import public_key
    from scanner.logs.files import open_book

    key = None if server_key is None else public_key(server_key)
    for file in files:
        if file.is_dir():
            from scanner.assembly.logs import device_book

            book, own = device_book(file)
            yield book, key or own
        else:
            yield open_book(file, identity), key


def open_exports(
    files: Sequence[Path], identity: Path | None, server_key: bytes | None
) -> list[tuple[Book, Ed25519PublicKey | None]]:
    """Exported files alone: whatever is taken from a device is noted there first. LogError."""
    for file in files:
        if file.is_dir():
            raise LogError(f"{file} is a folder. Make an export of it: `scanner logs export`.")
    return list(open_books(files, identity, server_key))


def segments_bar(file: Path) -> Watch:
    """A bar on a terminal for each long log; silence elsewhere."""

    def watch(segments: Iterable[bytes]) -> Iterable[bytes]:
        if not sys.stderr.isatty():
            return segments
        return _with_bar(list(segments), file.name)

    return watch


def _with_bar(segments: list[bytes], name: str) -> Iterator[bytes]:
    with click.progressbar(segments, label=name, file=sys.stderr, show_pos=True) as bar:
        yield from bar
