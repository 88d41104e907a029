"""Where lists come from: a web server, a folder, a USB stick. Bytes in, nothing believed.

No redirects: a server that sends devices elsewhere has been taken over or moved, and both are for
people to look at. What trickles in is given up, or a slow server would keep a device from trying
again for hours.
"""

from __future__ import annotations

import io
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import urllib3
from tuf.api.exceptions import (
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    SlowRetrievalError,
)
from tuf.ngclient.fetcher import FetcherInterface

from scanner.core.errors import SyncError

CONNECT_S, READ_S = 10.0, 20.0
# Slower than a second-generation mobile line, averaged from when the first seconds are over.
GRACE_S, LEAST_BYTES_A_S = 10.0, 1000
CHUNK_BYTES = 16 * 1024

METADATA, TARGETS = "metadata", "targets"


class ListFetcher(FetcherInterface):
    """http, https and file; at most one file is in memory, and it is small."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S), retries=False
        )
        self.received = 0

    def _fetch(self, url: str) -> Iterator[bytes]:
        if url.startswith("file:"):
            return _file_chunks(Path(unquote(urlsplit(url).path)))
        return self._http_chunks(url)

    @contextmanager
    def download_file(self, url: str, max_length: int) -> Iterator[io.BytesIO]:
        """As the library has it, but in memory: nothing unverified is written to the card."""
        body = io.BytesIO()
        for chunk in self.fetch(url):
            self.received += len(chunk)
            if body.tell() + len(chunk) > max_length:
                raise DownloadLengthMismatchError(f"{url} is longer than {max_length} bytes")
            body.write(chunk)
        body.seek(0)
        yield body

    def _http_chunks(self, url: str) -> Iterator[bytes]:
        begun_s, received = self._monotonic(), 0
        try:
            response = self._pool.request("GET", url, preload_content=False, redirect=False)
        except urllib3.exceptions.TimeoutError as error:
            raise SlowRetrievalError(f"{url} does not answer") from error
        except urllib3.exceptions.HTTPError as error:
            raise DownloadError(f"{url}: {error}") from error
        try:
            if response.status != 200:
                raise DownloadHTTPError(f"{url}: status {response.status}", response.status)
            # read1: what is there, so that a trickle is seen as one.
            while chunk := response.read1(CHUNK_BYTES):
                yield chunk
                received += len(chunk)
                self._check_pace(url, received, self._monotonic() - begun_s)
        except urllib3.exceptions.TimeoutError as error:
            raise SlowRetrievalError(f"{url} stopped after {received} bytes") from error
        except urllib3.exceptions.HTTPError as error:
            raise DownloadError(f"{url}: {error}") from error
        finally:
            response.close()

    @staticmethod
    def _check_pace(url: str, received: int, spent_s: float) -> None:
        if spent_s > GRACE_S and received < LEAST_BYTES_A_S * spent_s:
            raise SlowRetrievalError(f"{url}: {received} bytes in {spent_s:.0f} s")


def _file_chunks(path: Path) -> Iterator[bytes]:
    """A pipe or device with the name of a list would stop the program for good."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DownloadError(f"{path} is no plain file")
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except FileNotFoundError as error:
        raise DownloadHTTPError(f"{path} is not there", 404) from error
    except OSError as error:
        raise DownloadError(f"{path} cannot be read ({error.strerror})") from error


def base_url(source: str) -> str:
    """A URL as it is; a folder → the address of the lists in it or one folder below. SyncError."""
    scheme = urlsplit(source).scheme
    if scheme in ("http", "https"):
        return source.rstrip("/") + "/"
    if "://" in source:
        raise SyncError(f"{source}: only http, https and folders are known.", retryable=False)
    folder = Path(source)
    for place in (folder, *_folders_in(folder)):
        if (place / METADATA / "timestamp.json").is_file():
            return place.resolve().as_uri() + "/"
    raise SyncError(
        f"There are no signed lists in {folder}. Put in the stick that `scanner central bundle` "
        "has written, and name the folder with metadata/ and targets/ in it.",
        retryable=False,
    )


def _folders_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return []
