"""`scanner bench`: what it measures, and that it says on what."""

from __future__ import annotations

import json
from contextlib import closing
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner.bench.machine import machine_in_words
from scanner.bench.measure import Spread
from scanner.bench.stages import STAGES, used_stages
from scanner.ports import Frame
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from scanner.vision.probe import card_picture
from tests.commands.conftest import Run

SAMPLES = Path(__file__).parents[2] / "sample_codes"


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    """A folder of two pictures with a code."""
    folder = tmp_path / "cards"
    folder.mkdir()
    for number in range(2):
        grey = np.full((360, 640), 180 - number, np.uint8)
        grey[90:264, 200:374] = card_picture()
        cv2.imwrite(str(folder / f"{number}.png"), grey)
    return folder


def test_recorded_frames_are_marked(scanner: Run, cards: Path, tmp_path: Path) -> None:
    """SIMULATED stands first, then the machine; the state folder is not even made."""
    state = tmp_path / "none"
    code, out, _ = scanner("bench", "--source", f"dir:{cards}", "--frames", 12, "--state", state)
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("SIMULATED")
    assert lines[1].startswith("machine    ")
    assert (
        lines[1].partition(", load")[0] == f"machine    {machine_in_words()}".partition(", load")[0]
    )
    assert "640 x 360" in lines[2]
    assert lines[3].startswith("reader     12 of 12 frames with a code read")
    assert not state.exists()


def test_every_frame_is_judged_anew(scanner: Run, cards: Path) -> None:
    """As many verdicts as frames with a code: one held in view would be a single one."""
    _, out, _ = scanner("bench", "--source", f"dir:{cards}", "--frames", 40, "--json")
    found = json.loads(out)
    assert found["simulated"] is True
    assert found["frames_read"] == found["frames_with_code"] == 40
    assert found["verdicts"] == {"MALFORMED": 40}
    for figures in found["ms"].values():
        assert 0 <= figures["p50"] <= figures["p95"] <= figures["most"]
    assert found["ms"]["latency"]["most"] >= found["ms"]["reader"]["p50"]
    assert found["stages"][0]["read"] == found["stages"][0]["frames"] == 4


def test_lists_of_a_folder_are_judged_by(scanner: Run) -> None:
    """With them the whole way of a pass is timed: some of the samples are admitted or expired."""
    source, lists = f"dir:{SAMPLES}", SAMPLES / "bundle"
    _, out, _ = scanner("bench", "--source", source, "--lists", lists, "--frames", 20, "--json")
    assert json.loads(out)["verdicts"]["EXPIRED"] > 5


def test_nothing_is_written_to_the_log_of_the_device(
    scanner: Run, cards: Path, tmp_path: Path
) -> None:
    """Records of a bench are nobody's: no seq is used up, and no file is left."""
    migrate(tmp_path / "state")
    before = sorted((tmp_path / "state").iterdir())
    arguments = ("--source", f"dir:{cards}", "--frames", 5, "--state", tmp_path / "state")
    code, _, _ = scanner("bench", *arguments)
    assert code == 0
    assert {path.name for path in (tmp_path / "state").iterdir()} >= {p.name for p in before}
    assert not list((tmp_path / "state").glob("bench-*"))
    with closing(SqliteOutbox(tmp_path / "state")) as outbox:
        assert list(outbox.records()) == []
        assert outbox.counters() == {}


def test_without_a_code_nothing_was_measured(scanner: Run, tmp_path: Path) -> None:
    """Exit 1, and what to do."""
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((240, 320), 90, np.uint8))
    code, out, _ = scanner("bench", "--source", f"dir:{tmp_path}", "--frames", 3)
    assert code == 1
    assert "Hold one before the camera" in out
    _, out, _ = scanner("bench", "--source", f"dir:{tmp_path}", "--frames", 3, "--json")
    assert json.loads(out)["ms"]["latency"] is None


def test_a_running_scanner_is_left_alone(
    scanner: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the camera: exit 69 before anything is opened, with the line that stops it."""
    monkeypatch.setattr("scanner.doctor.units.is_scanning", lambda: True)
    (tmp_path / "x.toml").write_text('[camera]\nsource = "csi:0"\n')
    code, _, err = scanner("bench", "--config", tmp_path / "x.toml")
    assert code == 69
    assert "sudo systemctl stop scanner" in err


def test_a_camera_that_is_not_there_says_why(scanner: Run, tmp_path: Path) -> None:
    """The camera's own words, and not only that there is no picture."""
    (tmp_path / "x.toml").write_text(
        '[camera]\nsource = "usb:/dev/v4l/by-id/usb-none"\n[pins]\nfactory = "mock"\n'
    )
    code, _, err = scanner("bench", "--config", tmp_path / "x.toml", "--state", tmp_path)
    assert code == 69
    assert "usb-none does not exist" in err


@pytest.mark.parametrize("source", ["usb:/dev/video0", "csi:0", "sample_codes"])
def test_only_recordings_need_no_settings(scanner: Run, source: str) -> None:
    """A camera belongs to a device, which has settings."""
    code, _, err = scanner("bench", "--source", source)
    assert code == 64
    assert "dir:FOLDER or video:FILE" in err


def test_spreads_are_figures_that_were_measured() -> None:
    """Nearest rank, in milliseconds."""
    assert Spread.of([]) is None
    assert Spread.of([0.002]) == Spread(2, 2, 2)
    assert Spread.of([n / 1000 for n in range(100, 0, -1)]) == Spread(50, 95, 100)


def test_a_board_is_called_by_its_own_name(tmp_path: Path) -> None:
    """And what is no board by its processor, or by nothing: never by what it might be."""
    board, processors, none = tmp_path / "model", tmp_path / "cpuinfo", tmp_path / "none"
    board.write_bytes(b"Raspberry Pi Zero 2 W Rev 1.0\0")
    processors.write_text("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n")
    assert machine_in_words((none, board)).startswith("Raspberry Pi Zero 2 W Rev 1.0, ")
    assert machine_in_words((none,), processors).startswith("Some CPU @ 2 GHz, ")
    assert machine_in_words((none,), none).startswith("no board that tells its name, ")


def test_stages_are_followed_until_one_reads() -> None:
    """An easy frame ends in the first; one without anything goes no further than the region."""
    grey = np.full((360, 640), 180, np.uint8)
    grey[90:264, 200:374] = card_picture()
    noise = np.random.default_rng(1).integers(0, 256, (360, 640)).astype(np.uint8)
    ticks = count()
    frames = [Frame(1, grey, 0.0), Frame(2, np.full_like(grey, 99), 0.0), Frame(3, noise, 0.0)]
    uses = used_stages(frames, lambda: float(next(ticks)))
    assert [use.name for use in uses] == [name for name, _ in STAGES]
    assert (uses[0].read, len(uses[0].took_s)) == (1, 3)
    assert [use.read for use in uses[1:]] == [0, 0, 0, 0]
    assert [len(use.took_s) for use in uses[1:]] == [1, 1, 1, 1]
