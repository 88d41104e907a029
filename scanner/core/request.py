"""A supervisor's request for records, signed by a key that the policy names.

It comes on a stick to a device without network. The device answers with one file that only the
requested recipient can open, and keeps the answer as an event in its chain, so that nobody can ask
without leaving a trace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.core.clock import ClockReading, shifted
from scanner.core.errors import LogError
from scanner.core.policy import Supervisor
from scanner.core.signed_log import (
    DEVICE_BYTES,
    Statement,
    is_signed_by,
    public_key,
    read_map,
    sign_map,
)

LONGEST = timedelta(hours=24)
NONCE_BYTES = 16
MAX_REQUEST_BYTES = 4096
_VERSION = 1
_LONGEST_TEXT = 2000  # a post-quantum recipient of age has 1 959 characters
_LAST_MINUTE = 2**32
ASK_AGAIN = "Ask the supervisor for a new one (`scanner logs request`)."


class RequestField(IntEnum):
    """Keys of the signed map."""

    VERSION = 0
    DEVICE = 1
    SINCE = 2
    UNTIL = 3
    RECIPIENT = 4
    NONCE = 5
    EXPIRES = 6
    CASE = 7
    SUPERVISOR = 8


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What a supervisor asks for.

    device: 8 bytes, b"" for any device. since, until: minutes since 1970, `until` not included.
    recipient: of age, who alone can open the answer. nonce: hex; a device answers each once.
    expires: seconds since 1970. case: "" where only cells are asked for. supervisor: the name that
    the policy knows.
    """

    device: bytes
    since: int
    until: int
    recipient: str
    nonce: str
    expires: int
    case: str
    supervisor: str

    def sign(self, key: Ed25519PrivateKey) -> bytes:
        """As it is put on a stick."""
        fields = RequestField
        return sign_map(
            key,
            Statement.REQUEST,
            {
                fields.VERSION: _VERSION,
                fields.DEVICE: self.device,
                fields.SINCE: self.since,
                fields.UNTIL: self.until,
                fields.RECIPIENT: self.recipient,
                fields.NONCE: bytes.fromhex(self.nonce),
                fields.EXPIRES: self.expires,
                fields.CASE: self.case,
                fields.SUPERVISOR: self.supervisor,
            },
        )


def read_request(signed: bytes) -> PullRequest:
    """Nothing of it is checked yet but its form. Raises LogError."""
    if len(signed) > MAX_REQUEST_BYTES:
        raise LogError(f"This is no request: it has more than {MAX_REQUEST_BYTES} bytes.")
    match read_map(signed, Statement.REQUEST):
        case {
            RequestField.VERSION: 1,
            RequestField.DEVICE: bytes(device),
            RequestField.SINCE: int(since),
            RequestField.UNTIL: int(until),
            RequestField.RECIPIENT: str(recipient),
            RequestField.NONCE: bytes(nonce),
            RequestField.EXPIRES: int(expires),
            RequestField.CASE: str(case),
            RequestField.SUPERVISOR: str(supervisor),
        } if (
            len(device) in (0, DEVICE_BYTES)
            and len(nonce) == NONCE_BYTES
            and 0 <= since < until <= _LAST_MINUTE
            and 0 <= expires < 2**33
            and max(map(len, (recipient, case, supervisor))) <= _LONGEST_TEXT
        ):
            return PullRequest(
                device, since, until, recipient, nonce.hex(), expires, case, supervisor
            )
    raise LogError(f"This request is not of its form, or of a newer release. {ASK_AGAIN}")


def check_request(
    signed: bytes,
    supervisors: Sequence[Supervisor],
    now: ClockReading,
    device: bytes,
    is_used: Callable[[str], bool],
) -> PullRequest:
    """The request, if this device may answer it now. Raises LogError that says why not.

    is_used: whether the chain holds an export of this nonce.
    """
    request = read_request(signed)
    if not _is_by_supervisor(signed, request, supervisors):
        raise LogError(
            "The request is not signed by a supervisor of the policy on this device. "
            "Renew the lists (`scanner sync`), or have the key put into the policy."
        )
    if request.device not in (b"", device):
        raise LogError(
            f"The request is for another device: {request.device.hex()}. This is {device.hex()}."
        )
    _check_expiry(request, now)
    if is_used(request.nonce):
        raise LogError(f"The request was answered by this device before. {ASK_AGAIN}")
    return request


def _is_by_supervisor(
    signed: bytes, request: PullRequest, supervisors: Sequence[Supervisor]
) -> bool:
    """By the one whose name stands in it: the name is what the chain will tell."""
    return any(
        each.name == request.supervisor
        and is_signed_by(public_key(each.public), signed, Statement.REQUEST)
        for each in supervisors
    )


def _check_expiry(request: PullRequest, now: ClockReading) -> None:
    expires = datetime.fromtimestamp(request.expires, UTC)
    if now.surely_at_or_after(expires):
        raise LogError(f"The request has expired. {ASK_AGAIN}")
    if not now.surely_before(expires):
        raise LogError(
            "This device's time is not confirmed, so it cannot tell whether the request has "
            "expired. Scan a time code, or set the time (`scanner clock set`), then pull again."
        )
    if expires > shifted(now.earliest, LONGEST):
        raise LogError(f"The request is valid for longer than 24 hours. {ASK_AGAIN}")
