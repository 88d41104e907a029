"""Every id of a finding, the same in every version, so that a manual or a call can name it.

The table in README.md beside this file is printed from here; a test compares it with what the
checks say.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """An id, the part that tells it, what it speaks of, and what to do when it is not well."""

    id: str
    part: str
    says: str
    do: str


_SYNC = "`scanner sync`, or bring a stick"
_MIGRATE = "`scanner migrate`"
_JOURNAL = "read the journal of the unit that is named"
_WIRE = "follow the wire in hardware/wiring.svg"

IDS = (
    Known("E-CONFIG", "config", "the settings are missing or wrong", "correct the named line"),
    Known("E-BOOT-FILE", "config", "how the boot file of the card was taken", "as it says"),
    Known("E-LIBRARY", "libraries", "a library does not load", "install again"),
    Known("E-ZBAR", "libraries", "libzbar0 has known faults", "`sudo apt-get install libzbar0`"),
    Known("E-STORE", "stores", "a database is missing or damaged", _MIGRATE),
    Known("E-DEVICE", "stores", "the device key is missing or damaged", f"{_MIGRATE}; or enrol"),
    Known("E-SPACE", "disk", "little room on the card", "free some"),
    Known("E-DISK-READ-ONLY", "disk", "the card takes no more writes", "put in a new card"),
    Known("E-CARD", "disk", "file system errors, or a worn card", "plan a new card"),
    Known("E-LOG", "log", "the scan log cannot be read", f"{_MIGRATE}, or `scanner logs verify`"),
    Known("E-LOG-WAITING", "log", "records that wait for a server, and not sealed ones", "nothing"),
    Known(
        "E-LOG-SPACE",
        "log",
        "how full the scan log is; which days gave way to counts",
        "have the log taken; free room; raise `log.capacity_mb`",
    ),
    Known("E-UNCLEAN", "log", "starts of two days after a power cut", "look at plug and supply"),
    Known("E-AMBER", "log", "many undecided scans just now", "see E-CLOCK, E-LIST-AGE and E-STORE"),
    Known("E-KEY-ATTACK", "log", "a key that five or more forged passes named", "tell the city"),
    Known(
        "E-CLOCK", "clock", "level and source of the time", "a time code, the network, or a hand"
    ),
    Known("E-CLOCK-FUTURE", "clock", "a claimed time that is far ahead", "as it says"),
    Known("E-RTC", "clock", "no clock battery, or one not known to be right", "fit a DS3231"),
    Known("E-LISTS", "lists", "a list is missing or cannot be read", _SYNC),
    Known("E-LIST-AGE", "lists", "a list is past its soft (warning) or hard age (failure)", _SYNC),
    Known(
        "E-LIST-HELD",
        "lists",
        "a list would change more in a day than the policy allows",
        "the issuer approves it, or replaces a stolen key",
    ),
    Known("E-SYNC", "lists", "why the last sync failed or refused a list", "as it says"),
    Known("E-LISTS-END", "lists", "until when the city's sticks have signed", "tell the city"),
    Known("E-ROOT", "lists", "nobody has said whose lists count", "copy the city's root.json"),
    Known("E-FLEET-KEY", "lists", "the key of the holder list is missing", "enrol, or copy it"),
    Known("E-KEY", "lists", "an issuer's key has expired, or none is trusted", _SYNC),
    Known(
        "E-NOT-ENROLLED",
        "upload",
        "the device belongs to no city (exit 3)",
        "enrol it, or set `standalone = true`",
    ),
    Known("E-CERT", "upload", "the certificate ended, or ends within 30 days", "enrol again"),
    Known(
        "E-UPLOAD",
        "upload",
        "the newest receipt, what waits, why the last try failed; two hours without a receipt",
        "as it says",
    ),
    Known("E-LOG-ASIDE", "upload", "segments that the server refused", "give numbers to the city"),
    Known("E-SERVER", "server", "the city's server is not reached", "look at the network"),
    Known("E-LISTS-SERVER", "server", "the lists are not reached", "look at the network"),
    Known("E-READER", "reader", "the reader does not start or read", "install again"),
    Known(
        "E-READER-OPEN",
        "reader",
        "the reader is not shut in by the kernel",
        "a 64-bit system of Debian or Raspberry Pi",
    ),
    Known("E-CAMERA", "camera", "no picture, too dark or too bright", "cable, light, exposure"),
    Known("E-CAM-RATE", "camera", "fewer frames than asked for", "port, size, exposure"),
    Known("E-CAM-SETTING", "camera", "a setting that the camera did not take", "set what it has"),
    Known("E-CAM-CARD", "camera", "no test card was held there", "print hardware/test-card.svg"),
    Known("E-CAM-SIZE", "camera", "less than 3 px a module of a dense pass", "closer, more pixels"),
    Known("E-CAM-SMEAR", "camera", "4 px or more of movement", "shorter exposure, more light"),
    Known("E-CAM-FOCUS", "camera", "4 px or more of blur by the lens", "wipe it; set the focus"),
    Known("E-CAM-LIGHT", "camera", "white too dark or too bright, low contrast", "light, exposure"),
    Known("E-CAM-GLARE", "camera", "a reflection on the card", "tilt the camera; a hood"),
    Known("E-HAND-SCANNER", "camera", "the hand scanner is not there", "plug it in; its name"),
    Known("E-STICKER", "camera", "a code hangs in view and never moves", "take it away"),
    Known("E-PINS", "pins", "lamps and buzzer cannot be driven", "the pin or group it names"),
    Known("E-BOARD", "power", "which board this is", "nothing"),
    Known("E-POWER", "power", "undervoltage, now or since the start", "5.1 V, 3 A, a short cable"),
    Known("E-THROTTLED", "power", "the processor was slowed down", "shade and air"),
    Known("E-TEMPERATURE", "power", "the processor is hot", "shade and air"),
    Known("E-UNIT", "units", "a unit has failed or does not run", _JOURNAL),
    Known("E-UNIT-RESTARTS", "units", "the scanner was started again and again", _JOURNAL),
    Known("E-UNIT-FAULT", "units", "the lamps show the fault pattern", "see other findings"),
    Known("E-UNIT-RELOAD", "units", "a unit was changed, not reloaded", "reload and restart"),
    Known("E-VERSION", "units", "the units start another release than this", "install again"),
    Known("E-TIME-ZONE", "time-zone", "zones of the policy and of the journal", "as it says"),
    Known("E-WIRING", "wiring", "the pins cannot be had to try them", "stop the scanner first"),
    Known("E-WIRING-LAMP", "wiring", "a lamp is dark or on another wire", _WIRE),
    Known("E-WIRING-BUZZER", "wiring", "no sound", f"{_WIRE}; see `pins.sound`"),
    Known("E-WIRING-BUTTON", "wiring", "no press arrives, or one that never ends", _WIRE),
    Known("E-CHECK", "any", "a part could not be looked at", "report it with a support bundle"),
    Known("E-CHECK-HUNG", "any", "a part gave no answer in time", "switch off and on; report it"),
)
