"""A stick for a box of devices in the guest: a block device, FAT, udev, and the shipped units."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from sys import executable

from tests.virtual_device.day import add_programs
from tests.virtual_device.edges import Shown, edges_of, timeline_of
from tests.virtual_device.jobs import Line
from tests.virtual_device.machine import Image, Results, run_job

SERIAL = "10000000abcdef01"
DEVICES = f"name,serial,zone\nnorth-1,{SERIAL},7\n"
# All that is on a stick of somebody else, before and after.
FOREIGN = "pictures.txt"
# Both lamps, for a second: taken, pull it out.
BOTH_S = 0.9
OWNERS = {
    "root:root:644 /etc/scanner/checkpoint.toml",
    "scanner:scanner:600 /var/lib/scanner/device.key",
    "scanner:scanner:600 /var/lib/scanner/tls.key",
}


def visits(image: Image, work: Path) -> list[Line]:
    """The two visits of a stick, and one of somebody else's."""
    return list(lines_of(run_job(image, make_box(work / "job"), work / "run")))


def make_box(job: Path) -> Path:
    """`box`: as the city lays it out; `signed`: as it comes back, with the keys of `state`."""
    shutil.rmtree(job, ignore_errors=True)
    job.mkdir(parents=True)
    city, board = job.with_name("city"), job.with_name("board")
    for folder in (city, board):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    (city / "fleet.key").write_text("AGE-SECRET-KEY-1EXAMPLE\n")
    (city / "devices.csv").write_text(DEVICES)
    (board / "serial").write_text(f"{SERIAL}\0")
    _fleet("stick", job / "box", "--devices", city / "devices.csv", "--dir", city)
    shutil.copytree(job / "box", job / "signed")
    _fleet("plug", job / "signed", "--serial-file", board / "serial", "--etc", board / "etc",
           "--network", board / "network", "--modprobe", board / "modprobe",
           "--state", job / "state", "--lamps", "0")  # fmt: skip
    _fleet("sign", job / "signed", "--url", "https://r.example:8443", "--dir", city)
    add_programs(job, "stick.sh")
    return job


def _fleet(*words: object) -> None:
    command = [executable, "-m", "scanner", "fleet", *map(str, words)]
    run(command, check=True, capture_output=True)


def lines_of(results: Results) -> Iterator[Line]:
    """Each visit by systemd's word and by what is on the stick after; lamps by the kernel's."""
    request = results.folder / "stick-box/requests" / f"{SERIAL}.json"
    done = results.folder / "stick-signed/done" / f"{SERIAL}.txt"
    yield _visit(results, "box", "request on it", request.is_file())
    yield _visit(results, "signed", "done", done.is_file())
    said = results.text("visit-foreign").split()
    files = sorted(path.name for path in results.folder.glob("stick-foreign/*"))
    is_left = said[2:5] == ["inactive", "success", "no"] and files == [FOREIGN]
    yield Line("stick of somebody else", "left alone", " ".join(said[2:5] + files), is_left)
    owners = set(results.text("owners").splitlines())
    yield Line("owners of settings and keys", "3", f"{len(owners & OWNERS)} of 3",
               owners >= OWNERS)  # fmt: skip
    shown = both_lamps(results)
    yield Line("both lamps for a second", "2 times", f"{shown} times", shown == 2)


def _visit(results: Results, name: str, wanted: str, is_there: bool) -> Line:
    said = results.text(f"visit-{name}").split()
    is_well = said[1:4] == ["loaded", "inactive", "success"] and said[-1] == "0"
    got = f"{wanted if is_there else 'nothing'}; {' '.join(said[2:4])}, {said[-1:]} mounted"
    return Line(f"stick with FAT: {name}", wanted, got, is_there and is_well)


def both_lamps(results: Results) -> int:
    """How often both were lit for as long as "done" takes."""
    lamps = timeline_of(edges_of(results.text("trace").splitlines())).lamps()
    end_s = lamps.times[-1] + 1 if lamps.times else 0.0
    both = Shown(green=True, red=True, sound=False)
    spans = lamps.spans(lamps.times[0] - 1, end_s) if lamps.times else ()
    return sum(state == both and until - since >= BOTH_S for since, until, state in spans)
