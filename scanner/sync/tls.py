"""TLS to a city's server: its own CA alone, its dates judged by what the device knows of the time.

A board without a battery may think that it is 1970, so OpenSSL does not look at dates; what the
device knows judges them instead.
"""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Callable

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from scanner.core.clock import ClockReading
from scanner.core.errors import SyncError

# To connect and to open TLS, each; for a step of the answer; for all of a request.
CONNECT_S, READ_S, TOTAL_S = 10.0, 20.0, 45.0
X509_V_FLAG_NO_CHECK_TIME = 0x200000
# In what OpenSSL calls the alert of a server that does not like our certificate.
_SHUT_OUT = (
    "ALERT_CERTIFICATE",
    "ALERT_BAD_CERTIFICATE",
    "ALERT_UNKNOWN_CA",
    "ALERT_DECRYPT_ERROR",
    "ALERT_ACCESS_DENIED",
)


class BoundedSocket(ssl.SSLSocket):
    """Gives up when the time of a request is over, however steadily bytes trickle in."""

    clock: Callable[[], float] = staticmethod(time.monotonic)
    until_s: float = math.inf

    def send(self, *arguments: object, **named: object) -> int:
        self._limit()
        return super().send(*arguments, **named)  # type: ignore[arg-type]

    def recv_into(self, *arguments: object, **named: object) -> int:
        self._limit()
        return super().recv_into(*arguments, **named)  # type: ignore[arg-type]

    def _limit(self) -> None:
        left_s = self.until_s - self.clock()
        if left_s <= 0:
            raise TimeoutError("the request took too long")
        self.settimeout(min(READ_S, left_s))


def city_context(ca: x509.Certificate, monotonic: Callable[[], float]) -> ssl.SSLContext:
    """TLS 1.3, this CA alone, the host's name checked, dates left to `check_server`. SyncError."""
    context = _bare_context(monotonic)
    try:
        context.load_verify_locations(cadata=ca.public_bytes(Encoding.PEM).decode())
    except (OSError, ValueError) as error:
        raise SyncError(
            f"Enrol this device again: its city's certificate cannot be used ({error}).",
            retryable=False,
        ) from None
    return context


def unproven_context(monotonic: Callable[[], float]) -> ssl.SSLContext:
    """To whoever answers: for what is believed only by a fingerprint that a person has brought."""
    context = _bare_context(monotonic)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _bare_context(monotonic: Callable[[], float]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.hostname_checks_common_name = False
    context.verify_flags |= X509_V_FLAG_NO_CHECK_TIME
    bounded = type("_Bounded", (BoundedSocket,), {"clock": staticmethod(monotonic)})
    context.sslsocket_class = bounded
    return context


def check_server(sock: object, ca: x509.Certificate, now: ClockReading) -> None:
    """What OpenSSL has left: dates, and that nothing stands between the CA and the server.

    Raises SyncError.
    """
    if not isinstance(sock, ssl.SSLSocket):
        raise SyncError("The connection is not protected. Update the scanner.", retryable=False)
    shown = x509.load_der_x509_certificate(sock.getpeercert(binary_form=True) or b"")
    try:
        shown.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        raise not_ours("its certificate is not issued by the city's CA itself") from None
    for certificate in (shown, ca):
        check_dates(certificate, now)


def check_dates(certificate: x509.Certificate, now: ClockReading) -> None:
    """By the device's own clock, as far as it knows the time. Raises SyncError."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if end < now.earliest:
        raise not_ours(f"its certificate ended on {end:%Y-%m-%d}")
    if now.latest is not None and now.latest < begin:
        raise not_ours(f"its certificate begins on {begin:%Y-%m-%d}")


def not_ours(why: str) -> SyncError:
    return SyncError(
        f"Tell the city's people: the server does not show itself as theirs ({why}).",
        retryable=False,
    )


def translated(error: Exception) -> SyncError:
    cause = error if isinstance(error, OSError) else error.__cause__ or error
    match cause:
        case ssl.SSLCertVerificationError():
            return not_ours(cause.verify_message or "its certificate does not hold")
        case ssl.SSLError() if any(word in str(cause.reason) for word in _SHUT_OUT):
            return SyncError(
                "Ask the city whether this device's certificate has ended or was revoked: the "
                f"server does not let it in ({cause.reason}).",
                retryable=False,
            )
        case ssl.SSLError():
            why = cause.reason or "TLS failed"
            return SyncError(f"Check the network: no safe connection ({why}).", retryable=True)
        case TimeoutError():
            return SyncError("Wait: the server does not answer in time.", retryable=True)
        case _:
            why = f"{type(cause).__name__}: {cause}"
            return SyncError(f"Check the network: the server is not reached ({why}).",
                             retryable=True)  # fmt: skip
