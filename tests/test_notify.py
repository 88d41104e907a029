"""What systemd is told, and silence where there is no systemd."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.notify import SystemdNotifier


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """The other end of $NOTIFY_SOCKET."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        yield listener


def test_messages_are_those_of_sd_notify(systemd: socket.socket) -> None:
    """One datagram a message, in systemd's words; a status is one line."""
    notifier = SystemdNotifier({"NOTIFY_SOCKET": systemd.getsockname()})
    told = [
        notifier.ready(),
        notifier.watchdog(50.0),
        notifier.status("3 scans,\nlists 2 h old"),
        notifier.stopping(),
    ]
    assert told == [True] * 4
    assert [systemd.recv(200) for _ in told] == [
        b"READY=1",
        b"WATCHDOG=1",
        b"STATUS=3 scans, lists 2 h old",
        b"STOPPING=1",
    ]


def test_watchdog_is_fed_once_a_second(systemd: socket.socket) -> None:
    """The loop may say that it lives as often as it likes; systemd hears it once a second."""
    notifier = SystemdNotifier({"NOTIFY_SOCKET": systemd.getsockname()})
    assert [notifier.watchdog(at_s) for at_s in (7.0, 7.5, 7.99, 8.0, 8.5)] == [
        True,
        False,
        False,
        True,
        False,
    ]


def test_abstract_address_is_understood() -> None:
    """systemd writes an abstract socket with a leading @."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("")  # the kernel picks an abstract name
        name: bytes = listener.getsockname()
        notifier = SystemdNotifier({"NOTIFY_SOCKET": "@" + name[1:].decode()})
        assert notifier.watchdog(50.0)
        assert listener.recv(200) == b"WATCHDOG=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}])
def test_without_systemd_nothing_is_sent(environ: dict[str, str]) -> None:
    """Started by hand, the scanner tells nobody and does not mind."""
    assert not SystemdNotifier(environ).ready()


def test_lost_message_does_not_stop_the_scanner(tmp_path: Path) -> None:
    """A socket that is gone is told as not delivered, without an error."""
    assert not SystemdNotifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).watchdog(50.0)
