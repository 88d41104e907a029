"""Files of the city: whole or not there, and one command at a time."""

from __future__ import annotations

import fcntl
from datetime import timedelta
from pathlib import Path

import pytest

from scanner.central.city import open_city
from scanner.central.errors import CentralError
from scanner.central.files import write_atomically
from tests.central.conftest import means
from tests.city import NOW


def test_file_replaces_the_old_one_whole(tmp_path: Path) -> None:
    """The new body stands there with the time and mode that were asked for, and nothing beside."""
    path = tmp_path / "timestamp.json"
    path.write_bytes(b"old")
    write_atomically(path, b"new", at=NOW, mode=0o600)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mtime == NOW.timestamp()
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_rest_of_a_cut_write_is_in_nobodys_way(tmp_path: Path) -> None:
    """What an earlier power cut left is written over."""
    (tmp_path / ".timestamp.json.part").write_bytes(b"half")
    write_atomically(tmp_path / "timestamp.json", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["timestamp.json"]


def test_disk_that_refuses_is_told(tmp_path: Path) -> None:
    """The path and the reason stand in the message, and the old file stays."""
    with pytest.raises(CentralError, match=r"none/a cannot be written \(No such file"):
        write_atomically(tmp_path / "none/a", b"")


def test_second_command_waits_for_the_first(central: Path) -> None:
    """While a city is open its lock is taken; afterwards it is free."""
    with (central / ".lock").open("w") as lock:
        with open_city(central, means(NOW)), pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_damaged_repository_is_not_published_upon(central: Path) -> None:
    """A torn timestamp is named, and restored from a backup rather than guessed."""
    path = central / "repository/metadata/timestamp.json"
    path.write_bytes(path.read_bytes()[:100])
    with (
        open_city(central, means(NOW + timedelta(minutes=1))) as city,
        pytest.raises(CentralError, match=r"timestamp\.json cannot be read.*Restore it"),
    ):
        city.publish()
