"""The root of a Merkle tree over scan records [RFC 9162 §2.1.1].

A leaf and a node are hashed under different first bytes, so that no node can be passed off as a
record.
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.core.hashing import sha256

ROOT_BYTES = 32
_LEAF, _NODE = b"\x00", b"\x01"


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """32 bytes; of no leaves, the hash of nothing.

    Level by level with the odd one carried up gives the split at the largest power of two.
    """
    if not leaves:
        return sha256(b"")
    level = [sha256(_LEAF + leaf) for leaf in leaves]
    while len(level) > 1:
        paired = [
            sha256(_NODE + level[place] + level[place + 1]) for place in range(0, len(level) - 1, 2)
        ]
        level = paired + level[2 * len(paired) :]
    return level[0]
