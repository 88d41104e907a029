"""`scanner sync` and `scanner status`, as a technician runs them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest

from scanner.store.migrations import migrate
from scanner.store.state import StateStore
from scanner.store.writer import read_notes
from tests import city
from tests.commands.conftest import Run
from tests.sync.repository import Repository, delta

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def fleet_key(tmp_path: Path) -> tuple[Path, pyrage.x25519.Recipient]:
    """The file that every device holds, and what the city encrypts to."""
    identity = pyrage.x25519.Identity.generate()
    path = tmp_path / "fleet.key"
    path.write_text(str(identity))
    return path, identity.to_public()


@pytest.fixture
def repository(tmp_path: Path, fleet_key: tuple[Path, pyrage.x25519.Recipient]) -> Repository:
    files = city.targets()
    files["holders-1"] = pyrage.encrypt(files["holders-1"], [fleet_key[1]])
    return Repository(tmp_path / "repository", _today()).put(files).publish()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def _today() -> datetime:
    """The clock of these commands is that of the computer; floors are below it."""
    return datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def first(scanner: Run, repository: Repository, state: Path, fleet_key: tuple[Path, object]) -> Run:
    """A device that has synced once from the folder."""
    root = repository.folder / "metadata/1.root.json"
    arguments = ("--state", state, "--from", repository.folder)
    code, out, err = scanner("sync", *arguments, "--root", root, "--fleet-key", fleet_key[0])
    assert (code, err) == (0, "")
    assert "status-7: version 2" in out
    assert "holders: version 1" in out
    return scanner


def test_sync_installs_and_says_what(first: Run, repository: Repository, state: Path) -> None:
    """The second run needs no root, and finds nothing new."""
    code, out, _ = first("sync", "--state", state, "--from", repository.folder)
    assert code == 0
    assert "Nothing has changed" in out


def test_device_that_trusts_nobody_says_what_it_needs(
    scanner: Run, repository: Repository, state: Path
) -> None:
    """No root was given: nothing is fetched, and the first sentences say what to do."""
    code, _, err = scanner("sync", "--state", state, "--from", repository.folder)
    assert code == 64
    assert "--root FILE" in err


def test_file_that_is_no_root_is_refused(scanner: Run, repository: Repository, state: Path) -> None:
    """A timestamp taken for the root, and a root that too few have signed."""
    for name in ("timestamp.json", "1.targets.json"):
        path = repository.folder / "metadata" / name
        arguments = ("--state", state, "--from", repository.folder, "--root", path)
        code, _, err = scanner("sync", *arguments)
        assert code == 64
        assert "no root" in err
    assert not (state / "tuf/root.json").exists()


def test_held_change_is_told_by_sync_status_and_doctor(
    first: Run, repository: Repository, state: Path
) -> None:
    """What, how much, and what to do."""
    attack = delta(2, 3, range(1000, 9000))
    repository.put(attack).publish(_today() + 5 * MINUTE)
    code, out, _ = first("sync", "--state", state, "--from", repository.folder)
    assert code == 1
    assert "d-7-2-3 is held: 8000 entries taken back" in out
    assert "held: status-7: d-7-2-3" in first("status", "--state", state)[1]
    _, out, _ = first("doctor", "--state", state, "--only", "lists", "--json")
    found = {row["id"]: row for row in map(json.loads, out.splitlines())}
    assert found["E-LIST-HELD"]["grade"] == "warning"
    assert "approve" in found["E-LIST-HELD"]["fix"]


def test_status_in_json_has_versions_clock_keys_and_space(first: Run, state: Path) -> None:
    """For whoever looks after many devices."""
    code, out, _ = first("status", "--state", state, "--json")
    told = json.loads(out)
    assert code == 0
    versions = {each["name"]: each["version"] for each in told["lists"]}
    assert versions == {
        "holders": 1, "ids": 1, "keys": 1, "policy": 3, "rules": 1, "status-7": 2,
    }  # fmt: skip
    assert [key["kid"] for key in told["keys"]] == [city.KEY.kid.hex()]
    assert told["clock"]["level"] in "ABC"
    assert told["held"] == told["faults"] == []
    assert told["space"]["free_bytes"] > 0


def test_refusal_is_kept_until_a_run_goes_well(
    first: Run, repository: Repository, state: Path
) -> None:
    """Status shows why the last run failed; a good run clears it."""
    good = (repository.folder / "metadata/timestamp.json").read_bytes()
    (repository.folder / "metadata/timestamp.json").write_text("{}")
    code, _, err = first("sync", "--state", state, "--from", repository.folder)
    assert code == 64
    assert "Tell the issuer" in err
    assert "fault: " in first("status", "--state", state)[1]
    (repository.folder / "metadata/timestamp.json").write_bytes(good)
    assert first("sync", "--state", state, "--from", repository.folder)[0] == 0
    assert read_notes(state).faults == ()


def test_time_of_a_stick_is_the_floor_of_the_clock(
    scanner: Run, repository: Repository, state: Path, tmp_path: Path
) -> None:
    """Signed offline, it says that it cannot be earlier."""
    stick = repository.bundle(tmp_path / "stick", _today())
    root = repository.folder / "metadata/1.root.json"
    scanner("sync", "--state", state, "--from", stick, "--root", root)
    floors = StateStore(state)
    assert floors.floor("time") == int(_today().timestamp())
    floors.close()


def test_settings_name_server_and_root(
    scanner: Run, repository: Repository, state: Path, tmp_path: Path
) -> None:
    """A timer gives no arguments."""
    config = tmp_path / "checkpoint.toml"
    root = repository.folder / "metadata/1.root.json"
    config.write_text(f'[updates]\nurl = "{repository.folder}"\nroot = "{root}"\n')
    code, out, _ = scanner("sync", "--config", config, "--state", state)
    assert code == 1  # no fleet key
    assert "status-7: version 2" in out
    config.write_text("")
    code, _, err = scanner("sync", "--config", config, "--state", state)
    assert code == 64
    assert "updates.url" in err


def test_status_without_lists_says_what_to_do(scanner: Run, state: Path) -> None:
    """A device fresh from the box."""
    migrate(state)
    code, out, _ = scanner("status", "--state", state)
    assert code == 0
    assert "scanner sync" in out


def test_device_that_stands_alone_has_nothing_to_fetch(
    scanner: Run, state: Path, tmp_path: Path
) -> None:
    """Its timer runs all the same, and that is no failure; any other device must name a source."""
    settings = tmp_path / "checkpoint.toml"
    settings.write_text("standalone = true\n")
    code, out, _ = scanner("sync", "--state", state, "--config", settings)
    assert (code, "stands alone" in out) == (0, True)
    settings.write_text("standalone = false\n")
    code, _, err = scanner("sync", "--state", state, "--config", settings)
    assert (code, "Name a source" in err) == (64, True)
