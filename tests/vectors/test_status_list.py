"""The packing of two bits an index, from the examples of the Token Status List draft."""

from __future__ import annotations

import re
import zlib
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest

from scanner.core.revocation import StatusBits, decode_part, encode_map, status_in

V, R, S, X = StatusBits


def published(vectors: Path, name: str) -> bytes:
    """The `lst` of a JSON snippet: base64url of zlib, broken into lines."""
    text = (vectors / "status-list" / name).read_text(encoding="utf-8")
    found = re.search(r'"bits": 2,\s+"lst": "([^"]+)"', text)
    assert found is not None
    packed = "".join(found.group(1).split())
    return zlib.decompress(urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))


def test_the_twelve_statuses_of_the_draft_are_read(vectors: Path) -> None:
    """Bytes c9 44 f9: lowest bits first within each byte."""
    bits = published(vectors, "status_list_encoding2_json.md")
    assert bits == bytes([0xC9, 0x44, 0xF9])
    assert [status_in(bits, index) for index in range(12)] == [R, S, V, X, V, R, V, R, R, S, X, X]


def test_a_million_statuses_of_the_draft_are_read(vectors: Path) -> None:
    """Eleven indexes are set, far apart, and our own map of the same changes has the same bytes."""
    bits = published(vectors, "status_list_encoding2_long_json.md")
    changes = {
        0: R, 1993: S, 25460: R, 159495: X, 495669: R, 554353: R, 645645: S, 723232: R,
        854545: R, 934534: S, 1000345: X,
    }  # fmt: skip
    size = 4 * len(bits)
    assert {i: status for i in range(size) if (status := status_in(bits, i)) is not V} == changes
    assert b"".join(map(decode_part, encode_map(size, changes))) == bits


@pytest.mark.parametrize("index", [12, 2**32 - 1, -1])
def test_beyond_the_map_there_is_no_status(vectors: Path, index: int) -> None:
    """An index that the map does not have is never taken for a valid one."""
    with pytest.raises(IndexError):
        status_in(published(vectors, "status_list_encoding2_json.md"), index)
