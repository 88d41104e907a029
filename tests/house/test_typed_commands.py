"""Every command that a README tells somebody to type exists, with its options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from scanner.cli import scanner

ROOT = Path(__file__).resolve().parents[2]
README = sorted(
    path
    for path in ROOT.rglob("README.md")
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
# What may stand before it on a device or a desk, and in examples with their output.
TYPED = re.compile(
    r"^(?:\$ )?(?:sudo )?(?:-u scanner )?(?:\S*/bin/)?scanner (?P<words>[\w-]+(?: [^`\n#]*)?)",
    re.MULTILINE,
)
FENCE = re.compile(r"```\w*\n(?P<code>[\s\S]*?)```")
SPAN = re.compile(r"`(?P<code>[^`]+)`")
CONTINUED = re.compile(r"\\\n\s*")


def typed(text: str) -> Iterator[list[str]]:
    """The words after `scanner` of each command in a README: in fences, spans, indented lines."""
    fences = [CONTINUED.sub(" ", match["code"]) for match in FENCE.finditer(text)]
    rest = FENCE.sub("", text)
    spans = [" ".join(match["code"].split()) for match in SPAN.finditer(rest)]
    indented = [line.strip() for line in rest.splitlines() if line.startswith("    ")]
    for code in (*fences, *spans, *indented):
        for match in TYPED.finditer(code):
            yield match["words"].split(" && ")[0].split(" | ")[0].split()


def wrong(words: list[str]) -> str | None:
    """What of a command does not exist; None: nothing."""
    command: click.Command = scanner
    context = click.Context(command)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            return None if command is not scanner and _may_be_argument(words[0]) else words[0]
        command, words = found, words[1:]
    known = {option for each in command.params for option in each.opts} | {"--help", "--version"}
    used = [word.partition("=")[0].rstrip(".,;:)") for word in words if word.startswith("--")]
    return next((option for option in used if option not in known), None)


def _may_be_argument(word: str) -> bool:
    """A group that is named alone, with dots or a place holder behind it."""
    return not word.islower()


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", README, ids=named)
def test_commands_of_readmes_exist(path: Path) -> None:
    """A technician who types what stands there meets no "no such option"."""
    commands = list(typed(path.read_text("utf-8")))
    assert [f"scanner {' '.join(words)}" for words in commands if wrong(words)] == []


def test_command_that_does_not_exist_would_be_found() -> None:
    """Nor would a wrong option, or a wrong command of a group."""
    text = "```\nsudo scanner nurse\n$ scanner fleet lend x\n```\nand `scanner doctor --fast`"
    assert [wrong(words) for words in typed(text)] == ["nurse", "lend", "--fast"]
    assert [wrong(words) for words in typed("`scanner doctor --only wiring`")] == [None]
