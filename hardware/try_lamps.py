"""Shows signals one after the other, to be looked at: `python -m hardware.try_lamps admit refuse`.

For whoever has just soldered: no settings file, no camera, no store. Without names it shows the
self-test and every answer an officer may get.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence

from hardware.indicator import GpioIndicator
from hardware.pins import Gpio, Sounder, Wiring, open_gpio
from scanner.core.errors import DeviceError
from scanner.core.reasons import SignalName
from scanner.core.signal import SIGNALS
from scanner.ports import Indicator

ANSWERS = (
    SignalName.SELF_TEST,
    SignalName.ADMIT,
    SignalName.ADMIT_SEEN,
    SignalName.REFUSE,
    SignalName.COMPARE,
    SignalName.SCANNER,
    SignalName.NOT_A_PASS,
    SignalName.SPECIMEN,
)


def show_each(
    indicator: Indicator, names: Sequence[SignalName], wait: Callable[[], object]
) -> str | None:
    """Each signal, announced and then shown for one wait; returns the fault that was met."""
    for name in names:
        print(f"try_lamps: {name.value:14} {SIGNALS[name].word}", flush=True)
        indicator.show(SIGNALS[name])
        indicator.confirm()
        wait()
    return indicator.fault


def main(
    arguments: Sequence[str] | None = None, *, open_chip: Callable[[str], Gpio] = open_gpio
) -> int:
    """0: shown; 1: not, and why."""
    options = _parser().parse_args(arguments)
    wiring = Wiring(amber=options.amber, sounder=Sounder(options.sound))
    names = options.signals or ANSWERS
    try:
        gpio = open_chip("lgpio")
        indicator = GpioIndicator(gpio, wiring, time.monotonic)
    except DeviceError as error:
        print(f"try_lamps: {error}", file=sys.stderr)
        return 1
    try:
        fault = show_each(indicator, names, lambda: time.sleep(options.seconds))
    finally:
        indicator.close()
        gpio.close()
    if fault is not None:
        print(f"try_lamps: {fault}", file=sys.stderr)
    return 0 if fault is None else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hardware.try_lamps", description=__doc__)
    known = [name.value for name in SignalName]
    parser.add_argument(
        "signals", nargs="*", type=SignalName, metavar="SIGNAL", help=", ".join(known)
    )
    parser.add_argument("--seconds", type=float, default=4.0, help="for each signal; 4")
    parser.add_argument("--amber", type=int, help="GPIO number of the third lamp, if wired")
    parser.add_argument("--sound", choices=[each.value for each in Sounder], default="active")
    return parser


if __name__ == "__main__":
    sys.exit(main())
