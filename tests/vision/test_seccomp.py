"""The filter of system calls, run by a small machine of our own, for both processors."""

from __future__ import annotations

import os
import re
import socket
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from scanner.vision import parent, seccomp
from scanner.vision.seccomp import MACHINES, Call, Machine, allowed_calls, program

CHANNEL, SILENT = 7, 2
ALLOW, KILL = "allow", "kill the process"
ACTIONS = {0x7FFF0000: ALLOW, 0x80000000: KILL}
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
NUMBER_OF = r"#define\s+__NR(?:3264)?_{}\s+(\d+)\b"
EXECUTABLE, ANONYMOUS = 0x4, 0x20
BOTH = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)


def judged(filter_: bytes, arch: int, number: int, arguments: Sequence[int] = ()) -> str:
    """What the kernel would do: classic BPF over `struct seccomp_data`."""
    six = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<iIQ6Q", number, arch, 0, *six)
    accumulator, at = 0, 0
    while True:
        code, if_true, if_false, operand = struct.unpack_from("<HBBI", filter_, 8 * at)
        at += 1
        match code:
            case 0x20:  # BPF_LD | BPF_W | BPF_ABS
                (accumulator,) = struct.unpack_from("<I", data, operand)
            case 0x15:  # BPF_JMP | BPF_JEQ | BPF_K
                at += if_true if accumulator == operand else if_false
            case 0x45:  # BPF_JMP | BPF_JSET | BPF_K
                at += if_true if accumulator & operand else if_false
            case 0x06:  # BPF_RET | BPF_K
                return ACTIONS[operand]
            case _:
                raise AssertionError(f"no instruction of ours: {code:#x}")


def the_filter(machine: Machine) -> bytes:
    return program(machine, allowed_calls(CHANNEL, SILENT))


def fitting(call: Call) -> list[int]:
    """Arguments that meet the call's conditions, with something in every upper half."""
    arguments = [0xABCD << 32] * 6
    for condition in call.conditions:
        arguments[condition.argument] |= (condition.equal_to or 0) | condition.with_bits
    return arguments


@BOTH
def test_only_what_stands_in_the_table_is_allowed(machine: Machine) -> None:
    """Each call of the table passes; every other number ends the process."""
    filter_ = the_filter(machine)
    calls = {call.numbers[machine.column]: call for call in allowed_calls(CHANNEL, SILENT)}
    for number in range(2048):
        arguments = fitting(calls[number]) if number in calls else []
        expected = ALLOW if number in calls else KILL
        assert judged(filter_, machine.audit_arch, number, arguments) == expected, number


@BOTH
def test_each_condition_counts(machine: Machine) -> None:
    """A call whose arguments miss one condition ends the process."""
    filter_ = the_filter(machine)
    for call in allowed_calls(CHANNEL, SILENT):
        for condition in call.conditions:
            arguments = fitting(call)
            arguments[condition.argument] ^= (
                condition.with_bits or condition.without_bits or condition.equal_to or 1
            )
            number = call.numbers[machine.column]
            assert judged(filter_, machine.audit_arch, number, arguments) == KILL, call.name


@BOTH
def test_no_memory_becomes_executable(machine: Machine) -> None:
    """Neither new memory nor memory that is there can be made to hold code, nor a file's."""
    filter_ = the_filter(machine)
    number = {call.name: call.numbers[machine.column] for call in allowed_calls(CHANNEL, SILENT)}

    def ask(name: str, *arguments: int) -> str:
        return judged(filter_, machine.audit_arch, number[name], arguments)

    assert ask("mmap", 0, 4096, 0x3, ANONYMOUS) == ALLOW
    assert ask("mmap", 0, 4096, 0x3 | EXECUTABLE, ANONYMOUS) == KILL
    assert ask("mmap", 0, 4096, 0x1, 0, SILENT) == KILL
    assert ask("mprotect", 0, 4096, 0x3) == ALLOW
    assert ask("mprotect", 0, 4096, EXECUTABLE) == KILL


@BOTH
def test_locks_can_only_be_waited_for_and_woken(machine: Machine) -> None:
    """The operations of futex for priorities, which have been ways into the kernel, are none."""
    filter_ = the_filter(machine)
    (numbers,) = (call.numbers for call in allowed_calls(CHANNEL, SILENT) if call.name == "futex")
    private, realtime = 128, 256
    allowed = {
        operation
        for operation in range(128)
        if judged(filter_, machine.audit_arch, numbers[machine.column], (0, operation | private))
        == ALLOW
    }
    assert allowed == {0, 1}
    wait = (0, realtime | private)
    assert judged(filter_, machine.audit_arch, numbers[machine.column], wait) == ALLOW


@pytest.mark.parametrize(
    ("arch", "number"),
    [
        (0x40000003, 11),  # i386 by int 0x80, on a kernel of x86-64
        (0xC000003E, 0x40000000 | 9),  # the x32 numbers of x86-64
        (0x40000028, 4),  # 32-bit ARM
        (0xC00000B7, 222),  # the other machine of ours
        (0, 9),
    ],
)
def test_numbers_of_another_architecture_are_no_way_round(arch: int, number: int) -> None:
    """A number means something else on another architecture: the filter looks there first."""
    assert judged(the_filter(MACHINES["x86_64"]), arch, number, (0, 0, 0, ANONYMOUS)) == KILL


@pytest.mark.parametrize("name", MACHINES)
def test_the_numbers_are_those_of_the_kernel(name: str) -> None:
    """The table agrees with the headers of the kernel."""
    if not HEADERS[name].exists():
        pytest.skip(f"the kernel's headers ({HEADERS[name]}) are not installed")
    header = HEADERS[name].read_text()
    for call in allowed_calls(CHANNEL, SILENT):
        numbers = re.findall(NUMBER_OF.format(call.name), header)
        assert numbers, call.name
        assert int(numbers[0]) == call.numbers[MACHINES[name].column]


def fake_machine(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    fields = list(os.uname())
    fields[4] = name
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(fields))


@pytest.mark.parametrize("name", ["riscv64", "armv7l", "ppc64le"])
def test_a_machine_without_a_table_has_no_filter(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Where the numbers are not known it is said so, by the name of the machine."""
    fake_machine(monkeypatch, name)
    assert seccomp.machine() is None
    assert name in (seccomp.why_missing() or "")


def test_an_interpreter_of_32_bits_has_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    """It speaks another table than its kernel's name says."""
    fake_machine(monkeypatch, "aarch64")
    monkeypatch.setattr(seccomp, "POINTER_BYTES", 4)
    assert seccomp.machine() is None


def test_asking_for_the_filter_installs_none() -> None:
    """The question whether a filter can be had changes nothing."""
    assert seccomp.why_missing() is None
    assert "Seccomp:\t2" not in Path("/proc/self/status").read_text()


@pytest.mark.parametrize(("options", "status"), [([], parent.NOT_ALLOWED), (["--may-be-open"], 0)])
def test_no_filter_no_reader(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    status: int,
) -> None:
    """Without a filter the reader does not start, unless it is told that it may be open."""
    monkeypatch.setattr(seccomp, "why_missing", lambda: "no table")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.close()  # so that a reader that does start ends at once
    with theirs:
        said = parent.main(["--socket-fd", str(os.dup(theirs.fileno())), *options])
    assert said == status
    assert ("cannot be confined: no table" in capsys.readouterr().err) is (status != 0)
