"""The unit of a stick for many devices: it can say that it is done; the scanner goes on after."""

from __future__ import annotations

from tests.systemd.units import lines


def commands(key: str) -> list[str]:
    """Without the signs before them."""
    return [value.lstrip("-+") for name, value in lines("scanner-stick@.service") if name == key]


def test_lamps_are_free_when_the_stick_is_taken() -> None:
    """The second time the scanner runs and has them: nobody would hear the beep to pull it out."""
    assert commands("ExecStartPre") == [
        "/usr/bin/systemctl stop scanner.service scanner-fault.service"
    ]
    (start,) = commands("ExecStart")
    assert "-m scanner fleet plug /run/scanner-stick" in start
    assert any("start --no-block scanner.service" in each for each in commands("ExecStopPost"))


def test_stick_of_another_kind_stops_nobody() -> None:
    """Conditions come before: a stick without the device's papers leaves the scanner alone."""
    keys = [key for key, _ in lines("scanner-stick@.service") if key.startswith("Exec")]
    assert commands("ExecCondition")[-1].endswith("test -e /run/scanner-stick/stick.json")
    assert keys.index("ExecStartPre") > max(
        place for place, key in enumerate(keys) if key == "ExecCondition"
    )
