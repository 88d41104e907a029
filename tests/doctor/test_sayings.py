"""Which lines may leave a device: known texts, and in their gaps numbers and known words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.doctor.sayings import (
    FINDINGS,
    KERNEL,
    NOT_CONFIGURED,
    OURS,
    PRINTED,
    SYSTEMD,
    VOCABULARY,
    Sieve,
)

ROOT = Path(__file__).parents[2]
# Programs of a city's computers and of supervisors, and the demo: no unit of a device runs them.
ELSEWHERE = {"central", "logs", "demo"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
EVERY = Sieve((*OURS, *PRINTED, *SYSTEMD, *KERNEL, *FINDINGS))


def logged_texts(path: Path) -> Iterator[str]:
    """The first argument of every `log.…()` of a file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        whose = node.func.value
        if node.func.attr in LEVELS and isinstance(whose, ast.Name) and whose.id == "log":
            text = node.args[0]
            assert isinstance(text, ast.Constant), f"{path.name}: a text that is not fixed"
            yield str(text.value)


def test_every_logged_text_is_known() -> None:
    """A new line of the loop would stay on the device, and nobody would know why."""
    files = [path for folder in ("scanner", "hardware") for path in (ROOT / folder).rglob("*.py")]
    ours = [path for path in files if not ELSEWHERE & set(path.relative_to(ROOT).parts)]
    logged = {text for path in ours for text in logged_texts(path)} - {"%s"}
    assert logged - set(OURS) == set()


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("a check failed: ValueError", "a check failed: ValueError"),
        ("a check failed: MP1:6BF0XX", "a check failed: …"),
        ("clock: Иванов", "clock: …"),
        ("Started scanner.service - Checkpoint scanner.", "Started scanner.service - …"),
        (
            "scanner.service: Main process exited, code=killed, status=6/ABRT",
            "scanner.service: Main process exited, code=killed, status=6/ABRT",
        ),
        (
            "usb 1-1.4: new high-speed USB device number 5 using xhci_hcd",
            "usb 1-1.4: new high-speed USB device number 5 using xhci_hcd",
        ),
        (
            "usb 1-1.4: New USB device found, idVendor=046d, idProduct=0825, bcdDevice= 0.12",
            "usb 1-1.4: New USB device found, idVendor=046d, idProduct=0825, bcdDevice=…",
        ),
        ("imx219 10-0010: SECRET", "imx219 10-0010: …"),
        ("lists.db whole", "lists.db whole"),
        ("SECRET whole", "… whole"),
        ("E-BOOT-PASSWORD-LENGTH line 7: SECRET", "E-BOOT-PASSWORD-LENGTH line 7: …"),
        ("E-BOOT-SECRET (SECRET)", "… …"),
        ("E-ENROL-NETWORK SECRET", "E-ENROL-NETWORK …"),
        ("OK SECRET", "OK …"),
        (
            "Free GPIO17 or name another pin in the settings: it is held by 'scanner-fault'.",
            "Free GPIO17 or name another pin in the settings: it is held by 'scanner-fault'.",
        ),
        ("usb:/SECRET gives no picture: no", None),
        (
            "scanner: Free GPIO17 or name another pin in the settings: SECRET.",
            "scanner: Free GPIO17 or name another pin in the settings: ….",
        ),
        (
            "scanner: Let the scanner start a process: its lamps' keeper (SECRET).",
            "scanner: Let the scanner start a process: its lamps' keeper (…).",
        ),
        (NOT_CONFIGURED, NOT_CONFIGURED),
        (f"scanner: {NOT_CONFIGURED}", f"scanner: {NOT_CONFIGURED}"),
        ("ready at SECRET", "ready at …"),
        (
            "usb:/dev/SECRET: 1280 x 720, brightness 120 of 255, no code seen",
            "…: 1280 x 720, brightness 120 of 255, no code seen",
        ),
        ("14 frames a second read, 15 asked for", "14 frames a second read, 15 asked for"),
        ("level A, not before 2026-05-01 12:00Z: not confirmed",) * 2,
        ("74920 MB free", "74920 MB free"),
        ("usb 1-1.4: Product: SECRET", None),
        ("wlan0: SSID='SECRET'", None),
        ("SECRET", None),
        ("", None),
    ],
)
def test_line_goes_only_as_far_as_it_is_known(line: str, kept: str | None) -> None:
    """What stands in a gap is dropped where it is neither a number nor a known word."""
    assert EVERY(line) == kept


@pytest.mark.parametrize("file", ["scanner/assembly/place.py", "systemd/device/may_scan.py"])
def test_device_that_waits_for_its_city_says_so_in_these_words(file: str) -> None:
    """The loop and what its unit asks before it say one sentence, and it is known."""
    assert NOT_CONFIGURED in (ROOT / file).read_text("utf-8")


@given(st.sampled_from((*OURS, *PRINTED, *SYSTEMD, *FINDINGS)), st.text(min_size=1, max_size=60))
def test_whatever_stands_in_a_gap_stays_on_the_device(saying: str, secret: str) -> None:
    """No text gets out by being quoted in a line that is known."""
    line = saying.replace("%s", f"Q7{secret}7Q")
    line = line.replace("%i", "E-BOOT-PINS")
    for gap, example in (("%d", "7"), ("%n", "7.5"), ("%x", "00ff"), ("%t", "2026-05-01")):
        line = line.replace(gap, example)
    assert "Q7" not in (EVERY(line) or "")


def test_no_known_word_is_a_plate_or_a_key() -> None:
    """Words of programs: none holds a digit beside capital letters, as plates do."""
    assert all(len(word) <= 40 for word in VOCABULARY)
    words = {word for word in VOCABULARY if not word.startswith("E-BOOT-")}
    assert not any(word.isupper() and any(map(str.isdigit, word)) for word in words)
