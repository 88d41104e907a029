"""manifest.json has the form that the demo and the journeys rely on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import pytest

from sample_codes.bundle import ISSUED_AT
from sample_codes.lines import LINES
from sample_codes.make_samples import FOLDER, make_manifest
from sample_codes.readme import fill_table
from scanner.core.clock import ClockLevel
from scanner.core.reasons import Notice, Reason
from tests.sample_codes.lists import manifest_lines

# Not a frame: what the demo made of all of them.
CONTACT_SHEET = "contact-sheet.png"
ENTRIES: list[dict[str, Any]] = json.loads((FOLDER / "manifest.json").read_bytes())


def _name(entry: dict[str, Any]) -> str:
    return f"{entry['file']}-{entry['reason']}"


def test_it_is_what_make_samples_writes() -> None:
    """Nobody edits the manifest by hand."""
    assert (FOLDER / "manifest.json").read_text(encoding="utf-8") == make_manifest()


def test_the_table_of_the_readme_is_printed_from_it() -> None:
    """What the README says of each line is true."""
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert fill_table(readme) == readme
    assert all(f"| {line.at} | [{line.shot}]" in readme for line in LINES)


@pytest.mark.parametrize("entry", ENTRIES, ids=_name)
def test_each_line_has_the_members_of_the_format(entry: dict[str, Any]) -> None:
    """Names that exist, with the outcome that belongs to the reason."""
    assert list(entry) == ["file", "at", "outcome", "reason", "notices", "facts", "note"]
    assert Reason[entry["reason"]].outcome.name == entry["outcome"]
    assert all(notice in Notice.__members__ for notice in entry["notices"])
    assert not entry["notices"] or entry["outcome"] == "ADMIT"
    assert entry["note"]


@pytest.mark.parametrize("entry", ENTRIES, ids=_name)
def test_each_line_has_all_facts(entry: dict[str, Any]) -> None:
    """The demo asks for no member that may be missing."""
    facts = entry["facts"]
    assert list(facts) == [
        "zone",
        "transport",
        "asked_plate",
        "clock_level",
        "list_age_h",
        "seen_min_ago",
    ]
    assert facts["clock_level"] in ClockLevel.__members__
    assert isinstance(facts["list_age_h"], int | float)
    assert facts["asked_plate"] is None or isinstance(facts["asked_plate"], str)


def test_the_clock_never_runs_backwards() -> None:
    """A device that plays the lines in their order sees no jump it would distrust."""
    times = [line.at for line in manifest_lines()]
    assert times == sorted(times)
    assert len(set(times)) == len(times)


def test_the_lists_are_fresh_at_every_line() -> None:
    """Without re-stamping, only the lines about old lists differ."""
    for line in manifest_lines():
        assert timedelta(0) < line.at - ISSUED_AT < timedelta(hours=24)
    assert datetime(2020, 4, 29, tzinfo=UTC) == ISSUED_AT


def test_the_story_begins_with_the_good_passes() -> None:
    """Every admission comes before the first refusal."""
    outcomes = [entry["outcome"] for entry in ENTRIES]
    last_admit = len(outcomes) - 1 - outcomes[::-1].index("ADMIT")
    assert set(outcomes[: last_admit + 1]) == {"ADMIT"}


def test_each_frame_exists_and_none_is_unused() -> None:
    """The folder holds the frames of the manifest and no other."""
    named = {entry["file"] for entry in ENTRIES}
    assert named == {path.name for path in _frames()}


def test_the_frames_are_small_enough_to_clone() -> None:
    """Without the contact sheet the folder stays below 6 MB; each frame has a camera's size."""
    files = [path for path in FOLDER.rglob("*") if path.is_file() and path.name != CONTACT_SHEET]
    assert sum(path.stat().st_size for path in files) < 6_000_000
    for path in _frames():
        picture = cv2.imread(str(path))
        assert picture is not None
        assert picture.shape in {(720, 1280, 3), (540, 960, 3), (480, 640, 3)}


def test_the_contact_sheet_is_small_enough_for_a_first_page() -> None:
    """It is the picture in the README: below 900 kB, 1600 pixels wide."""
    path = FOLDER / CONTACT_SHEET
    sheet = cv2.imread(str(path))
    assert sheet is not None
    assert sheet.shape[1] == 1600
    assert path.stat().st_size < 900_000


def _frames() -> list[Path]:
    return [path for path in FOLDER.glob("*.png") if path.name != CONTACT_SHEET]
