"""A day without a guest: script, feeder, loop and judge together."""

from __future__ import annotations

from pathlib import Path

from tests.virtual_device.day import judge_edges
from tests.virtual_device.rehearsal import rehearse
from tests.virtual_device.script import Kind, day

FEW = {
    Kind.VALID: 12,
    Kind.FORGED: 4,
    Kind.REVOKED: 4,
    Kind.REPEATED: 4,
    Kind.GLARE: 2,
    Kind.BLANK: 4,
    Kind.UNPLUGGED: 2,
}


def test_rehearsed_day_is_right_to_the_last_edge(tmp_path: Path) -> None:
    """Every verdict as scripted, every edge as the table says, no green for who has no pass."""
    events = day(5, FEW)
    edges, notes, journal = rehearse(tmp_path, events)
    judgement = judge_edges(events, edges, notes, journal)
    assert judgement.wrong == ()
    assert (judgement.right, judgement.green_for_invalid, judgement.glitches) == (len(events), 0, 0)
