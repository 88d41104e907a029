"""A boot file enrols without a hand; what is refused, and what is only late."""

from __future__ import annotations

import re
from pathlib import Path

from scanner.__main__ import USAGE
from scanner.commands.enrol import LATER
from scanner.store.device_key import device_id, provide_device_key
from scanner.store.pending import OFFER_FILE, RESULT_FILE
from tests.central.test_serve_log import Serving, serving
from tests.journeys.shell import Shell, door


def test_boot_file_enrols_without_a_hand(shell: Shell, server: Serving) -> None:
    """Taken by root, asked by the scanner's user, and how it went stands beside the file."""
    shell.state().mkdir()
    code, out, _ = shell.boot(shell.card("north-3", door(server)))
    assert (code, "asking the city" in out) == (0, True)
    code, out, _ = shell.scanner("enrol", "--pending", "--state", shell.state())
    assert (code, "is enrolled with" in out) == (0, True)
    assert not (shell.state() / OFFER_FILE).exists()
    assert shell.start()[0] == 0
    assert shell.told() == "OK This device is enrolled: of this file only [wifi] counts.\n"
    assert (
        shell.scanner("enrol", "--pending", "--state", shell.state())[1] == "Nothing is pending.\n"
    )


def test_boot_file_waits_for_the_network(shell: Shell) -> None:
    """The offer is kept, the reason is told, and the next try goes on."""
    shell.state().mkdir()
    with serving(shell.central, "--enrol-port", "0") as server:
        shell.boot(shell.card("north-3", door(server)))
    assert shell.scanner("enrol", "--pending", "--state", shell.state())[0] == LATER
    assert shell.start()[0] == USAGE
    assert shell.told().startswith("E-ENROL-NETWORK Check the network")
    with serving(shell.central, "--enrol-port", str(door(server))):
        assert shell.scanner("enrol", "--pending", "--state", shell.state())[0] == 0
    assert not (shell.state() / RESULT_FILE).exists()


def test_refused_boot_file_is_told_and_forgotten(shell: Shell, server: Serving) -> None:
    """A card that was cancelled lets nobody in, however often it is tried."""
    shell.state().mkdir()
    shell.boot(shell.card("north-3", door(server)))
    shell.city("device", "cancel", "north-3")
    assert shell.scanner("enrol", "--pending", "--state", shell.state())[0] == USAGE
    assert not (shell.state() / OFFER_FILE).exists()
    shell.start()
    assert re.match("E-ENROL-REFUSED Have a new card .* cancelled", shell.told())


def test_impostor_does_not_make_a_device_forget_its_card(shell: Shell, tmp_path: Path) -> None:
    """Who answers in the city's place is told as such; the city itself is asked again."""
    shell.state().mkdir()
    with serving(shell.central, "--enrol-port", "0") as server:
        port = door(server)
        shell.boot(shell.card("north-3", port))
    thief = tmp_path / "thief"
    thief.mkdir()
    with serving(thief, "--enrol-port", str(port)):
        assert shell.scanner("enrol", "--pending", "--state", shell.state())[0] == USAGE
    shell.start()
    assert shell.told().startswith("E-ENROL-CITY Stop and tell the city's people")
    with serving(shell.central, "--enrol-port", str(port)):
        assert shell.scanner("enrol", "--pending", "--state", shell.state())[0] == 0


def test_revoked_device_is_told_at_the_door(shell: Shell, server: Serving) -> None:
    """And comes in again only by the hand that lets it."""
    assert shell.scanner(*shell.typed("a", door(server)), "--state", shell.state())[0] == 0
    device = device_id(provide_device_key(shell.state()))
    shell.city("device", "revoke", device)
    code, _, err = shell.scanner(*shell.typed("b", door(server)), "--state", shell.state())
    assert (code, "this device was revoked" in err) == (USAGE, True)
