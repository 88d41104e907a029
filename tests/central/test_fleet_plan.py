"""devices.csv: every row is checked before anything is made of any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.central.fleet_plan import READERS, RowError, read_plan

HEAD = "name,serial,zone,asks_plate,camera,sound,wifi_ssid,wifi_password,wifi_country"
GOOD = "north-1,10000000ABCDEF01,7,yes,usb:/dev/video0,piezo,Gate,secret123,DE"
SOURCE = "devices.csv"


def test_row_becomes_a_device() -> None:
    """Its place is the city's to sign, its wires and network go into its boot file."""
    (row,) = read_plan(f"{HEAD}\n{GOOD}\n".encode(), SOURCE)
    assert (row.line, row.name, row.serial) == (2, "north-1", "10000000abcdef01")
    assert row.place == {"checkpoint": "north-1", "zone": 7, "asks_plate": True}
    assert row.settings == {
        "camera": {"source": "usb:/dev/video0"}, "pins": {"sound": "piezo"},
        "wifi": {"ssid": "Gate", "password": "secret123", "country": "DE"},
    }  # fmt: skip


@pytest.mark.parametrize(
    "raw",
    [
        b"name\nnorth-1\n",
        b"\xef\xbb\xbfname\r\nnorth-1\r\n\r\n",
        b"name;zone\nnorth-1;\n",
        b'"Name"\n"north-1"\n',
        b"name,zone\nnorth-1\n",
    ],
    ids=["one column", "from Excel", "semicolons", "quotes", "short row"],
)
def test_table_is_read_as_programs_write_it(raw: bytes) -> None:
    """Whatever stands between the cells, and where nothing stands the default holds."""
    (row,) = read_plan(raw, SOURCE)
    assert row.place == {"checkpoint": "north-1"}


def test_network_without_a_password_is_open() -> None:
    """As the table says, and no password is made up."""
    (row,) = read_plan(b"name,wifi_ssid,wifi_country\na,Gate,DE\n", SOURCE)
    assert row.settings["wifi"] == {"ssid": "Gate", "country": "DE", "open": True}


@pytest.mark.parametrize(
    ("old", "new", "column", "fix"),
    [
        ("north-1", "north 1", "name", "no spaces"),
        ("north-1", "../north", "name", "no spaces"),
        ("north-1", "", "name", "write the name"),
        ("10000000ABCDEF01", "serial", "serial", "hex digits"),
        (",7,", ",70000,", "zone", "0 to 65535"),
        (",7,", ",seven,", "zone", "a whole number"),
        (",7,", ",-1,", "zone", "a whole number"),
        (",yes,", ",maybe,", "asks_plate", "yes or no"),
        ("usb:/dev/video0", "webcam", "camera", "usb:/dev/v4l/by-id"),
        ("piezo", "loud", "sound", "active or piezo"),
        ("Gate", "G" * 33, "wifi_ssid", "at most 32 bytes"),
        ("Gate", "", "wifi_ssid", "or no Wi-Fi"),
        ("secret123", "short", "wifi_password", "8 to 63"),
        (",DE", ",Germany", "wifi_country", "two capital letters"),
        (",DE", ",", "wifi_country", "or no Wi-Fi"),
    ],
)
def test_wrong_cell_names_line_column_and_fix(old: str, new: str, column: str, fix: str) -> None:
    """So that it can be corrected where it stands; the password is not repeated."""
    bad = GOOD.replace(old, new, 1)
    with pytest.raises(RowError) as caught:
        read_plan(f"{HEAD}\nsouth,,,,,,,,\n{bad}\n".encode(), SOURCE)
    said = str(caught.value)
    assert said.startswith(f"{SOURCE}, line 3, column {column}: ")
    assert fix in said
    assert "secret123" not in said


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "the column name is missing"),
        (b"zone\n1\n", "the column name is missing"),
        (b"name,colour\na,red\n", "no column 'colour'"),
        (b"name,name\na,b\n", "twice"),
        (b"name\n\n", "names no device"),
        (b"name\na,b\n", "line 2: 2 cells"),
        (b'name\n"a\n', "close the quotes"),
        (b"name\na\nb\nA\n", "line 4, column name: line 2 has it already"),
        (b"name,serial\na,00000001\nb,00000001\n", "line 3, column serial: line 2"),
        ("name\nПост".encode("cp1251"), "is not UTF-8"),
        (b"name\n" + b"a" * (1 << 20), "more than 1048576 bytes"),
        (b"name\n" + b"".join(b"d%d\n" % n for n in range(10_001)), "more than 10000 devices"),
    ],
)
def test_wrong_table_is_told(raw: bytes, says: str) -> None:
    """With the file's name, and what to do."""
    with pytest.raises(RowError) as caught:
        read_plan(raw, SOURCE)
    assert str(caught.value).startswith(SOURCE)
    assert says in str(caught.value)


def error_in(raw: bytes) -> str:
    """What is wrong with a table; "" for nothing."""
    try:
        read_plan(raw, SOURCE)
    except RowError as error:
        return str(error)
    return ""


@given(st.text(max_size=80), st.sampled_from(sorted(READERS)))
def test_any_cell_is_taken_or_named(cell: str, column: str) -> None:
    """Nothing that stands in a table is a fault of the program."""
    said = error_in(f"name,{column}\na,{cell}\n".encode("utf-8", "ignore"))
    assert not said or SOURCE in said
