"""The lamps' keeper as it is, on the file of a simulated chip.

Driving a line low is writing a byte. A line's descriptor is that of the chip's file,
opened once a line; its position is its line.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hardware import lamp_keeper

SET_VALUES = 0xC010B40F


def drive(line: int, request: int, values: Any) -> Any:
    """fcntl.ioctl for such a descriptor; the kernel refuses what is no output."""
    bits, mask = struct.unpack("=QQ", values)
    if request != SET_VALUES or mask != 1:
        raise OSError(22, os.strerror(22))
    os.pwrite(line, bytes([bits & mask]), os.lseek(line, 0, os.SEEK_CUR))
    return values


if __name__ == "__main__":
    fcntl.ioctl = drive  # type: ignore[assignment]
    lamp_keeper.main()
