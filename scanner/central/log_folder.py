"""What the server of scan records keeps in the central folder, beside the lists.

log.db            the records, unless `--database` names PostgreSQL
log/receipt.pem   signs receipts and the audit; devices learn its public half at enrolment
log/ca.pem, ca.crt          the city's own authority: certificates of server and devices
log/server.pem, server.crt  what devices see of the server
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.central.errors import CentralError
from scanner.central.keys import Entropy, load_key, make_key, save_key

DATABASE, FOLDER = "log.db", "log"
_RECEIPT = "receipt"


def default_database(central: Path) -> str:
    """The store when no other is named."""
    return str(central / DATABASE)


def log_folder(central: Path) -> Path:
    return central / FOLDER


def receipt_key(central: Path) -> Ed25519PrivateKey:
    """Raises CentralError where no server of records was ever started or device enrolled."""
    path = log_folder(central) / f"{_RECEIPT}.pem"
    if not path.exists():
        raise CentralError(
            f"{path} is not there: it signs what happens to the records. Name the central folder "
            "with --dir, or copy its log/ from the computer that takes the records."
        )
    return load_key(path, is_online=True).private


def ensure_receipt_key(central: Path, entropy: Entropy) -> Ed25519PrivateKey:
    """Made at first use. Raises CentralError."""
    if not (log_folder(central) / f"{_RECEIPT}.pem").exists():
        save_key(log_folder(central), make_key(_RECEIPT, entropy))
    return receipt_key(central)
