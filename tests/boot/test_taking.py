"""What a boot file says gets to its places, and its secrets leave the partition."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.assembly.first_boot import first_boot
from scanner.boot.partition import RESULT, BootPartition
from scanner.boot.reasons import FILE
from scanner.boot.taking import KEYFILE, REGULATORY, Places
from scanner.boot.wifi import Wifi, keyfile
from scanner.config import load_settings
from scanner.core.clock import ClockReading
from scanner.core.errors import StoreError
from scanner.core.offer import read_card
from scanner.core.setup_signal import DONE, Blinks, blinking
from scanner.store.pending import (
    OFFER_FILE,
    RESULT_FILE,
    EnrolResult,
    forget_offer,
    keep_result,
    read_offer,
)
from scanner.store.place import ENROLMENT_FILE
from tests.boot.mistakes import GOOD

NOW = ClockReading.exact(datetime(2020, 4, 29, 20, 0, tzinfo=UTC))
TOKEN, PASSWORD = "0123456789ABCDEFGHJKMNPQRS", "correct horse"


class PowerCutError(BaseException):
    """Nothing of the program runs any more."""


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    """A partition with a file in order."""
    folder = tmp_path / "boot"
    folder.mkdir()
    (folder / FILE).write_text(GOOD)
    return folder


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Of a device on which nothing was done yet."""
    (tmp_path / "state").mkdir()
    return Places(*(tmp_path / name for name in ("etc", "network", "modprobe", "state")))


def check_taken(boot: Path, places: Places) -> None:
    """All of it is in its place, and nothing is left over."""
    settings = load_settings(places.etc / FILE)
    assert (settings.checkpoint.id, settings.checkpoint.zone) == ("north-3", 7)
    assert f"psk={PASSWORD}\n" in (places.network / KEYFILE).read_text()
    assert (places.modprobe / REGULATORY).read_text() == ("options cfg80211 ieee80211_regdom=DE\n")
    offer = read_offer(places.state)
    assert offer is not None
    assert offer.token == TOKEN
    kept = (boot / FILE).read_text()
    assert sorted(os.listdir(boot)) == [RESULT, FILE]
    assert not any(secret in kept for secret in (TOKEN, PASSWORD))
    assert tomllib.loads(kept) == {
        "version": 1, "checkpoint": {"id": "north-3", "zone": 7},
        "camera": {"source": "usb:/dev/v4l/by-id/usb-Cam-index0", "fps": 15.0},
        "pins": {"green": 17, "red": 27},
    }  # fmt: skip
    for folder in (places.etc, places.network, places.modprobe, places.state):
        assert not list(folder.glob("*.new"))


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


@contextmanager
def power_for(steps: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """So many changes of the disk; then it is cut, and what was not synced is half there."""
    done = [0]

    def step() -> None:
        done[0] += 1
        if done[0] > steps:
            raise PowerCutError

    def fsync(descriptor: int, real: object = os.fsync) -> None:
        try:
            step()
        except PowerCutError:
            found = os.fstat(descriptor)
            if stat.S_ISREG(found.st_mode):
                os.ftruncate(descriptor, found.st_size // 2)
            raise

    def rename(path: Path, target: Path) -> Path:
        step()
        os.replace(path, target)
        return target

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path.exists() or path.is_symlink():
            step()
            os.unlink(path)

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fsync)
        patch.setattr(Path, "rename", rename)
        patch.setattr(Path, "unlink", unlink)
        yield done


def test_power_may_be_cut_at_any_moment(
    boot: Path, places: Places, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The next start ends what was begun: all is in its place, and every secret has gone."""
    for steps in range(100):
        with power_for(steps, monkeypatch):
            try:
                first_boot(boot, places, NOW)
                is_whole = True
            except PowerCutError:
                is_whole = False
        first_boot(boot, places, NOW)
        check_taken(boot, places)
        if is_whole:
            break
        for each in (places.etc, places.network, places.modprobe, places.state):
            for path in each.iterdir():
                os.unlink(path)
        (boot / FILE).write_text(GOOD)
    assert 15 < steps < 60


def test_secret_is_overwritten_before_it_is_removed(
    boot: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its own blocks, as far as a file system can say where these are."""
    seen = list[bytes]()

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path.exists():
            seen.append(path.read_bytes())
            os.unlink(path)

    monkeypatch.setattr(Path, "unlink", unlink)
    number = (boot / FILE).stat().st_ino
    first_boot(boot, places, NOW)
    assert b"\n" * len(GOOD) in seen
    assert (boot / FILE).stat().st_ino != number


def test_leftovers_are_ended_before_a_new_file_is_read(boot: Path, places: Places) -> None:
    """A card that was pulled in the middle of the wipe, and given a new file on a laptop."""
    (boot / "checkpoint.old").write_text(GOOD)
    (boot / "checkpoint.new").write_text("half")
    (boot / "checkpoint.result.part").write_text("half")
    (boot / FILE).write_text("version = 1\n")
    assert first_boot(boot, places, NOW).is_good
    assert sorted(os.listdir(boot)) == [RESULT, FILE]


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


def test_locked_partition_is_an_error(
    boot: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be told there, so the unit fails with words in the journal."""

    def fsync(descriptor: int) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("scanner.boot.partition.os.fsync", fsync)
    with pytest.raises(StoreError, match="full or locked"):
        BootPartition(boot).tell("OK")


def test_folder_of_another_user_is_not_followed(boot: Path, places: Places, tmp_path: Path) -> None:
    """Root writes into the scanner's folder: a link planted there leads nowhere."""
    target = tmp_path / "target"
    target.write_text("precious")
    (places.state / f"{OFFER_FILE}.new").symlink_to(target)
    (places.state / OFFER_FILE).symlink_to(target)
    first_boot(boot, places, NOW)
    assert target.read_text() == "precious"
    check_taken(boot, places)


@pytest.mark.parametrize("kind", ["link", "pipe", "garbage"])
def test_result_of_another_user_is_not_followed(kind: str, boot: Path, places: Places) -> None:
    """Root neither reads out what a link leads to, nor waits for a pipe."""
    planted, secret = places.state / RESULT_FILE, places.etc.with_name("secret")
    secret.write_text('{"id": "E-SECRET", "words": "of root"}')
    first_boot(boot, places, NOW)
    match kind:
        case "link":
            planted.symlink_to(secret)
        case "pipe":
            os.mkfifo(planted)
        case _:
            planted.write_bytes(b"\xff{")
    assert first_boot(boot, places, NOW).line.startswith("OK ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_offer_belongs_to_whose_folder_it_is_in(boot: Path, places: Places) -> None:
    """The scanner's user reads it, nobody else does."""
    os.chown(places.state, 12345, 12346)
    first_boot(boot, places, NOW)
    found = (places.state / OFFER_FILE).stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 12346, 0o600)


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


def test_offer_is_left_to_the_group_where_files_may_not_be_given_away(
    boot: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unit's root has no such right: the scanner's group, of which it is, may read the file."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    assert first_boot(boot, places, NOW).is_good
    offer = places.state / OFFER_FILE
    assert stat.S_IMODE(offer.stat().st_mode) == 0o640
    assert offer.stat().st_gid == places.state.stat().st_gid
    assert read_offer(places.state) is not None
