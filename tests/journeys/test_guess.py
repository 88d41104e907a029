"""P3: whoever holds the card, every key on it, the city's database and the QR codes cannot guess.

A guessing program is shown the codes of people who passed and of people who did not, of one issuer
and one outcome. It looks for any bytes that follow from a code, plain or hashed under any key it
has, in everything that was left. It must do no better than a coin.
"""

from __future__ import annotations

import hmac
import sqlite3
from contextlib import closing
from hashlib import sha256
from itertools import product
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scanner.core.signed_log import public_bytes
from tests.journeys.booth import MakeBooth
from tests.journeys.test_canaries import MEMORY_KEY, SEED, canary, let_pass, send_all
from tests.journeys.traces import values_of
from tests.sync.sealed import SERVER_KEY, SealedDevice

QUICK, ALL = 80, 1_000
# A hit of four bytes hardly comes by chance, one of three does: it only breaks ties.
LONG, SHORT, WORTH = 4, 3, 100.0
# Of a fair coin's guesses 99.9 % lie within so many deviations.
DEVIATIONS = 3.3


def left_behind(make_booth: MakeBooth, people: list[bytes]) -> Path:
    """A device and a city after these people have passed; returns the folder of both."""
    booth = make_booth()
    key = SealedDevice(booth.state, SEED).key
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (booth.state / "device.key").write_bytes(pem)
    with sqlite3.connect(booth.state / "outbox.db") as db:
        db.execute("UPDATE epoch SET id = ?", (b"an-epoch",))
    let_pass(booth, people)
    send_all(booth)
    booth.close()
    return booth.state.parent


class Guesser:
    """Knows all that was left, and every key."""

    def __init__(self, folder: Path) -> None:
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        dump = b"".join(path.read_bytes() for path in files)
        pem = next(path for path in files if path.name == "device.key").read_bytes()
        self._keys = (SEED, pem, MEMORY_KEY, b"an-epoch", public_bytes(SERVER_KEY))
        self._grams = {
            length: {dump[at : at + length] for at in range(len(dump) - length + 1)}
            for length in (LONG, SHORT)
        }

    def score(self, code: bytes) -> float:
        """The more, the likelier this person has passed."""
        values = [code, *(value for _, value in values_of(code.decode()))]
        hashes = [sha256(value).digest() for value in values]
        hashes += [hmac.digest(key, value, "sha256") for key, value in product(self._keys, values)]
        return WORTH * self._hits(hashes, LONG) + self._hits(hashes, SHORT)

    def _hits(self, hashes: list[bytes], length: int) -> int:
        known = self._grams[length]
        return sum(
            digest[at : at + length] in known
            for digest in hashes
            for at in range(len(digest) - length + 1)
        )


def area_under_curve(passed: list[float], others: list[float]) -> float:
    """How often somebody who passed scores higher than somebody who did not; ties count half."""
    wins = sum((one > other) + (one == other) / 2 for one in passed for other in others)
    return wins / (len(passed) * len(others))


def is_a_coin(area: float, size: int) -> bool:
    """Within what chance gives [Mann and Whitney 1947]."""
    deviation = float(((2 * size + 1) / (12 * size * size)) ** 0.5)
    return abs(area - 0.5) <= DEVIATIONS * deviation


def guess(folder: Path, people: list[bytes], strangers: list[bytes]) -> float:
    """The area under the curve that the program reaches."""
    guesser = Guesser(folder)
    return area_under_curve(list(map(guesser.score, people)), list(map(guesser.score, strangers)))


def crowds(size: int) -> tuple[list[bytes], list[bytes]]:
    """Two that do not overlap, drawn alike."""
    return [canary(2 * n) for n in range(size)], [canary(2 * n + 1) for n in range(size)]


def test_guesser_does_no_better_than_a_coin(make_booth: MakeBooth) -> None:
    """With everything in hand it cannot tell who passed."""
    people, strangers = crowds(QUICK)
    folder = left_behind(make_booth, people)
    assert is_a_coin(guess(folder, people, strangers), QUICK)


@pytest.mark.slow
def test_guesser_does_no_better_over_a_long_day(make_booth: MakeBooth) -> None:
    """A thousand people leave no more than eighty."""
    people, strangers = crowds(ALL)
    folder = left_behind(make_booth, people)
    assert is_a_coin(guess(folder, people, strangers), ALL)


@pytest.mark.parametrize("leak", ["hash", "keyed"])
def test_guesser_sees_the_smallest_leak(make_booth: MakeBooth, leak: str) -> None:
    """Four bytes of a hash with each record would give everybody away, and it finds them."""
    people, strangers = crowds(QUICK)
    folder = left_behind(make_booth, people)
    with closing(sqlite3.connect(next(folder.rglob("outbox.db")))) as db:
        db.execute("CREATE TABLE leak (short BLOB)")
        for code in people:
            value = dict(values_of(code.decode()))["cti"]
            digest = sha256(value) if leak == "hash" else hmac.new(SEED, value, "sha256")
            db.execute("INSERT INTO leak VALUES (?)", (digest.digest()[:LONG],))
        db.commit()
    area = guess(folder, people, strangers)
    assert area > 0.9
    assert not is_a_coin(area, QUICK)
