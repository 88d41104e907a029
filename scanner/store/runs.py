"""How often this device was started, and whether the run before was stopped in order.

Both stand in every segment: who cuts the power to hide something shows up by his unclean starts.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from scanner.store.database import OUTBOX, connect, transaction, translated

_READ = "SELECT boot, is_open, coalesce(is_clean, 1) FROM run"
_BEGIN = (
    "INSERT INTO run (id, boot, is_open, is_clean) VALUES (1, ?, 1, ?) ON CONFLICT (id)"
    " DO UPDATE SET boot = excluded.boot, is_open = 1, is_clean = excluded.is_clean"
)


@dataclass(frozen=True, slots=True)
class Run:
    """boot: starts so far, this one included. is_clean: the run before was stopped in order."""

    boot: int
    is_clean: bool


def begin_run(folder: Path) -> Run:
    """The loop starts. A device that never ran before has nothing unclean behind it. StoreError."""
    with closing(connect(folder, OUTBOX)) as db, transaction(db, OUTBOX.name):
        boot, is_open, _ = db.execute(_READ).fetchone() or (0, 0, 1)
        run = Run(boot + 1, not is_open)
        db.execute(_BEGIN, (run.boot, run.is_clean))
    return run


def end_run(folder: Path) -> None:
    """The loop was stopped in order, and everything is sealed. StoreError."""
    with closing(connect(folder, OUTBOX)) as db, transaction(db, OUTBOX.name):
        db.execute("UPDATE run SET is_open = 0")


def present_run(folder: Path) -> Run:
    """For a process beside the loop: of the run that goes on, or else of the last. StoreError."""
    with closing(connect(folder, OUTBOX)) as db, translated(OUTBOX.name):
        boot, _, is_clean = db.execute(_READ).fetchone() or (0, 0, 1)
    return Run(boot, bool(is_clean))
