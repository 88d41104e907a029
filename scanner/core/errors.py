"""What can go wrong, sorted by whose fault it is.

The first sentence of an error's text is the operator's sentence: what to do, in plain words.
"""

from __future__ import annotations

from scanner.core.reasons import Reason
from scanner.core.time_fault import TimeFault


class CheckpointError(Exception):
    """Anything this program raises on purpose; its text says what to do."""


class PassError(CheckpointError):
    """What was presented cannot be opened as a pass. Normal: it becomes a verdict.

    forged_kid: of a forged pass, the key of the trust list that it names, to count attacks by key.
    """

    def __init__(
        self, reason: Reason, detail: str = "", *, forged_kid: bytes | None = None
    ) -> None:
        super().__init__(f"{reason.name}: {detail}" if detail else reason.name)
        self.reason, self.forged_kid = reason, forged_kid


class TimeError(CheckpointError):
    """A time that was offered to the clock is not taken; the clock goes on as before."""

    def __init__(self, fault: TimeFault) -> None:
        super().__init__(f"{fault.words.line} {fault.words.do}")
        self.fault = fault


class UpdateError(CheckpointError):
    """A list, rule or policy that arrived is refused; the one installed before stays."""


class ConfigError(CheckpointError):
    """The settings file is wrong; the text names line, key and allowed values."""


class NotConfiguredError(ConfigError):
    """Nobody has said where this device stands: no city has enrolled it, nor stands it alone."""


class DeviceError(CheckpointError):
    """The camera, the lamps, the buzzer or the clock does not do what it should."""


class PinHeldError(DeviceError):
    """Somebody else has a pin, and may let go of it."""


class StoreError(CheckpointError):
    """A database of this device cannot be read or written."""


class NoRoomError(StoreError):
    """The disk is full. Nothing was kept of what was written; the log makes room by itself."""


class LogError(CheckpointError):
    """A scan log, a receipt or an upload is not what its device or server has signed."""


class EnrolmentError(CheckpointError):
    """An enrolment's request or answer is not for this device, or not as it was made."""


class SyncError(CheckpointError):
    """Lists could not be fetched or scan records not sent; scanning goes on meanwhile."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable
