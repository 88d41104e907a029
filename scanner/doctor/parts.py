"""The parts of a device in the order in which they are looked at.

What a part needs is imported when it is its turn: a missing library spoils its own part only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scanner.doctor.finding import Finding, Grade
from scanner.doctor.subject import Subject

# Camera and lamps belong to one process at a time.
IN_USE = (
    "the scanner is running and has {0}; to try it: `sudo systemctl stop scanner`, then "
    "`scanner doctor --only {1}`"
)


@dataclass(frozen=True, slots=True)
class Part:
    """limit_s: seconds after which it counts as hung. is_vital: without it no pass is admitted."""

    name: str
    look: Callable[[Subject], Iterator[Finding]]
    limit_s: float = 20.0
    is_vital: bool = False


def _config(subject: Subject) -> Iterator[Finding]:
    from scanner.doctor.software import check_boot_file

    yield subject.loaded[0]
    yield from check_boot_file()


def _libraries(_: Subject) -> Iterator[Finding]:
    from scanner.doctor import software

    yield from software.check_libraries()
    yield software.check_zbar()


def _stores(subject: Subject) -> Iterator[Finding]:
    from scanner.doctor import software

    yield from software.check_stores(subject.state)
    yield software.check_device(subject.state)


def _disk(subject: Subject) -> Iterator[Finding]:
    from scanner.doctor.disk import check_disk

    yield from check_disk(subject.state)


def _log(subject: Subject) -> Iterator[Finding]:
    from scanner.config import LogTable
    from scanner.doctor.log import check_log

    table = LogTable() if subject.settings is None else subject.settings.log
    yield from check_log(subject.state, table.capacity)


def _clock(subject: Subject) -> Iterator[Finding]:
    yield from subject.clock[0]


def _lists(subject: Subject) -> Iterator[Finding]:
    """Without a clock no age can be told, which is said."""
    from scanner.doctor.lists import check_fleet_key, check_lists, check_root

    findings, now = subject.clock
    if now is None:
        yield from findings
        return
    settings = subject.settings
    is_mock = settings is not None and settings.pins.factory == "mock"
    yield from check_lists(subject.state, now, allow_test_keys=is_mock)
    yield check_root(None if settings is None else settings.updates.root, subject.state)
    yield check_fleet_key(None if settings is None else settings.fleet_key, subject.state)


def _upload(subject: Subject) -> Iterator[Finding]:
    from scanner.doctor.upload import check_upload

    is_standalone = subject.settings is not None and subject.settings.standalone
    yield from check_upload(subject.state, subject.clock[1], is_standalone=is_standalone)


def _server(subject: Subject) -> Iterator[Finding]:
    from scanner.doctor.server import check_servers

    yield from check_servers(subject.settings, subject.state, subject.clock[1])


def _reader(subject: Subject) -> Iterator[Finding]:
    from scanner.doctor.reader import check_reader

    if subject.settings is not None:
        yield check_reader(subject.settings)


def _camera(subject: Subject) -> Iterator[Finding]:
    from scanner.doctor import camera, hardware

    yield from hardware.check_stickers(subject.state)
    if subject.settings is not None:
        yield from camera.check_hand_scanner(subject.settings.camera)
    if subject.is_scanning:
        yield Finding("E-CAMERA", Grade.OK, IN_USE.format("the camera", "camera"))
    elif subject.settings is not None:
        yield from camera.check_camera(subject.settings, subject.technician)


def _pins(subject: Subject) -> Iterator[Finding]:
    from scanner.doctor import hardware

    if subject.is_scanning:
        yield Finding("E-PINS", Grade.OK, IN_USE.format("the lamps", "pins"))
    elif subject.settings is not None:
        yield hardware.check_pins(subject.settings)


def _power(_: Subject) -> Iterator[Finding]:
    from scanner.doctor.power import check_power

    yield from check_power()


def _units(_: Subject) -> Iterator[Finding]:
    from scanner.doctor.units import check_units

    yield from check_units()


def _time_zone(subject: Subject) -> Iterator[Finding]:
    from scanner.doctor.time_zone import check_time_zone

    yield from check_time_zone(subject.state)


def _wiring(subject: Subject) -> Iterator[Finding]:
    from scanner.doctor.wiring import check_wiring

    if subject.settings is not None:
        yield from check_wiring(subject.settings, subject.technician)


PARTS = (
    Part("config", _config, is_vital=True),
    Part("libraries", _libraries, is_vital=True),
    Part("stores", _stores, limit_s=60.0, is_vital=True),
    Part("disk", _disk),
    Part("log", _log),
    Part("clock", _clock, is_vital=True),
    Part("lists", _lists, limit_s=60.0, is_vital=True),
    Part("upload", _upload),
    Part("server", _server, limit_s=40.0),
    Part("reader", _reader, is_vital=True),
    Part("camera", _camera, limit_s=60.0, is_vital=True),
    Part("pins", _pins, is_vital=True),
    Part("power", _power),
    Part("units", _units),
    Part("time-zone", _time_zone),
)
# Asks somebody who stands before the device, so it is looked at only when it is named.
WIRING = Part("wiring", _wiring, limit_s=300.0, is_vital=True)
BY_NAME = {part.name: part for part in (*PARTS, WIRING)}
