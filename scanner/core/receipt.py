"""What the server signs once it has fsynced: up to where it has a device's log, without a gap."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from scanner.core.errors import LogError
from scanner.core.merkle import ROOT_BYTES
from scanner.core.segment import EPOCH_BYTES, NO_LINK
from scanner.core.signed_log import DEVICE_BYTES, Statement, is_signed_by, read_map, sign_map

# Every answer to an upload has this size, whatever it says.
ANSWER_BYTES = 512
_VERSION = 1


class ReceiptField(IntEnum):
    """Keys of the signed map."""

    VERSION = 0
    DEVICE = 1
    EPOCH = 2
    SEGMENT = 3
    SEQ = 4
    LINK = 5
    AT = 6


@dataclass(frozen=True, slots=True)
class Receipt:
    """The server has every segment up to `segment` and every record up to `seq`.

    link: SHA-256 of that segment as it was signed, NO_LINK for none. at: seconds since 1970.
    """

    device: bytes
    epoch: bytes
    segment: int
    seq: int
    link: bytes
    at: int

    def sign(self, key: Ed25519PrivateKey) -> bytes:
        fields = ReceiptField
        return sign_map(
            key,
            Statement.RECEIPT,
            {
                fields.VERSION: _VERSION,
                fields.DEVICE: self.device,
                fields.EPOCH: self.epoch,
                fields.SEGMENT: self.segment,
                fields.SEQ: self.seq,
                fields.LINK: self.link,
                fields.AT: self.at,
            },
        )


def read_receipt(signed: bytes, server: Ed25519PublicKey) -> Receipt:
    """Raises LogError for one that this server has not signed as it stands."""
    receipt = parse_receipt(signed)
    if not is_signed_by(server, signed, Statement.RECEIPT):
        raise LogError("A receipt is not signed by the server this device belongs to.")
    return receipt


def parse_receipt(signed: bytes) -> Receipt:
    """Its signature not checked: for one that was verified when it came. Raises LogError."""
    match read_map(signed, Statement.RECEIPT):
        case {
            ReceiptField.VERSION: 1,
            ReceiptField.DEVICE: bytes(device),
            ReceiptField.EPOCH: bytes(epoch),
            ReceiptField.SEGMENT: int(segment),
            ReceiptField.SEQ: int(seq),
            ReceiptField.LINK: bytes(link),
            ReceiptField.AT: int(at),
        } if (
            len(device) == DEVICE_BYTES
            and len(epoch) == EPOCH_BYTES
            and len(link) == ROOT_BYTES
            and min(segment, seq, at) >= 0
            and (segment > 0 or link == NO_LINK)
        ):
            return Receipt(device, epoch, segment, seq, link, at)
    raise LogError("A receipt is not of its form. Update the scanner or ask the server's people.")


def pad_answer(signed: bytes) -> bytes:
    """ANSWER_BYTES: two bytes of length, the receipt, zeros."""
    return (len(signed).to_bytes(2) + signed).ljust(ANSWER_BYTES, b"\0")


def unpad_answer(answer: bytes) -> bytes:
    """Raises LogError."""
    length = int.from_bytes(answer[:2])
    if len(answer) != ANSWER_BYTES or not 0 < length <= ANSWER_BYTES - 2:
        raise LogError("The server's answer is not of its form. Check the address of the server.")
    return answer[2 : 2 + length]
