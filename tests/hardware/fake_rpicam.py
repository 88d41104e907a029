"""Behaves like rpicam-vid as far as its sources and its tracker tell: arguments, words, frames.

Run by a file named rpicam-vid that tests put on the path:  fake_rpicam.py WAY [arguments…]

Frame n is grey n + column, so that a frame read at a wrong offset is not what it should be. After
the frames of a way it hangs, as a camera does whose sensor has stopped, or ends.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time

WAYS = (
    "live",  # frames at the rate asked for, for ever
    "late",  # nothing until somebody removes the file named by $FAKE_RPICAM_HOLD
    "halves",  # each frame in pieces that fit nothing
    "dies",  # two frames and a half, last words, exit 255
    "no camera",
    "hangs",  # one frame, then nothing
    "floods",  # more words than a pipe holds before each frame
    "stubborn",  # one frame; it and its child ignore SIGTERM
    "other size",
    "picture",  # as live, the Y plane out of the file $FAKE_RPICAM_PICTURE
    "burst",  # seven frames at once, then another when the file $FAKE_RPICAM_HOLD has gone
)


def arguments() -> argparse.Namespace:
    """Refuses, as the real one does, what it does not know and what is no number."""
    parser = argparse.ArgumentParser(exit_on_error=True)
    parser.add_argument("way", choices=WAYS)
    for name in ("camera", "width", "height", "timeout"):
        parser.add_argument(f"--{name}", type=int, required=True)
    for name in ("framerate", "shutter", "gain", "ev", "lens-position"):
        parser.add_argument(f"--{name}", type=float, default=0)
    parser.add_argument("--codec", choices=["yuv420"], required=True)
    parser.add_argument("--output", choices=["-"], required=True)
    parser.add_argument("--exposure", choices=["normal", "sport"])
    parser.add_argument("--denoise", choices=["auto", "off", "cdn_off", "cdn_fast", "cdn_hq"])
    parser.add_argument("--autofocus-mode", choices=["manual", "auto", "continuous"])
    for name in ("flush", "nopreview"):
        parser.add_argument(f"--{name}", action="store_true", required=True)
    return parser.parse_args()


def main() -> None:
    told = arguments()
    way = told.way
    if way == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    say("[0:00:01.0] [9]  INFO Camera camera_manager.cpp:326 libcamera v0.5.2")
    if way == "no camera":
        end("ERROR: *** no cameras available ***")
    width, height = (1296, 972) if way == "other size" else (told.width, told.height)
    say(f"[0:00:01.1] [9]  INFO Camera camera.cpp:1215 configuring streams: (0) {width}x{height}-"
        f"YUV420/sYCC (1) 1536x864-SBGGR10_CSI2P/RAW")  # fmt: skip
    if way == "late":
        wait_until_let()
    for number in range(1, 1_000_000):
        if way == "floods":
            say("WARN RPiSdn sdn.cpp:40 Using legacy SDN tuning\n" * 3000)
        show(frame(number, width, height, way), 7919 if way == "halves" else 1 << 30)
        if way == "dies" and number == 2:
            show(frame(3, width, height, way)[: width * height // 2], 1 << 30)
            end("ERROR: *** failed to queue request \x1b[31m***")
        if way == "burst" and number == 7:
            wait_until_let()
        if way in ("hangs", "stubborn"):
            time.sleep(60)
        if way != "burst" or number > 7:
            time.sleep(1 / told.framerate)


def frame(number: int, width: int, height: int, way: str) -> bytes:
    """A buffer of the camera, rows padded to 64 bytes: Y, U, V."""
    if way == "picture":
        with open(os.environ["FAKE_RPICAM_PICTURE"], "rb") as file:
            return file.read() + b"\x80" * (width * height // 2)
    row = bytes((number + column) % 256 for column in range(width))
    padded = row + b"\xee" * (-width % 64)
    return padded * height + b"\x80" * (len(padded) * height // 2)


def show(picture: bytes, piece: int) -> None:
    for start in range(0, len(picture), piece):
        sys.stdout.buffer.write(picture[start : start + piece])
        sys.stdout.buffer.flush()


def wait_until_let() -> None:
    """For a minute at most: nothing is left of a test that was killed."""
    for _ in range(30_000):
        if not os.path.exists(os.environ["FAKE_RPICAM_HOLD"]):
            return
        time.sleep(0.002)
    sys.exit(1)


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def end(words: str) -> None:
    say(words)
    sys.exit(255)


if __name__ == "__main__":
    main()
