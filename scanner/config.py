"""Settings of a device, from `checkpoint.toml`: every field with unit, range and default.

Beside it stands `image-built`, in which whoever makes an image says when that was.

Strict: an unknown or wrong key is an error that names the line, the key and what is allowed, so
that a typing mistake never becomes a silent default.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import msgspec.inspect

from scanner.core.errors import ConfigError

SYSTEM_CONFIG = Path("/etc/scanner/checkpoint.toml")
# Comes with the package or the image, never over the network: whoever signs by it is the city.
SYSTEM_ROOT = Path("/etc/scanner/root.json")
IMAGE_BUILT = Path("/etc/scanner/image-built")
LONGEST_TIME = 64

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.IGNORECASE
)

SOURCE = "^((usb|video|dir):.+|csi:[0-9])$"
# By what the device is, and never by a number that another keyboard may have at the next start.
HAND_SCANNER = "^/dev/input/by-id/[^/]+$"
# What a text that is matched by a pattern may be.
IN_WORDS = {
    SOURCE: "usb:PATH, csi:NUMBER, video:FILE, dir:FOLDER",
    HAND_SCANNER: "/dev/input/by-id/NAME",
}

Auto = Literal["auto"]
Gpio = Annotated[int, msgspec.Meta(ge=0, le=53)]
Code = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class CheckpointTable(_Table, frozen=True):
    """`[checkpoint]`: where the device stands. In use while `standalone = true`, and
    where the city that has enrolled the device said nothing of it."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=32)] = "checkpoint"
    zone: Code | None = None
    transport: Code | None = None
    asks_plate: bool = False
    asks_card: bool = False


class CameraTable(_Table, frozen=True):
    """`[camera]`: where frames come from, and how the camera looks.

    `fps` frames a second · `width`, `height` pixels · `exposure_ms` milliseconds · `gain` times ·
    `ev` stops · `focus` dioptres (1 / metres). A USB camera has no `gain`, `ev` and `focus` in such
    units: `usb_gain`, `usb_focus` are steps of its own. "auto" leaves it to the camera.
    `usb_format`: how a USB camera sends pictures. `hand_scanner`: one that types, a second source.
    """

    source: Annotated[str, msgspec.Meta(pattern=SOURCE)] = "usb:/dev/video0"
    fps: Annotated[float, msgspec.Meta(ge=1, le=60)] = 15.0
    width: Annotated[int, msgspec.Meta(ge=320, le=1920)] = 1280
    height: Annotated[int, msgspec.Meta(ge=240, le=1080)] = 720
    exposure_ms: Annotated[float, msgspec.Meta(ge=0.1, le=60)] | Auto = 8.0
    gain: Annotated[float, msgspec.Meta(ge=1, le=64)] | Auto = "auto"
    ev: Annotated[float, msgspec.Meta(ge=-4, le=4)] = -0.7
    focus: Annotated[float, msgspec.Meta(ge=0, le=20)] | Auto = 5.0
    usb_format: Literal["auto", "MJPG", "YUYV"] = "auto"
    usb_gain: Annotated[int, msgspec.Meta(ge=0, le=65535)] | Auto = "auto"
    usb_focus: Annotated[int, msgspec.Meta(ge=0, le=65535)] | Auto = "auto"
    hand_scanner: Annotated[str, msgspec.Meta(pattern=HAND_SCANNER)] | None = None


class ReaderTable(_Table, frozen=True):
    """`[reader]`: `may_be_open`: decode also where the kernel or processor allows no filter."""

    may_be_open: bool = False


class PinsTable(_Table, frozen=True):
    """`[pins]`: GPIO numbers (not header positions). `sound` is what is wired to `buzzer`."""

    factory: Literal["lgpio", "mock"] = "lgpio"
    green: Gpio = 17
    red: Gpio = 27
    amber: Gpio | None = None
    buzzer: Gpio = 18
    trigger: Gpio | None = 22
    sound: Literal["active", "piezo"] = "active"


