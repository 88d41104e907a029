"""Which scene each frame shows: what is held, how, where, and what the camera makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sample_codes.camera import Optics, Pose, photograph
from sample_codes.keys import CITY_NO
from sample_codes.lines import LINES, TWO_PHONES
from sample_codes.passes import INDEXES, cti
from sample_codes.png import Picture
from sample_codes.things import Colour, Thing, cracked, paper, phone, poster
from scanner.core.printed_id import encode

HD, WIDE, SMALL = (1280, 720), (960, 540), (640, 480)

BLUE, GREEN, TEAL, WINE = (150, 92, 28), (72, 118, 34), (120, 110, 30), (58, 40, 128)
BARE, TANNED, GLOVE, BLUE_GLOVE = (
    (146, 172, 214),
    (92, 122, 172),
    (48, 46, 46),
    (176, 128, 70),
)

NIGHT = Optics(ambient=0.5, screen=1.04, bloom=0.22, blur=0.8, noise=1.2, vignette=0.45)
DUSK = Optics(ambient=0.62, screen=0.98, bloom=0.1, blur=0.75, noise=0.8)
DAY = Optics(ambient=0.95, screen=0.86, blur=0.7, noise=0.6)
INDOOR = Optics(ambient=0.85, screen=0.95, blur=0.75, noise=0.7)
TORCH = Optics(ambient=0.5, blur=0.8, vignette=0.95, noise=1.4)
DARK = Optics(ambient=0.24, screen=0.42, blur=0.8, vignette=0.5, noise=3.0)
RAIN = Optics(ambient=0.7, screen=0.9, blur=0.85, drops=70, noise=0.6)
FAR = replace(DAY, blur=0.6)
SOFT = replace(INDOOR, blur=1.15)
SHAKY = replace(DAY, blur=0.65, motion=(2.6, -40))

PRINTED, FRENCH = "CITY OF MOSCOW - MOVEMENT PASS", "ATTESTATION DE DEPLACEMENT DEROGATOIRE"


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame; `carrier` is "phone", "dark", "cracked", "locked", "paper", "poster", "two"."""

    place: str
    carrier: str = "phone"
    pose: Pose = field(default_factory=Pose)
    optics: Optics = DAY
    size: tuple[int, int] = WIDE
    skin: Colour = BARE
    accent: Colour = BLUE
    seed: int = 1
    title: str = ""
    shows: str = ""  # the sample on it, where that is not the name of the frame


