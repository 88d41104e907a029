"""The README of the city's side: its commands are run in order, and say what stands there."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from scanner.__main__ import run

README = Path(__file__).parents[2] / "scanner/central/README.md"
AT = "2026-11-24T12:00:00Z"

# What differs in each run: keys, printed ids, sizes of what is encrypted or signed.
CHANGING = re.compile(r"[0-9a-f]{16}|(?<=printed id )[-0-9A-Z*~$=]+|[\d,]+(?= bytes)")


def blocks() -> list[tuple[str, str]]:
    """Each command of the README with the output below it."""
    consoles = re.findall(r"```console\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    parts = (part for console in consoles for part in console.split("$ ")[1:])
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


def test_commands_say_what_the_readme_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """From the founding to the rule: every line of output, but for keys and sizes."""
    monkeypatch.chdir(tmp_path)
    for command, output in blocks():
        shown = say(shlex.split(command), capfd)
        assert CHANGING.sub("…", shown) == CHANGING.sub("…", output), command


def say(words: list[str], capfd: pytest.CaptureFixture[str]) -> str:
    """Output and errors of one line, as a shell would print them."""
    match words:
        case ["scanner", "central", *rest]:
            *rest, into = rest if ">" in rest else [*rest, ""]
            arguments = [word for word in rest if word != ">"]
            run(["central", "--at", AT, *arguments])
            out, err = capfd.readouterr()
            if into:
                Path(into).write_text(out, "utf-8")
                return ""
            return out + err
        case ["scanner", "enrol", *rest]:
            run(["enrol", *rest])
            return capfd.readouterr().out
        case ["mv", source, target]:
            shutil.move(source, target)
            return ""
        case ["ls", folder]:
            return "".join(f"{path.name}\n" for path in sorted(Path(folder).iterdir()))
    raise AssertionError(f"the README holds a command that is not known: {words}")