class UpdatesTable(_Table, frozen=True):
    """`[updates]`: where signed lists come from, and the root.json that is trusted at first."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=400)] | None = None
    root: Annotated[str, msgspec.Meta(min_length=1, max_length=400)] | None = None


class LogTable(_Table, frozen=True):
    """`[log]`: megabytes (2^20 bytes) that the scan log may take before its oldest days fold."""

    capacity_mb: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 64

    @property
    def capacity(self) -> int:
        """Bytes."""
        return self.capacity_mb << 20


class Settings(_Table, frozen=True):
    """The whole file. `standalone`: lists from a bundle, no server, logs are pulled."""

    standalone: bool = False
    fleet_key: str | None = None  # path of the age identity that opens the holder list
    checkpoint: CheckpointTable = CheckpointTable()
    camera: CameraTable = CameraTable()
    reader: ReaderTable = ReaderTable()
    pins: PinsTable = PinsTable()
    updates: UpdatesTable = UpdatesTable()
    log: LogTable = LogTable()

    def __post_init__(self) -> None:
        pins = self.pins
        numbers = [pins.green, pins.red, pins.amber, pins.buzzer, pins.trigger]
        used = [number for number in numbers if number is not None]
        if len(set(used)) < len(used):
            raise ValueError("two of the pins have the same number - at `$.pins`")
        camera = self.camera
        if camera.source.startswith("csi:") and (camera.width % 64 or camera.height % 2):
            what = "a ribbon camera takes widths that are multiples of 64 and even heights"
            raise ValueError(f"{what} - at `$.camera.width`")


def find_config(given: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """`--config`, else $SCANNER_CONFIG, else /etc/scanner/checkpoint.toml."""
    if given is not None:
        return given
    return Path(environ["SCANNER_CONFIG"]) if environ.get("SCANNER_CONFIG") else SYSTEM_CONFIG


def find_state(given: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """`--state`, else $STATE_DIRECTORY as systemd sets it, else the user's state folder."""
    if given is not None:
        return given
    if environ.get("STATE_DIRECTORY"):
        return Path(environ["STATE_DIRECTORY"].split(":")[0])
    from platformdirs import user_state_path  # 10 ms that most commands do not need

    return user_state_path("scanner")


def load_settings(path: Path) -> Settings:
    """Raises ConfigError: file, line, key and what is allowed."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"There is no {path}. Copy systemd/checkpoint.toml there, or name one with --config."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}). Save it as plain UTF-8.") from None
    return parse_settings(text, str(path))


def find_image_built(environ: Mapping[str, str] = os.environ) -> Path:
    """$SCANNER_IMAGE_BUILT, else /etc/scanner/image-built."""
    given = environ.get("SCANNER_IMAGE_BUILT")
    return Path(given) if given else IMAGE_BUILT


def load_image_built(path: Path) -> datetime | None:
    """When the image was made, UTC; None without such a file. Raises ConfigError that names it."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LONGEST_TIME).strip()
        if not _RFC3339.fullmatch(text):
            raise ValueError(f"{text[:40]!r} is not a time such as 2026-11-25T09:30:00Z")
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, OverflowError) as error:
        raise ConfigError(f"Correct or remove {path}: it cannot be used ({error}).") from None


def parse_settings(text: str, source: str) -> Settings:
    """TOML → Settings. Raises ConfigError as `load_settings`."""
    try:
        return msgspec.convert(tomllib.loads(text), Settings)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source}: {error}. This line is not TOML.") from None
    except msgspec.ValidationError as error:
        raise ConfigError(explain(str(error), text, source)) from None


def explain(message: str, text: str, source: str) -> str:
    """msgspec's sentence, with the line of the file and what is allowed there."""
    what, _, path = message.partition(" - at `$")
    keys = [name for name in path.rstrip("`").split(".") if name]
    if unknown := re.search(r"unknown field `(.+?)`", what):
        what = f"there is no such setting; here stand {allowed(keys)}"
        keys.append(unknown[1])
    elif keys:
        what = f"{what}; allowed: {allowed(keys)}"
    return f"{source}, line {_line_of(keys, text)}, {'.'.join(keys) or 'the file'}: {what}."


def allowed(keys: list[str]) -> str:
    """What a key takes, in words, from the declarations above."""
    kind: msgspec.inspect.Type = msgspec.inspect.type_info(Settings)
    for key in keys:
        if isinstance(kind, msgspec.inspect.StructType):
            kind = next(field.type for field in kind.fields if field.name == key)
    return _in_words(kind)


def _in_words(kind: msgspec.inspect.Type) -> str:
    match kind:
        case msgspec.inspect.UnionType():
            parts = [t for t in kind.types if not isinstance(t, msgspec.inspect.NoneType)]
            return " or ".join(map(_in_words, parts))
        case msgspec.inspect.StructType():
            return ", ".join(field.name for field in kind.fields)
        case msgspec.inspect.LiteralType():
            return ", ".join(map(repr, kind.values))
        case msgspec.inspect.IntType() | msgspec.inspect.FloatType():
            return f"{kind.ge} to {kind.le}"
        case msgspec.inspect.BoolType():
            return "true, false"
        case msgspec.inspect.StrType(pattern=str() as pattern):
            return IN_WORDS[pattern]
        case msgspec.inspect.StrType():
            return f"a text of {kind.min_length or 0} to {kind.max_length or 'any'} characters"
        case _:
            return "see the example file"


def _line_of(keys: list[str], text: str) -> int:
    """The line of a key under its table header, else of the header, else 1."""
    header, here = "", 1
    wanted = ".".join(keys[:-1])
    for number, line in enumerate(text.splitlines(), start=1):
        if match := re.match(r"\s*\[\s*([\w.]+)\s*\]", line):
            header = match[1]
            here = number if header in (wanted, ".".join(keys)) else here
        elif (match := re.match(r"\s*\"?([\w-]+)\"?\s*=", line)) and (
            header == wanted and keys[-1:] == [match[1]]
        ):
            return number
    return here
