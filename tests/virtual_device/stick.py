"""What the guest is given for a day: a city's lists and root, its fleet key, settings, pictures.

A city is founded a little before the guest's clock begins, so every date is the same at each run;
its keys are made anew, and nothing of it leaves the folder.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import segno
from numpy.typing import NDArray

from hardware.capture import grey_of
from scanner.central.bundle import write_bundle
from scanner.central.city import Change, City, Means, open_city
from scanner.central.founding import Charter, found
from scanner.central.issue import SigningKey, sign_time
from scanner.central.issuer import WORK, current_key
from scanner.central.keys import TIME_KEY, load_key
from scanner.central.passes import Counter, Person, Request, issue
from scanner.central.register import Artefact
from scanner.core import base45
from scanner.core.revocation import StatusBits
from scanner.vision.stream import StreamReader
from tests.virtual_device.script import STARTS_AT, Event, Kind

Grey = NDArray[np.uint8]

FOUNDED_AT = STARTS_AT - timedelta(hours=2)
WIDTH, HEIGHT = 224, 200  # as small as holds a pass: each pixel is copied a dozen times
MODULE_PX = 3
QUIET = 4  # modules
MASK = 2
LOOKS = 6  # at a code in glare: more than are fed of it
CITY = "virtual.example"


@dataclass(frozen=True, slots=True)
class Stick:
    """The folder that becomes the guest's second disk."""

    folder: Path

    @property
    def lists(self) -> Path:
        return self.folder / "lists"


def make_stick(folder: Path, events: Sequence[Event]) -> Stick:
    """Everything for these events, in a folder that is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    stick = Stick(folder)
    central = folder.with_name(f"{folder.name}.city")
    shutil.rmtree(central, ignore_errors=True)
    found(central, Charter(CITY), _means(FOUNDED_AT))
    texts = _issue_all(central, events)
    if any(event.kind is Kind.TIME_CODE for event in events):
        texts[f"{Kind.TIME_CODE.value}-0"] = _time_code(central)
    with open_city(central, _means(STARTS_AT - timedelta(minutes=5), central)) as city:
        write_bundle(
            city.repository, stick.lists, city.all_keys(), city.means.now, city.means.write
        )
    shutil.copy(central / "repository/metadata/1.root.json", folder / "root.json")
    shutil.copy(central / "fleet.key", folder / "fleet.key")
    write_pictures(folder, texts)
    shutil.rmtree(central)
    return stick


def _means(now: datetime, central: Path | None = None) -> Means:
    sticks = () if central is None else tuple(sorted((central / "offline").iterdir()))
    return Means(now, os.urandom, sticks)


def _issue_all(central: Path, events: Sequence[Event]) -> dict[str, str]:
    """Name of each picture → the text of its code."""
    with open_city(central, _means(FOUNDED_AT)) as city:
        issued = dict(_issued(city, events))
        revoked = [index for name, (_, index) in issued.items() if name.startswith("revoked")]
        if revoked:
            city.change(Change(Artefact.STATUS, revoked, StatusBits.REVOKED))
        city.publish()
    return {
        name: forge(text) if name.startswith(Kind.FORGED.value) else text
        for name, (text, _) in issued.items()
    }


def _time_code(central: Path) -> str:
    """Of the moment at which a guest begins whose clock is right."""
    key = load_key(central / TIME_KEY / f"{TIME_KEY}.pem", is_online=True)
    return sign_time(STARTS_AT, SigningKey(key.private))


def _issued(city: City, events: Sequence[Event]) -> Iterator[tuple[str, tuple[str, int]]]:
    now, trust, zone = city.means.now, city.trust(), city.zone()
    wanted = (e for e in events if e.code >= 0 and e.kind is not Kind.TIME_CODE)
    pictures = sorted({event.picture for event in wanted})
    for number, name in enumerate(pictures):
        key = current_key(city.folder, city.register, now)
        counter = Counter(city.register, key, trust, zone)
        person = Person("А.Б.", "0912", f"45 08 {number:06}")
        request = Request(WORK, person, now, now + timedelta(days=10))
        given = issue(counter, request, now, os.urandom)
        yield name, (given.text, given.index)


def forge(text: str) -> str:
    """The same pass with the last bit of its signature turned over."""
    prefix, _, body = text.partition(":")
    raw = bytearray(base45.decode(body.encode()))
    raw[-1] ^= 1
    return f"{prefix}:{base45.encode(bytes(raw))}"


def write_pictures(folder: Path, texts: dict[str, str]) -> None:
    """pictures.bin: grey, HEIGHT x WIDTH bytes each; pictures.json: name → place in it."""
    names = ["nothing", *texts]
    with (folder / "pictures.bin").open("wb") as file:
        file.write(background().tobytes())
        for name in names[1:]:
            picture = picture_of(texts[name])
            file.write((glaring(picture) if name.startswith("glare") else picture).tobytes())
    index = {"width": WIDTH, "height": HEIGHT, "names": {n: i for i, n in enumerate(names)}}
    (folder / "pictures.json").write_text(json.dumps(index))


def background() -> Grey:
    """Nobody there: not one flat grey, for a camera never gives that."""
    shade = np.linspace(90, 110, WIDTH).astype(np.uint8)
    return np.repeat(shade[np.newaxis, :], HEIGHT, axis=0)


def picture_of(text: str) -> Grey:
    """A printed pass, upright, in the middle of the frame."""
    code = np.where(_modules(text) > 0, 30, 220).astype(np.uint8)
    framed = cv2.copyMakeBorder(code, *(QUIET,) * 4, cv2.BORDER_CONSTANT, value=(220,))
    large = np.kron(framed, np.ones((MODULE_PX, MODULE_PX), np.uint8)).astype(np.uint8)
    picture = background()
    top, left = (HEIGHT - large.shape[0]) // 2, (WIDTH - large.shape[1]) // 2
    picture[top : top + large.shape[0], left : left + large.shape[1]] = large
    return picture


def glaring(picture: Grey) -> Grey:
    """With a lamp mirrored in its lower right: as large as leaves the code to be seen.

    There the reader sees at once that trying is of no use; in the guest each try costs a second.
    """
    for radius in range(112, 40, -4):
        spoilt = picture.copy()
        cv2.circle(spoilt, (WIDTH // 2 + 20, HEIGHT // 2 + 20), radius, (255,), cv2.FILLED)
        if _stays_unread(spoilt) and _stays_unread(as_given(spoilt)):
            return spoilt
    raise ValueError("no glare makes this code unreadable and leaves it to be seen")


def _stays_unread(picture: Grey) -> bool:
    """Seen at each look, and read at none; a reader joins what it sees to what it saw before."""
    reader = StreamReader()
    reader.look(background())
    looks = (reader.look(picture) for _ in range(LOOKS))
    return all(look.unread is not None and not look.readings for look in looks)


def as_given(picture: Grey) -> Grey:
    """As the scanner gets it of a camera that gives YUYV: black is 16 there, and white 235."""
    colours = np.full((*picture.shape, 2), 128, np.uint8)
    colours[..., 0] = picture
    return grey_of(cv2.cvtColor(colours, cv2.COLOR_YUV2BGR_YUYV))


def _modules(text: str) -> NDArray[np.uint8]:
    """uint8 [N, N], 1 dark; as printed, but for the mask: to choose it takes the most time."""
    code = segno.make_qr(text, error="m", boost_error=False, mask=MASK)
    return np.array([list(row) for row in code.matrix], np.uint8)
