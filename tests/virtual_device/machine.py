"""Runs of the virtual device under QEMU: a job goes in on a disk, its results come out on another.

Without KVM and with a clock of its own: the guest's time counts instructions, one nanosecond each,
and jumps to the next timer whenever nobody has anything to do. So seconds of the guest cost only
what is done in them, and a busy host changes nothing but the length of the run.

The guest is booted once and kept as it is then, memory and all; each job goes on from there.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tarfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.virtual_device.script import STARTS_AT

# Both disks are there at the boot already, and of one size ever after.
JOB_BYTES, RESULTS_BYTES = 128 << 20, 256 << 20
KERNEL_WORDS = (
    "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=0 mitigations=off nokaslr"
    " tsc=reliable random.trust_cpu=on cryptomgr.notests=1 audit=0"
)
# What the guest says once it waits for a job.
WAITS = b"virtual device: waits for a job"
BOOT_LIMIT_S, JOB_LIMIT_S = 1800.0, 3600.0
# Each takes one processor of the host, and the smallest machines that build this have two.
GUESTS = 2

_Part = TypeVar("_Part")


@dataclass(frozen=True, slots=True)
class Image:
    """An installed device as build.sh leaves it: root.img, vmlinux, initrd; later its boot too."""

    folder: Path

    @property
    def booted_disk(self) -> Path:
        return self.folder / "booted.qcow2"

    @property
    def booted_memory(self) -> Path:
        return self.folder / "booted.memory"


@dataclass(frozen=True, slots=True)
class Results:
    """What a job left: its own files, `log`, `journal`, `exit-code`."""

    folder: Path

    def text(self, name: str) -> str:
        path = self.folder / name
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def exit_code(self) -> int | None:
        """None: the job did not end."""
        code = self.text("exit-code").strip()
        return int(code) if code else None


def boot(image: Image, work: Path) -> None:
    """Boot until the guest waits for a job, and keep it like that; nothing when that was done.

    Raises TimeoutError when it does not get so far.
    """
    if image.booted_memory.exists():
        return
    _clean(work)
    disk = _overlay(image.folder / "root.img", "raw", image.folder / "booting.qcow2")
    disks = [disk, _empty(work / "job.img", JOB_BYTES), _empty(work / "results.img", RESULTS_BYTES)]
    monitor = work / "monitor"
    with (work / "console").open("wb") as console:
        machine = subprocess.Popen(
            [*command(image, disks), "-monitor", f"unix:{monitor},server=on,wait=off"],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(work / "console", machine)
        keep = image.folder / "booting.memory"
        # Not stopped before: what is kept of a stopped guest does not go on by itself.
        calm = (
            "migrate_set_parameter max-bandwidth 8G",
            "migrate_set_parameter downtime-limit 60000",
        )
        _say(monitor, [*calm, f'migrate "exec:cat > {keep}"', "quit"])
        machine.wait(BOOT_LIMIT_S)
    finally:
        machine.kill()
        machine.wait()
    disk.replace(image.booted_disk)
    keep.replace(image.booted_memory)


def run_job(image: Image, job: Path, work: Path, limit_s: float = JOB_LIMIT_S) -> Results:
    """Run `job.sh` of the folder `job` in the booted guest → what it left under `work`.

    Raises subprocess.TimeoutExpired when the guest takes longer than `limit_s`.
    """
    boot(image, work.with_name(f"{work.name}.boot"))
    _clean(work)
    disks = [
        _overlay(image.booted_disk, "qcow2", work / "root.qcow2"),
        _packed(job, work / "job.img"),
        _empty(work / "results.img", RESULTS_BYTES),
    ]
    with (work / "console").open("wb") as console:
        subprocess.run(
            [*command(image, disks), "-incoming", f"exec:cat {image.booted_memory}"],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            timeout=limit_s,
            check=True,
        )
    return unpacked(disks[2], work / "results")


def side_by_side(
    run: Callable[[_Part, Path], Results], parts: Sequence[_Part], work: Path
) -> list[Results]:
    """Each part of a job in a guest of its own; `run` gets it and a folder for it."""
    folders = [work / str(number) for number in range(len(parts))]
    with ProcessPoolExecutor(len(parts)) as guests:
        return list(guests.map(run, parts, folders))


def command(image: Image, disks: Sequence[Path]) -> list[str]:
    """The words for QEMU; the same at the boot and afterwards."""
    words = ["qemu-system-x86_64", "-accel", "tcg", "-icount", "shift=0,sleep=off"]
    words += ["-cpu", "Nehalem", "-smp", "1", "-m", "1024", "-nodefaults", "-display", "none"]
    words += ["-serial", "stdio", "-no-reboot"]
    words += ["-rtc", f"base={STARTS_AT:%Y-%m-%dT%H:%M:%S},clock=vm"]
    words += ["-kernel", str(image.folder / "vmlinux"), "-initrd", str(image.folder / "initrd")]
    words += ["-append", KERNEL_WORDS]
    for path in disks:
        form = "qcow2" if path.suffix == ".qcow2" else "raw"
        words += ["-drive", f"file={path},if=virtio,format={form},cache=unsafe"]
    return words


def _clean(work: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)


def _overlay(below: Path, form: str, path: Path) -> Path:
    """A disk on which only what is written is kept."""
    words = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(below.resolve()), "-F", form]
    subprocess.run([*words, str(path)], check=True)
    return path


def _empty(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


def _packed(job: Path, path: Path) -> Path:
    """The folder as one tar, on a disk of the size that the guest knows."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        archive.add(job, ".")
    with path.open("r+b") as file:
        file.truncate(JOB_BYTES)
    return path


def _wait_for(console: Path, machine: subprocess.Popen[bytes]) -> None:
    until_s = time.monotonic() + BOOT_LIMIT_S
    while WAITS not in console.read_bytes():
        if machine.poll() is not None or time.monotonic() > until_s:
            raise TimeoutError(f"The guest did not come up; its last words are in {console}.")
        time.sleep(0.1)


def _say(monitor: Path, orders: Sequence[str]) -> None:
    """To QEMU's monitor, each once the one before is done."""
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(BOOT_LIMIT_S)
        channel.connect(str(monitor))
        for order in orders:
            _heard(channel)
            channel.sendall(f"{order}\n".encode())
        with suppress(OSError):
            while channel.recv(4096):
                pass


def _heard(channel: socket.socket) -> None:
    """Until the next prompt."""
    said = b""
    while not said.endswith(b"(qemu) "):
        said += channel.recv(4096)


def unpacked(results: Path, folder: Path) -> Results:
    """The results disk is one tar; an empty one means that the job did not end."""
    folder.mkdir()
    try:
        with tarfile.open(results) as archive:
            archive.extractall(folder, filter="data")
    except tarfile.ReadError:
        return Results(folder)
    return Results(folder)
