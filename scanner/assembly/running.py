"""What a segment says of a device, for a process that seals beside the device's loop."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.assembly.place import standing_of
from scanner.config import Settings
from scanner.core.errors import StoreError
from scanner.core.policy import CheckpointPolicy

if TYPE_CHECKING:
    from scanner.store.segments import Running


def running_beside(state: Path, settings: Settings) -> Running:
    """Of the run that goes on, or else of the last. Raises StoreError."""
    from scanner.store.runs import present_run
    from scanner.store.segments import Running

    policy, run = policy_of(state, settings), present_run(state)
    zone, floor_min = policy.time_zone, policy.log.floor_min
    return Running(policy.checkpoint.id, run.boot, run.is_clean, floor_min, zone)


def policy_of(state: Path, settings: Settings) -> CheckpointPolicy:
    """As installed. Damaged lists are fetched anew; until then it counts what holds without any."""
    from scanner.store.trust_list import SqliteLists

    checkpoint = standing_of(settings, state).checkpoint
    try:
        with closing(SqliteLists(state, checkpoint, allow_test_keys=True)) as lists:
            return lists.policy
    except StoreError:
        return CheckpointPolicy(checkpoint=checkpoint, time_zone=UTC)
