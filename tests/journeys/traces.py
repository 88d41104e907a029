"""Everything by which a pass could be recognised, in every spelling, and a search for it.

Not searched for: the last four digits of a document alone, the birth day and the index, which are
too short to mean anybody when they turn up among a million bytes.
"""

from __future__ import annotations

import gc
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import cbor2

from scanner.core import base45
from scanner.core.claims import Claim, Movement

# The shortest thing that is searched for has so many bytes.
PREFIX_BYTES = 6
TEXT_PART = 24
# What is left of a spelling that begins or ends in the middle of something else.
_BASE64_BYTES, _BASE64_CHARS, _BASE45_BYTES, _BASE45_CHARS = 3, 4, 2, 3

Traces = Mapping[bytes, str]


def traces_of(name: str, text: str) -> dict[bytes, str]:
    """Spelling → what it is, of one QR code."""
    found: dict[bytes, str] = {}
    encoded = text.encode()
    # The first characters are the same in every pass of an issuer.
    for begin in range(3 * TEXT_PART, len(encoded) - TEXT_PART, TEXT_PART):
        found[encoded[begin : begin + TEXT_PART]] = f"{name}: text from {begin}"
    values = {"SHA-256 of the text": _short_hash(encoded)}
    for what, value in (values | dict(values_of(text))).items():
        for spelling, pattern in spellings(value):
            found[pattern] = f"{name}: {what}, {spelling}"
    return found


def values_of(text: str) -> Iterator[tuple[str, bytes]]:
    """What the pass holds; nothing of a code that cannot be opened."""
    try:
        cose = base45.decode(text.partition(":")[2].encode())
        _, _, payload, signature = cbor2.loads(cose).value
        claims = cbor2.loads(payload)
    except (ValueError, AttributeError, cbor2.CBORDecodeError):
        return
    yield "COSE, its middle", cose[-96:-72]
    yield "SHA-256 of the COSE", _short_hash(cose)
    yield "signature", signature[:16]
    yield "cti", claims[Claim.CTI]
    yield "SHA-256 of the cti", _short_hash(claims[Claim.CTI])
    yield from _person(claims[Claim.MOVEMENT])


def _person(movement: Mapping[int, object]) -> Iterator[tuple[str, bytes]]:
    match movement.get(Movement.HOLDER):
        case [str() as initials, str() as born, str() as document]:
            yield "initials", initials.encode()
            yield "birth day and document", (born + document).encode()
            yield "initials and document", (initials + document).encode()
            yield "holder", cbor2.dumps([initials, born, document])
    match movement.get(Movement.HOLDER_REF):
        case bytes() as ref:
            yield "holder_ref", ref
            yield "SHA-256 of the holder_ref", _short_hash(ref)
    match movement.get(Movement.PLATE):
        case str() as plate:
            yield "plate", plate.encode()


def _short_hash(value: bytes) -> bytes:
    """Its beginning is found also where the rest was cut off."""
    return sha256(value).digest()[:8]


def spellings(value: bytes) -> Iterator[tuple[str, bytes]]:
    """A value raw, in hex, and in base encodings at every place that a byte can have in them."""
    yield "raw", value
    yield "hex", value.hex().encode()
    yield "HEX", value.hex().upper().encode()
    if len(value) < 8:
        return
    for name, encode in (("base64", b64encode), ("base64url", urlsafe_b64encode)):
        for before in range(_BASE64_BYTES):
            yield name, _core(value, before, encode, _BASE64_BYTES, _BASE64_CHARS)
    for before in range(_BASE45_BYTES):
        yield "base45", _core(value, before, _base45, _BASE45_BYTES, _BASE45_CHARS)


def _core(
    value: bytes, before: int, encode: Callable[[bytes], bytes], group: int, chars: int
) -> bytes:
    """How the value is spelled when so many bytes of something else stand before it."""
    first = chars if before else 0
    whole = (before + len(value)) // group * chars
    return encode(bytes(before) + value)[first:whole]


def _base45(value: bytes) -> bytes:
    return base45.encode(value).encode()


def search(haystack: bytes, traces: Traces) -> set[bytes]:
    """The spellings that stand in the haystack."""
    by_prefix: dict[bytes, list[bytes]] = {}
    for pattern in traces:
        by_prefix.setdefault(pattern[:PREFIX_BYTES], []).append(pattern)
    found = set()
    for at in range(len(haystack) - PREFIX_BYTES + 1):
        for pattern in by_prefix.get(haystack[at : at + PREFIX_BYTES], ()):
            if haystack.startswith(pattern, at):
                found.add(pattern)
    return found


def search_folder(folder: Path, traces: Traces) -> dict[str, set[bytes]]:
    """File name → what was found in it; files with nothing are left out."""
    gc.collect()  # a database that waits to be closed would take its WAL away while we look
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    hits = {path.name: search(path.read_bytes(), traces) for path in files}
    return {name: found for name, found in hits.items() if found}
