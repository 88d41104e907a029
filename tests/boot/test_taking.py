"""What a boot file says gets to its places, and its secrets leave the partition."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.assembly.first_boot import first_boot
from scanner.boot.partition import RESULT
from scanner.boot.reasons import FILE
from scanner.boot.taking import KEYFILE, Places
from scanner.boot.wifi import Wifi, keyfile
from scanner.core.offer import read_card
from scanner.core.setup_signal import DONE, Blinks, blinking
from scanner.store.pending import OFFER_FILE, EnrolResult, forget_offer, keep_result
from scanner.store.place import ENROLMENT_FILE
from tests.boot.mistakes import GOOD
from tests.boot.taken import NOW, PASSWORD, TOKEN, check_taken


def test_everything_gets_to_its_place(boot: Path, places: Places) -> None:
    """Settings for all to read; what is secret for its reader alone."""
    outcome = first_boot(boot, places, NOW)
    check_taken(boot, places)
    assert (outcome.is_good, outcome.signal) == (True, DONE)
    assert outcome.settings.pins.green == 17
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in
             (places.etc / FILE, places.network / KEYFILE, places.state / OFFER_FILE)}  # fmt: skip
    assert list(modes.values()) == [0o644, 0o600, 0o600]
    assert read_card((places.state / OFFER_FILE).read_bytes()).issued_at is not None


def test_next_start_finds_nothing_new(boot: Path, places: Places) -> None:
    """Not a byte is written, no lamp is lit, and the file without secrets is in order."""
    first_boot(boot, places, NOW)
    before = {path: path.stat().st_mtime_ns for path in boot.parent.rglob("*") if path.is_file()}
    outcome = first_boot(boot, places, NOW)
    assert (outcome.is_good, outcome.signal) == (True, None)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_enrolled_device_takes_nothing_but_wifi(boot: Path, places: Places) -> None:
    """Who puts in another card does not move its checkpoint, and need not even be right."""
    (places.state / ENROLMENT_FILE).write_text("{}")
    (boot / FILE).write_text(GOOD.replace("zone = 7", "zone = 70000"))
    outcome = first_boot(boot, places, NOW)
    assert outcome.line == "OK This device is enrolled: of this file only [wifi] counts."
    assert outcome.signal == DONE
    assert PASSWORD in (places.network / KEYFILE).read_text()
    assert not places.etc.exists()
    assert not (places.state / OFFER_FILE).exists()
    assert TOKEN not in (boot / FILE).read_text()
    assert PASSWORD not in (boot / FILE).read_text()
    assert first_boot(boot, places, NOW).signal is None
    (boot / FILE).unlink()
    assert first_boot(boot, places, NOW).line == outcome.line


def test_how_the_enrolment_went_stands_beside_the_file(boot: Path, places: Places) -> None:
    """Each start tells it, until it went well."""
    first_boot(boot, places, NOW)
    assert "asking the city" in (boot / RESULT).read_text()
    keep_result(places.state, EnrolResult("E-ENROL-NETWORK", "Check the network\x1b[0m."))
    outcome = first_boot(boot, places, NOW)
    assert (boot / RESULT).read_text() == "E-ENROL-NETWORK Check the network[0m.\n"
    assert (outcome.is_good, outcome.signal) == (False, blinking(Blinks.CITY))
    forget_offer(places.state)
    keep_result(places.state, None)
    assert "enrol the device" in first_boot(boot, places, NOW).line


def test_new_offer_forgets_how_the_last_one_went(boot: Path, places: Places) -> None:
    """A technician who brings another card is not told of the one before."""
    keep_result(places.state, EnrolResult("E-ENROL-REFUSED", "used"))
    assert first_boot(boot, places, NOW).is_good


def test_device_that_stands_alone_says_so(boot: Path, places: Places) -> None:
    """It asks nobody."""
    (boot / FILE).write_text("version = 1\nstandalone = true\n")
    outcome = first_boot(boot, places, NOW)
    assert ("stands alone" in outcome.line, outcome.signal) == (True, DONE)
    assert first_boot(boot, places, NOW).signal is None


def test_start_without_a_file_is_told_by_the_settings_there(boot: Path, places: Places) -> None:
    """They may have come with the image, and may be wrong."""
    first_boot(boot, places, NOW)
    (boot / FILE).unlink()
    assert first_boot(boot, places, NOW).is_good
    (places.etc / FILE).write_text("gren = 1")
    outcome = first_boot(boot, places, NOW)
    assert (outcome.is_good, "gren" in outcome.line) == (False, True)


@pytest.mark.parametrize(
    ("ssid", "line"),
    [
        ("Gate 3", "ssid=Gate 3"),
        ("Gate ", "ssid=71;97;116;101;32;"),
        (" Gate", "ssid=32;71;97;116;101;"),
        ("a;b", "ssid=97;59;98;"),
        ("Café", "ssid=67;97;102;195;169;"),
        ("\\t", "ssid=92;116;"),
    ],
)
def test_network_name_reaches_its_reader_unchanged(ssid: str, line: str) -> None:
    """What its file format would read otherwise is written byte by byte."""
    assert line in keyfile(Wifi(ssid, None, "DE", False)).splitlines()


@pytest.mark.parametrize(
    ("password", "line"),
    [("correct horse", "psk=correct horse"), ("  a\\b\\tc##", r"psk=\s\sa\\b\\tc##")],
)
def test_password_reaches_its_reader_unchanged(password: str, line: str) -> None:
    """Spaces at its begin and backslashes are escaped; an open network has none."""
    wifi = Wifi("a", password, "DE", True)
    assert line in keyfile(wifi).splitlines()
    assert "hidden=true" in keyfile(wifi)
    assert "wifi-security" not in keyfile(replace(wifi, password=None))
