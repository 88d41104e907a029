"""The clock-reset: the only word by which the floor of time falls, signed by the offline keys.

A target `clock-reset-<number>` holds {"version": number, "floor": seconds since 1970}: it is not
earlier than `floor`, whatever this device believed. It is no list: nothing of it is installed, its
number is kept beside the floor, and a number that was taken is never taken again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from scanner.core import strict_json
from scanner.core.clock import shifted
from scanner.core.errors import UpdateError

# As long as a stick can be read: an old one must not take a device back by months.
LIFE = timedelta(days=30)
# Of the clocks on either side.
SLACK = timedelta(minutes=5)

_NAME = re.compile("clock-reset-([1-9][0-9]{0,9})")
_NEW = "Have another clock-reset signed (`scanner central clock-reset`), or update the scanner"


class _ResetFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Annotated[int, msgspec.Meta(ge=1, lt=10**10)]
    floor: Annotated[int, msgspec.Meta(ge=1, lt=2**33)]


@dataclass(frozen=True, slots=True)
class ClockReset:
    """`floor`: aware UTC, whole seconds."""

    number: int
    floor: datetime

    @property
    def name(self) -> str:
        """Of its target."""
        return f"clock-reset-{self.number}"

    def encode(self) -> bytes:
        """As it is signed."""
        said = {"version": self.number, "floor": int(self.floor.timestamp())}
        return (json.dumps(said) + "\n").encode()

    def check_alive(self, at: datetime) -> None:
        """`at`: a time that something else vouches for. Raises UpdateError outside of its life."""
        if not shifted(self.floor, -SLACK) <= at <= shifted(self.floor, LIFE):
            raise UpdateError(
                f"{_NEW}: {self.name} holds for 30 days from {self.floor:%Y-%m-%d}, and it is "
                f"{at:%Y-%m-%d}."
            )


def newest_reset(names: Iterable[str]) -> tuple[int, str] | None:
    """Number and name of the newest among the names of targets; None: there is none."""
    found = [(int(match[1]), name) for name in names if (match := _NAME.fullmatch(name))]
    return max(found, default=None)


def parse_clock_reset(name: str, text: bytes) -> ClockReset:
    """Raises UpdateError for anything but these two fields and the number of the name."""
    try:
        file = msgspec.convert(strict_json.parse(text), _ResetFile)
    except (msgspec.ValidationError, ValueError) as error:
        raise UpdateError(f"{_NEW}: {name} cannot be read ({error}).") from None
    reset = ClockReset(file.version, datetime.fromtimestamp(file.floor, UTC))
    if reset.name != name:
        raise UpdateError(f"{_NEW}: {name} says that it is number {reset.number}.")
    return reset
