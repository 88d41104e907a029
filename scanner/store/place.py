"""Where this device stands, as its city has signed it: read by the loop, so without certificates.

What `enrolment.py` beside this has checked whole and kept is read again here, in the process of the
loop, which loads neither X.509 nor TLS.
"""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path

from scanner.core import strict_json
from scanner.core.errors import EnrolmentError, LogError, StoreError
from scanner.core.place import Place, read_place
from scanner.core.signed_log import public_key

ENROLMENT_FILE = "enrolment.json"


def read_own_place(folder: Path) -> Place | None:
    """None: not enrolled, or by a city that has said nothing of it. Raises StoreError.

    A damaged one is an error: a device that has forgotten its zone would let every zone through.
    """
    path = folder / ENROLMENT_FILE
    try:
        members = strict_json.parse(path.read_bytes())
        if not isinstance(members, dict):
            raise ValueError("it is no enrolment")
        signed = b64decode(members.get("place", ""), validate=True)
        if not signed:
            return None
        key = public_key(bytes.fromhex(members["receipt_key"]))
        return read_place(signed, key, bytes.fromhex(members["device"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, EnrolmentError, LogError) as error:
        raise StoreError(
            f"{path} cannot be used ({error}). Put it aside and accept the answer again."
        ) from None
