"""To whom a device belongs: its key for TLS, and the city's answer, in the state folder.

The device key signs records for ever; the key for TLS only opens the door, so it may be of the kind
that every TLS library takes, and a new one costs nothing but another enrolment.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from scanner.core.clock import ClockReading
from scanner.core.enrolment import EnrolmentAnswer, check_answer, make_request, read_answer
from scanner.core.errors import EnrolmentError, StoreError
from scanner.core.signed_log import device_of, public_bytes
from scanner.store.device_key import provide_device_key
from scanner.store.place import ENROLMENT_FILE
from scanner.store.whole_file import write_whole

TLS_KEY_FILE, FLEET_KEY_FILE = "tls.key", "fleet.key"


def provide_tls_key(folder: Path) -> EllipticCurvePrivateKey:
    """The key in `folder`, P-256, made when it is first asked for: PKCS#8 PEM, for this user alone.

    A damaged one is not replaced, or the certificate would be for a key that is gone. StoreError.
    """
    path = folder / TLS_KEY_FILE
    try:
        if not path.exists():
            write_whole(path, _pem(generate_private_key(SECP256R1())))
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
            raise ValueError("it is no key of P-256")
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(
            f"{path} cannot be used ({error}). Put it aside and enrol this device again."
        ) from None
    return key


def write_request(folder: Path, out: Path) -> bytes:
    """Ask the city, in a file at `out`; returns the device id. Raises StoreError."""
    request, device = own_request(folder)
    try:
        out.write_bytes(request)
    except OSError as error:
        raise StoreError(f"{out} cannot be written ({error}). Name another file.") from None
    return device


def own_request(folder: Path) -> tuple[bytes, bytes]:
    """What asks a city for its enrolment, and the device id. Raises StoreError."""
    key = provide_device_key(folder)
    return make_request(key, provide_tls_key(folder)), device_of(public_bytes(key))


def read_enrolment(folder: Path) -> EnrolmentAnswer | None:
    """The answer as it was accepted; None: not enrolled. Raises StoreError when it is damaged."""
    path = folder / ENROLMENT_FILE
    try:
        return read_answer(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, EnrolmentError) as error:
        raise StoreError(
            f"{path} cannot be used ({error}). Put it aside and accept the answer again."
        ) from None


def check_offered(
    folder: Path, raw: bytes, now: ClockReading, *, anew: bool = False
) -> EnrolmentAnswer:
    """An answer that this device may install. Raises EnrolmentError, StoreError.

    anew: also one that names another server than before, or is older.
    """
    answer = read_answer(raw)
    device = device_of(public_bytes(provide_device_key(folder)))
    check_answer(answer, device, provide_tls_key(folder).public_key())
    until = answer.certificates[0].not_valid_after_utc
    if now.surely_at_or_after(until):
        raise EnrolmentError(
            "Ask for a new answer with `scanner enrol request`: the certificate in this one ended "
            f"on {until:%Y-%m-%d}."
        )
    before = None if anew else read_enrolment(folder)
    if before is not None:
        _check_follows(answer, before)
    return answer


def keep_answer(folder: Path, raw: bytes, fleet_key: bytes = b"") -> None:
    """Install what `check_offered` has found good, the key to the holder list first.

    fleet_key: as in the answer. Raises StoreError; the device belongs to whom it did before then.
    Raises EnrolmentError for a fleet key that is not for this device.
    """
    identity = open_fleet_key(fleet_key, provide_device_key(folder)) if fleet_key else b""
    try:
        if identity:
            write_whole(folder / FLEET_KEY_FILE, identity)
        write_whole(folder / ENROLMENT_FILE, raw)
    except OSError as error:
        raise StoreError(f"The answer cannot be kept in {folder} ({error}). Make room.") from None


def open_fleet_key(sealed: bytes, key: Ed25519PrivateKey) -> bytes:
    """The age identity that opens the holder list; age takes the device's key as ssh writes it."""
    import pyrage

    pem = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    try:
        return bytes(pyrage.decrypt(sealed, [pyrage.ssh.Identity.from_buffer(pem)]))
    except (pyrage.DecryptError, pyrage.IdentityError) as error:
        raise EnrolmentError(
            f"The fleet key in this answer is not for this device ({error}). Ask for a new answer."
        ) from None


@contextmanager
def sending_alone(folder: Path) -> Iterator[None]:
    """Raises StoreError when another process sends records or is being enrolled."""
    try:
        descriptor = os.open(folder / TLS_KEY_FILE, os.O_RDONLY)
    except OSError as error:
        raise StoreError(
            f"There is no {TLS_KEY_FILE} in {folder} ({error.strerror}). "
            "Run `scanner enrol request` and have it answered."
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise StoreError("Records are being sent already. Wait until it is done.") from None
    try:
        yield
    finally:
        os.close(descriptor)


def _check_follows(answer: EnrolmentAnswer, before: EnrolmentAnswer) -> None:
    """Only a renewal goes without saying: who may put in a stick must not move a log elsewhere."""
    if (answer.ca, answer.receipt_key) != (before.ca, before.receipt_key):
        raise EnrolmentError(
            "This answer is of another server than the one this device belongs to. "
            "If that is right, accept it with --anew: what is still here is sent to it again."
        )
    if answer.issued_at < before.issued_at:
        raise EnrolmentError(
            "This answer is older than the one in use. Take the newer one, or use --anew."
        )


def _pem(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
