"""The system calls of a worker, as one table, and the kernel's filter that is made of it.

Decoding needs memory and the socket to the loop. Nothing else is allowed, so a decoder that a
crafted code has taken over can open no file, no device and no socket, start no program or thread,
send no signal and map no memory that can be executed. A call outside the table ends the process.

The table was found by tracing the cascade over every sample and photo. The filter is a program of
classic BPF over `struct seccomp_data` [linux/seccomp.h, linux/bpf_common.h].
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Values of the kernel's interface: linux/prctl.h, seccomp.h, audit.h, mman.h.
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_RET_ALLOW, _RET_KILL_PROCESS = 0x7FFF0000, 0x80000000
_PROT_EXEC, _MAP_ANONYMOUS = 0x4, 0x20
_BUT_WAIT_AND_WAKE = 0x7E  # bits of every other operation of futex, of which some had faults
_BEYOND_ADVICE = 0xFFFFFFE0  # of madvise: to poison a page, which root may do, is number 100
# Code of one instruction, and where `struct seccomp_data` has what it loads.
_LOAD, _IS_EQUAL, _HAS_BITS, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16
INSTRUCTION_BYTES = 8
POINTER_BYTES = 8  # an interpreter of 32 bits speaks another table, whatever its kernel is


@dataclass(frozen=True, slots=True)
class Machine:
    """`audit_arch`: as the kernel tells a filter; `column`: of its numbers in the table."""

    audit_arch: int
    column: int


MACHINES = {"x86_64": Machine(0xC000003E, 0), "aarch64": Machine(0xC00000B7, 1)}


@dataclass(frozen=True, slots=True)
class Condition:
    """Of an argument's lower 32 bits, which are all the kernel looks at in these."""

    argument: int
    equal_to: int | None = None
    with_bits: int = 0
    without_bits: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One allowed system call: its number on x86-64 and on aarch64 [asm/unistd.h]."""

    name: str
    numbers: tuple[int, int]
    conditions: tuple[Condition, ...] = ()


_NOT_EXECUTABLE = Condition(2, without_bits=_PROT_EXEC)


def allowed_calls(channel_fd: int, silent_fd: int) -> tuple[Call, ...]:
    """`channel_fd`: the socket to the loop; `silent_fd`: /dev/null, for what libraries print."""
    return (
        # recvfrom takes no file descriptors that somebody sends along; recvmsg would.
        Call("recvfrom", (45, 207), (Condition(0, equal_to=channel_fd),)),
        Call("sendto", (44, 206), (Condition(0, equal_to=channel_fd),)),
        Call("write", (1, 64), (Condition(0, equal_to=silent_fd),)),
        Call("mmap", (9, 222), (_NOT_EXECUTABLE, Condition(3, with_bits=_MAP_ANONYMOUS))),
        Call("mprotect", (10, 226), (_NOT_EXECUTABLE,)),
        Call("munmap", (11, 215)),
        Call("mremap", (25, 216)),
        Call("madvise", (28, 233), (Condition(2, without_bits=_BEYOND_ADVICE),)),
        Call("brk", (12, 214)),
        # Locks of C++, although there is one thread.
        Call("futex", (202, 98), (Condition(1, without_bits=_BUT_WAIT_AND_WAKE),)),
        Call("clock_gettime", (228, 113)),  # a call only where the vDSO has no fast clock
        Call("setitimer", (38, 103)),  # a worker ends itself when a frame takes too long
        Call("exit_group", (231, 94)),
    )


def machine() -> Machine | None:
    """This one; None when its system calls are not in the table."""
    is_64_bit = struct.calcsize("P") == POINTER_BYTES
    return MACHINES.get(os.uname().machine) if is_64_bit else None


def why_missing() -> str | None:
    """Why no worker can be filtered on this machine; None where it can."""
    if machine() is None:
        return f"the system calls of {os.uname().machine} are not in its table"
    try:
        install(None)
    except OSError as error:
        if error.errno != errno.EFAULT:  # it looked for a program where none is: it takes them
            return "this kernel has no filter of system calls (CONFIG_SECCOMP_FILTER)"
    return None


def program(machine: Machine, calls: Sequence[Call]) -> bytes:
    """The filter: 8 bytes an instruction. Another architecture than `machine` ends the process."""
    instructions = [
        _instruction(_LOAD, _ARCH_AT),
        _instruction(_IS_EQUAL, machine.audit_arch, if_true=1),
        _instruction(_RETURN, _RET_KILL_PROCESS),
        _instruction(_LOAD, _NUMBER_AT),
    ]
    for call in calls:
        body = [*_checks(call.conditions), _instruction(_RETURN, _RET_ALLOW)]
        number = call.numbers[machine.column]
        instructions += [_instruction(_IS_EQUAL, number, if_false=len(body)), *body]
    return b"".join([*instructions, _instruction(_RETURN, _RET_KILL_PROCESS)])


def _checks(conditions: Sequence[Condition]) -> Iterator[bytes]:
    """Each condition that fails ends the process at once; the last one falls through."""
    kill = _instruction(_RETURN, _RET_KILL_PROCESS)
    for condition in conditions:
        # Both machines are little-endian: the lower half of an argument comes first.
        yield _instruction(_LOAD, _ARGUMENTS_AT + 8 * condition.argument)
        if condition.equal_to is not None:
            yield from (_instruction(_IS_EQUAL, condition.equal_to, if_true=1), kill)
        if condition.with_bits:
            yield from (_instruction(_HAS_BITS, condition.with_bits, if_true=1), kill)
        if condition.without_bits:
            yield from (_instruction(_HAS_BITS, condition.without_bits, if_false=1), kill)


def _instruction(code: int, operand: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    """`struct sock_filter` [linux/filter.h]; the jumps count the instructions to leave out."""
    return struct.pack("<HBBI", code, if_true, if_false, operand)


class _Program(ctypes.Structure):
    """`struct sock_fprog` [linux/filter.h]."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def install(filter_: bytes | None) -> None:
    """From here on this thread can make no other calls, for good. Raises OSError.

    None asks whether the kernel would take a filter: EFAULT if so, and nothing has changed.

    Needs PR_SET_NO_NEW_PRIVS. By prctl, not by the newer seccomp(2), which a unit of systemd that
    allows @system-service may refuse.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    handed = filter_ and ctypes.byref(_Program(len(filter_) // INSTRUCTION_BYTES, filter_))
    if libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), handed, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_SECCOMP)")
