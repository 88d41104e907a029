"""The root of a Merkle tree over scan records [RFC 9162 §2.1.1].

A leaf and a node are hashed under different first bytes, so that no node can be passed off as a
record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scanner.core.hashing import sha256

ROOT_BYTES = 32
_LEAF, _NODE = b"\x00", b"\x01"

Hash = Callable[[bytes], bytes]


def merkle_root(leaves: Sequence[bytes], hash_: Hash = sha256) -> bytes:
    """32 bytes; of no leaves, the hash of nothing. hash_: SHA-256 by whatever does it fastest here.

    Level by level with the odd one carried up gives the split at the largest power of two.
    """
    if not leaves:
        return hash_(b"")
    level = [hash_(_LEAF + leaf) for leaf in leaves]
    while len(level) > 1:
        paired = [
            hash_(_NODE + level[place] + level[place + 1]) for place in range(0, len(level) - 1, 2)
        ]
        level = paired + level[2 * len(paired) :]
    return level[0]
