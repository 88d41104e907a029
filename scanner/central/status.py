"""The state of a city in lines: what is out, what waits, what expires."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from scanner.central.city import City
from scanner.central.edition import Renewable, State
from scanner.central.lists import map_size
from scanner.central.register import Artefact
from scanner.central.roles import END_OF_REGIME, REV

SOON = timedelta(days=14)


def status_lines(city: City, *, is_whole: bool = False) -> Iterator[str]:
    """One fact a line; `is_whole` adds every target."""
    state, register = city.repository.state(), city.register
    issued = datetime.fromtimestamp(state.issued_at, UTC)
    yield f"issuer       {register.setting('issuer')}, number {register.setting('issuer_no')}"
    yield f"published    number {state.timestamp.signed.version}, {issued:%Y-%m-%d %H:%M:%S}Z"
    end = state.root.signed.unrecognized_fields.get(END_OF_REGIME)
    yield f"regime ends  {end or 'not set'}"
    for artefact in Artefact:
        waiting = register.pending(artefact)
        yield (
            f"{artefact.name.lower():12} version {register.newest(artefact)}, "
            f"{register.listed(artefact)} listed, "
            f"{waiting.changed} waiting"
        )
    yield f"map          {map_size(register)} indexes"
    yield from _expiries(state, city.means.now)
    for entry in city.documents().trust_list():
        until = _day(entry["exp"])
        yield f"key          {entry['kid']} {entry['state']}, kinds {entry['kinds']}, until {until}"
    if is_whole:
        for target in sorted(state.all_targets(), key=lambda target: target.path):
            yield f"target       {target.path} {target.length} bytes"


def warnings(city: City) -> Iterator[str]:
    """What the sticks must renew soon, or devices will take no more updates."""
    state, now = city.repository.state(), city.means.now
    for role, part in (("targets", state.targets), ("root", state.root)):
        left = part.signed.expires - now
        if left < SOON:
            again = "policy set" if role == "targets" else "end-regime"
            yield (
                f"The signatures of {role} end in {max(left.days, 0)} days. Have the sticks sign: "
                f"`scanner central {again}`, with what is signed now."
            )


def _expiries(state: State, now: datetime) -> Iterator[str]:
    parts: tuple[tuple[str, Renewable], ...] = (
        ("root", state.root),
        ("targets", state.targets),
        (REV, state.rev),
        ("snapshot", state.snapshot),
        ("timestamp", state.timestamp),
    )
    for role, part in parts:
        expires = part.signed.expires
        warning = "" if expires > now else "  EXPIRED: devices take no updates"
        yield (
            f"{role:12} version {part.signed.version}, {len(part.signatures)} signatures, "
            f"until {expires:%Y-%m-%d %H:%M}Z{warning}"
        )


def _day(seconds: object) -> str:
    if not isinstance(seconds, int):
        return "ever"
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
