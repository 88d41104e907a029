"""The bounds of a worker, seen from a process that was forked and bounded; attacks stand beside."""

from __future__ import annotations

import ctypes
import os
import resource
import socket
from collections.abc import Callable

import pytest

from scanner.vision.confine import DECODING_BYTES, bound, close_all_but, confine, keep_only


def in_bounded_child(act: Callable[[], str]) -> str:
    """What `act` says in a forked process with all bounds but the filter, which lets it speak."""
    ours, theirs = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            close_all_but({theirs})  # as the worker does; the tests may have many files open
            bound(parent, life_s=60)
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

    def privileges() -> str:
        return str(ctypes.CDLL(None).prctl(39, 0, 0, 0, 0))  # PR_GET_NO_NEW_PRIVS

    assert in_bounded_child(privileges) == "1"


def test_it_can_open_nothing() -> None:
    """No file, socket or device, even where a filter of system calls cannot be had."""

    def open_something() -> str:
        try:
            return f"opened {os.open(os.devnull, os.O_RDONLY)}"
        except OSError as error:
            return error.strerror or ""

    assert in_bounded_child(open_something) == "Too many open files"


def test_it_leaves_no_core_file() -> None:
    """A core file would hold the last frame: none is written, and no file grows."""
    limits = (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE)
    said = in_bounded_child(lambda: repr([resource.getrlimit(limit) for limit in limits]))
    assert said == "[(0, 0), (0, 0)]"


def test_its_memory_is_bounded() -> None:
    """A crafted code that asks for memory without end gets an error, not the whole board's."""

    def grab(how_many: int) -> str:
        try:
            return f"got {len(bytearray(how_many))}"
        except MemoryError:
            return "refused"

    assert in_bounded_child(lambda: grab(2 * DECODING_BYTES)) == "refused"
    assert in_bounded_child(lambda: grab(DECODING_BYTES // 2)).startswith("got")


def test_its_time_is_bounded() -> None:
    """The kernel ends one whose parent could not, soon after it should have been replaced."""
    said = in_bounded_child(lambda: repr(resource.getrlimit(resource.RLIMIT_CPU)))
    assert said == "(61, 61)"


def test_it_does_not_outlive_its_parent() -> None:
    """A worker whose parent is not the one that forked it ends at once."""
    child = os.fork()
    if child == 0:
        confine(1 if os.getppid() != 1 else 2, 0, life_s=60)
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


def test_only_the_socket_to_the_loop_stays_open() -> None:
    """Nothing else that the parent had open, and whatever libraries print is gone."""

    def files_left() -> bytes:
        keep_only(theirs.fileno())
        names = [
            (fd, os.readlink(f"/proc/self/fd/{fd}"))
            for fd in os.listdir("/proc/self/fd")
            if os.path.lexists(f"/proc/self/fd/{fd}")  # not the one that listed the folder
        ]
        return repr(sorted(names)).encode()

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs_fd = theirs.fileno()
    child = os.fork()
    if child == 0:
        theirs.send(files_left())
        os._exit(0)
    socket_name = os.readlink(f"/proc/self/fd/{theirs.fileno()}")
    theirs.close()
    with ours:
        said = ours.recv(1000).decode()
    os.waitpid(child, 0)
    assert said == repr(sorted([("2", "/dev/null"), (str(theirs_fd), socket_name)]))
