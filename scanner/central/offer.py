"""What a device offers in one body, checked as far as that goes without the store.

Each segment is signed by the key that signed the body, names its device and epoch, and comes with
all the records that it seals, or with none where the device had to fold them. With an event that
folded older records may come those that were kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scanner.core.batch import Batch, Part
from scanner.core.errors import LogError
from scanner.core.events import Folded
from scanner.core.merkle import merkle_root
from scanner.core.record import RECORD_BYTES, Row, pack_row, unpack_rows
from scanner.core.segment import Segment, is_sealed, link_of, read_segment, split_records
from scanner.core.signed_log import Statement, device_of, is_signed_by, public_key


@dataclass(frozen=True, slots=True)
class Fold:
    """Records of one day that a device has kept out of many that it folded."""

    day: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """A segment, signed and whole. rows: its own records; folds: what it has kept of older ones.

    link: what the next segment names as the one before.
    """

    segment: Segment
    signed: bytes
    link: bytes
    rows: tuple[Row, ...]
    folds: tuple[Fold, ...]

    @property
    def has_records(self) -> bool:
        """Whether nothing of its own is missing; a heartbeat misses nothing."""
        return len(self.rows) == self.segment.count

    def all_rows(self) -> list[Row]:
        """Its own and those that folds have kept."""
        return [*self.rows, *(row for fold in self.folds for row in fold.rows)]


def read_offers(batch: Batch) -> list[Offer]:
    """By number, each once. Raises LogError: what is refused here is refused for ever."""
    key, device = public_key(batch.public), device_of(batch.public)
    offers = [_read(part, key, device, batch.epoch) for part in batch.parts]
    numbers = [offer.segment.number for offer in offers]
    if numbers != sorted(set(numbers)):
        raise LogError("The segments of an upload are not in order. Send them again.")
    return offers


def _read(part: Part, key: Ed25519PublicKey, device: bytes, epoch: bytes) -> Offer:
    segment = read_segment(part.segment)
    if not is_signed_by(key, part.segment, Statement.SEGMENT):
        raise LogError(f"Segment {segment.number} is not signed by the device that sends it.")
    if (segment.device, segment.epoch) != (device, epoch):
        raise LogError(f"Segment {segment.number} is of another device or epoch.")
    own, others = _split(segment, part.records)
    folds = tuple(_folds(segment, others))
    return Offer(segment, part.segment, link_of(part.segment), own, folds)


def _split(segment: Segment, joined: bytes) -> tuple[tuple[Row, ...], list[Row]]:
    """Its own records, all or none, and all that came behind them."""
    try:
        rows = unpack_rows(joined)
    except ValueError as error:
        raise LogError(f"Update the server: of segment {segment.number}, {error}.") from None
    span = range(segment.first_seq, segment.next_seq)
    has_own = bool(rows) and rows[0][0] in span
    own, others = (rows[: len(span)], rows[len(span) :]) if has_own else ([], rows)
    records = split_records(joined[: RECORD_BYTES * len(own)])
    is_whole = [row[0] for row in own] == list(span) and is_sealed(segment, records, _sha256)
    if (own and not is_whole) or any(row[0] in span for row in others):
        raise LogError(f"The records of segment {segment.number} are not those it seals.")
    return tuple(own), others


def _sha256(data: bytes) -> bytes:
    """Twice as fast as `core.hashing` for short messages, and here no memory is short."""
    return sha256(data).digest()


def _folds(segment: Segment, others: Sequence[Row]) -> Iterator[Fold]:
    """For each fold all that it has kept, or nothing where a later one took it away.

    Raises LogError for a record that no fold accounts for.
    """
    left = {row[0]: row for row in others}
    if len(left) != len(set(others)):
        raise LogError(f"Segment {segment.number} comes with two records of one seq.")
    for event in reversed(segment.events):
        if isinstance(event.body, Folded):
            fold = event.body
            kept = sorted(row for seq, row in left.items() if fold.first <= seq <= fold.last)
            if kept and not _is_kept(fold, kept):
                raise LogError(f"Segment {segment.number} has not kept these records.")
            left = {seq: row for seq, row in left.items() if not fold.first <= seq <= fold.last}
            yield Fold(fold.day, tuple(kept))
    if left:
        raise LogError(f"Record {min(left)} does not belong to segment {segment.number}.")


def _is_kept(fold: Folded, rows: Sequence[Row]) -> bool:
    return len(rows) == fold.kept and merkle_root([pack_row(row) for row in rows]) == fold.root
