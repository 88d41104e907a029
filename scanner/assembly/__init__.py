"""The only place that chooses concrete parts and joins them.

Imports of parts stand in the functions that need them: the loop must not load what only a command
uses, and no command loads the parts of another.
"""

from scanner.assembly.clock import (
    ClockProbe,
    confirm_time,
    hear_image,
    probe_clock,
    propose_time,
    tell_time,
)
from scanner.assembly.desk import lists_of_check, time_of_check
from scanner.assembly.device import Device, check_simulation, device, wiring_of
from scanner.assembly.lists import install_lists
from scanner.assembly.probes import (
    CameraProbe,
    ReaderProbe,
    probe_camera,
    probe_lamps,
    probe_reader,
)
from scanner.assembly.simulated import SimulatedDevice, simulated_device

__all__ = [
    "CameraProbe",
    "ClockProbe",
    "Device",
    "ReaderProbe",
    "SimulatedDevice",
    "check_simulation",
    "confirm_time",
    "device",
    "hear_image",
    "install_lists",
    "lists_of_check",
    "probe_camera",
    "probe_clock",
    "probe_lamps",
    "probe_reader",
    "propose_time",
    "simulated_device",
    "tell_time",
    "time_of_check",
    "wiring_of",
]
