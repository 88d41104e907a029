"""What the reader of a boot file leaves to root, and what root takes of it."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.assembly.first_boot import consider
from scanner.boot import placing
from scanner.boot.order import Order, leave_order, read_order
from scanner.boot.partition import RESULT
from scanner.boot.placing import ANSWER, carry_out, read_answer
from scanner.boot.reasons import FILE
from scanner.boot.taking import KEYFILE, Places
from scanner.boot.wifi import Wifi
from scanner.core.clock import ClockReading
from scanner.core.errors import StoreError
from scanner.store.pending import OFFER_FILE
from tests.boot.mistakes import GOOD

NOW = ClockReading.exact(datetime(2020, 4, 29, 20, 0, tzinfo=UTC))
WIFI = Wifi(" Café;=\\", "a=b #c  ", "DE", True)
PASSWORD = "correct horse"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the order lies; the answer is put beside it."""
    return tmp_path / "unit/order"


@pytest.fixture
def places(tmp_path: Path, folder: Path) -> Places:
    """Of a device on which nothing was done yet, but that its radio is off."""
    (tmp_path / "state").mkdir()
    folder.parent.mkdir()
    (tmp_path / "radio").write_text("[main]\nNetworkingEnabled=true\nWirelessEnabled=false\n")
    return Places(*(tmp_path / n for n in ("etc", "network", "modprobe", "state", "radio")))


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    """A partition with a file in order."""
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot" / FILE).write_text(GOOD)
    return tmp_path / "boot"


@pytest.mark.parametrize(
    "order",
    [
        Order(),
        Order("zone = 7\n", WIFI, "version = 1\n", "OK taken", 1),
        Order(wifi=Wifi("x", None, "GB", False), blinks=7),
    ],
)
def test_order_arrives_as_it_was_left(order: Order, folder: Path, places: Places) -> None:
    """Each part of it, or that it stays as it is; an older one is gone."""
    leave_order(Order("other", WIFI, "other", "other", 3), folder)
    leave_order(order, folder)
    assert read_order(folder) == order
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {0o644}  # root has no right to read what is the scanner's alone


@pytest.mark.parametrize(
    "words",
    [
        "6162\nopen\nFalse\nDE\ninstall cfg80211 /bin/sh",
        "6162\nopen\nFalse\nDE\r",
        "6162\nopen\nFalse\nde",
        "6162\nopen\nmaybe\nDE",
        "6162\npassword short\nFalse\nDE",
        "6162\nkey longenough\x1b\nFalse\nDE",
        "0a\nopen\nFalse\nDE",
        "zz\nopen\nFalse\nDE",
        "",
    ],
)
def test_wifi_that_says_more_is_not_taken(words: str, folder: Path, places: Places) -> None:
    """What NetworkManager and modprobe obey with root's rights is made of checked words alone."""
    leave_order(Order("zone = 7\n"), folder)
    (folder / "wifi").write_text(words, newline="")
    with pytest.raises(StoreError, match="nothing was placed"):
        read_order(folder)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "large", "bytes", "signal", "none"])
def test_order_of_another_kind_is_not_taken(kind: str, folder: Path, places: Places) -> None:
    """Root follows no link, waits for no pipe and copies nothing that is no text."""
    leave_order(Order(), folder)
    planted = folder / "settings"
    match kind:
        case "link":
            planted.symlink_to("/etc/shadow")
        case "pipe":
            os.mkfifo(planted)
        case "folder":
            planted.mkdir()
        case "large":
            planted.write_bytes(b"#" * 70_000)
        case "bytes":
            planted.write_bytes(b"\xff")
        case "signal":
            (folder / "signal").write_text("8")
        case _:
            folder = folder.with_name("elsewhere")
            folder.symlink_to(places.state)
    with pytest.raises(StoreError):
        read_order(folder)


def test_reader_writes_nothing_but_the_offer(boot: Path, places: Places, folder: Path) -> None:
    """It needs no right but to its own state; the rest waits for root, who then has all of it."""
    outcome, order = consider(boot, places, NOW)
    assert not places.etc.exists()
    assert os.listdir(places.state) == [OFFER_FILE]
    assert os.listdir(boot) == [FILE]
    leave_order(order, folder)
    assert placing.main(["--boot", str(boot)], folder, places) == 0
    assert read_answer(folder) == ""
    assert f"psk={PASSWORD}" in (places.network / KEYFILE).read_text()
    assert PASSWORD not in (boot / FILE).read_text()
    assert (boot / RESULT).read_text() == f"{outcome.line}\n"


def test_radio_is_switched_on_with_a_network(places: Places, boot: Path) -> None:
    """Images come with it off until a country is known; what else stands there stays."""
    assert places.radio is not None
    carry_out(Order(settings="zone = 7\n"), places, None)
    assert "WirelessEnabled=false" in places.radio.read_text()
    carry_out(Order(wifi=WIFI), places, None)
    assert places.radio.read_text() == "[main]\nNetworkingEnabled=true\nWirelessEnabled=true\n"
    places.radio.unlink()
    assert carry_out(Order(wifi=WIFI), places, None) == ""


def test_full_disk_is_told_where_the_order_was_to_be(
    boot: Path, places: Places, folder: Path
) -> None:
    """Beside the file and to whoever has the lamps; secrets stay for the next try."""
    _, order = consider(boot, places, NOW)
    leave_order(order, folder)
    places.etc.write_text("no folder")
    assert placing.main(["--boot", str(boot)], folder, places) == 0
    assert read_answer(folder).startswith("E-BOOT-WRITE")
    assert (boot / RESULT).read_text().startswith("E-BOOT-WRITE")
    assert PASSWORD in (boot / FILE).read_text()


def test_without_an_order_root_does_nothing(
    folder: Path, places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nobody takes it for done."""
    assert placing.main([], folder, places) == placing.FAILED
    assert "Start the device again" in capsys.readouterr().err
    with pytest.raises(StoreError, match="has not placed"):
        read_answer(folder)


def test_answer_is_no_way_to_write_elsewhere(folder: Path, places: Places) -> None:
    """A link in its place is removed, and not followed."""
    target = places.state / "precious"
    target.write_text("precious")
    (folder.parent / ANSWER).symlink_to(target)
    leave_order(Order(), folder)
    assert placing.main([], folder, places) == 0
    assert (target.read_text(), read_answer(folder)) == ("precious", "")


def test_order_that_cannot_be_left_is_an_error(folder: Path, places: Places) -> None:
    """A full /tmp, for instance."""
    folder.parent.chmod(0o700)
    (folder.with_name("order.part")).write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        leave_order(Order(), folder)
