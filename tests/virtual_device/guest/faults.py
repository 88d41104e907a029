"""Injects faults one after the other: `faults.py FOLDER NOTES`, in the guest as root.

FOLDER/faults.json: a list of [kind, for_s, moment]. A thread of its own feeds the camera all the
while: every 1.2 s another valid pass. NOTES gets one line of JSON a fault.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.virtual_device.guest.feeder import Camera

STATE = Path("/var/lib/scanner")
TEN_YEARS_S = 10 * 365 * 86400
EVERY_S, PERSON_S, SHOWN_FOR = 0.2, 1.2, 2
LOOK_EVERY_S, SELF_TEST_S = 0.05, 0.6
LONGEST_S = 60.0  # the fault pattern tries again after 35 s
LINE = 17


class Street(threading.Thread):
    """The camera and who comes by. `mood`: open, blocked, frozen, gone."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        index = json.loads((folder / "pictures.json").read_text())
        size = index["width"] * index["height"]
        body = (folder / "pictures.bin").read_bytes()
        pictures = {n: body[i * size : (i + 1) * size] for n, i in index["names"].items()}
        self._nothing = pictures.pop("nothing")
        self._passes = list(pictures.values())
        self._camera = Camera(index["width"], index["height"])
        self.mood = "open"
        self.shown: list[float] = []

    def run(self) -> None:
        turn, is_plugged = 0, True
        while True:
            time.sleep(EVERY_S)
            if self.mood == "gone" and is_plugged:
                self._camera.unplug()
                is_plugged = False
            if self.mood != "gone" and not is_plugged:
                self._camera.plug()
                is_plugged = True
            if self.mood == "open":
                self._show(turn)
                turn += 1
            elif self.mood == "frozen":
                self._camera.show_again()

    def _show(self, turn: int) -> None:
        person, place = divmod(turn, round(PERSON_S / EVERY_S))
        if place == 0:
            self.shown.append(time.monotonic())
        picture = self._passes[person % len(self._passes)]
        self._camera.show(picture if place < SHOWN_FOR else self._nothing)


def run(*words: str, check: bool = True) -> str:
    return subprocess.run(words, check=check, capture_output=True, text=True).stdout.strip()


def main_pid() -> int:
    """Of the loop that runs, as soon as one does: 0 would mean whoever asks."""
    while not (pid := int(run("systemctl", "show", "-P", "MainPID", "scanner.service"))):
        time.sleep(LOOK_EVERY_S)
    return pid


