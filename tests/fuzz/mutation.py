"""Bytes that are nearly right: random edits of genuine ones, the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

MOST_EDITS = 6
LONGEST = 4096  # a mutation never grows beyond; the parsers have limits of their own below

# What CBOR, JSON, base45 and DER read in a special way: lengths without end, deep nesting, numbers
# at an edge, characters with more than one form.
TOKENS = (
    b"\x9f", b"\xbf", b"\x5f", b"\xff", b"\xf6", b"\xf7", b"\xf9\x7e\x00", b"\xfb\x7f\xf0",
    b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff", b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", b"\x9b\x00\x00\x00\x00\xff\xff\xff\xff",
    b"\xc2\x41\x00", b"\xd2", b"\xd8\x3d", b"\xa1\x00\x00", b"\x81" * 40, b"\xa1\x00" * 40,
    b"[" * 60, b'{"a":' * 30, b"1e999", b"-0", b"NaN", b"null", b"true", b"1" * 400, b"0.1",
    b"\\ud800", b"\\u0000", b"\xed\xa0\x80", b"\xc0\x80", "٣".encode(), "ı".encode(), b"%2B", b"%",
    b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x00" * 16, b"\xff" * 16, b" ", b"\n", b":",
    b"\x28\xb5\x2f\xfd", b"2106-02-07", b"4294967296", b"18446744073709551616",
)  # fmt: skip

Edit = Callable[[Random, bytearray, Sequence[bytes]], None]


def _flip(random: Random, edited: bytearray, _: Sequence[bytes]) -> None:
    if edited:
        edited[random.randrange(len(edited))] ^= 1 << random.randrange(8)


def _replace(random: Random, edited: bytearray, _: Sequence[bytes]) -> None:
    if edited:
        edited[random.randrange(len(edited))] = random.randrange(256)


def _count(random: Random, edited: bytearray, _: Sequence[bytes]) -> None:
    """Up or down by a little: lengths and types stand in single bytes."""
    if edited:
        at = random.randrange(len(edited))
        edited[at] = (edited[at] + random.randint(-4, 4)) % 256


def _cut(random: Random, edited: bytearray, _: Sequence[bytes]) -> None:
    at, length = _stretch(random, edited)
    del edited[at : at + length]


def _double(random: Random, edited: bytearray, _: Sequence[bytes]) -> None:
    at, length = _stretch(random, edited)
    edited[at:at] = edited[at : at + length]


def _insert(random: Random, edited: bytearray, _: Sequence[bytes]) -> None:
    at = random.randint(0, len(edited))
    edited[at:at] = random.randbytes(random.randint(1, 8))


def _insert_token(random: Random, edited: bytearray, _: Sequence[bytes]) -> None:
    at = random.randint(0, len(edited))
    edited[at : at + random.choice((0, 1, 4))] = random.choice(TOKENS)


def _end(random: Random, edited: bytearray, _: Sequence[bytes]) -> None:
    del edited[random.randint(0, len(edited)) :]


def _splice(random: Random, edited: bytearray, others: Sequence[bytes]) -> None:
    """A stretch of another one, or its rest."""
    other = random.choice(others)
    at, length = _stretch(random, other)
    into, left_out = _stretch(random, edited)
    edited[into : into + left_out] = other[at : at + length]


def _stretch(random: Random, of: Sequence[int]) -> tuple[int, int]:
    """Where it begins, how long it is: mostly short, at times to the end."""
    at = random.randint(0, len(of))
    return at, random.choice((1, 2, 4, 16, len(of)))


EDITS: tuple[Edit, ...] = (
    _flip, _flip, _replace, _count, _count, _cut, _double, _insert, _insert_token, _insert_token,
    _end, _splice,
)  # fmt: skip


def mutated(random: Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds with a few edits; one edit is the most frequent number."""
    edited = bytearray(random.choice(seeds))
    for _ in range(min(MOST_EDITS, 1 + int(random.expovariate(0.8)))):
        random.choice(EDITS)(random, edited, seeds)
    return bytes(edited[:LONGEST])
