"""The support bundle: said before it is written, never over another file, whole or not at all."""

from __future__ import annotations

import errno
import json
import stat
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from scanner.config import parse_settings
from scanner.core.errors import ConfigError
from scanner.doctor import bundle, particulars
from scanner.doctor.bundle import Member, Sources, contents, members, write_bundle
from scanner.doctor.finding import Finding, Grade
from scanner.doctor.parts import BY_NAME, Part
from scanner.doctor.power import MODEL
from scanner.doctor.subject import Subject
from scanner.store.device_key import provide_device_key
from scanner.store.migrations import migrate
from tests.doctor.test_units import Systemd
from tests.sync.sealed import SealedDevice

NOTHING = Sources(systemctl=lambda _: None, run=lambda _: "", parts=(BY_NAME["config"],))


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    """A device with databases and settings."""
    migrate(tmp_path / "state")
    provide_device_key(tmp_path / "state")
    (tmp_path / "x.toml").write_text('standalone = true\n[pins]\nfactory = "mock"\n')
    return Subject(tmp_path / "x.toml", tmp_path / "state")


def written(out: Path, chosen: Iterable[Member]) -> dict[str, str]:
    """File → its text."""
    write_bundle(out, chosen)
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_every_file_of_the_bundle_is_announced(subject: Subject, tmp_path: Path) -> None:
    """On the screen before, and again inside."""
    chosen = members(subject, NOTHING)
    files = written(tmp_path / "b.zip", chosen)
    assert set(files) == {"README.txt", *(member.name for member in chosen)}
    said = list(contents(chosen))
    assert all(any(member.name in line for line in said) for member in chosen)
    assert files["README.txt"].splitlines() == said
    assert "passes" in said[-1]


def test_bundle_is_for_its_owner_alone(subject: Subject, tmp_path: Path) -> None:
    """Mode 0600: it is still about a device."""
    write_bundle(tmp_path / "b.zip", members(subject, NOTHING))
    assert stat.S_IMODE((tmp_path / "b.zip").stat().st_mode) == 0o600


def test_full_disk_leaves_no_half_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words of doctor, not a broken zip."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bundle, "_add", full)
    with pytest.raises(ConfigError, match=r"^Make room for the bundle"):
        write_bundle(tmp_path / "b.zip", ())
    assert not (tmp_path / "b.zip").exists()


def test_broken_part_spoils_its_own_file_only(tmp_path: Path) -> None:
    """A device that is well needs no bundle; of an error only the kind is told."""

    def crash() -> Iterator[str]:
        yield "half"
        raise ValueError("SECRET")

    chosen = (Member("a.txt", "", crash), Member("b.txt", "", lambda: ["fine"]))
    files = written(tmp_path / "b.zip", chosen)
    assert files["a.txt"] == "not to be had: ValueError\n"
    assert files["b.txt"] == "fine\n"


def test_findings_go_without_what_they_quote(subject: Subject, tmp_path: Path) -> None:
    """Id and grade always, words where they are of this program."""

    def look(_: Subject) -> Iterator[Finding]:
        yield Finding("E-SPACE", Grade.WARNING, "12 MB free", "Free some.")
        yield Finding("E-SERVER", Grade.WARNING, "https://user:secret@city: no", "Look.")

    sources = Sources(lambda _: None, lambda _: "", (Part("config", look),))
    files = written(tmp_path / "b.zip", members(subject, sources))
    assert [json.loads(line) for line in files["doctor.jsonl"].splitlines()] == [
        {"id": "E-SPACE", "grade": "warning", "found": "12 MB free"},
        {"id": "E-SERVER", "grade": "warning"},
    ]


def test_texts_of_the_settings_stay() -> None:
    """Numbers, yes or no, and choices from a list go; a text is only said to be set."""
    settings = parse_settings(
        'fleet_key = "/secret"\n[checkpoint]\nid = "north-3"\nzone = 7\n[pins]\namber = 23\n'
        '[updates]\nurl = "https://user:secret@city/"\n',
        "x.toml",
    )
    shape = json.loads(json.dumps(particulars.settings_shape(settings)))
    assert shape["checkpoint"] | {"id": "set", "zone": 7} == shape["checkpoint"]
    assert (shape["fleet_key"], shape["updates"]["url"]) == ("set", "set")
    assert shape["updates"]["root"] is None
    assert (shape["pins"]["factory"], shape["pins"]["amber"]) == ("lgpio", 23)
    assert "secret" not in json.dumps(shape)
    assert "north" not in json.dumps(shape)


def test_units_are_told_in_the_words_of_systemd(subject: Subject, tmp_path: Path) -> None:
    """State, result, and how often it was started again."""
    systemd = Systemd(scanner={"ActiveState": "failed", "Result": "watchdog", "NRestarts": "4"})
    sources = Sources(systemd, lambda _: "", ())
    told = json.loads(written(tmp_path / "b.zip", members(subject, sources))["units.json"])
    assert (
        told["scanner.service"] | {"Result": "watchdog", "restarts": 4} == told["scanner.service"]
    )


def test_end_of_the_chain_can_be_found_at_the_city(tmp_path: Path) -> None:
    """Number, link and what waits; nothing of a record but how many there were."""
    state = tmp_path / "state"
    migrate(state)
    device = SealedDevice(state, provide_device_key(state).private_bytes_raw())
    device.scan(3)
    device.seal(whole=True)
    told = json.loads(json.dumps(particulars.scan_log(state)))
    device.close()
    assert (told["number"], told["next_seq"], len(told["link"])) == (1, 4, 64)
    assert told["upload"]["records_wait"] == 3
    assert len(told["histogram"]) == 16


def test_versions_name_board_and_system(tmp_path: Path) -> None:
    """Of the system its name and release, and nothing that somebody else has written there."""
    (tmp_path / MODEL).parent.mkdir(parents=True)
    (tmp_path / MODEL).write_text("Raspberry Pi 4 Model B Rev 1.4\0")
    (tmp_path / "os").write_text('PRETTY_NAME="SECRET"\nID=debian\nVERSION_ID="13"\n')
    told = particulars.versions(tmp_path / "os", tmp_path)
    assert told["board"] == "Raspberry Pi 4 Model B Rev 1.4"
    assert told["system"] == {"ID": "debian", "VERSION_ID": "13"}
