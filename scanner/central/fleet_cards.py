"""A boot file and a printable card for each device of a fleet; all of them, or none."""

from __future__ import annotations

import html
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scanner.central import render
from scanner.central.errors import CentralError
from scanner.central.files import write_atomically
from scanner.central.fleet_plan import DeviceRow
from scanner.core.offer import card_text

BOOT_FILE, CARD, ALL_CARDS = "checkpoint.toml", "card.html", "cards.html"
_STEPS = (
    "Copy the scanner's card image to a memory card.",
    "Copy this device's checkpoint.toml to the card's boot partition.",
    "Put the card in, switch on, wait for both lamps and two beeps.",
    "No boot file? Run scanner enrol and hold this code before the camera.",
    "Red blinks? checkpoint.result.txt on the card says why.",
)
_STYLE = """
@page{margin:9mm}
body{margin:0;font:10pt/1.3 system-ui,sans-serif;color:#000;background:#fff}
.card{break-inside:avoid;display:flex;gap:5mm;height:60mm;align-items:center;
 border-bottom:1px dashed #666}
.card img{width:56mm;height:56mm;image-rendering:pixelated;flex:none}
h1{font-size:17pt;line-height:1.1;margin:0 0 2mm;overflow-wrap:anywhere}
ol{margin:0;padding-left:1.2em}
li{margin:0 0 1mm}
p{margin:2mm 0 0;font-size:8pt}
"""


@dataclass(frozen=True, slots=True)
class Card:
    """text: what the code holds. until: when it ends, if nobody has used it."""

    row: DeviceRow
    text: str
    until: datetime


def boot_file(row: DeviceRow, offer: Mapping[str, object] | None) -> str:
    """As `scanner first-boot` takes it. offer: the table [enrol]; None: the stick does it."""
    tables = {**row.settings, "enrol": offer or {}}
    lines = ["version = 1", f"# {row.name}"]
    for name, members in tables.items():
        if members:
            lines += ["", f"[{name}]"]
            lines += [f"{key} = {_toml(value)}" for key, value in members.items()]
    return "\n".join(lines) + "\n"


def offer_of(url: str, token: str, ca: str, issued_at: int) -> dict[str, object]:
    """The table [enrol] of a boot file."""
    return {"url": url, "token": token, "ca": ca, "issued_at": issued_at}


def make_card(row: DeviceRow, offer: Mapping[str, object], until: datetime) -> Card:
    """The same offer as a code for the camera."""
    url, token, ca, at = (offer[name] for name in ("url", "token", "ca", "issued_at"))
    return Card(row, card_text(str(url), str(token), str(ca), int(str(at))), until)


def card_page(cards: Sequence[Card]) -> str:
    """HTML, four cards a page of A4 or Letter, to be cut; opens and prints without a network."""
    bodies = "\n".join(_card(card) for card in cards)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Cards</title>'
        f"<style>{_STYLE}</style></head><body>\n{bodies}\n</body></html>\n"
    )


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder to be filled; it gets its name when all went well, and else nothing stays.

    Raises CentralError where `out` is there already.
    """
    passing = out.with_name(f".{out.name}.part")
    if out.exists():
        raise CentralError(f"{out} is there already. Name another folder, or remove it.")
    shutil.rmtree(passing, ignore_errors=True)
    try:
        passing.mkdir(parents=True, mode=0o700)
        yield passing
        os.replace(passing, out)
    except OSError as error:
        raise CentralError(f"{out} cannot be written ({error.strerror}).") from None
    finally:
        shutil.rmtree(passing, ignore_errors=True)


def write_cards(folder: Path, cards: Sequence[Card], files: Mapping[str, str]) -> None:
    """files: name of a device → its boot file, which holds secrets. Raises CentralError."""
    for card in cards:
        place = folder / card.row.name
        place.mkdir()
        write_atomically(place / BOOT_FILE, files[card.row.name].encode(), mode=0o600)
        write_atomically(place / CARD, card_page([card]).encode(), mode=0o600)
    write_atomically(folder / ALL_CARDS, card_page(cards).encode(), mode=0o600)


def _card(card: Card) -> str:
    from base64 import b64encode

    picture = b64encode(render.to_png(card.text, "")).decode()
    steps = "".join(f"<li>{html.escape(step)}</li>" for step in _STEPS)
    row = card.row
    serial = f" · board {html.escape(row.serial)}" if row.serial else ""
    return (
        f'<section class="card"><img alt="config code" src="data:image/png;base64,{picture}">'
        f"<div><h1>{html.escape(row.name)}</h1><ol>{steps}</ol>"
        f"<p>Good for one device until {card.until:%Y-%m-%d %H:%M}Z{serial}. "
        "Whoever has this card can enrol a device: destroy it afterwards.</p></div></section>"
    )


def _toml(value: object) -> str:
    """A basic string of TOML is one of JSON, but for DEL, which nothing here may hold."""
    return json.dumps(value, ensure_ascii=False)
