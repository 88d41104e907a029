"""What a confined worker can no longer do, seen from a process that was forked and confined."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.vision.confine import DECODING_BYTES, close_all_but, confine


def in_confined_child(act: Callable[[], str]) -> str:
    """What `act` says in a forked and confined process."""
    ours, theirs = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            close_all_but({theirs})  # as the worker does; the tests may have many files open
            confine(parent)
            os.write(theirs, act().encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as said:
        answer = said.read().decode()
    os.waitpid(child, 0)
    return answer


def test_it_can_gain_no_privileges() -> None:
    """A set-uid program would run with the worker's own rights."""
    assert "NoNewPrivs:\t1" in in_confined_child(lambda: Path("/proc/self/status").read_text())


def test_it_leaves_no_core_file() -> None:
    """A core file would hold the last frame: none is written, and no file grows."""
    limits = (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE)
    said = in_confined_child(lambda: repr([resource.getrlimit(limit) for limit in limits]))
    assert said == "[(0, 0), (0, 0)]"


def test_its_memory_is_bounded() -> None:
    """A crafted code that asks for memory without end gets an error, not the whole board's."""

    def grab(how_many: int) -> str:
        try:
            return f"got {len(bytearray(how_many))}"
        except MemoryError:
            return "refused"

    assert in_confined_child(lambda: grab(2 * DECODING_BYTES)) == "refused"
    assert in_confined_child(lambda: grab(DECODING_BYTES // 2)).startswith("got")


def test_it_does_not_outlive_its_parent() -> None:
    """A worker whose parent is not the one that forked it ends at once."""
    child = os.fork()
    if child == 0:
        confine(parent_pid=1 if os.getppid() != 1 else 2)
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("kept", [0, 1], ids=["none kept", "one kept"])
def test_other_files_are_closed(kept: int) -> None:
    """Whatever the parent had open is closed but for what the worker needs."""

    def files_left() -> str:
        extra = [os.open(os.devnull, os.O_RDONLY) for _ in range(3)]
        close_all_but({*extra[:kept], report})
        return str(sum(os.path.exists(f"/proc/self/fd/{fd}") for fd in extra))

    ours, report = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(report, files_left().encode())
        os._exit(0)
    os.close(report)
    with os.fdopen(ours, "rb") as said:
        assert said.read() == str(kept).encode()
    os.waitpid(child, 0)
