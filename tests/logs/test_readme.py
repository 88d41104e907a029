"""The README for supervisors: its commands are run in order, and say what stands there."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from scanner.__main__ import run
from scanner.assembly.clock import ClockProbe
from scanner.core.clock import ClockReading
from scanner.core.signed_log import public_bytes
from scanner.core.time_bounds import TimeBounds
from scanner.core.time_memory import TimeMemory
from scanner.logs.keys import load_keys
from tests import city
from tests.assembly.kept import MORNING, a_state
from tests.journeys.booth import install

README = Path(__file__).parents[2] / "scanner/logs/README.md"
AT = "2020-04-30T09:00:00Z"

# What differs in each run: keys, devices, epochs.
CHANGING = re.compile(r"[0-9a-f]{64}|[0-9a-f]{16}")


def blocks() -> list[tuple[str, str]]:
    """Each command of the README with the output below it."""
    consoles = re.findall(r"```console\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    parts = (part for console in consoles for part in console.split("$ ")[1:])
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a copy of a device's state folder, and a stick; the time is that morning."""
    now, memory = ClockReading.exact(MORNING), TimeMemory(TimeBounds())
    probe = ClockProbe(now, None, memory, None, None, has_rtc=False)
    monkeypatch.setattr("scanner.assembly.logs.probe_clock", lambda _: probe)
    monkeypatch.chdir(tmp_path)
    a_state(tmp_path / "bridge")
    (tmp_path / "stick").mkdir()
    return tmp_path


def test_commands_say_what_the_readme_shows(desk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """From the first export to the case: every line of output, but for keys and devices."""
    shown = []
    for command, output in blocks():
        said = say(shlex.split(command), capfd)
        shown.append(f"$ {command}\n{said}")
        assert CHANGING.sub("…", said) == CHANGING.sub("…", output), "".join(shown)
    assert {path.name for path in desk.iterdir()} >= {"bridge.jsonl", "monday.html", "anna.age"}


def say(words: list[str], capfd: pytest.CaptureFixture[str]) -> str:
    """Output and errors of one line, as a shell would print them."""
    match words:
        case ["scanner", "logs", "request", *rest]:
            run(["logs", "request", "--at", AT, *rest])
            trust(Path("anna.key"), Path("bridge"))
        case ["scanner", "logs", *rest]:
            found = [sorted(Path().glob(word)) if "*" in word else [word] for word in rest]
            run(["logs", *(str(word) for words in found for word in words)])
        case _:
            raise AssertionError(f"the README holds a command that is not known: {words}")
    out, err = capfd.readouterr()
    return out + err


def trust(key: Path, state: Path) -> None:
    """The city puts the key into the policy, and the device has synced."""
    public = public_bytes(load_keys(key, lambda: "").signing).hex()
    policy = {
        "version": 4,
        "time_zone": "Europe/Moscow",
        "supervisors": [{"name": "Anna", "ed25519": public}],
    }
    targets = city.targets()
    del targets["policy-3"]
    install(state, {**targets, "policy-4": json.dumps(policy).encode()})
