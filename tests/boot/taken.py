"""A boot file that is in order, and what is there when all of it is taken."""

from __future__ import annotations

import os
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from scanner.boot.partition import RESULT
from scanner.boot.reasons import FILE
from scanner.boot.taking import KEYFILE, REGULATORY, Places
from scanner.config import load_settings
from scanner.core.clock import ClockReading
from scanner.store.pending import read_offer

NOW = ClockReading.exact(datetime(2020, 4, 29, 20, 0, tzinfo=UTC))
TOKEN, PASSWORD = "0123456789ABCDEFGHJKMNPQRS", "correct horse"


def check_taken(boot: Path, places: Places) -> None:
    """All of it is in its place, and nothing is left over."""
    settings = load_settings(places.etc / FILE)
    assert (settings.checkpoint.id, settings.checkpoint.zone) == ("north-3", 7)
    assert f"psk={PASSWORD}\n" in (places.network / KEYFILE).read_text()
    assert (places.modprobe / REGULATORY).read_text() == ("options cfg80211 ieee80211_regdom=DE\n")
    offer = read_offer(places.state)
    assert offer is not None
    assert offer.token == TOKEN
    kept = (boot / FILE).read_text()
    assert sorted(os.listdir(boot)) == [RESULT, FILE]
    assert not any(secret in kept for secret in (TOKEN, PASSWORD))
    assert tomllib.loads(kept) == {
        "version": 1, "checkpoint": {"id": "north-3", "zone": 7},
        "camera": {"source": "usb:/dev/v4l/by-id/usb-Cam-index0", "fps": 15.0},
        "pins": {"green": 17, "red": 27},
    }  # fmt: skip
    for folder in (places.etc, places.network, places.modprobe, places.state):
        assert not list(folder.glob("*.new"))
