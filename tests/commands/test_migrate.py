"""`scanner migrate`: databases, the device key, and the time of the image."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.assembly.clock import open_known_time
from tests.commands.conftest import Run

BUILT = datetime(2020, 4, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that whoever makes an image leaves in it; not there yet."""
    path = tmp_path / "image-built"
    monkeypatch.setenv("SCANNER_IMAGE_BUILT", str(path))
    return path


def floor(state: Path) -> datetime:
    with closing(open_known_time(state)) as known:
        return known.load().bounds.floor


def test_image_time_is_the_first_floor(scanner: Run, image: Path, tmp_path: Path) -> None:
    """A card just flashed knows that it is not 1970; it is told once."""
    image.write_text("2020-04-01T15:00:00+03:00\n")
    state = tmp_path / "state"
    code, out, _ = scanner("migrate", "--state", state)
    assert (code, "made on 2020-04-01 12:00Z" in out) == (0, True)
    assert floor(state) == BUILT
    assert "made on" not in scanner("migrate", "--state", state)[1]


def test_no_image_time_is_nothing(scanner: Run, image: Path, tmp_path: Path) -> None:
    """Laptops and older images have none."""
    assert scanner("migrate", "--state", tmp_path / "state")[0] == 0
    assert floor(tmp_path / "state") == datetime.fromtimestamp(0, UTC)


def test_bad_image_time_stops_with_one_line(scanner: Run, image: Path, tmp_path: Path) -> None:
    """The file is named; the databases are made all the same, and no floor moves."""
    image.write_text("yesterday")
    code, _, err = scanner("migrate", "--state", tmp_path / "state")
    assert code == 64
    assert err.count("\n") == 1
    assert str(image) in err
    assert floor(tmp_path / "state") == datetime.fromtimestamp(0, UTC)
