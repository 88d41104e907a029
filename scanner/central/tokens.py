"""Cards and typed codes: made here, kept as a keyed hash, good for one device each.

    made ──first use──▶ bound to a device's key ──24 h──▶ spent
      └──7 days (a typed code: 15 minutes)──▶ expired      └─ the same key may ask again until
      └──cancelled                                            then, and gets the same answer

A card's token has 128 bits and cannot be guessed. A typed code has 40, so wrong ones are counted
over all who ask, and from MOST_WRONG in a quarter of an hour on no code is looked at; cards are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509

from scanner.central.audit import note
from scanner.central.devices import Office
from scanner.central.errors import CentralError
from scanner.central.ledger import Book, Token
from scanner.core import crockford
from scanner.core.enrol_call import Call, CallError, Refusal
from scanner.core.enrolment import EnrolmentRequest, encode_answer, read_answer, read_request
from scanner.core.errors import EnrolmentError
from scanner.core.hashing import KeyedHash, sha256
from scanner.core.offer import (
    CODE_BYTES,
    CODE_LIFE,
    TOKEN_BYTES,
    TOKEN_LIFE,
    is_code,
    read_token,
)

REPEAT_FOR = timedelta(hours=24)
MOST_WRONG, WRONG_MINUTES = 20, 15
_DOMAIN = b"MPT1"

Entropy = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Made:
    """token: folded base32, shown once and kept nowhere."""

    name: str
    token: str
    ends_at: datetime


class TokenDesk:
    """Makes cards and codes, and answers devices that come with one."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._hash = KeyedHash(sha256(_DOMAIN + office.key.private_bytes_raw()))

    def make(
        self, book: Book, name: str, place: str, entropy: Entropy, *, by_hand: bool = False
    ) -> Made:
        """In the transaction of `book`. Raises CentralError where the name waits already."""
        now = self._office.now
        if any(_is_waiting(each, name, now) for each in book.tokens()):
            raise CentralError(
                f"A card or code for {name} is waiting already. "
                f"Cancel it first: scanner central device cancel {name}"
            )
        token = crockford.encode(entropy(CODE_BYTES if by_hand else TOKEN_BYTES))
        ends = now + (CODE_LIFE if by_hand else TOKEN_LIFE)
        kept = Token(self._hashed(token), name, _seconds(now), _seconds(ends), place)
        book.keep_token(kept)
        note(book, self._office.key, now, "code" if by_hand else "card", {"name": name})
        return Made(name, token, ends)

    def cancel(self, book: Book, name: str) -> int:
        """What of this name is not used yet; returns how many there were."""
        now = self._office.now
        waiting = [each for each in book.tokens() if _is_waiting(each, name, now)]
        for each in waiting:
            book.keep_token(replace(each, cancelled_at=_seconds(now)))
            note(book, self._office.key, now, "cancelled", {"name": name})
        return len(waiting)

    def take(self, call: Call) -> bytes:
        """The answer for a device that came with a token. CallError, CentralError, LedgerError."""
        request = self._request(call)
        with self._office.ledger.book() as book:
            self._check_guessing(book, call)
            token = book.token(self._hashed(call.token))
            if token is not None:
                return self._answer(book, token, request)
            minute = _seconds(self._office.now) // 60
            if is_code(call.token):
                book.count_guess(minute, minute - WRONG_MINUTES)
        raise CallError(Refusal.UNKNOWN)

    def _answer(self, book: Book, token: Token, request: EnrolmentRequest) -> bytes:
        now = _seconds(self._office.now)
        _check_token(token, request, now)
        device = book.device(request.device)
        if device is not None and device.revoked_at is not None:
            raise CallError(Refusal.REVOKED)
        if token.answer is not None and _is_for(token.answer, request):
            return token.answer
        book.keep_place(request.device, token.place)
        answer = encode_answer(self._office.answer(book, request))
        used_at = now if token.used_at is None else token.used_at
        book.keep_token(replace(token, public=request.public, used_at=used_at, answer=answer))
        return answer

    def _check_guessing(self, book: Book, call: Call) -> None:
        since = _seconds(self._office.now) // 60 - WRONG_MINUTES + 1
        if is_code(call.token) and book.wrong_guesses(since) >= MOST_WRONG:
            raise CallError(Refusal.TOO_MANY)

    def _hashed(self, token: str) -> bytes:
        return self._hash.of(token.encode())

    @staticmethod
    def _request(call: Call) -> EnrolmentRequest:
        try:
            return read_request(call.request)
        except EnrolmentError:
            raise CallError(Refusal.MALFORMED) from None


def token_lines(tokens: list[Token], now: datetime) -> list[str]:
    """One line each: name, state, until when."""
    return [f"{each.name:<32}  {_state(each, now)}" for each in tokens]


def offered_token(token: str) -> str:
    """As people read it: groups of four. Raises EnrolmentError."""
    return crockford.grouped(read_token(token))


def _check_token(token: Token, request: EnrolmentRequest, now: int) -> None:
    if token.cancelled_at is not None:
        raise CallError(Refusal.CANCELLED)
    if token.used_at is None:
        if now >= token.ends_at:
            raise CallError(Refusal.EXPIRED)
        return
    is_repeated = token.public == request.public
    if not is_repeated or now >= token.used_at + REPEAT_FOR.total_seconds():
        raise CallError(Refusal.USED)


def _is_for(answer: bytes, request: EnrolmentRequest) -> bool:
    """Whether it certifies the key that is asked for: a device may have had to make a new one."""
    certificate: x509.Certificate = read_answer(answer).certificates[0]
    return certificate.public_key() == request.tls_key


def _is_waiting(token: Token, name: str, now: datetime) -> bool:
    is_open = token.used_at is None and token.cancelled_at is None
    return token.name == name and is_open and _seconds(now) < token.ends_at


def _state(token: Token, now: datetime) -> str:
    if token.used_at is not None and token.public is not None:
        return f"used by {sha256(token.public)[:8].hex()}"
    if token.cancelled_at is not None:
        return "cancelled"
    return "waiting" if _seconds(now) < token.ends_at else "expired"


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
