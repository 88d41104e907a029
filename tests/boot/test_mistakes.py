"""Every way in which people spoil a boot file has a reason of its own, told beside the file."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner import boot as boot_package
from scanner.assembly.first_boot import first_boot
from scanner.boot.form import read_boot_file
from scanner.boot.partition import RESULT
from scanner.boot.reasons import FILE, BootError, BootReason
from scanner.boot.taking import Places
from scanner.core.clock import ClockReading
from scanner.core.setup_signal import Blinks, blinking
from tests.boot.mistakes import GOOD, MISTAKES

NOW = ClockReading.exact(datetime(2020, 4, 29, 20, 0, tzinfo=UTC))
SECRETS = ("correct horse", "0123456789ABCDEFGHJKMNPQRS", "7K3F", "körrekt")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Of a device on which nothing was done yet."""
    (tmp_path / "state").mkdir()
    names = ("etc", "network", "modprobe", "state")
    return Places(*(tmp_path / name for name in names))


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    """An empty boot partition."""
    folder = tmp_path / "boot"
    folder.mkdir()
    return folder


def told(boot: Path) -> str:
    return (boot / RESULT).read_text("utf-8")


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_named_and_nothing_is_taken(name: str, boot: Path, places: Places) -> None:
    """Id, line and what to do, in one line beside the file; blinked by its group; no secret."""
    mistake = MISTAKES[name]
    (boot / FILE).write_bytes(mistake.raw)
    outcome = first_boot(boot, places, NOW)
    line = told(boot)
    where = f" line {mistake.line}:" if mistake.line else ""
    assert line.startswith(f"{mistake.reason.id}{where} {mistake.reason.sentence}"), line
    assert line.count("\n") == 1
    assert (outcome.is_good, outcome.signal) == (False, blinking(mistake.reason.group))
    assert not any(secret in line for secret in SECRETS)
    assert (boot / FILE).read_bytes() == mistake.raw
    assert not any(each.exists() and any(each.iterdir()) for each in
                   (places.etc, places.network, places.modprobe, places.state))  # fmt: skip


def test_every_reason_is_tried() -> None:
    """A mistake without a test is a sentence that nobody has read."""
    of_folders = {BootReason.NONE, BootReason.NAME, BootReason.FOLDER, BootReason.READ,
                  BootReason.WRITE}  # fmt: skip
    assert {mistake.reason for mistake in MISTAKES.values()} | of_folders == set(BootReason)
    assert len(BootReason) >= 30


@pytest.mark.parametrize("reason", BootReason)
def test_reason_says_what_to_do(reason: BootReason) -> None:
    """A stable id, one group of blinks, and a sentence that begins with a verb or a look."""
    assert re.fullmatch(r"E-BOOT-[A-Z0-9-]+", reason.id)
    assert isinstance(reason.group, Blinks)
    assert reason.sentence.endswith(".")
    assert len(reason.sentence) <= 90
    assert len({each.sentence for each in BootReason}) == len(BootReason)


@pytest.mark.parametrize(
    "name",
    [
        "checkpoint.toml.txt",
        "checkpoint.txt",
        "checkpoint",
        "Checkpoint (1).toml",
        "CHECKPOINT.TML",
    ],
)
def test_file_of_another_name_is_pointed_out(name: str, boot: Path, places: Places) -> None:
    """Windows hides the end of a name."""
    (boot / name).write_text(GOOD)
    first_boot(boot, places, NOW)
    assert told(boot) == f"E-BOOT-NAME {BootReason.NAME.sentence} ({name})\n"


@pytest.mark.parametrize("kind", ["folder", "link", "pipe", "nothing"])
def test_what_is_no_file_is_told(kind: str, boot: Path, places: Places) -> None:
    """Nothing is followed, and nothing is waited for."""
    path = boot / FILE
    match kind:
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to("/etc/hostname")
        case "pipe":
            os.mkfifo(path)
    first_boot(boot, places, NOW)
    wanted = BootReason.NONE if kind == "nothing" else BootReason.FOLDER
    assert told(boot) == f"{wanted.id} {wanted.sentence}\n"


def test_settings_that_cannot_be_written_are_told(boot: Path, places: Places) -> None:
    """And the file keeps its secrets for the next start."""
    places.etc.write_text("a file where a folder should be")
    (boot / FILE).write_text(GOOD)
    first_boot(boot, places, NOW)
    assert told(boot).startswith("E-BOOT-WRITE ")
    assert (boot / FILE).read_text() == GOOD


@pytest.mark.parametrize(
    "raw",
    [
        GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("\n", "\n\t").encode(),
        GOOD.replace("north-3", "Пост № 3").encode(),
        GOOD.replace('password = "correct horse"', "open = true").encode(),
        b"version = 1",
    ],
    ids=[
        "as the example",
        "CRLF",
        "tabs before settings",
        "Cyrillic",
        "open Wi-Fi",
        "nothing more",
    ],
)
def test_file_in_order_is_taken(raw: bytes, boot: Path, places: Places) -> None:
    """However its lines end and are indented."""
    (boot / FILE).write_bytes(raw)
    assert first_boot(boot, places, NOW).is_good
    assert told(boot).startswith("OK ")


def test_example_of_the_readme_is_taken() -> None:
    """Copied as it stands there, it says what stands beside it."""
    readme = Path(boot_package.__file__).with_name("README.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    boot = read_boot_file(example.encode(), ClockReading.exact(NOW.earliest - timedelta(hours=9)))
    assert boot.wifi is not None
    assert (boot.wifi.ssid, boot.wifi.country, boot.card is not None) == ("Gate 3", "DE", True)


def error_of(raw: bytes) -> BootError | None:
    """None: it is taken."""
    try:
        read_boot_file(raw, NOW)
    except BootError as error:
        return error
    return None


@given(st.binary(max_size=300))
def test_any_bytes_are_taken_or_named(raw: bytes) -> None:
    """Root reads what any laptop could have written: nothing else can come of it."""
    error = error_of(raw)
    assert error is not None
    assert str(error).startswith(error.reason.id)


@given(st.integers(0, len(GOOD) - 1), st.sampled_from("\"\n[]=.#{}\\'“\t\0"), st.booleans())
def test_slip_of_a_finger_is_taken_or_named(at: int, letter: str, replaces: bool) -> None:
    """One character too much or another one, anywhere; secrets are never repeated."""
    error = error_of((GOOD[:at] + letter + GOOD[at + replaces :]).encode())
    assert not any(secret in str(error) for secret in SECRETS[:2])
