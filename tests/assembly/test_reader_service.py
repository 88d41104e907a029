"""The loop and the reader as two services: each may go and come back without the other's end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from scanner.assembly.device import reader_of
from scanner.config import Settings, parse_settings
from scanner.core.errors import ConfigError
from scanner.ports import Frame
from scanner.vision.link import ReaderLink
from scanner.vision.probe import TEST_PAYLOAD, card_picture

TRIES = 200


@contextmanager
def service(socket: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The reader as its unit starts it."""
    command = [sys.executable, "-m", "scanner.vision.parent", "--socket", str(socket)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as reader:
        try:
            yield reader
        finally:
            reader.kill()


def read(reader: ReaderLink) -> bytes | None:
    """The test card; None when this frame was skipped, as every frame without a reader is."""
    readings = reader.read(Frame(1, card_picture(), 0.0))
    return readings[0].payload if readings else None


def read_in_the_end(reader: ReaderLink) -> bytes | None:
    return next(filter(None, (read(reader) for _ in range(TRIES))), None)


@pytest.fixture
def socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As the loop's unit names it."""
    path = tmp_path / "reader.sock"
    monkeypatch.setenv("SCANNER_READER", str(path))
    return path


def test_loop_reads_through_the_service_that_its_unit_names(socket: Path) -> None:
    """And starts no reader of its own beside it."""
    with service(socket), closing(reader_of(Settings())) as reader:
        assert read_in_the_end(reader) == TEST_PAYLOAD
        assert reader.process_id is None


def test_setting_that_does_not_reach_the_service_is_refused(socket: Path) -> None:
    """Whoever lets the reader be open must not believe that it is when it is not."""
    with pytest.raises(ConfigError, match=r"Take reader\.may_be_open out of the settings"):
        reader_of(parse_settings("[reader]\nmay_be_open = true\n", "x.toml"))


def test_killed_service_is_found_again_when_it_is_back(socket: Path) -> None:
    """Meanwhile frames are skipped and nothing is raised: the loop turns, its watchdog is fed."""
    with closing(reader_of(Settings())) as reader:
        with service(socket):
            assert read_in_the_end(reader) == TEST_PAYLOAD
        assert [read(reader) for _ in range(3)] == [None, None, None]
        with service(socket):
            assert read_in_the_end(reader) == TEST_PAYLOAD


def test_service_that_is_not_there_is_not_replaced_by_a_child(socket: Path) -> None:
    """A loop whose reader is missing skips its frames, and never decodes with its own rights."""
    with closing(reader_of(Settings())) as reader:
        assert read(reader) is None
        assert reader.process_id is None
