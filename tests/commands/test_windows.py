"""Windows of a pass as people write them."""

from __future__ import annotations

import pytest

from scanner.commands.windows import parse_window


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("mon-fri/06:00-22:00", [31, 360, 1320]),
        ("daily/22:00-06:00", [127, 1320, 360]),
        ("SAT,SUN/0:00-24:00", [96, 0, 1440]),
        ("sat-mon/8:30-9:05", [97, 510, 545]),
        ("wed/12:00-12:01", [4, 720, 721]),
        ("sun-sat/00:00-00:00", [127, 0, 0]),
    ],
)
def test_window_is_read(text: str, window: list[int]) -> None:
    """Days as a mask with Monday first, minutes of the day; past Sunday and midnight too."""
    assert parse_window(text) == window


@pytest.mark.parametrize(
    "text",
    ["", "mon", "mon/6-22", "mon/06:00", "mon/24:01-25:00", "mon/12:60-13:00", "mo/06:00-07:00",
     "mon-/06:00-07:00", "daily,mon/06:00-07:00", "mon 06:00-07:00"],
)  # fmt: skip
def test_what_is_no_window_is_refused(text: str) -> None:
    """A slip never becomes another window."""
    with pytest.raises(ValueError, match=r"day|window"):
        parse_window(text)
