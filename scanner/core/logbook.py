"""The scan log of one device and epoch: from the device itself, a file, or a central server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DeviceLog:
    """Segments as signed, by number; records of 16 bytes by seq, as far as they are there.

    public: the device's raw key. has_records: False where a source gives segments alone, so that
    absent records are no loss. receipt: the server's newest, as signed, b"" without one. start: its
    receipt for what lies before the first segment, as signed, where a server gives later days
    only; b"" without one. nonce: of the export that ends it, hex; "" for a log that goes on.
    given_seq: the last seq that the source itself says it gave, 0 where it does not say.
    """

    public: bytes
    epoch: bytes
    segments: tuple[bytes, ...]
    records: Mapping[int, bytes] = field(default_factory=dict)
    has_records: bool = True
    receipt: bytes = b""
    start: bytes = b""
    nonce: str = ""
    given_seq: int = 0
