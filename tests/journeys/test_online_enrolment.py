"""From a city's card to a device of its own: the shipped server, its commands, real TLS."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner.__main__ import USAGE
from scanner.assembly.card_reader import _is_trigger_held
from scanner.assembly.clock import open_known_time
from scanner.assembly.place import standing_of
from scanner.commands.enrol import LATER
from scanner.config import PinsTable, Settings
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.time_bounds import NEVER_SET
from scanner.store.device_key import device_id, provide_device_key
from scanner.store.enrolment import FLEET_KEY_FILE, read_enrolment
from tests.central.test_serve_log import Serving, serving
from tests.faults.lossy_link import lossy_link
from tests.journeys.shell import FLEET_KEY, Shell, door


def picture(text: str, folder: Path) -> Path:
    """A folder of frames that shows this code, as a camera would see a printed card."""
    from scanner.central.render import modules

    code = np.where(modules(text) > 0, 0, 255).astype(np.uint8)
    framed = cv2.copyMakeBorder(code, 8, 8, 20, 20, cv2.BORDER_CONSTANT, value=(255,))
    folder.mkdir()
    cv2.imwrite(str(folder / "card.png"), np.kron(framed, np.ones((6, 6), np.uint8)))
    return folder


def config(shell: Shell, frames: Path) -> Path:
    path = shell.folder / "simulated.toml"
    path.write_text(f'camera.source = "dir:{frames}"\npins.factory = "mock"\n')
    return path


def test_card_before_the_camera_enrols(shell: Shell, server: Serving) -> None:
    """With its place, its limits, the lists' address and the fleet key, all by one code."""
    card = shell.card("north-3", door(server), "--zone", "7", "--asks-plate", "--lists-url",
                      "https://lists.example/", "--capacity-mb", "128")  # fmt: skip
    settings = config(shell, picture(card, shell.folder / "frames"))
    code, out, err = shell.scanner("enrol", "--config", settings, "--state", shell.state())
    assert (code, err) == (0, "")
    assert f"Device {device_id(provide_device_key(shell.state()))} is enrolled" in out
    standing = standing_of(Settings(), shell.state())
    assert (standing.checkpoint.id, standing.checkpoint.zone) == ("north-3", 7)
    assert (standing.checkpoint.asks_plate, standing.checkpoint.asks_card) == (True, False)
    assert (standing.lists, standing.capacity) == ("https://lists.example/", 128 << 20)
    assert (shell.state() / FLEET_KEY_FILE).read_text() == FLEET_KEY


def test_device_that_stands_alone_goes_by_its_own_settings(shell: Shell, server: Serving) -> None:
    """Also when it was enrolled before."""
    shell.scanner("enrol", *shell.typed("north-3", door(server))[1:], "--state", shell.state())
    alone = Settings(standalone=True)
    assert standing_of(Settings(), shell.state()).checkpoint.id == "north-3"
    assert standing_of(alone, shell.state()).checkpoint.id == "checkpoint"


def test_enrolled_device_looks_at_no_card(shell: Shell, server: Serving) -> None:
    """A code that somebody holds up must not move a checkpoint to another city."""
    shell.scanner("enrol", *shell.typed("north-3", door(server))[1:], "--state", shell.state())
    card = shell.card("north-4", door(server))
    settings = config(shell, picture(card, shell.folder / "frames"))
    code, _, err = shell.scanner("enrol", "--config", settings, "--state", shell.state())
    assert (code, "Hold the trigger" in err) == (USAGE, True)
    assert standing_of(Settings(), shell.state()).checkpoint.id == "north-3"


