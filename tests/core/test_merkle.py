"""The tree hash, against the vectors that Certificate Transparency is tested with."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.merkle import merkle_root

# Inputs and roots of the reference tests for RFC 6962 and RFC 9162 §2.1.1: leaves 0 … n-1.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def by_the_text(leaves: list[bytes]) -> bytes:
    """MTH as RFC 9162 §2.1.1 spells it: split at the largest power of two below n."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + by_the_text(leaves[:split]) + by_the_text(leaves[split:])).digest()


def test_root_of_nothing_is_the_hash_of_nothing() -> None:
    """A heartbeat has a root as well."""
    assert merkle_root([]).hex() == EMPTY


@pytest.mark.parametrize("n", range(1, 9))
def test_published_roots_come_out(n: int) -> None:
    """Eight trees of one to eight leaves."""
    assert merkle_root(LEAVES[:n]).hex() == ROOTS[n - 1]


@given(st.lists(st.binary(max_size=16), max_size=40))
def test_any_number_of_leaves_is_split_as_the_standard_says(leaves: list[bytes]) -> None:
    """Level by level gives what the recursion gives."""
    assert merkle_root(leaves) == by_the_text(leaves)


def test_node_is_no_leaf() -> None:
    """Two hashes joined do not pass for a record that has the same root."""
    left, right = (sha256(b"\0" + leaf).digest() for leaf in LEAVES[:2])
    assert merkle_root([left + right]) != merkle_root(LEAVES[:2])
