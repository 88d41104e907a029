"""Run by arm64.sh on another processor, emulated: imports, reads codes, judges passes."""

from __future__ import annotations

import io
import platform
import sys
from contextlib import redirect_stdout

import cv2
import numpy
import zxingcpp

import hardware.camera
import scanner.assembly
import scanner.checkpoint
import scanner.vision.parent
from scanner.__main__ import run

PARTS = (cv2, numpy, zxingcpp, hardware.camera, scanner.assembly, scanner.checkpoint,
         scanner.vision.parent)  # fmt: skip
DAY = "2020-04-29T"
# Sample, time of day, transport, the first words of the answer.
SAMPLES = (
    ("work-night.png", "04:10", 6, "PASS ADMIT OK"),
    ("work-region.png", "07:05", 1, "PASS ADMIT OK"),
    ("forged.png", "15:10", 6, "STOP REFUSE FORGED"),
    ("revoked.png", "12:30", 6, "STOP REFUSE REVOKED"),
)


def judged(sample: str, time: str, transport: int) -> str:
    """What `scanner check` says of a sample, in one line."""
    said = io.StringIO()
    words = ["check", f"sample_codes/{sample}", "--lists", "sample_codes/bundle"]
    words += ["--fleet-key", "sample_codes/fleet.key", "--at", f"{DAY}{time}:00+03:00"]
    with redirect_stdout(said):
        run([*words, "--zone", "1", "--transport", str(transport)])
    return said.getvalue().split("\n", 1)[0].partition(": ")[2]


def main() -> int:
    """0: all as it should be."""
    wrong = platform.machine() != "aarch64"
    print(
        f"{len(PARTS)} parts imported on {platform.machine()}, Python {platform.python_version()}"
    )
    for sample, time, transport, wanted in SAMPLES:
        said = judged(sample, time, transport)
        is_right = said.startswith(wanted)
        wrong = wrong or not is_right
        print(f"{'ok' if is_right else 'WRONG'}  {sample}: {said}", flush=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
