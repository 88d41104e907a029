"""What the worker may still do once it is forked: turn pixels into bytes, and nothing else.

Native decoders have had memory bugs from crafted codes (CVE-2023-40889, CVE-2023-40890), so the
process that runs them owns nothing worth taking: no file, no key, no network, no program to start,
bounded memory and time.
"""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
from collections.abc import Collection
from contextlib import suppress

from scanner.vision import seccomp

# The worst 1080p frame, noise through every stage, needed 30 MiB more than what was mapped before.
DECODING_BYTES = 128 * 2**20
STANDARD_ERROR = 2

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38

_libc = ctypes.CDLL(None, use_errno=True)


def close_all_but(kept: Collection[int]) -> None:
    """Close every other file descriptor that the parent had open."""
    for fd in {int(name) for name in os.listdir("/proc/self/fd")} - set(kept):
        with suppress(OSError):  # the one that listed the folder
            os.close(fd)


def keep_only(channel_fd: int) -> None:
    """Nothing stays open but the socket to the loop; what libraries print goes to /dev/null."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, STANDARD_ERROR)
    close_all_but({channel_fd, STANDARD_ERROR})


def confine(parent_pid: int, channel_fd: int, *, life_s: float, is_filtered: bool = True) -> None:
    """For good, of a worker forked by `parent_pid` that lives `life_s` at most.

    Ends the process if the parent has gone. Raises OSError when the kernel refuses.
    """
    bound(parent_pid, life_s)
    if is_filtered:
        here = seccomp.machine()
        if here is None:
            raise OSError("the system calls of this machine are not known")
        calls = seccomp.allowed_calls(channel_fd, STANDARD_ERROR)
        seccomp.install(seccomp.program(here, calls))


def bound(parent_pid: int, life_s: float) -> None:
    """All but the filter: it dies with its parent, gains no rights and uses no more than this."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it died before the line above took effect
        os._exit(0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_DUMPABLE, 0)  # nobody of the same user reads or changes its memory
    _limit(resource.RLIMIT_AS, _address_space_bytes() + DECODING_BYTES)
    _limit(resource.RLIMIT_CPU, math.ceil(life_s) + 1)
    _limit(resource.RLIMIT_CORE, 0)  # a core file would hold the last frame
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, 0)  # what is open stays open


def _prctl(option: int, setting: int) -> None:
    rest = [ctypes.c_ulong(argument) for argument in (setting, 0, 0, 0)]
    if _libc.prctl(option, *rest):
        raise OSError(ctypes.get_errno(), f"prctl({option})")


def _limit(which: int, most: int) -> None:
    _, hard = resource.getrlimit(which)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (most, most))


def _address_space_bytes() -> int:
    """What the libraries have mapped so far; they differ by machine and version."""
    with open("/proc/self/statm", encoding="ascii") as pages:
        return int(pages.read().split()[0]) * resource.getpagesize()
