"""What a boot file has begun: the city's offer, until the device is enrolled; and how it went.

Both are files in the state folder. The offer holds a secret, and goes as soon as it is of no use.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from scanner.core import strict_json
from scanner.core.errors import StoreError
from scanner.core.offer import LONGEST, Offer, read_card
from scanner.store.whole_file import write_whole

OFFER_FILE, RESULT_FILE = "enrol.pending", "enrol.result"
LONGEST_WORDS = 400


@dataclass(frozen=True, slots=True)
class EnrolResult:
    """id: such as E-ENROL-CITY. words: one line, what to do."""

    id: str
    words: str


def read_offer(folder: Path) -> Offer | None:
    """None: nothing is pending. Raises EnrolmentError, StoreError."""
    try:
        with (folder / OFFER_FILE).open("rb") as file:
            return read_card(file.read(LONGEST + 1))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{folder / OFFER_FILE} cannot be read ({error}). Restart.") from None


def forget_offer(folder: Path) -> None:
    """Overwritten first, for what that is worth on a card of flash. Raises StoreError."""
    path = folder / OFFER_FILE
    try:
        path.write_bytes(bytes(path.stat().st_size))
        path.unlink()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise StoreError(f"{path} cannot be removed ({error}). Remove it.") from None


def keep_result(folder: Path, result: EnrolResult | None) -> None:
    """None: all is well. Raises StoreError."""
    path = folder / RESULT_FILE
    try:
        if result is None:
            path.unlink(missing_ok=True)
        else:
            write_whole(path, json.dumps({"id": result.id, "words": result.words}).encode())
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error}). Make room.") from None


def read_result(folder: Path) -> EnrolResult | None:
    """None: nothing is wrong, or nothing was tried. What cannot be read says nothing.

    Root asks for it, too, in a folder that is not root's: nothing is followed or waited for.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        with os.fdopen(os.open(folder / RESULT_FILE, flags), "rb") as file:
            found = strict_json.parse(file.read(LONGEST))
    except (OSError, ValueError):
        return None
    match found:
        case {"id": str(name), "words": str(words)}:
            return EnrolResult(_plain(name), _plain(words))
    return None


def _plain(text: str) -> str:
    """One line without control characters: it is shown to people by another user's process."""
    return "".join(each for each in text[:LONGEST_WORDS] if each.isprintable())
