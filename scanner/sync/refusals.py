"""What the update library raises, in our words: what to do comes first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    SlowRetrievalError,
    UnsignedMetadataError,
)

from scanner.core.errors import StoreError, SyncError, UpdateError


class ExpiredError(UpdateError):
    """Signatures that have expired by the time that the device goes by, which may be wrong."""


# Each stands before the more general one. The network may get better by itself.
_NETWORK: dict[type[DownloadError], str] = {
    SlowRetrievalError: "Try again later: the server is too slow.",
    DownloadHTTPError: "Try again later: the server lacks a file of its lists.",
    DownloadError: "Check the network and updates.url: the lists cannot be fetched.",
}
_REFUSED: dict[type[RepositoryError], str] = {
    ExpiredMetadataError: "Get newer lists: the signatures of these have expired.",
    BadVersionNumberError: "Get newer lists: these are older than those seen before.",
    UnsignedMetadataError: "Tell the issuer: these lists lack signatures.",
    LengthOrHashMismatchError: "Fetch or copy again: a file is not the one that was signed.",
    RepositoryError: "Tell the issuer: these lists cannot be used.",
}


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Raises SyncError, UpdateError, StoreError."""
    try:
        yield
    except DownloadLengthMismatchError as error:
        raise UpdateError(f"Tell the issuer: a file is longer than may be. ({error})") from error
    except DownloadError as error:
        words = next(said for kind, said in _NETWORK.items() if isinstance(error, kind))
        raise SyncError(f"{words} ({url}: {error})", retryable=True) from error
    except RepositoryError as error:
        words = next(said for wrong, said in _REFUSED.items() if isinstance(error, wrong))
        kind = ExpiredError if isinstance(error, ExpiredMetadataError) else UpdateError
        raise kind(f"{words} ({url}: {error})") from error
    except OSError as error:
        raise StoreError(f"Make room: what is fetched cannot be kept ({error}).") from error
    except ValueError as error:  # a role that is not delegated as it must be
        raise UpdateError(f"Tell the issuer: these lists cannot be used. ({error})") from error
