"""Why a boot file was not taken: a stable id, how often red blinks, and what to do.

Each reason is one mistake that people make. The sentence is the operator's; the line and what was
found there stand behind it.
"""

from __future__ import annotations

from enum import Enum

from scanner.core.errors import ConfigError
from scanner.core.setup_signal import Blinks

FILE = "checkpoint.toml"
_AGAIN = "Make a new card at the city, with its boot file."
_F, _S, _W, _E = Blinks.FILE, Blinks.SETTING, Blinks.WIFI, Blinks.ENROL


class BootReason(Enum):
    """Name → group of blinks, sentence. The id is E-BOOT- and the name."""

    NONE = (_F, f"Copy {FILE} to this partition: there is none.")
    NAME = (_F, f"Rename the file to {FILE}, nothing before or after it.")
    FOLDER = (_F, f"Make {FILE} a file: it is a folder or something else.")
    READ = (_F, "Format or replace the card: the file cannot be read.")
    EMPTY = (_F, "Copy the file again: it is empty.")
    SIZE = (_F, "Copy the right file: this one is larger than 64 kB.")
    UTF16 = (_F, "Save the file as UTF-8: it is UTF-16.")
    BOM = (_F, "Save the file as UTF-8 without BOM.")
    UTF8 = (_F, "Save the file as UTF-8: it holds other bytes.")
    NUL = (_F, "Copy the file again: it holds zero bytes, so the copy was cut off.")
    QUOTES = (_F, 'Use straight quotes ": a word processor has made curly ones of them.')
    UNQUOTED = (_F, 'Put the text between straight quotes, as in id = "north-3".')
    TRUTH = (_F, "Write true or false, in small letters and without quotes.")
    EQUALS = (_F, "Write one setting a line: a name, =, and its value.")
    BRACKET = (_F, "Write the name of a table between [ and ], alone in its line.")
    TWICE = (_F, "Remove one of the two: a setting or table stands there twice.")
    TOML = (_F, "Correct this line: it is not TOML.")
    FORM = (_F, "Write tables as [name] and each value in one line, as in the example.")
    VERSION_MISSING = (_S, "Write version = 1 in the first line.")
    VERSION = (_S, "Update the scanner: the file is of a newer release.")
    TABLE = (_S, "Remove or correct the name of this table: there is none of that name.")
    PLACE = (_S, "Move this setting to its own table.")
    KEY = (_S, "Remove or correct the name of this setting.")
    TYPE = (_S, "Write a value of the right kind.")
    RANGE = (_S, "Choose a number within the bounds.")
    LENGTH = (_S, "Make the text shorter, or write one.")
    CHOICE = (_S, "Choose one of the allowed values.")
    CAMERA = (_S, "Name the camera as the example does.")
    PINS = (_S, "Give every wire a pin of its own.")
    TAB = (_S, "Remove the tab character from this text.")
    MOCK = (_S, "Remove the settings of a simulation: this is a device.")
    OPEN = (_S, "Remove may_be_open: a device's reader is a unit; see systemd/README.md.")
    WIFI_KEY = (_W, "Correct the names in [wifi]: ssid, password, country, open, hidden.")
    SSID = (_W, "Write the name of the network as ssid, 1 to 32 bytes.")
    PASSWORD = (_W, "Write the password of the network; or open = true if it has none.")
    PASSWORD_LENGTH = (_W, "Correct the password: 8 to 63 plain characters, or 64 hex digits.")
    COUNTRY = (_W, 'Write the country, two capital letters, as in country = "DE".')
    ENROL_KEY = (_E, "Correct the names in [enrol]: url, token or code, ca, issued_at.")
    HTTP = (_E, "Write https:// instead of http://.")
    URL = (_E, "Correct url: https://HOST:PORT and nothing after it.")
    BOTH = (_E, "Remove one of token and code.")
    NEITHER = (_E, "Write the token or the code of this device.")
    TOKEN = (_E, "Copy the token again: a character is wrong or missing.")
    CA = (_E, "Copy ca again: sha256: and 64 digits.")
    ISSUED_AT = (_E, "Copy issued_at again: seconds since 1970.")
    TOKEN_OLD = (_E, f"{_AGAIN} This token is older than 7 days.")
    CODE_OLD = (_E, "Have a new code made: this one is older than 15 minutes.")
    STANDALONE = (_E, "Remove [enrol] or standalone = true: a device does one or the other.")
    WRITE = (Blinks.SETTING, "Make room on the card, or replace it: settings cannot be written.")

    @property
    def id(self) -> str:
        """`E-BOOT-PASSWORD-LENGTH`; never changes its meaning."""
        return f"E-BOOT-{self.name.replace('_', '-')}"

    @property
    def group(self) -> Blinks:
        return self.value[0]

    @property
    def sentence(self) -> str:
        """What to do."""
        return self.value[1]


class BootError(ConfigError):
    """The boot file is not taken; nothing of it is. found: what is wrong there, never a secret."""

    def __init__(self, reason: BootReason, *, line: int | None = None, found: str = "") -> None:
        where = f" line {line}:" if line else ""
        told = f" ({found})" if found else ""
        super().__init__(f"{reason.id}{where} {reason.sentence}{told}")
        self.reason, self.line = reason, line