SHOTS: Mapping[str, Shot] = {
    "work-night": Shot("night-road", "phone", Pose(4.4, turn=4, tilt=12, axis=60), NIGHT, HD),
    "transit": Shot("car-window", "phone", Pose(3.0, (0.44, 0.5), turn=-27), SHAKY, WIDE, TANNED),
    "work-plate": Shot(
        "dawn-road",
        "phone",
        Pose(3.3, (0.52, 0.47), turn=-5),
        replace(DUSK, glare=(0.575, 0.62, 0.035, 0.92)),
        accent=GREEN,
    ),
    "work-region": Shot("metro", "phone", Pose(3.4, tilt=52, axis=82), INDOOR, accent=WINE),
    "medical": Shot(
        "desk", "paper", Pose(3.2, (0.5, 0.55), turn=3, tilt=18), INDOOR, title=PRINTED
    ),
    "one-off": Shot("metro", "dark", Pose(3.3, (0.42, 0.47), turn=-3), INDOOR, seed=3),
    "personal": Shot("day-road", "phone", Pose(3.4, (0.46, 0.5), turn=19), accent=GREEN, seed=4),
    "personal-again": Shot(
        "day-road",
        "phone",
        Pose(2.5, (0.62, 0.44), turn=-11, tilt=24, axis=20),
        FAR,
        accent=GREEN,
        seed=4,
        shows="personal",
    ),
    "work-restored": Shot("metro", "cracked", Pose(3.7, turn=6), INDOOR, skin=TANNED, seed=10),
    "work-extended": Shot(
        "day-road", "phone", Pose(3.6), replace(DAY, blur=0.6, motion=(4.6, 24)), seed=6
    ),
    "work-poster": Shot("wall", "phone", Pose(3.7, (0.64, 0.47), turn=5), DAY, HD, GLOVE, seed=7),
    "work-held": Shot("day-road", "phone", Pose(3.6, turn=-6), RAIN, skin=GLOVE, seed=8),
    "not-yet": Shot(
        "day-road", "phone", Pose(2.8, (0.57, 0.47), turn=-15), SHAKY, skin=TANNED, seed=9
    ),
    "expired": Shot("desk", "paper", Pose(3.1, (0.48, 0.5), turn=-9), INDOOR, title=PRINTED),
    "wrong-zone": Shot("wall", "phone", Pose(3.4, (0.42, 0.47), turn=8), seed=11),
    "wrong-transport": Shot("car-window", "phone", Pose(2.7, (0.5, 0.47), turn=-14), seed=12),
    "wrong-day": Shot("day-road", "phone", Pose(3.4, tilt=48, axis=8), accent=TEAL, seed=13),
    "wrong-time": Shot("metro", "phone", Pose(3.0, (0.55, 0.47), turn=10), SOFT, seed=14),
    "revoked": Shot("metro", "dark", Pose(3.4, turn=5, tilt=20), INDOOR, skin=BLUE_GLOVE, seed=15),
    "suspended": Shot(
        "wall", "phone", Pose(2.9, turn=-38), SOFT, skin=TANNED, accent=GREEN, seed=16
    ),
    "revoked-by-id": Shot(
        "day-road",
        "phone",
        Pose(3.5, turn=3),
        replace(DAY, glare=(0.565, 0.62, 0.035, 0.95)),
        accent=WINE,
        seed=17,
    ),
    "quarantined": Shot("wall", "phone", Pose(3.3, (0.55, 0.47), turn=4), skin=BLUE_GLOVE, seed=18),
    "wrong-kind": Shot(
        "desk", "paper", Pose(3.0, (0.5, 0.55), turn=9, tilt=38), INDOOR, title=PRINTED, seed=19
    ),
    "dead-key": Shot("car-window", "phone", Pose(3.4, (0.46, 0.46), turn=6), RAIN, seed=20),
    "forged": Shot("metro", "phone", Pose(3.4, (0.44, 0.47), turn=-4), INDOOR, seed=21),
    "unknown-issuer": Shot("wall", "cracked", Pose(3.5, turn=-5), accent=WINE, seed=7),
    "truncated": Shot("day-road", "phone", Pose(3.8, turn=2), FAR, accent=TEAL, seed=23),
    "oversized": Shot("desk", "paper", Pose(3.2, (0.5, 0.46)), INDOOR, HD, title=PRINTED, seed=24),
    "duplicate-claims": Shot("metro", "phone", Pose(2.7, (0.6, 0.46), turn=7), INDOOR, seed=25),
    "unknown-key": Shot("metro", "phone", Pose(2.7, turn=-8), DARK, SMALL, seed=26),
    "newer": Shot("metro", "phone", Pose(3.2, tilt=44, axis=120), INDOOR, accent=GREEN, seed=27),
    "future-restriction": Shot("dawn-road", "phone", Pose(3.3, turn=6), DUSK, skin=TANNED, seed=28),
    "attestation": Shot(
        "desk", "paper", Pose(3.2, (0.5, 0.55), turn=-4), TORCH, title=FRENCH, seed=29
    ),
    "wifi": Shot("wall", "poster", Pose(4.6, (0.5, 0.6), turn=-3), INDOOR, SMALL, seed=30),
    "specimen": Shot("desk", "dark", Pose(3.2, (0.5, 0.45), turn=-11), INDOOR, skin=GLOVE, seed=31),
    TWO_PHONES: Shot("night-road", "two", optics=NIGHT, size=HD, seed=32),
    "no-code": Shot("night-road", "locked", Pose(3.2, (0.5, 0.42), turn=6), NIGHT, SMALL, seed=33),
}


def render(name: str, texts: Mapping[str, str]) -> Picture:
    """The frame `name`.png; `texts` are those of `make_texts`."""
    shot = SHOTS[name]
    held = _beside(name, texts)
    if name != TWO_PHONES:
        held.append((_thing(name, shot, texts), shot.pose))
    return photograph(shot.place, held, shot.optics, shot.size, shot.seed)


def _thing(name: str, shot: Shot, texts: Mapping[str, str]) -> Thing:
    text = texts.get(shot.shows or name, "")
    match shot.carrier:
        case "paper":
            return paper(text, shot.title, _printed_id(name))
        case "poster":
            return poster(text, ("FREE", "WI-FI"), shot.accent)
        case "locked":
            return phone(None, _clock(name), shot.skin, shot.accent)
        case "dark":
            return phone(text, _clock(name), shot.skin, shot.accent, dark_mode=True)
        case "cracked":
            return cracked(phone(text, _clock(name), shot.skin, shot.accent), shot.seed)
        case _:
            return phone(text, _clock(name), shot.skin, shot.accent)


def _clock(name: str) -> str:
    """What the phone shows: the time of the first line that this frame stands in."""
    return next(line.at for line in LINES if line.shot == name)


def _printed_id(name: str) -> str:
    return encode(CITY_NO, INDEXES[name], cti(name)) if name in INDEXES else ""


def _beside(name: str, texts: Mapping[str, str]) -> list[tuple[Thing, Pose]]:
    """What else is in the frame."""
    if name == TWO_PHONES:
        left = phone(texts["two-left"], _clock(name), BARE, BLUE)
        right = phone(texts["two-right"], _clock(name), TANNED, GREEN)
        return [(left, Pose(4.2, (0.27, 0.45), turn=5)), (right, Pose(4.2, (0.75, 0.5), turn=-7))]
    if name == "work-poster":
        notice = poster(texts["poster"], ("WASH", "HANDS"), TEAL)
        return [(notice, Pose(6.5, (0.2, 0.42), turn=-1))]
    return []
