"""A checkpoint for every test of the loop."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pyrage
import pytest

from scanner.__main__ import run
from scanner.ports import Lists
from scanner.store.migrations import migrate
from tests import city
from tests.central.test_serve_log import Serving, serving
from tests.journeys.booth import Booth, MakeBooth, install
from tests.journeys.box import TABLE, Box
from tests.journeys.follower import Follower
from tests.journeys.shell import FLEET_KEY, Shell
from tests.sync.repository import Repository


@pytest.fixture(scope="session")
def city_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with the lists of the city; to be copied, not used."""
    state = tmp_path_factory.mktemp("city") / "state"
    migrate(state)
    install(state, city.targets())
    return state


@pytest.fixture
def make_booth(city_state: Path, tmp_path: Path) -> Iterator[MakeBooth]:
    """make_booth(lists=…) → a checkpoint with stores of its own."""
    made: list[Booth] = []

    def make(lists: Lists | None = None) -> Booth:
        state = tmp_path / f"state{len(made)}"
        shutil.copytree(city_state, state)
        made.append(Booth(state, lists))
        return made[-1]

    yield make
    for booth in made:
        booth.close()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files of this process and of its children go."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    for name in ("TMPDIR", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture
def booth(make_booth: MakeBooth) -> Booth:
    return make_booth()


@pytest.fixture
def fleet_key(tmp_path: Path) -> Path:
    """The file that opens the holder list."""
    path = tmp_path / "fleet.key"
    path.write_text(str(pyrage.x25519.Identity.generate()))
    return path


@pytest.fixture
def found_city(tmp_path: Path, fleet_key: Path) -> Callable[[datetime], Repository]:
    """The city's lists, published for the first time at a moment."""

    def found(at: datetime) -> Repository:
        recipient = pyrage.x25519.Identity.from_str(fleet_key.read_text()).to_public()
        files = {
            name: pyrage.encrypt(body, [recipient]) if name.startswith("holders-") else body
            for name, body in city.targets().items()
        }
        return Repository(tmp_path / "repository", at).put(files).publish()

    return found


@pytest.fixture
def follower(
    tmp_path: Path, repository: Repository, fleet_key: Path, capfd: pytest.CaptureFixture[str]
) -> Follower:
    """A new device, which has not synced yet; `repository` is the test's own."""

    def scanner(*arguments: object) -> tuple[int, str, str]:
        code = run([str(argument) for argument in arguments])
        return (code, *capfd.readouterr())

    root = repository.folder / "metadata/1.root.json"
    return Follower(scanner, tmp_path / "state", root, fleet_key)


@pytest.fixture
def shell(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Shell:
    """A city that was founded elsewhere, and a device that belongs to nobody."""
    central = tmp_path / "central"
    central.mkdir()
    (central / "fleet.key").write_text(FLEET_KEY)
    return Shell(tmp_path, central, capfd)


@pytest.fixture
def server(shell: Shell) -> Iterator[Serving]:
    """`scanner central serve` that lets devices in."""
    with serving(shell.central, "--enrol-port", "0") as running:
        yield running


@pytest.fixture
def box(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Box:
    """A city that was founded elsewhere, and two devices to be."""
    (tmp_path / "central").mkdir()
    (tmp_path / "central/fleet.key").write_text("AGE-SECRET-KEY-1EXAMPLE\n")
    (tmp_path / "devices.csv").write_text(TABLE)
    return Box(tmp_path, capfd)
