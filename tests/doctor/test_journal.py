"""Journal and kernel, as far as they may leave the device."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from scanner.doctor.journal import read_journal, read_kernel, run_program

SECOND = 1_000_000
AT = 1_777_636_800 * SECOND  # 2026-05-01 12:00 UTC


def entry(message: object, unit: str = "scanner.service", at: int = AT) -> str:
    """As journalctl --output=json has it."""
    row = {"__REALTIME_TIMESTAMP": str(at), "_SYSTEMD_UNIT": unit, "MESSAGE": message}
    return json.dumps(row)


def lines(*entries: str) -> list[str]:
    return list(read_journal(lambda _: "\n".join(entries)))


def test_known_line_is_told_by_minute_and_unit() -> None:
    """Seconds would tell when somebody came by."""
    told = lines(entry("a check failed: ValueError", at=AT + 59 * SECOND))
    assert told == ["2026-05-01 12:00Z scanner.service: a check failed: ValueError"]


def test_line_that_is_not_known_is_only_counted() -> None:
    """Also one that is no text, as journald gives what is not UTF-8."""
    told = lines(entry("work PASS OK 5 ms"), entry([77, 80]), entry("clock: later"))
    assert told == [
        "2026-05-01 12:00Z scanner.service: clock: …",
        "scanner.service: 2 lines were left out",
    ]


def test_line_of_systemd_belongs_to_the_unit_it_speaks_of() -> None:
    """It comes from init.scope."""
    row = json.loads(entry("Stopped scanner.service - Checkpoint scanner.", "init.scope"))
    (told,) = lines(json.dumps(row | {"UNIT": "scanner.service"}))
    assert told == "2026-05-01 12:00Z scanner.service: Stopped scanner.service - …"


def test_stick_is_told_without_its_name() -> None:
    """Each has an instance of its own."""
    (told,) = lines(entry("clock: x", "scanner-stick@CANARY.service"))
    assert told == "2026-05-01 12:00Z scanner-stick@.service: clock: …"


def test_other_units_and_broken_entries_are_not_told() -> None:
    """Nothing of them, not even a count."""
    broken = ["{", "[]", "7", json.dumps({"MESSAGE": "clock: x"}), entry("clock: x", at=10**40)]
    assert lines(entry("clock: x", "NetworkManager.service"), *broken) == []


def test_same_line_again_and_again_is_one() -> None:
    """A fault of each minute does not hide the others."""
    told = lines(*[entry("clock: x")] * 3)
    assert told == ["2026-05-01 12:00Z scanner.service: clock: … (3 times)"]


def test_journal_is_asked_for_the_units_alone() -> None:
    """Two days, and not without an end."""
    asked: list[str] = []

    def run(command: Sequence[str]) -> str:
        asked.extend(command)
        return ""

    list(read_journal(run))
    assert asked[0] == "journalctl"
    assert {"--unit=scanner.service", "--since=-2d", "--lines=5000"} <= set(asked)


def test_kernel_tells_of_usb_and_power() -> None:
    """By seconds since the boot; lines about anything else stay."""
    raw = (
        "[    5.100000] usb 1-1: USB disconnect, device number 3\n"
        "[   12.500000] hwmon hwmon1: Undervoltage detected!\n"
        "[   13.000000] wlan0: associated with SECRET\n"
        "no stamp: USB disconnect\n"
    )
    assert list(read_kernel(lambda _: raw)) == [
        "5 s: usb 1-1: USB disconnect, device number 3",
        "12 s: hwmon hwmon1: Undervoltage detected!",
    ]


def test_what_may_not_be_read_is_told() -> None:
    """An empty file would look like good news."""
    assert list(read_kernel(lambda _: "")) == [
        "dmesg cannot be read by this user, or holds nothing"
    ]
    assert list(read_journal(lambda _: "")) == [
        "the journal cannot be read by this user, or holds nothing"
    ]


@pytest.mark.parametrize("command", [["/nowhere/journalctl"], ["false"]])
def test_program_that_fails_says_nothing(command: list[str]) -> None:
    """A laptop has no journal."""
    assert run_program(command) == ""


def test_output_of_a_program_is_taken() -> None:
    """Bytes that are no text are marked."""
    assert run_program(["printf", "a\\377b"]) == "a\ufffdb"
