"""Character sets that libzbar asks the C library for at every code it reads.

The C library keeps each in a file of its own and loads it at its first use, which a confined
worker may not do. While one is in use it stays loaded, for the processes forked meanwhile too: so
the reader's parent opens them and never closes them.
"""

from __future__ import annotations

import ctypes

# libzbar opens all of these before it looks into a code [zbar/qrcode/qrdectxt.c].
OF_ZBAR = ("ISO8859-1", "SJIS", "UTF-8", "BIG5")


def load_charsets() -> list[str]:
    """The names of those that this machine has, loaded from now on."""
    return [name for name in OF_ZBAR if _is_opened(name)]


def _is_opened(name: str) -> bool:
    iconv_open = ctypes.CDLL(None).iconv_open
    iconv_open.restype = ctypes.c_ssize_t  # a pointer, or -1
    return bool(iconv_open(b"UTF-8", name.encode()) != -1)
