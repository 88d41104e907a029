"""One run of the virtual device under QEMU: a job goes in on a disk, its results out on another.

Without KVM and with a clock of its own: the guest's time counts instructions, one nanosecond each,
and jumps to the next timer whenever nobody has anything to do. So seconds of the guest cost only
what is done in them, and a busy host changes nothing but the length of the run.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.virtual_device.stick import STARTS_AT

RESULTS_BYTES = 256 << 20
KERNEL_WORDS = (
    "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=0 mitigations=off nokaslr"
    " tsc=reliable random.trust_cpu=on"
)
CLOCK = ("-icount", "shift=0,sleep=off")


@dataclass(frozen=True, slots=True)
class Image:
    """An installed device, ready to boot; never written to."""

    kernel: Path
    initrd: Path
    root: Path


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


def run_job(
    image: Image,
    job: Path,
    work: Path,
    *,
    starts_at: datetime = STARTS_AT,
    limit_s: float = 1800.0,
    clock: Sequence[str] = CLOCK,
) -> Results:
    """Boot, run `job.sh` of the folder `job`, switch off → what it left under `work`.

    Raises subprocess.TimeoutExpired when the guest takes longer than `limit_s`.
    """
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    disk, results = work / "job.img", work / "results.img"
    make_disk(job, disk)
    with results.open("wb") as file:
        file.truncate(RESULTS_BYTES)
    with (work / "console").open("wb") as console:
        subprocess.run(
            command(image, [disk, results], starts_at, clock),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            timeout=limit_s,
            check=True,
        )
    return unpacked(results, work / "results")


def command(
    image: Image, disks: Sequence[Path], starts_at: datetime, clock: Sequence[str]
) -> list[str]:
    """The words for QEMU. The root disk is read; what the guest writes is dropped."""
    words = ["qemu-system-x86_64", "-accel", "tcg", *clock, "-cpu", "Nehalem", "-smp", "1"]
    words += ["-m", "1536", "-nographic", "-no-reboot", "-nic", "none"]
    words += ["-rtc", f"base={starts_at:%Y-%m-%dT%H:%M:%S},clock=vm"]
    words += ["-kernel", str(image.kernel), "-initrd", str(image.initrd), "-append", KERNEL_WORDS]
    for path in [image.root, *disks]:
        drops = "on" if path == image.root else "off"
        words += ["-drive", f"file={path},if=virtio,format=raw,cache=unsafe,snapshot={drops}"]
    return words


def make_disk(folder: Path, disk: Path) -> None:
    """An ext4 file system with what is in the folder."""
    used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    megabytes = (used >> 20) * 5 // 4 + 16
    subprocess.run(
        ["mke2fs", "-q", "-t", "ext4", "-d", str(folder), str(disk), f"{megabytes}M"],
        check=True,
        env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"},
    )


def unpacked(results: Path, folder: Path) -> Results:
    """The results disk is one tar; an empty one means that the job did not end."""
    folder.mkdir()
    try:
        with tarfile.open(results) as archive:
            archive.extractall(folder, filter="data")
    except tarfile.ReadError:
        return Results(folder)
    return Results(folder)