def readers() -> list[int]:
    """Parent and workers of the reader, whoever started it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_reader = b"scanner.vision" in (process / "cmdline").read_bytes()
        except OSError:
            continue
        if is_reader:
            found.append(int(process.name))
    return found


def kill(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def fill() -> None:
    """Not one block is left, not for root either."""
    with (STATE / "filler").open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 512):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue


def shift_clock(by_s: float) -> None:
    time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME) + by_s)


class Faults:
    """Each kind: what is done, and what undoes it where nothing does so by itself."""

    def __init__(self, street: Street) -> None:
        self._street = street
        self._held: subprocess.Popen[str] | None = None
        self._locked: sqlite3.Connection | None = None
        self._table: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
            "capture-blocked": (lambda: self._mood("blocked"), lambda: self._mood("open")),
            "frame-frozen": (lambda: self._mood("frozen"), lambda: self._mood("open")),
            "camera-unplugged": (lambda: self._mood("gone"), lambda: self._mood("open")),
            "reader-killed": (lambda: kill(readers(), signal.SIGKILL), self._nothing),
            "reader-stopped": (lambda: kill(readers(), signal.SIGSTOP), self._nothing),
            "loop-killed": (lambda: kill([main_pid()], signal.SIGKILL), self._nothing),
            "loop-stopped": (lambda: kill([main_pid()], signal.SIGSTOP), self._nothing),
            "loop-ended": (lambda: kill([main_pid()], signal.SIGTERM), self._nothing),
            "disk-full": (fill, lambda: (STATE / "filler").unlink()),
            "clock-back": (lambda: shift_clock(-TEN_YEARS_S), self._set_right(TEN_YEARS_S)),
            "clock-ahead": (lambda: shift_clock(TEN_YEARS_S), self._set_right(-TEN_YEARS_S)),
            "gpio-busy": (self._hold_line, self._release_line),
            "lists-damaged": (self._damage, self._load_lists),
            "outbox-locked": (self._lock, self._unlock),
        }

    def inject(self, kind: str) -> None:
        self._table[kind][0]()

    def clear(self, kind: str) -> None:
        self._table[kind][1]()

    def _nothing(self) -> None:
        pass

    def _mood(self, mood: str) -> None:
        self._street.mood = mood

    def _set_right(self, by_s: float) -> Callable[[], None]:
        def undo() -> None:
            shift_clock(by_s)
            run("sh", "-c", ". /run/job/prepare.sh; discipline")
            # A clock that has jumped is not believed again by this process, and should not be.
            run("systemctl", "restart", "--no-block", "scanner.service")

        return undo

    def _hold_line(self) -> None:
        run("systemctl", "stop", "scanner.service")
        program = (
            "import lgpio, time; chip = lgpio.gpiochip_open(0);"
            f" lgpio.gpio_claim_output(chip, {LINE}, 0); print('held', flush=True); time.sleep(600)"
        )
        # lgpio leaves a pipe where it is started, and that is no result.
        self._held = subprocess.Popen(
            [sys.executable, "-c", program], cwd="/tmp", stdout=subprocess.PIPE, text=True
        )
        assert self._held.stdout is not None
        self._held.stdout.readline()
        run("systemctl", "start", "--no-block", "scanner.service")

    def _release_line(self) -> None:
        assert self._held is not None
        self._held.kill()
        self._held.wait()

    def _damage(self) -> None:
        with (STATE / "lists.db").open("r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * 16384)

    def _load_lists(self) -> None:
        run("sh", "-c", ". /run/job/prepare.sh; load_lists", check=False)

    def _lock(self) -> None:
        self._locked = sqlite3.connect(STATE / "outbox.db", isolation_level=None)
        self._locked.execute("BEGIN EXCLUSIVE")

    def _unlock(self) -> None:
        assert self._locked is not None
        self._locked.execute("ROLLBACK")
        self._locked.close()


@cache
def _value_of(line: int) -> Path:
    (path,) = Path("/sys/devices/platform").glob(f"gpio-sim.*/gpiochip*/sim_gpio{line}/value")
    return path


def level(line: int) -> bool:
    return _value_of(line).read_text().strip() == "1"


def wait_for(is_so: Callable[[], bool], limit_s: float) -> bool:
    until_s = time.monotonic() + limit_s
    while time.monotonic() < until_s:
        if is_so():
            return True
        time.sleep(LOOK_EVERY_S)
    return False


def is_green() -> bool:
    return level(LINE) and not level(27)


def is_served() -> bool:
    """Green for longer than a self-test's half second: somebody is let through."""
    served_s = time.monotonic() + SELF_TEST_S
    while is_green():
        if time.monotonic() > served_s:
            return True
        time.sleep(LOOK_EVERY_S)
    return False


def one(faults: Faults, street: Street, kind: str, for_s: float, moment: str) -> dict[str, object]:
    """Inject, let it last, undo, watch until somebody is let through or LONGEST_S have passed."""
    wait_for(is_served, LONGEST_S)
    if moment == "idle":
        wait_for(lambda: not level(LINE) and not level(27), 5.0)
    street.shown.clear()
    begins_s = time.monotonic()
    faults.inject(kind)
    time.sleep(for_s)
    cleared_s = time.monotonic()
    faults.clear(kind)
    time.sleep(2.0)
    wait_for(is_served, LONGEST_S)
    time.sleep(2.0)
    return {
        "begins": begins_s,
        "cleared": cleared_s,
        "ends": time.monotonic(),
        "shown": list(street.shown),
    }


def main() -> None:
    folder, notes = map(Path, sys.argv[1:])
    street = Street(folder)
    street.start()
    faults = Faults(street)
    with notes.open("w") as file:
        for kind, for_s, moment in json.loads((folder / "faults.json").read_text()):
            print(json.dumps(one(faults, street, kind, for_s, moment)), file=file, flush=True)


if __name__ == "__main__":
    main()
