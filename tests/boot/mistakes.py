"""Boot files as people spoil them: name → the file's bytes, the reason, the line it must name."""

from __future__ import annotations

from dataclasses import dataclass

from scanner.boot.reasons import BootReason as R

GOOD = """version = 1

[checkpoint]
id = "north-3"
zone = 7

[camera]
source = "usb:/dev/v4l/by-id/usb-Cam-index0"
fps = 15.0

[pins]
green = 17
red = 27

[wifi]
ssid = "Gate 3"
password = "correct horse"
country = "DE"

[enrol]
url = "https://records.city.example:8444"
token = "0123456789ABCDEFGHJKMNPQRS"
ca = "sha256:SHA"
issued_at = 1588150000
""".replace("SHA", "ab" * 32)


@dataclass(frozen=True, slots=True)
class Mistake:
    """line None: the file as a whole."""

    raw: bytes
    reason: R
    line: int | None = None


LAST = GOOD.count("\n")


def _in(line: int, old: str, new: str, reason: R, at: int | None = 0) -> Mistake:
    """One line changed. at 0: the reason names that line."""
    lines = GOOD.split("\n")
    assert old in lines[line - 1], lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    return Mistake("\n".join(lines).encode(), reason, line if at == 0 else at)


def _with(extra: str, reason: R, at: int | None) -> Mistake:
    return Mistake((GOOD + extra).encode(), reason, at)


