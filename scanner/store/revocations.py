"""What the lists say about one pass: status map with its overlay, revocation list, holder list."""

from __future__ import annotations

from scanner.core.claims import Pass
from scanner.core.clock import ClockReading
from scanner.core.facts import ListFacts, PassStatus
from scanner.core.hashing import sha256
from scanner.core.revocation import ID_BYTES, REF_BYTES, StatusBits
from scanner.core.trust import KeyState
from scanner.store.installed import STATUS, Artefact, Installed

_STATUS = {
    None: PassStatus.BEYOND_MAP,
    StatusBits.VALID: PassStatus.VALID,
    StatusBits.REVOKED: PassStatus.REVOKED,
    StatusBits.SUSPENDED: PassStatus.SUSPENDED,
    # Not in use: an issuer that sets it means nothing good.
    StatusBits.RESERVED: PassStatus.REVOKED,
}


def about(installed: Installed, pass_: Pass, now: ClockReading) -> ListFacts:
    """Everything the lists know of this pass: one moment of them. Raises StoreError."""
    artefacts, key = installed.artefacts, pass_.key
    if pass_.index is not None and key.index_range is not None:
        status = _STATUS[installed.status(key.issuer_no, pass_.index)]
        artefact = artefacts.get(f"{STATUS}{key.issuer_no}")
    else:
        is_revoked = sha256(pass_.cti)[:ID_BYTES] in installed.ids
        status = PassStatus.REVOKED if is_revoked else PassStatus.VALID
        artefact = artefacts.get("ids")
    return ListFacts(
        status=status,
        status_age_s=_age_s(artefact, now),
        status_version=artefact.version if artefact else 0,
        holder_is_listed=pass_.holder_ref in installed.holders,
        holders_age_s=_age_s(artefacts.get("holders"), now),
        is_issued=_is_issued(installed, pass_) if key.state is KeyState.ISSUED_SET else None,
    )


def _is_issued(installed: Installed, pass_: Pass) -> bool | None:
    """None where no issued set is installed for the key."""
    kid = pass_.key.kid.hex()
    if f"issued-{kid}" not in installed.artefacts:
        return None
    issued = installed.issued.get(kid)
    return issued is not None and sha256(pass_.cti)[:REF_BYTES] in issued


def _age_s(artefact: Artefact | None, now: ClockReading) -> float | None:
    """Seconds by the latest that it may be now; where that is unbounded the clock is the doubt."""
    if artefact is None:
        return None
    return (now.latest or now.earliest).timestamp() - artefact.issued_at
