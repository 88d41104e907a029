"""What the worker may still do once it is forked: turn pixels into bytes, and nothing else.

Native decoders have had memory bugs from crafted codes (CVE-2023-40889, CVE-2023-40890), so the
process that runs them owns nothing worth taking. A filter of system calls belongs at the end of
`confine`, after everything else has been set up.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from collections.abc import Collection
from contextlib import suppress

# A 1080p frame needs some 60 MiB at its peak (two enlarged copies and the binarised ones).
DECODING_BYTES = 256 * 2**20
MAX_OPEN_FILES = 32  # what it has inherited; it opens none

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38

_libc = ctypes.CDLL(None, use_errno=True)


def close_all_but(kept: Collection[int]) -> None:
    """Close every other file descriptor that the parent had open."""
    for fd in {int(name) for name in os.listdir("/proc/self/fd")} - set(kept):
        with suppress(OSError):  # the one that listed the folder
            os.close(fd)


def confine(parent_pid: int) -> None:
    """Limits of a worker forked by `parent_pid`; ends the process if the parent has gone."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it died before the line above took effect
        os._exit(0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_DUMPABLE, 0)
    _limit(resource.RLIMIT_CORE, 0)  # a core file would hold the last frame
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    _limit(resource.RLIMIT_AS, _address_space_bytes() + DECODING_BYTES)


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