def test_held_trigger_moves_a_device_to_another_city(
    shell: Shell, server: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stands before it with a card and a finger on its button may."""
    shell.scanner("enrol", *shell.typed("north-3", door(server))[1:], "--state", shell.state())
    before = read_enrolment(shell.state())
    other = Shell(tmp_path, tmp_path / "other", shell.capfd)
    other.central.mkdir()
    with serving(other.central, "--enrol-port", "0") as its_server:
        card = other.card("south-1", door(its_server))
        settings = config(shell, picture(card, shell.folder / "frames"))
        monkeypatch.setattr("scanner.assembly.card_reader._is_trigger_held", lambda settings: True)
        words = ("enrol", "--config", settings, "--state", shell.state())
        assert shell.scanner(*words)[0] == 0
    after = read_enrolment(shell.state())
    assert before is not None
    assert after is not None
    assert (after.ca, after.receipt_key) != (before.ca, before.receipt_key)
    assert standing_of(Settings(), shell.state()).checkpoint.id == "south-1"


@pytest.mark.parametrize("trigger", [22, None])
def test_trigger_that_nobody_holds_is_not_held(trigger: int | None) -> None:
    """Nor is one that is not wired."""
    pins = PinsTable(factory="mock", trigger=trigger)
    assert not _is_trigger_held(Settings(pins=pins))


def test_typed_line_enrols_and_a_code_is_good_once(shell: Shell, server: Serving) -> None:
    """As the city's screen shows it; the same device may repeat it, another may not."""
    line = shell.typed("north-3", door(server))
    assert shell.scanner(*line, "--state", shell.state())[0] == 0
    assert shell.scanner(*line, "--state", shell.state())[0] == 0
    code, _, err = shell.scanner(*line, "--state", shell.state("other"))
    assert (code, "This one was used" in err) == (USAGE, True)
    assert read_enrolment(shell.state("other")) is None


def test_lost_answer_burns_nothing(shell: Shell, server: Serving) -> None:
    """The city has enrolled the device, the device does not know; it asks again."""
    with lossy_link(door(server)) as link:
        link.losing = 2
        line = shell.typed("north-3", link.port)
        for _ in range(2):
            code, _, err = shell.scanner(*line, "--state", shell.state())
            assert (code, "Check the network" in err or "Wait" in err) == (LATER, True)
            assert read_enrolment(shell.state()) is None
        assert link.lost == 2
        assert len(shell.city("device", "list").splitlines()) == 1
        assert shell.scanner(*line, "--state", shell.state())[0] == 0
    assert read_enrolment(shell.state()) is not None


@pytest.mark.parametrize("way", ["code", "boot file"])
def test_board_without_a_clock_is_enrolled(
    way: str, shell: Shell, server: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It thinks that it is 1970; the answer tells it the time."""
    booted = ClockReading(NEVER_SET, None, ClockLevel.C)
    monkeypatch.setattr("scanner.assembly.enrolling.own_clock", lambda state: lambda: booted)
    shell.state().mkdir()
    if way == "code":
        assert (
            shell.scanner(*shell.typed("north-3", door(server)), "--state", shell.state())[0] == 0
        )
    else:
        shell.boot(shell.card("north-3", door(server)), "--at", "1970-01-01T00:02:00Z")
        assert shell.scanner("enrol", "--pending", "--state", shell.state())[0] == 0
    with closing(open_known_time(shell.state())) as known:
        assert known.load().bounds.floor.year >= 2026


def test_wrong_fingerprint_gives_nothing_away(shell: Shell, server: Serving) -> None:
    """The code is still good afterwards, for the right one."""
    line = shell.typed("north-3", door(server))
    wrong = [*line[:-1], "0000-0000-0000-0000"]
    code, _, err = shell.scanner(*wrong, "--state", shell.state())
    assert (code, "Nothing was sent to it" in err) == (USAGE, True)
    assert "waiting" in shell.city("device", "tokens")
    assert shell.scanner(*line, "--state", shell.state())[0] == 0


def test_fingerprint_may_come_as_a_file(shell: Shell, server: Serving) -> None:
    """The certificate of the city, copied from its server."""
    line = [*shell.typed("north-3", door(server))[:-1], shell.central / "log/ca.crt"]
    assert shell.scanner(*line, "--state", shell.state())[0] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--url", "https://a.example"], "Give both --url and --code"),
        (["--code", "7K3F-9QXD"], "Give both --url and --code"),
        (["--url", "https://a.example", "--code", "7K3F-9QXD"], "Give --ca too"),
        (["--url", "http://a.example", "--code", "7K3F-9QXD", "--ca", "0000"], "https://"),
    ],
)
def test_half_a_line_is_told(words: list[str], says: str, shell: Shell) -> None:
    """Nothing is asked of anybody."""
    code, _, err = shell.scanner("enrol", *words, "--state", shell.state())
    assert (code, says in err) == (USAGE, True)


def test_options_before_a_subcommand_are_not_swallowed(shell: Shell) -> None:
    """A request must not be made in another state folder than the one that was named."""
    code, _, err = shell.scanner("enrol", "--state", shell.state(), "request", shell.folder / "r")
    assert (code, "Write options after `request`" in err) == (USAGE, True)
    assert not (shell.folder / "r").exists()
