"""What the READMEs print is what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.docs import BLOCK, BLOCKS, FILES, ROOT, renewed


def _readmes() -> list[Path]:
    """Ours, and not those of installed packages."""
    return [path for folder in (ROOT, *ROOT.glob("[a-z]*/")) for path in folder.glob("README.md")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_printed_blocks_are_up_to_date(path: Path) -> None:
    """Tables and help texts are those of the code; `python -m tests.house.docs` renews them."""
    text = path.read_text("utf-8")
    assert renewed(text) == text


def test_every_block_stands_in_a_readme() -> None:
    """Nothing that can be printed is forgotten, and a changed block would be found."""
    found = {match[2] for path in FILES for match in BLOCK.finditer(path.read_text("utf-8"))}
    assert found == set(BLOCKS)
    assert renewed("<!-- printed: lights -->\nold\n<!-- end -->") != (
        "<!-- printed: lights -->\nold\n<!-- end -->"
    )


@pytest.mark.parametrize("path", _readmes(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link and picture of a README exists."""
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", path.read_text("utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target
