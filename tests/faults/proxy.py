"""A proxy between a device and its server that loses, doubles, delays and invents.

It stands where the transport stands, so a hundred thousand bodies can go through it; faults of TLS
and of HTTP itself are tried over real connections (tests/sync/test_transport.py, and some here).
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.core.errors import SyncError
from scanner.core.receipt import ANSWER_BYTES, Receipt, pad_answer
from scanner.core.upload import Reply

Take = Callable[[bytes], Reply]

BOMB = gzip.compress(bytes(400_000))[:ANSWER_BYTES].ljust(ANSWER_BYTES, b"\0")
# How often each is chosen, of a thousand.
WEIGHTS = {
    "fine": 560,
    "no network": 40,
    "timeout before": 30,
    "answer lost": 60,
    "half an answer": 30,
    "doubled": 60,
    "an old body again": 40,
    "500": 30,
    "500 though stored": 30,
    "429": 25,
    "503 for an hour": 3,
    "redirect": 15,
    "401, 403, 404": 15,
    "refused for no reason": 4,
    "garbage": 15,
    "a bomb": 10,
    "foreign receipt": 10,
    "older receipt": 10,
    "forged receipt": 10,
    "wrong CA, host or date": 10,
    "downgrade": 3,
}


class FaultProxy:
    """Implements `Transport`. `seen`: how often each fault was; `calm`: none any more."""

    def __init__(self, server: Take, key: Ed25519PrivateKey, chance: Random) -> None:
        """key: the server's, with which it signs for other devices as well."""
        self._server, self._key, self._chance = server, key, chance
        self._bodies: list[bytes] = []
        self._first = b""
        self.seen: Counter[str] = Counter()
        self.calm = False

    @property
    def posts(self) -> int:
        """Bodies that came, whatever became of them."""
        return self.seen.total()

    def close(self) -> None:
        pass

    def post(self, body: bytes) -> Reply:
        names = list(WEIGHTS)
        fault = "fine" if self.calm else self._chance.choices(names, list(WEIGHTS.values()))[0]
        self.seen[fault] += 1
        if len(self._bodies) < 50:
            self._bodies.append(body)
        return self._answer(fault, body)

    def _answer(self, fault: str, body: bytes) -> Reply:
        match fault:
            case "no network" | "timeout before" | "downgrade":
                raise SyncError(fault, retryable=True)
            case "wrong CA, host or date":
                raise SyncError(fault, retryable=False)
            case "answer lost" | "half an answer":
                self._server(body)
                raise SyncError(fault, retryable=True)
            case "doubled":
                self._server(body)
            case "an old body again":
                self._server(self._chance.choice(self._bodies))
            case "500 though stored":
                self._server(body)
                return Reply(500)
            case _:
                return self._invented(fault) or self._served(body)
        return self._served(body)

    def _served(self, body: bytes) -> Reply:
        reply = self._server(body)
        self._first = self._first or reply.body
        return reply

    def _invented(self, fault: str) -> Reply | None:
        """What never came near the server."""
        chance = self._chance
        match fault:
            case "500":
                return Reply(chance.choice([500, 502, 504, 408]))
            case "429":
                return Reply(429, asked_s=chance.choice([None, 0, 1, 7, 90, -3]))
            case "503 for an hour":
                return Reply(503, asked_s=10.0**9)
            case "redirect":
                return Reply(chance.choice([301, 302, 307, 308]))
            case "401, 403, 404":
                return Reply(chance.choice([401, 403, 404]))
            case "refused for no reason":
                return Reply(chance.choice([400, 409, 413, 422]))
            case "garbage":
                return Reply(200, chance.randbytes(ANSWER_BYTES))
            case "a bomb":
                return Reply(200, BOMB)
            case "foreign receipt":
                return Reply(200, pad_answer(self._foreign().sign(self._key)))
            case "forged receipt":
                other = Ed25519PrivateKey.from_private_bytes(bytes(32))
                return Reply(200, pad_answer(self._foreign().sign(other)))
            case "older receipt" if self._first:
                return Reply(200, self._first)
            case _:
                return None

    def _foreign(self) -> Receipt:
        """The same server's word for another device."""
        chance = self._chance
        return Receipt(
            chance.randbytes(8), chance.randbytes(8), 10**6, 10**8, chance.randbytes(32), 10**9
        )
