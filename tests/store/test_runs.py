"""How often a device was started, and how its runs ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.store.migrations import migrate
from scanner.store.runs import Run, begin_run, end_run, present_run


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A migrated state folder."""
    migrate(tmp_path)
    return tmp_path


def test_starts_are_counted(state: Path) -> None:
    """The first has nothing unclean behind it; each stop in order makes the next one clean."""
    for boot in (1, 2, 3):
        assert begin_run(state) == Run(boot, is_clean=True)
        end_run(state)


def test_start_after_a_cut_is_unclean(state: Path) -> None:
    """Until a run is stopped in order."""
    begin_run(state)
    assert begin_run(state) == Run(2, is_clean=False)
    assert begin_run(state) == Run(3, is_clean=False)
    end_run(state)
    assert begin_run(state) == Run(4, is_clean=True)


def test_process_beside_the_loop_learns_of_its_run(state: Path) -> None:
    """It changes nothing by asking; before the first start there is no run."""
    assert present_run(state) == Run(0, is_clean=True)
    begin_run(state)
    begin_run(state)
    assert present_run(state) == present_run(state) == Run(2, is_clean=False)
    end_run(state)
    assert present_run(state) == Run(2, is_clean=False)
    assert begin_run(state) == Run(3, is_clean=True)
