"""Errors, sorted by whose fault it is."""

from __future__ import annotations

import pytest

from scanner.core import errors
from scanner.core.errors import CheckpointError, PassError, SyncError
from scanner.core.reasons import Reason


@pytest.mark.parametrize("name", ["PassError", "UpdateError", "ConfigError", "DeviceError",
                                  "StoreError", "SyncError"])  # fmt: skip
def test_all_errors_of_ours_are_checkpoint_errors(name: str) -> None:
    """And each says in its docstring what has happened."""
    error = getattr(errors, name)
    assert issubclass(error, CheckpointError)
    assert error.__doc__


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (PassError(Reason.FORGED), "FORGED"),
        (PassError(Reason.MALFORMED, "no kid"), "MALFORMED: no kid"),
    ],
)
def test_a_pass_error_carries_its_reason(error: PassError, text: str) -> None:
    """The reason becomes the verdict; the text is for the log and names no claim."""
    assert (error.reason.name, str(error)) == (text.split(":")[0], text)


@pytest.mark.parametrize("retryable", [True, False])
def test_a_sync_error_says_whether_to_try_again(retryable: bool) -> None:
    """A broken network heals, a refused certificate does not."""
    error = SyncError("The server cannot be reached.", retryable=retryable)
    assert (error.retryable, str(error)) == (retryable, "The server cannot be reached.")
