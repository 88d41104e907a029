"""A device's place as the city keeps it: one line of JSON in the store, signed at each answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scanner.central.errors import CentralError
from scanner.core.place import HIGHEST_CODE, LEAST_MB, LONGEST_ID, LONGEST_URL, MOST_MB, Place
from scanner.core.policy import Checkpoint

_Code = Annotated[int, msgspec.Meta(ge=0, le=HIGHEST_CODE)]


class PlaceForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """As it is kept, and as the columns of devices.csv are called."""

    checkpoint: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID)]
    zone: _Code | None = None
    transport: _Code | None = None
    asks_plate: bool = False
    asks_card: bool = False
    lists: Annotated[str, msgspec.Meta(max_length=LONGEST_URL)] | None = None
    capacity_mb: Annotated[int, msgspec.Meta(ge=LEAST_MB, le=MOST_MB)] | None = None

    def place(self) -> Place:
        """Raises ValueError."""
        spot = Checkpoint(
            self.checkpoint, self.zone, self.transport,
            asks_plate=self.asks_plate, asks_card=self.asks_card,
        )  # fmt: skip
        return Place(spot, self.lists, self.capacity_mb)


def read_form(members: Mapping[str, object]) -> str:
    """What was asked for, as text; None stands for what was not. Raises CentralError."""
    try:
        known = {name: value for name, value in members.items() if value is not None}
        form = msgspec.convert(known, PlaceForm)
        form.place()
    except (ValueError, msgspec.ValidationError) as error:
        raise CentralError(f"Correct where the device stands: {error}.") from None
    return json.dumps(msgspec.to_builtins(form), sort_keys=True, ensure_ascii=False)


def read_place_text(text: str) -> Place:
    """Raises CentralError."""
    try:
        return msgspec.json.decode(text, type=PlaceForm).place()
    except (ValueError, msgspec.DecodeError) as error:
        raise CentralError(
            f"The store holds a place that cannot be read ({error}). Restore the backup."
        ) from None


def seal_fleet_key(identity: str, device: bytes) -> bytes:
    """The fleet's age identity, for the device with this raw Ed25519 key alone.

    age takes such a key in the form that ssh gives it.
    """
    import pyrage

    public = Ed25519PublicKey.from_public_bytes(device)
    line = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return bytes(pyrage.encrypt(identity.encode(), [pyrage.ssh.Recipient.from_str(line)]))
