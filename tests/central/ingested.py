"""What a body brings to the ledger, and what was refused."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.central.ingest import Ingest, RefusedError
from scanner.central.ledger import Ledger
from scanner.core.receipt import Receipt, read_receipt
from scanner.core.record import pack_row
from tests.central.reporter import Reporter

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def take(ingest: Ingest, body: bytes) -> Receipt:
    """The receipt for a body, its signature checked."""
    return read_receipt(ingest.take(body), KEY.public_key())


def refusal(ingest: Ingest, body: bytes) -> int:
    """The status with which a body is refused."""
    with pytest.raises(RefusedError) as caught:
        ingest.take(body)
    return caught.value.status


def stored(ledger: Ledger, gate: Reporter) -> dict[int, bytes]:
    """Every record that is kept of a device, by seq; a doubled one would fail."""
    with ledger.book(reading=True) as book:
        log = book.log(gate.device, gate.epoch)
        rows = book.rows(log.id, 0, 2**32) if log else []
    seqs = [row[0] for row in rows]
    assert len(seqs) == len(set(seqs))
    return {row[0]: pack_row(row) for row in rows}
