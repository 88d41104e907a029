"""Feeds the virtual camera: `feeder.py PICTURES TIMETABLE NOTES`, in the guest.

The camera is an output of v4l2loopback; each write is one picture. TIMETABLE is a JSON list of
[picture, kind, lasts_s]. Until /run/feed exists nobody stands before the camera. NOTES gets one
line of JSON an event: when it began, the last picture with its code, the first without, its end.
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Protocol

DEVICE = "/dev/video42"
GO = Path("/run/feed")
EVERY_S = 0.1
IDLE_EVERY_S = 0.5
CODE_S, GONE_AFTER_S = 0.1, 0.26
WATCHED_S = 1.0
AWAY_S = {"unplugged": 2.6, "lost": 6.0}
GLARE_S, GLARE_EVERY_S = 1.65, 0.55  # the scanner says so after 1.5 s; each look is dear

# linux/videodev2.h: VIDIOC_S_FMT, V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_PIX_FMT_YUYV.
S_FMT, OUTPUT, YUYV = 0xC0D05605, 2, 0x56595559


class Camera:
    """Opened while it is plugged in. No two pictures are the same: a sensor has noise."""

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height
        self._count = 0
        self._newest = bytearray()
        self._fd: int | None = None
        self.plug()

    def plug(self) -> None:
        """From now on there is a camera."""
        width, height = self._size
        self._fd = os.open(DEVICE, os.O_RDWR)
        form = bytearray(208)
        struct.pack_into("<I", form, 0, OUTPUT)
        struct.pack_into("<6I", form, 8, width, height, YUYV, 1, width * 2, width * height * 2)
        fcntl.ioctl(self._fd, S_FMT, form)

    def unplug(self) -> None:
        """From now on there is none."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def show(self, grey: bytes) -> None:
        """One picture."""
        assert self._fd is not None
        self._count += 1
        self._newest = picture = _coloured(grey)
        place = 2 * (self._count * 7919 % 640)  # within the first rows, where no code is
        picture[place] ^= 4
        os.write(self._fd, picture)

    def show_again(self) -> None:
        """The picture of before, to the last pixel: a sensor that hangs."""
        assert self._fd is not None
        os.write(self._fd, self._newest)


@lru_cache(maxsize=2)
def _coloured(grey: bytes) -> bytearray:
    """As the camera has it; nobody, and the code that is there, are shown again and again."""
    picture = bytearray(b"\x80") * (2 * len(grey))
    picture[0::2] = grey
    return picture


class Picture(Protocol):
    """Where pictures go."""

    def plug(self) -> None: ...

    def unplug(self) -> None: ...

    def show(self, grey: bytes) -> None: ...


class Watch(Protocol):
    """The time, and how to let it go by."""

    def monotonic(self) -> float: ...

    def sleep_until(self, moment_s: float) -> None: ...


class SystemWatch:
    """Of the guest."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep_until(self, moment_s: float) -> None:
        while (left_s := moment_s - time.monotonic()) > 0:
            time.sleep(left_s)


class Feeder:
    """Plays one event after the other; every wait is until a moment, never for a length."""

    def __init__(self, folder: Path, camera: Picture, watch: Watch) -> None:
        index = json.loads((folder / "pictures.json").read_text())
        self._size = index["width"] * index["height"]
        self._names = index["names"]
        self._pictures = (folder / "pictures.bin").open("rb")
        self._nothing = self._picture("nothing")
        self.camera, self._watch = camera, watch

    def play_all(self, timetable: Iterable[tuple[str, str, float]]) -> Iterator[dict[str, float]]:
        """What was noted of each event; somebody who was late does not catch up."""
        ends_s = self._watch.monotonic()
        for name, kind, lasts_s in timetable:
            begins_s = max(ends_s, self._watch.monotonic())
            ends_s = begins_s + lasts_s
            yield self.play(name, kind, begins_s, ends_s)
        self.play("nothing", "blank", ends_s, ends_s + 5.0)

    def idle_until(self, is_over: Callable[[], bool]) -> None:
        """Nobody is there, and the scanner starts."""
        while not is_over():
            self.camera.show(self._nothing)
            self._watch.sleep_until(self._watch.monotonic() + IDLE_EVERY_S)

    def play(self, name: str, kind: str, begins_s: float, ends_s: float) -> dict[str, float]:
        """One event → the moments that were noted."""
        if kind in AWAY_S:
            return self._away(begins_s, AWAY_S[kind], ends_s)
        if name == "nothing":
            self._show_until(self._nothing, begins_s, ends_s)
            return {"begins": begins_s, "last": begins_s, "gone": begins_s, "ends": ends_s}
        picture = self._picture(name)
        if kind == "glare":
            moments = list(_moments(begins_s, begins_s + GLARE_S + 0.01, GLARE_EVERY_S))
            gone_s = moments[-1] + GONE_AFTER_S - CODE_S
        else:
            is_watched = ends_s - begins_s > WATCHED_S
            moments, gone_s = [begins_s, begins_s + CODE_S], begins_s + GONE_AFTER_S
            del moments[1 + is_watched :]  # in a queue a code is seen once, then the next one
        noted = [self._show_at(picture, moment) for moment in moments]
        gone = self._show_until(self._nothing, gone_s, ends_s)
        return {"begins": noted[0], "last": noted[-1], "gone": gone, "ends": ends_s}

    def _away(self, begins_s: float, away_s: float, ends_s: float) -> dict[str, float]:
        last = self._show_at(self._nothing, begins_s)
        self._watch.sleep_until(begins_s + EVERY_S)  # it has been taken by then
        self.camera.unplug()
        self._watch.sleep_until(begins_s + away_s)
        self.camera.plug()
        back = self._show_until(self._nothing, begins_s + away_s, ends_s)
        return {"begins": begins_s, "last": last, "gone": back, "ends": ends_s}

    def _show_until(self, picture: bytes, first_s: float, ends_s: float) -> float:
        """When the first of them was written."""
        moments = _moments(first_s, ends_s - 0.05, IDLE_EVERY_S)
        written = [self._show_at(picture, moment) for moment in moments]
        return written[0]

    def _show_at(self, picture: bytes, moment_s: float) -> float:
        self._watch.sleep_until(moment_s)
        written_s = self._watch.monotonic()
        self.camera.show(picture)
        return written_s

    def _picture(self, name: str) -> bytes:
        self._pictures.seek(self._names[name] * self._size)
        return self._pictures.read(self._size)


def _moments(first_s: float, last_s: float, every_s: float) -> Iterator[float]:
    """At least one."""
    yield first_s
    moment = first_s + every_s
    while moment < last_s:
        yield moment
        moment += every_s


def size_of(folder: Path) -> tuple[int, int]:
    """Width and height of the pictures, pixels."""
    index = json.loads((folder / "pictures.json").read_text())
    return index["width"], index["height"]


def main() -> None:
    """Until the timetable is through."""
    folder, timetable, notes = map(Path, sys.argv[1:])
    feeder = Feeder(folder, Camera(*size_of(folder)), SystemWatch())
    feeder.idle_until(GO.exists)
    with notes.open("w") as file:
        for noted in feeder.play_all(json.loads(timetable.read_text())):
            print(json.dumps(noted), file=file, flush=True)


if __name__ == "__main__":
    main()
