"""What the demo leaves behind, after two lines of the samples."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scanner.core.reasons import Outcome
from scanner.demo.journey import Shown
from scanner.demo.manifest import read_manifest
from scanner.demo.show import show_all

SAMPLES = Path(__file__).resolve().parents[2] / "sample_codes"


def test_the_demo_leaves_sheet_report_and_database(tmp_path: Path) -> None:
    """All three exist, are named in the result, and each line was told as it came."""
    lines = read_manifest(SAMPLES)
    told: list[Shown] = []
    show = show_all([lines[0], lines[-1]], SAMPLES, tmp_path, told.append)
    assert list(show.files) == ["contact sheet", "report", "database"]
    assert all(path.stat().st_size for path in show.files.values())
    assert tuple(told) == show.shown
    assert [one.outcome for one in told] == [Outcome.ADMIT, Outcome.NONE]
    html = show.files["report"].read_text("utf-8")
    assert html.count("<tr id=") == 2


def test_what_only_draws_is_not_loaded_before_the_first_frame() -> None:
    """The demo starts as fast as if it left nothing behind."""
    code = "import sys, scanner.demo.show; print([n for n in sys.modules if 'demo' in n])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert "scanner.demo.journey" in loaded
    assert not any(f"scanner.demo.{part}'" in loaded for part in ("sheet", "report", "pen"))