MISTAKES: dict[str, Mistake] = {
    "empty": Mistake(b"", R.EMPTY),
    "only spaces": Mistake(b" \r\n\t\r\n", R.EMPTY),
    "one megabyte": Mistake(GOOD.encode() + b"#" * (1 << 20), R.SIZE),
    "UTF-16 from an editor": Mistake(GOOD.encode("utf-16"), R.UTF16),
    "UTF-16 without a mark": Mistake(GOOD.encode("utf-16-le"), R.UTF16),
    "UTF-16 of the other kind": Mistake(GOOD.encode("utf-16-be"), R.UTF16),
    "UTF-8 with BOM": Mistake(b"\xef\xbb\xbf" + GOOD.encode(), R.BOM),
    "Latin-1": Mistake(GOOD.replace("Gate 3", "Café").encode("latin-1"), R.UTF8, 16),
    "cut off copy": Mistake(GOOD.encode()[:60] + bytes(512), R.NUL, 8),
    "all zeros": Mistake(bytes(512), R.NUL, 1),
    "curly quotes": _in(4, '"north-3"', "“north-3”", R.QUOTES),
    "German quotes": _in(16, '"Gate 3"', "„Gate 3“", R.QUOTES),
    "no quotes": _in(4, '"north-3"', "north-3", R.UNQUOTED),
    "True with a capital": _in(5, "zone = 7", "asks_plate = True", R.TRUTH),
    "yes for true": _in(5, "zone = 7", "asks_plate = yes", R.TRUTH),
    "colon for equals": _in(5, "zone = 7", "zone: 7", R.EQUALS),
    "a sentence": _in(2, "", "please use zone 7", R.EQUALS),
    "open bracket": _in(7, "[camera]", "[camera", R.BRACKET),
    "quote left open": _in(4, '"north-3"', '"north-3', R.TOML),
    "setting twice": _in(5, "zone = 7", 'id = "north-4"', R.TWICE),
    "table twice": _in(11, "[pins]", "[camera]", R.TWICE),
    "version missing": _in(1, "version = 1", "", R.VERSION_MISSING, None),
    "version as text": _in(1, "version = 1", 'version = "1"', R.VERSION_MISSING),
    "version of later": _in(1, "version = 1", "version = 2\nnew = 3", R.VERSION, None),
    "unknown table": _in(11, "[pins]", "[gpio]", R.TABLE),
    "unknown setting": _in(12, "green", "gren", R.KEY),
    "unknown at the top": _in(2, "", "colour = 1", R.KEY),
    "setting in the wrong table": _in(9, "fps = 15.0", "zone = 8", R.PLACE),
    "number as text": _in(5, "7", '"7"', R.TYPE),
    "text as number": _in(4, '"north-3"', "3", R.TYPE),
    "date for a number": _in(5, "7", "2020-04-29", R.TYPE),
    "zone too high": _in(5, "7", "70000", R.RANGE),
    "pin that is none": _in(12, "17", "99", R.RANGE),
    "frames too many": _in(9, "15.0", "600.0", R.RANGE),
    "id too long": _in(4, "north-3", "n" * 33, R.LENGTH),
    "choice that is none": _in(13, "red = 27", 'sound = "loud"', R.CHOICE),
    "camera that is none": _in(8, "usb:", "webcam:", R.CAMERA),
    "pin twice": _in(13, "27", "17", R.PINS, 11),
    "tab in a text": _in(4, "north-3", "north\\t3", R.TAB),
    "pins of a simulation": _in(13, "red = 27", 'factory = "mock"', R.MOCK),
    "reader that may be open": _with("[reader]\nmay_be_open = true\n", R.OPEN, LAST + 2),
    "camera of a simulation": _in(8, "usb:/dev/v4l/by-id/usb-Cam-index0", "dir:frames", R.MOCK),
    "Wi-Fi without a password": _in(17, 'password = "correct horse"', "", R.PASSWORD, 15),
    "password too short": _in(17, "correct horse", "short", R.PASSWORD_LENGTH),
    "password with umlaut": _in(17, "correct", "körrekt", R.PASSWORD_LENGTH),
    "open and a password": _in(18, "country", "open = true\ncountry", R.PASSWORD, 17),
    "country missing": _in(18, 'country = "DE"', "", R.COUNTRY, 15),
    "country in words": _in(18, "DE", "Germany", R.COUNTRY),
    "SSID too long": _in(16, "Gate 3", "é" * 17, R.SSID),
    "SSID missing": _in(16, 'ssid = "Gate 3"', "", R.SSID, 15),
    "unknown in [wifi]": _in(16, "ssid", "name", R.WIFI_KEY, 15),
    "http for https": _in(21, "https", "http", R.HTTP),
    "address with a question": _in(21, ":8444", ":8444/?a=1", R.URL),
    "address missing": _in(21, 'url = "https://records.city.example:8444"', "", R.URL, 20),
    "token and code": _in(22, "token", 'code = "7K3F-9QXD"\ntoken', R.BOTH, 22),
    "neither": _in(22, 'token = "0123456789ABCDEFGHJKMNPQRS"', "", R.NEITHER, 20),
    "token cut off": _in(22, "QRS", "", R.TOKEN),
    "code as token": _in(22, "0123456789ABCDEFGHJKMNPQRS", "7K3F-9QXD", R.TOKEN),
    "fingerprint cut off": _in(23, "abab", "", R.CA),
    "time of making lost": _in(24, "issued_at = 1588150000", "", R.ISSUED_AT, 20),
    "time of making in words": _in(24, "1588150000", '"today"', R.ENROL_KEY, 20),
    "time of making below zero": _in(24, "1588150000", "-5", R.ISSUED_AT),
    "token of last month": _in(24, "1588150000", "1585500000", R.TOKEN_OLD),
    "code of an hour ago": Mistake(
        GOOD.replace('token = "0123456789ABCDEFGHJKMNPQRS"', 'code = "7K3F-9QXD"')
        .replace("1588150000", "1588180000").encode(), R.CODE_OLD, 24,
    ),
    "unknown in [enrol]": _in(21, "url", "server", R.ENROL_KEY, 20),
    "stands alone and enrols": _in(2, "", "standalone = true", R.STANDALONE, 20),
    "Wi-Fi as one line": Mistake(
        b'version = 1\nwifi = {ssid = "a", password = "correct horse", country = "DE"}\n', R.FORM
    ),
    "dotted Wi-Fi": Mistake(
        b'version = 1\nwifi.ssid = "a"\nwifi.open = true\nwifi.country = "DE"\n', R.FORM
    ),
    "text over lines": _in(4, '"north-3"', '"""\n[wifi]\n"""', R.FORM, None),
}  # fmt: skip
