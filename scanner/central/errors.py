"""What the central side refuses to do, and why."""

from __future__ import annotations

from scanner.core.errors import CheckpointError


class CentralError(CheckpointError):
    """A key, a file or a limit stands against the command; the text says what to do."""
