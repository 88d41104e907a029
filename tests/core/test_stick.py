"""Names on the stick of a box."""

from __future__ import annotations

import pytest

from scanner.core.errors import EnrolmentError
from scanner.core.stick import check_mark, mark, one_line, read_serial


def test_stick_is_known_by_its_mark() -> None:
    """Of this form; of a later one the scanner must be updated."""
    check_mark(mark())
    with pytest.raises(EnrolmentError, match="Update the scanner"):
        check_mark(b'{"scanner_stick": 2}')


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"scanner_stick": "1"}'])
def test_another_stick_is_left_alone(raw: bytes) -> None:
    """Photos of a holiday are no settings."""
    with pytest.raises(EnrolmentError, match="this is none"):
        check_mark(raw)


def test_serial_is_read_as_the_device_tree_has_it() -> None:
    """With a zero byte at its end, in any case."""
    assert read_serial(b"10000000ABCDEF01\0") == "10000000abcdef01"


@pytest.mark.parametrize("raw", [b"", b"\0", b"0000", b"../../etc/passwd", b"x" * 16, b"0" * 33])
def test_board_without_a_serial_is_told(raw: bytes) -> None:
    """What would be no name of a file is none."""
    with pytest.raises(EnrolmentError, match="by card or code"):
        read_serial(raw)


def test_reason_is_one_line() -> None:
    """Whatever an error has said."""
    assert one_line("a\nb\x1b[31m" + "c" * 900) == "a b [31m" + "c" * 392
