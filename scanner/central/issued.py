"""After a leak of a key: the passes it really signed, as a signed set."""

from __future__ import annotations

from tuf.api.metadata import Targets

from scanner.central.city import City
from scanner.central.errors import CentralError
from scanner.central.issuer import retire_key


def publish_issued_set(city: City, kid: str) -> int:
    """Returns how many passes stay good. Raises CentralError; then the key is as it was."""
    try:
        raw = bytes.fromhex(kid)
    except ValueError:
        raise CentralError(
            f"{kid} is no kid: 16 hex digits, see `scanner central status`."
        ) from None
    city.check_sticks(Targets.type)
    rows = city.register.db.execute("SELECT cti_hash FROM issued WHERE kid = ?", (raw,))
    hashes = [bytes(row[0]) for row in rows]
    with city.register.transaction():
        retire_key(city.register, raw)
        city.sign(lambda documents, edition: documents.set_issued(kid, hashes))
    return len(hashes)
