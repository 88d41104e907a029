"""What a process loads when it starts: memory and seconds on a small board."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# The parts of `scanner run` in the process of the loop; the reader is a process of its own.
LOOP = (
    "scanner.assembly.device", "scanner.checkpoint", "scanner.config", "scanner.display",
    "scanner.ports", "scanner.vision.link", "scanner.vision.session", "scanner.store.given",
    "scanner.store.outbox", "scanner.store.state", "scanner.store.trust_list", "hardware.camera",
    "hardware.capture", "hardware.clock", "hardware.indicator", "hardware.pins", "scanner.notify",
)  # fmt: skip
NETWORK = {
    "http.client", "urllib.request", "ssl", "asyncio", "requests", "urllib3", "httpx", "starlette",
    "uvicorn", "tuf", "sqlite_utils", "click_default_group",
}  # fmt: skip
# What only the reader process, a command beside the loop or the central server needs.
ELSEWHERE = {
    "zxingcpp", "pyzbar", "pyrage", "segno", "scanner.vision.decode", "scanner.vision.engines",
    "scanner.vision.parent", "scanner.store.migrations", "scanner.store.schema",
    "scanner.sync.bundle", "scanner.demo.journey", "scanner.commands.demo", "scanner.central.issue",
}  # fmt: skip
# 3.7 MB of a second OpenSSL, and 2.5 MB that read SSH keys; `scanner.core.hashing` says more.
# (A wipe, which is the last thing the process does, may load them.)
SECOND_COPIES = {"hashlib", "hmac", "_hashlib", "cryptography.hazmat.primitives.serialization"}
PICTURES = {"cv2", "numpy", "zxingcpp", "pyzbar", "gpiozero", "cryptography", "sqlite3"}

RUN_COMMAND = """
import contextlib, io, json, sys
import scanner.__main__ as program
with contextlib.redirect_stdout(io.StringIO()):
    code = program.run({arguments!r})
assert code == 0, code
print(json.dumps(sorted(sys.modules)))
"""
MIGRATE = """
import pathlib, sys
from scanner.store.migrations import migrate
migrate(pathlib.Path(sys.argv[1]))
"""
IMPORT = """
import importlib, json, sys
for name in {names!r}:
    importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""


def modules_after(program: str, checkout: Path) -> set[str]:
    """The modules that a fresh interpreter holds when this program has run."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]], ids=" ".join)
def test_help_loads_no_pictures_and_no_stores(arguments: list[str], checkout: Path) -> None:
    """Asking for help costs no picture library, no pins, no cryptography and no database."""
    loaded = modules_after(RUN_COMMAND.format(arguments=arguments), checkout)
    assert loaded & (PICTURES | NETWORK) == set()


def test_loop_loads_no_network(checkout: Path) -> None:
    """The process of the loop holds no HTTP client, web framework, TUF or migration library."""
    loaded = modules_after(IMPORT.format(names=LOOP), checkout)
    assert loaded & NETWORK == set()


def test_loop_loads_no_second_cryptography(checkout: Path) -> None:
    """What signs, verifies and hashes in the process of the loop is one library, loaded once."""
    loaded = modules_after(IMPORT.format(names=LOOP), checkout)
    assert loaded & SECOND_COPIES == set()


def test_loop_that_has_scanned_holds_nothing_of_its_neighbours(
    checkout: Path, tmp_path: Path
) -> None:
    """`scanner run` from start to end: no network, no decoder, no migrations, no demo."""
    frames = tmp_path / "frames"
    frames.mkdir()
    shutil.copy(checkout / "sample_codes/work-night.png", frames)
    config = tmp_path / "checkpoint.toml"
    config.write_text(f'camera.source = "dir:{frames}"\npins.factory = "mock"\n')
    state = str(tmp_path / "state")
    subprocess.run([sys.executable, "-c", MIGRATE, state], cwd=checkout, check=True)
    moment = ["--simulate", "--at", "2020-04-29T09:00:00+03:00"]
    arguments = ["run", "--config", str(config), "--state", state, *moment]
    loaded = modules_after(RUN_COMMAND.format(arguments=arguments), checkout)
    assert {"scanner.checkpoint", "hardware.indicator", "scanner.vision.link"} <= loaded
    assert loaded & (NETWORK | ELSEWHERE | SECOND_COPIES) == set()


def test_start_that_finds_all_up_to_date_loads_no_migration_library(
    checkout: Path, tmp_path: Path
) -> None:
    """`scanner migrate` comes before each start: once all is made it is a look into three files."""
    state = str(tmp_path / "state")
    subprocess.run([sys.executable, "-c", MIGRATE, state], cwd=checkout, check=True)
    command = RUN_COMMAND.format(arguments=["migrate", "--state", state])
    loaded = modules_after(command, checkout)
    assert "scanner.store.migrations" in loaded
    assert loaded & {"sqlite_utils", "numpy", "dateutil", "scanner.store.schema"} == set()


def test_core_loads_no_machine(checkout: Path) -> None:
    """The core can be imported whole without pictures, pins, sockets or a database."""
    core = [f"scanner.core.{path.stem}" for path in (checkout / "scanner/core").glob("*.py")]
    loaded = modules_after(IMPORT.format(names=core), checkout)
    assert loaded & (NETWORK | PICTURES - {"cryptography"}) == set()
