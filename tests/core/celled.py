"""Rows of a chain."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.core.cells import LEAST, Cell, cells_of
from scanner.core.chain import signed_links
from scanner.core.logbook import DeviceLog
from scanner.core.reasons import Reason
from tests.core.chains import DAY, MINUTE, Chain, a_record

NEXT_DAY = (DAY + 1) * 1440


def rows_of(log: DeviceLog, *, least: int = LEAST) -> list[Cell]:
    return cells_of(log, signed_links(log)[0], least=least)


def chain_of(quarters: Sequence[Sequence[Reason]], *, ends: bool = True) -> Chain:
    """One segment a quarter from nine on; with `ends`, a heartbeat of the next day."""
    chain = Chain()
    for place, reasons in enumerate(quarters):
        minute = MINUTE + 15 * place
        chain.seal(minute + 15, [a_record(minute, reason) for reason in reasons], day=DAY)
    if ends:
        chain.seal(NEXT_DAY)
    return chain
