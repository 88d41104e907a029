"""Tells systemd how loop and reader are (sd_notify): READY=1, WATCHDOG=1, STATUS=…

Outside of systemd ($NOTIFY_SOCKET not set) everything here does nothing.
"""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Mapping

# A tenth of WatchdogSec= in the units.
FEED_EVERY_S = 1.0


class SystemdNotifier:
    """One datagram a message. An address that starts with @ is abstract (systemd's spelling)."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._fed_s = -math.inf
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def ready(self) -> bool:
        """Started: the camera, the lamps and the stores are open."""
        return self._send("READY=1")

    def watchdog(self, now_s: float) -> bool:
        """Alive: it has turned; the loop with a frame that was judged or a fault that is shown.

        `now_s`: monotonic seconds; at most one message a second is sent.
        """
        if now_s - self._fed_s < FEED_EVERY_S:
            return False
        self._fed_s = now_s
        return self._send("WATCHDOG=1")

    def status(self, line: str) -> bool:
        """One line for `systemctl status`."""
        return self._send("STATUS=" + " ".join(line.split()))

    def stopping(self) -> bool:
        """On the way out."""
        return self._send("STOPPING=1")

    def _send(self, message: str) -> bool:
        """Whether systemd got it. A lost message is no reason to stop scanning: the watchdog is."""
        if not self._address:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.sendto(message.encode(), self._address)
        except OSError:
            return False
        return True
