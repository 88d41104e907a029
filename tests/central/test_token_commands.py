"""`scanner central device token`, `code`, `cancel`, `tokens`, and places signed by file."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509

from scanner.__main__ import USAGE
from scanner.central.log_folder import receipt_key
from scanner.core.city_pin import read_pin
from scanner.core.offer import is_code, make_offer, read_card
from scanner.core.place import Place, read_place
from scanner.core.policy import Checkpoint
from tests.central.desk import read_picture
from tests.central.reporter import Reporter
from tests.central.test_devices import URL, City, answered

DOOR = "https://records.city.example:8444"


@pytest.fixture
def city(tmp_path: Path, ledger_url: str) -> City:
    """A folder in which nothing was done yet."""
    folder = tmp_path / "central"
    folder.mkdir()
    return City(folder, ledger_url)


def authority(city: City) -> x509.Certificate:
    return x509.load_pem_x509_certificate((city.folder / "log/ca.crt").read_bytes())


def test_card_is_drawn_as_a_camera_reads_it(city: City, capsys: pytest.CaptureFixture[str]) -> None:
    """The picture holds what is printed; its fingerprint is that of this city."""
    picture = city.folder / "card.png"
    assert city.do("device", "token", "north-3", "--url", URL, "--enrol-url", DOOR,
                   "--out", picture) == 0  # fmt: skip
    out, err = capsys.readouterr()
    assert read_picture(picture) == [out.strip().encode()]
    offer = read_card(out.strip().encode())
    assert (offer.url, is_code(offer.token)) == (DOOR, False)
    assert offer.pin.matches(authority(city))
    assert err == "The card for north-3 is good until 2020-05-06 12:00Z.\n"


def test_line_to_be_typed_is_whole(city: City, capsys: pytest.CaptureFixture[str]) -> None:
    """Address, code and fingerprint, as `scanner enrol` takes them; addresses are remembered."""
    city.do("device", "token", "first", "--url", URL, "--enrol-url", DOOR)
    capsys.readouterr()
    assert city.do("device", "code", "north-3") == 0
    out, err = capsys.readouterr()
    program, command, *words = out.split()
    named = dict(zip(words[::2], words[1::2], strict=True))
    assert (program, command, err) == (
        "scanner", "enrol", "Type this on the device before 12:15Z.\n",
    )  # fmt: skip
    offer = make_offer(named["--url"], named["--code"], named["--ca"])
    assert (offer.url, is_code(offer.token)) == (DOOR, True)
    assert read_pin(named["--ca"]).matches(authority(city))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "--url https://HOST:PORT"),
        (["--url", URL], "--enrol-url https://HOST:PORT"),
        (["--url", URL, "--enrol-url", "http://a"], "no plain https address"),
        (["--url", URL, "--enrol-url", DOOR, "--lists-url", "file:///a"], "Correct where"),
        (["--url", URL, "--enrol-url", DOOR, "--out", "card.gif"], "neither in .png nor in .svg"),
    ],
)
def test_card_that_would_be_of_no_use_is_not_made(
    words: list[str], says: str, city: City, capsys: pytest.CaptureFixture[str]
) -> None:
    """No token waits for a device that could not come."""
    assert city.do("device", "token", "north-3", *words) == USAGE
    assert says in capsys.readouterr().err
    city.do("device", "tokens")
    assert capsys.readouterr().out == "No card and no code was made.\n"


def test_lost_card_is_cancelled(city: City, capsys: pytest.CaptureFixture[str]) -> None:
    """By the name of its checkpoint, and it is in the audit."""
    city.do("device", "token", "north-3", "--url", URL, "--enrol-url", DOOR)
    assert city.do("device", "cancel", "north-3") == 0
    assert city.do("device", "cancel", "north-3") == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "Cancelled: 1.", "Nothing waits for north-3.",
    ]  # fmt: skip
    city.do("log", "audit")
    said = [line.split()[3:] for line in capsys.readouterr().out.splitlines()]
    assert said == [["card", "name", "north-3"], ["cancelled", "name", "north-3"]]


def test_place_is_signed_by_file_too(city: City) -> None:
    """And kept for the renewal, which need not name it."""
    gate = Reporter()
    city.enrol(gate, "--url", URL, "--checkpoint", "north-3", "--zone", "7", "--asks-card",
               "--lists-url", "https://lists.example/")  # fmt: skip
    wanted = Place(Checkpoint("north-3", 7, asks_card=True), "https://lists.example/")
    for _ in range(2):
        answer = answered(city.enrol(gate)[1], gate)
        assert (
            read_place(answer.place, receipt_key(city.folder).public_key(), gate.device) == wanted
        )


def test_device_without_a_place_is_answered_as_before(city: City) -> None:
    """So that a device of an older release can take it."""
    gate = Reporter()
    (city.folder / "fleet.key").write_text("AGE-SECRET-KEY-1EXAMPLE\n")
    answer = answered(city.enrol(gate, "--url", URL)[1], gate)
    assert (answer.place, answer.fleet_key) == (b"", b"")
