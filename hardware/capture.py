"""Where pictures come from: a folder, a recording; `usb.py` and `csi.py` have the cameras.

Each may block, fail or end.

`hardware.camera` reads them in a thread of its own, since a call into a camera driver can hang for
ever.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.core.errors import DeviceError

Grey = NDArray[np.uint8]

PICTURE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".webp"})

cv2.setNumThreads(1)


class EndOfPictures(Exception):  # noqa: N818 - not an error: a recording has been shown
    """The recording or folder has been shown to its end."""


class Capture(Protocol):
    """An opened source of pictures; used by one thread only.

    `last_error`: what was wrong with a picture that was skipped, empty if nothing was.
    `not_taken`: settings that the camera did not follow, in words. `age_s`: seconds that the
    picture that was just read may have waited; 0 where a driver keeps the newest only.
    """

    last_error: str
    age_s: float
    not_taken: tuple[str, ...]

    def read(self) -> Grey | None:
        """The next picture, uint8 [H, W]; None when there is none this time. May block.

        Raises EndOfPictures at the end, DeviceError when it must be opened anew.
        """

    def close(self) -> None: ...


class Device(Protocol):
    """What is used of `cv2.VideoCapture`."""

    def read(self) -> tuple[bool, object]: ...

    def release(self) -> None: ...


def grey_of(picture: NDArray[np.generic]) -> Grey:
    """uint8 [H, W], [H, W, 1] or [H, W, 3] BGR → uint8 [H, W] of its own, contiguous.

    Raises DeviceError for any other array.
    """
    if picture.dtype == np.uint8 and picture.size:
        if picture.ndim == 3 and picture.shape[2] == 3:
            return np.asarray(
                cv2.cvtColor(picture.astype(np.uint8, copy=False), cv2.COLOR_BGR2GRAY), np.uint8
            )
        if picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 1):
            return np.array(picture.reshape(picture.shape[:2]), np.uint8, order="C")
    raise DeviceError(
        "The camera gives pictures of an unknown kind. Try another one:"
        f" {picture.dtype} {picture.shape} instead of 8 bit grey or BGR."
    )


class FolderCapture:
    """The pictures of a folder by name, each once, or over and over."""

    not_taken: tuple[str, ...] = ()
    age_s = 0.0

    def __init__(self, folder: Path, *, loop: bool = False) -> None:
        self.last_error = ""
        self._pictures = self._shown(pictures_in(folder), loop)

    def read(self) -> Grey | None:
        grey = next(self._pictures, None)
        if grey is None:
            raise EndOfPictures
        return grey

    def close(self) -> None:
        self._pictures.close()

    def _shown(self, paths: Sequence[Path], loop: bool) -> Generator[Grey]:
        while True:
            has_shown = False
            for path in paths:
                grey = self._load(path)
                if grey is not None:
                    has_shown = True
                    yield grey
            if not (loop and has_shown):
                return

    def _load(self, path: Path) -> Grey | None:
        """One picture; None, and why in `last_error`, if the file is none."""
        try:
            picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        except cv2.error:  # sizes beyond any limit
            picture = None
        if picture is None:
            self.last_error = f"{path.name} cannot be read as a picture; it was skipped"
            return None
        return grey_of(np.asarray(picture))


def pictures_in(folder: Path) -> list[Path]:
    """The picture files of a folder, by name. Raises DeviceError if there are none."""
    if not folder.is_dir():
        raise DeviceError(f"Name a folder of pictures: {folder} is none.")
    paths = sorted(folder.iterdir(), key=lambda path: path.name)
    pictures = [path for path in paths if path.suffix.lower() in PICTURE_SUFFIXES]
    if not pictures:
        kinds = " ".join(sorted(PICTURE_SUFFIXES))
        raise DeviceError(f"Put pictures into {folder}: it holds none of {kinds}.")
    return [path for path in pictures if path.is_file()]


class RecordingCapture:
    """A recording, once, or over and over."""

    not_taken: tuple[str, ...] = ()
    age_s = 0.0

    def __init__(self, path: Path, *, loop: bool = False) -> None:
        self.last_error = ""
        self._path = path
        self._loop = loop
        self._device = self._opened()

    def read(self) -> Grey | None:
        grey = read_grey(self._device)
        if grey is None and self._loop:
            self._device.release()
            self._device = self._opened()
            grey = read_grey(self._device)
        if grey is None:
            raise EndOfPictures
        return grey

    def close(self) -> None:
        self._device.release()

    def _opened(self) -> cv2.VideoCapture:
        device = cv2.VideoCapture(str(self._path))
        if not device.isOpened():
            raise DeviceError(f"Name a recording that can be shown: {self._path} cannot be opened.")
        return device


def read_grey(device: Device) -> Grey | None:
    """The next picture of a driver; None when it gives none. Raises DeviceError."""
    try:
        is_read, picture = device.read()
    except cv2.error as error:
        raise DeviceError(f"The camera must be opened anew: {error}") from None
    return grey_of(picture) if is_read and isinstance(picture, np.ndarray) else None
