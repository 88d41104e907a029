"""SHA-256 and HMAC, by the standards' own examples."""

from __future__ import annotations

from scanner.core.hashing import KeyedHash, sha256


def test_sha256_gives_the_published_digests() -> None:
    """FIPS 180-4, of no bytes and of `abc`."""
    assert sha256(b"").hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (
        sha256(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_keyed_hash_gives_the_published_codes() -> None:
    """RFC 4231, test cases 1 and 2."""
    assert KeyedHash(b"\x0b" * 20).of(b"Hi There").hex() == (
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    )
    assert KeyedHash(b"Jefe").of(b"what do ya want for nothing?").hex() == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_keyed_hash_does_not_remember_what_it_hashed() -> None:
    """One key serves many messages."""
    keyed = KeyedHash(b"key")
    first = keyed.of(b"one")
    assert keyed.of(b"two") != first
    assert keyed.of(b"one") == first
