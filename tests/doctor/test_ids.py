"""What the checks say and what the table lists are the same ids."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from scanner.doctor.ids import IDS
from scanner.doctor.parts import BY_NAME

DOCTOR = Path(__file__).parents[2] / "scanner" / "doctor"
# What stands before the words of a fault on the screen; doctor tells of these under other names.
FAULT_CODE = re.compile(r"^E-[A-Z]+(-[A-Z]+)*$")


def ids_in(path: Path) -> set[str]:
    """Every text of a file that is an id and nothing else."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    texts = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return {text for text in texts if isinstance(text, str) and FAULT_CODE.match(text)}


def test_table_lists_every_id_and_no_other() -> None:
    """A new finding gets its line, and a line without a finding goes."""
    said = {id_ for path in DOCTOR.glob("*.py") if path.stem != "ids" for id_ in ids_in(path)}
    assert {known.id for known in IDS} == said


def test_each_id_stands_there_once() -> None:
    """And belongs to a part that can be named."""
    assert len({known.id for known in IDS}) == len(IDS)
    assert {known.part for known in IDS} == {*BY_NAME, "any"}
