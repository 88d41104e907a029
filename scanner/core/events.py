"""What happens to the scan log itself, kept in its chain like a record.

An export, records that were removed once their time was over, days that were folded into counts
because there was no room, batches that a server would not take, keys under attack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import msgspec

from scanner.core import cbor
from scanner.core.errors import LogError


@dataclass(frozen=True, slots=True)
class Export:
    """Somebody took records out.

    nonce: of the file, hex; its last segment carries this event. recipient: who can open it, the
    first 16 characters of the age key, or "" for a file that anybody can read. minutes since 1970,
    `until` not included. case: the number of the case for which single records were given, "" when
    only cells were. supervisor: who signed the request, "" for the device's own operator. digest:
    SHA-256 of the cells that the file gives, b"" for a file without any.
    """

    WHAT: ClassVar[str] = "export"
    nonce: str
    since: int
    until: int
    recipient: str = ""
    case: str = ""
    supervisor: str = ""
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class Retired:
    """Segments up to `segment` and records up to `seq` were removed, their time being over.

    link: SHA-256 of that segment as signed, so that the rest still hangs on it. is_receipted:
    whether the server had them.
    """

    WHAT: ClassVar[str] = "retired"
    segment: int
    seq: int
    link: bytes
    is_receipted: bool


@dataclass(frozen=True, slots=True)
class Folded:
    """Records `first` to `last` of one day gave way to counts, for want of room.

    counts: hour since 1970, outcome, reason, how many. kept, root: how many of the records stay
    one by one, and the Merkle root over these by seq. A later fold of the same records takes the
    place of this one.
    """

    WHAT: ClassVar[str] = "folded"
    day: int
    first: int
    last: int
    counts: tuple[tuple[int, int, int, int], ...]
    kept: int
    root: bytes


@dataclass(frozen=True, slots=True)
class SetAside:
    """The server refused these segments with a status of 4xx; they are kept on the device."""

    WHAT: ClassVar[str] = "set-aside"
    first: int
    last: int
    status: int


@dataclass(frozen=True, slots=True)
class KeysAttacked:
    """Forged passes of one day by the key they name, hex kid → how many; from five up."""

    WHAT: ClassVar[str] = "keys-attacked"
    day: int
    forged: dict[str, int]


_Body = Export | Retired | Folded | SetAside | KeysAttacked
_KINDS: dict[str, type[_Body]] = {
    kind.WHAT: kind for kind in (Export, Retired, Folded, SetAside, KeysAttacked)
}


@dataclass(frozen=True, slots=True)
class Event:
    """One of these, as it stands in a segment."""

    body: _Body

    def as_map(self) -> dict[str, object]:
        """For CBOR."""
        fields = cast("dict[str, object]", msgspec.to_builtins(self.body, builtin_types=(bytes,)))
        return {"what": self.body.WHAT, **fields}


def event_of(value: cbor.CborValue) -> Event:
    """Raises LogError: a kind that this release does not know must not pass for nothing."""
    if not isinstance(value, dict):
        raise LogError("An event of the log is not of its form. Export the log again.")
    kind = _KINDS.get(str(value.get("what")))
    if kind is None:
        raise LogError("The log holds an event of a newer release. Update the scanner.")
    fields = {name: part for name, part in value.items() if name != "what"}
    try:
        return Event(msgspec.convert(fields, kind, builtin_types=(bytes,)))
    except msgspec.ValidationError as error:
        raise LogError(f"An event of the log is not of its form ({error}).") from None
