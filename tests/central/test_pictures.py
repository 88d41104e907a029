"""Codes as pictures: read back by the reader of the checkpoint."""

from __future__ import annotations

import importlib
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner.central.errors import CentralError
from scanner.central.render import modules, save, to_png, to_svg, to_terminal
from scanner.vision.decode import decode
from tests import city

TEXT = city.issue().decode()


def test_png_is_read_by_the_checkpoint() -> None:
    """The picture holds the text, byte by byte, with the caption under the code."""
    image = cv2.imdecode(np.frombuffer(to_png(TEXT, "0400-0001-RM45-FFZS-B"), np.uint8), 0)
    assert image is not None
    assert decode(np.asarray(image, np.uint8)) == [TEXT.encode()]
    assert image.shape[0] > image.shape[1]
    assert image[-40:].min() < 100  # letters


def test_code_is_as_small_as_the_format_promises() -> None:
    """Alphanumeric mode at level M, not boosted: version 8 for this short pass."""
    assert (len(modules(TEXT)) - 17) // 4 == 8


def test_svg_has_the_same_modules() -> None:
    """Drawn from its rectangles, the SVG is the same code; the caption is a text."""
    svg = to_svg(TEXT, "caption")
    root = ElementTree.fromstring(svg)
    path = root.find("{*}path")
    words = root.find("{*}text")
    assert path is not None
    assert words is not None
    assert words.text == "caption"
    code = modules(TEXT)
    drawn = np.zeros_like(code)
    for part in path.attrib["d"].split("M")[1:]:
        x, y = part.partition("h")[0].split()
        drawn[int(y) - 4, int(x) - 4] = 1
    assert (drawn == code).all()


def test_terminal_code_is_blocks() -> None:
    """Two rows of modules a line."""
    lines = to_terminal(TEXT).splitlines()
    assert len(lines) >= len(modules(TEXT)) // 2


def test_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """A pass is somebody's; others on the computer cannot read its picture."""
    path = tmp_path / "pass.png"
    save(TEXT, "", path)
    assert path.stat().st_mode & 0o077 == 0


def test_other_endings_are_refused(tmp_path: Path) -> None:
    """The ending says which picture is wanted."""
    with pytest.raises(CentralError, match="neither in"):
        save(TEXT, "", tmp_path / "pass.gif")


def test_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without segno the command says what to install."""
    monkeypatch.setitem(sys.modules, "segno", None)
    monkeypatch.delitem(sys.modules, "scanner.central.render")
    with pytest.raises(CentralError, match=r"checkpoint-scanner\[central\]"):
        importlib.import_module("scanner.central.render")
