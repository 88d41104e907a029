"""Where the device stands, read by its loop from the city's answer."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.__main__ import UNCONFIGURED, run
from scanner.assembly.place import PlaceWatch, check_configured, standing_of
from scanner.commands import sync as sync_command
from scanner.config import CheckpointTable, LogTable, Settings, UpdatesTable
from scanner.core.enrolment import encode_answer
from scanner.core.errors import NotConfiguredError, StoreError
from scanner.core.place import Place, sign_place
from scanner.core.policy import Checkpoint
from scanner.core.signed_log import public_bytes
from scanner.store.migrations import migrate
from scanner.store.place import ENROLMENT_FILE, read_own_place
from scanner.store.whole_file import write_whole
from tests.store.test_enrolment import answered

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PLACE = Place(Checkpoint("north-3", 7), "https://lists.example/", 128)
OWN = Settings(
    checkpoint=CheckpointTable(id="own", zone=1),
    updates=UpdatesTable(url="/media/lists"),
    log=LogTable(capacity_mb=32),
)


def enrol(folder: Path, place: Place | None = PLACE, /, **members: Any) -> None:
    """As if an answer with this place had been kept; members: changed in the file."""
    answer = replace(answered(folder), receipt_key=public_bytes(KEY))
    if place is not None:
        answer = replace(answer, place=sign_place(KEY, answer.device, place, 9))
    (folder / ENROLMENT_FILE).write_text(json.dumps(json.loads(encode_answer(answer)) | members))


def test_signed_place_goes_before_the_own_settings(tmp_path: Path) -> None:
    """Checkpoint, lists and limits; who can write the settings cannot move the device."""
    enrol(tmp_path)
    standing = standing_of(OWN, tmp_path)
    assert standing.checkpoint == PLACE.checkpoint
    assert (standing.lists, standing.capacity) == (PLACE.lists, 128 << 20)


def test_what_the_city_has_not_said_is_as_the_settings_say(tmp_path: Path) -> None:
    """A folder of lists and the room of the log."""
    enrol(tmp_path, Place(Checkpoint("north-3")))
    standing = standing_of(OWN, tmp_path)
    assert (standing.lists, standing.capacity) == ("/media/lists", 32 << 20)


@pytest.mark.parametrize("is_enrolled", [False, True])
def test_without_a_signed_place_the_settings_count(is_enrolled: bool, tmp_path: Path) -> None:
    """Before the enrolment, and after one by a city that says nothing of it."""
    if is_enrolled:
        enrol(tmp_path, None)
    assert read_own_place(tmp_path) is None
    assert standing_of(OWN, tmp_path).checkpoint == Checkpoint("own", 1)


def test_device_of_nobody_does_not_scan(tmp_path: Path) -> None:
    """Nobody has signed the zone that its settings name, and none would let every zone through."""
    migrate(tmp_path)
    with pytest.raises(NotConfiguredError, match="Enrol this device, or set standalone = true"):
        check_configured(OWN, tmp_path)
    check_configured(Settings(standalone=True), tmp_path)
    enrol(tmp_path, None)
    check_configured(OWN, tmp_path)


def test_device_of_nobody_ends_with_not_configured(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Before a lamp is lit or a camera opened; the exit code is doctor's."""
    (tmp_path / "x.toml").write_text("[checkpoint]\nzone = 7\n")
    migrate(tmp_path)
    words = ["run", "--config", str(tmp_path / "x.toml"), "--state", str(tmp_path)]
    assert run(words) == UNCONFIGURED
    assert "Enrol this device, or set standalone = true" in capfd.readouterr().err


OTHER = sign_place(KEY, bytes(8), PLACE, 9)


@pytest.mark.parametrize(
    "members",
    [
        {"place": b64encode(OTHER).decode()},
        {"place": "?"},
        {"place": 7},
        {"receipt_key": "00" * 32},
        {"receipt_key": "00"},
        {"receipt_key": None},
        {"device": "zz"},
    ],
)
def test_damaged_place_is_an_error(members: dict[str, object], tmp_path: Path) -> None:
    """Never "no zone", which would let every zone through."""
    enrol(tmp_path, **members)
    with pytest.raises(StoreError, match="accept the answer again"):
        standing_of(OWN, tmp_path)
    assert standing_of(Settings(standalone=True), tmp_path).checkpoint.id == "checkpoint"


@pytest.mark.parametrize("raw", [b"", b"[]", b"\xff", b'{"place": "AA==", "place": ""}'])
def test_damaged_file_is_an_error(raw: bytes, tmp_path: Path) -> None:
    """As above."""
    (tmp_path / ENROLMENT_FILE).write_bytes(raw)
    with pytest.raises(StoreError, match="accept the answer again"):
        read_own_place(tmp_path)


def test_loop_learns_that_the_city_has_spoken(tmp_path: Path) -> None:
    """At its enrolment and at each renewal; not when the answer goes with the regime."""
    watch = PlaceWatch(tmp_path)
    assert not watch.has_moved()
    enrol(tmp_path)
    assert watch.has_moved()
    watch = PlaceWatch(tmp_path)
    assert not watch.has_moved()
    write_whole(tmp_path / ENROLMENT_FILE, (tmp_path / ENROLMENT_FILE).read_bytes())
    assert watch.has_moved()
    (tmp_path / ENROLMENT_FILE).unlink()
    assert not watch.has_moved()


def test_sync_asks_where_the_city_has_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the fleet key that came with the enrolment; both may be named otherwise."""
    enrol(tmp_path)
    (tmp_path / "fleet.key").write_text("AGE-SECRET-KEY-1")
    config = tmp_path / "checkpoint.toml"
    config.write_text("")
    asked = list[Any]()

    def sync_lists(sync: Any, progress: Any) -> Any:
        asked.append(sync)
        raise StoreError("enough")

    monkeypatch.setattr("scanner.assembly.sync.sync_lists", sync_lists)
    words = ["--config", str(config), "--state", str(tmp_path)]
    for more in ([], ["--from", "/media/usb"]):
        with pytest.raises(StoreError):
            sync_command.command.main([*words, *more], standalone_mode=False)
    assert [each.source for each in asked] == [PLACE.lists, "/media/usb"]
    assert {each.fleet_key for each in asked} == {tmp_path / "fleet.key"}
