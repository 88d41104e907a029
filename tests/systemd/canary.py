"""Tries to break out of the sandbox that it is started in, in twenty ways, and says which worked.

    python3 -I canary.py [--by-design NAME]...      0: none worked; 1: some, by name

Each try runs in a process of its own, so that one that is killed for it does not end the others. It
counts as held only when the kernel refuses for want of a right, or when there is nothing there.
Needs nothing but Python. canary_units.py puts it into every unit's place, while the unit itself is
stopped: their folders are the same.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import mmap
import os
import shutil
import signal
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

PATIENCE_S = 10
# Refused, or not there. Any other error means that the kernel was ready to do it.
HELD = {
    errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EROFS, errno.ENOENT, errno.EAFNOSUPPORT,
    errno.ENODEV, errno.ENXIO, errno.ESRCH, errno.EOPNOTSUPP, errno.ENOTDIR,
}  # fmt: skip
# System calls that the C library has no name for: on x86-64 and on aarch64 [asm/unistd.h].
CALLS = {
    "finit_module": (313, 273), "add_key": (248, 217), "bpf": (321, 280), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "perf_event_open": (298, 241),
}  # fmt: skip
NEW_USER, NEW_MOUNTS = 0x10000000, 0x00020000
_libc = ctypes.CDLL(None, use_errno=True)


def _checked(answer: int) -> int:
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def _call(name: str, *arguments: object) -> int:
    number = CALLS[name][os.uname().machine == "aarch64"]
    return _checked(_libc.syscall(ctypes.c_long(number), *arguments))


def _first_that_opens(paths: Sequence[str]) -> None:
    """Opens one of them, or lists it if it is a folder; raises the last refusal."""
    refusal: OSError | None = None
    for path in paths:
        try:
            if not os.path.isdir(path):
                os.close(os.open(path, os.O_RDONLY))
            elif not os.listdir(path):
                raise OSError(errno.ENOENT, "an empty folder")
            return
        except OSError as error:
            refusal = error
    assert refusal is not None
    raise refusal


# Every unit may write there, to its own.
_WRITABLE = Path("/tmp")


def open_tcp() -> None:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()


def open_raw() -> None:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
    except OSError:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()


def write_program() -> None:
    for folder in ("/usr/lib", "/usr/bin", "/opt/scanner", "/opt/scanner/current/share", "/etc"):
        with suppress(OSError):
            path = Path(folder, f"canary-{os.getpid()}")
            path.touch()
            path.unlink()
            return
    raise OSError(errno.EROFS, "all of them")


def read_foreign_state() -> None:
    """Of services that this one has nothing to do with."""
    _first_that_opens(
        ["/var/lib/dpkg/status", "/var/lib/systemd", "/var/log", "/run/systemd/units"]
    )


def exec_shell() -> None:
    for path in ("/bin/sh", "/usr/bin/sh", "/usr/bin/dash", "/usr/bin/env"):
        with suppress(OSError):
            os.execv(path, [path, "-c", "exit 0"])
    raise OSError(errno.EACCES, "all of them")


def exec_own_program() -> None:
    """What was written a moment ago, wherever this unit may write."""
    named = [os.environ.get(name, "") for name in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY")]
    folders = [*":".join(named).split(":"), "/tmp", "/var/tmp", "/dev/shm", "/run", "/etc/scanner"]
    folders += ["/boot/firmware", "/run/scannerstick", "/etc/modprobe.d"]
    folders.append("/etc/NetworkManager/system-connections")
    for folder in filter(None, folders):
        program = Path(folder, f"canary-program-{os.getpid()}")
        with suppress(OSError):
            shutil.copyfile("/usr/bin/python3", program)
            program.chmod(0o700)
            os.execv(program, [str(program), "-Ic", f"import os; os.unlink({str(program)!r})"])
        with suppress(OSError):
            program.unlink()
    raise OSError(errno.EACCES, "all of them")


def make_code_in_memory() -> None:
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    mmap.mmap(-1, 4096, flags, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def open_memory_or_disk() -> None:
    disks = ["/dev/vda", "/dev/sda", "/dev/mmcblk0", "/dev/nvme0n1"]
    _first_that_opens(["/dev/mem", "/dev/kmem", "/dev/port", *disks])


def make_device() -> None:
    """A node of /dev/mem: making it counts, whether it opens or not."""
    node = _WRITABLE / f"canary-node-{os.getpid()}"
    os.mknod(node, stat.S_IFCHR | 0o600, os.makedev(1, 1))
    node.unlink()


def mount_folder() -> None:
    folder = Path(tempfile.mkdtemp(dir=_WRITABLE))
    try:
        _checked(_libc.mount(b"none", bytes(folder), b"tmpfs", 0, None))
        _libc.umount(bytes(folder))
    finally:
        folder.rmdir()


def trace_process() -> None:
    """PTRACE_SEIZE, which does not stop it, of whoever started this, or of the first process."""
    for process in (os.getppid(), 1):
        with suppress(OSError):
            _checked(_libc.ptrace(0x4206, process, None, None))
            return
    raise OSError(errno.EPERM, "none of them")


def load_module() -> None:
    _call("finit_module", -1, b"", 0)


def gain_rights() -> None:
    """To be root; or, for who is root, to have a right that was not given: to change the root."""
    if os.getuid():
        os.setuid(0)
    else:
        os.chroot("/tmp")


def add_key() -> None:
    _call("add_key", b"user", b"canary", b"x", 1, -4)


def enter_namespace() -> None:
    try:
        _checked(_libc.unshare(NEW_USER))
    except OSError:
        _checked(_libc.unshare(NEW_MOUNTS))


def change_kernel() -> None:
    for name in ("kernel/core_pattern", "kernel/hostname", "net/ipv4/ip_forward", "vm/swappiness"):
        with suppress(OSError):
            os.close(os.open(f"/proc/sys/{name}", os.O_WRONLY))
            return
    raise OSError(errno.EROFS, "all of them")


def read_people_and_secrets() -> None:
    _first_that_opens(["/etc/shadow", "/root", "/home", "/etc/ssh", "/proc/1/environ"])


def set_clock() -> None:
    time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME))


def use_kernel_programs() -> None:
    """bpf(2), or a ring of io_uring: large and often faulty parts of the kernel."""
    buffer = ctypes.create_string_buffer(256)
    try:
        _call("bpf", 0, buffer, 128)
    except OSError as error:
        if error.errno not in HELD:
            raise
        _call("io_uring_setup", 1, buffer)


def watch_faults() -> None:
    """userfaultfd(2) and perf_event_open(2), which attacks on the kernel lean on."""
    try:
        _call("userfaultfd", 0)
    except OSError as error:
        if error.errno not in HELD:
            raise
        _call("perf_event_open", ctypes.create_string_buffer(128), 0, -1, -1, 0)


TRIES: dict[str, Callable[[], None]] = {
    "tcp": open_tcp,
    "raw": open_raw,
    "write-program": write_program,
    "foreign-state": read_foreign_state,
    "shell": exec_shell,
    "own-program": exec_own_program,
    "code-in-memory": make_code_in_memory,
    "memory-or-disk": open_memory_or_disk,
    "device-node": make_device,
    "mount": mount_folder,
    "ptrace": trace_process,
    "module": load_module,
    "rights": gain_rights,
    "keyring": add_key,
    "namespace": enter_namespace,
    "kernel-settings": change_kernel,
    "secrets": read_people_and_secrets,
    "clock": set_clock,
    "kernel-programs": use_kernel_programs,
    "fault-watching": watch_faults,
}


def attempt(try_it: Callable[[], None]) -> str | None:
    """Why it was held; None: it has worked."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        signal.alarm(PATIENCE_S)
        os.set_inheritable(writer, False)  # a program that was started says nothing more
        try:
            try_it()
        except OSError as error:
            name = errno.errorcode.get(error.errno or 0, "?")
            os.write(writer, b"" if error.errno not in HELD else name.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return said or (signal.Signals(-status).name if status < 0 else None)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="canary.py", description=__doc__)
    parser.add_argument("--by-design", action="append", default=[], choices=TRIES)
    parser.add_argument("--only", action="append", default=[], choices=TRIES)
    chosen = parser.parse_args(arguments)
    worked = []
    for name in chosen.only or TRIES:
        why = attempt(TRIES[name])
        if why is None and name not in chosen.by_design:
            worked.append(name)
        said = f"held: {why}" if why else "by design" if name in chosen.by_design else "WORKED"
        print(f"canary: {name:16} {said}", flush=True)
    count = len(chosen.only or TRIES)
    print(f"canary: {len(worked)} of {count} worked: {', '.join(worked) or 'none'}", flush=True)
    return 1 if worked else 0


if __name__ == "__main__":
    sys.exit(main())
