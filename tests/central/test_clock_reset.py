"""`scanner central clock-reset`: signed by the sticks, numbered, and read as devices read it."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.__main__ import run
from scanner.central.city import open_city
from scanner.central.clock_reset import reset_clocks
from scanner.central.errors import CentralError
from scanner.core.clock_reset import ClockReset, parse_clock_reset
from tests.central.conftest import means
from tests.central.device import Device
from tests.city import NOW

DAY, LATER = timedelta(days=1), NOW + timedelta(minutes=10)


def test_reset_is_a_target_of_the_sticks(central: Path, device: Device) -> None:
    """It stands in the role that two of three sticks sign, and not with the online lists."""
    with open_city(central, means(LATER)) as city:
        assert reset_clocks(city, NOW) == ClockReset(1, NOW.astimezone(UTC))
    body = device.look(LATER)["clock-reset-1"]
    assert parse_clock_reset("clock-reset-1", body).floor == NOW
    assert "clock-reset-1" in device.role("targets").targets


def test_next_reset_has_the_next_number(central: Path, device: Device) -> None:
    """It takes the place of the one before, whatever else was signed in between."""
    for number, at in enumerate((NOW, LATER), start=1):
        with open_city(central, means(at)) as city:
            assert reset_clocks(city, at).number == number
            city.publish()
            city.sign(lambda documents, edition: documents.set_rules([]))
    names = [name for name in device.look(LATER) if name.startswith("clock-reset")]
    assert names == ["clock-reset-2"]


@pytest.mark.parametrize("at", [LATER + timedelta(seconds=1), LATER - 30 * DAY])
def test_reset_that_devices_would_not_take_is_not_signed(central: Path, at: datetime) -> None:
    """A time to come, or one so old that its life is over."""
    with open_city(central, means(LATER)) as city:
        with pytest.raises(CentralError, match="last 30 days"):
            reset_clocks(city, at)
        assert city.repository.state().names("clock-reset-") == []


def test_reset_needs_two_sticks(central: Path) -> None:
    """One is told which others are wanted, and nothing is published."""
    with open_city(central, means(LATER)) as city:
        before = city.repository.state().timestamp.signed.version
    (central / "offline").rename(central / "safe")
    with open_city(central, means(LATER, central / "safe/stick-1")) as city:
        with pytest.raises(CentralError, match="targets is signed by 2 of 3"):
            reset_clocks(city, NOW)
        assert city.repository.state().timestamp.signed.version == before


def test_command_says_what_it_signed(
    central: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Number and time; without --yes it asks first."""
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    words = ["central", "--dir", str(central), "--at", LATER.isoformat(), "clock-reset"]
    assert run([*words, NOW.isoformat()]) == 130
    assert run([*words, NOW.isoformat(), "--yes"]) == 0
    out, _ = capfd.readouterr()
    assert "clock-reset-1 is signed: not earlier than 2020-04-29 09:30:00Z." in out
