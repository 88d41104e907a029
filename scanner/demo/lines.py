"""The demo in a terminal: one line a frame, lamps and beeps drawn as the pins had them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scanner.core.signal import Lamps
from scanner.demo.tally import tally

if TYPE_CHECKING:
    from scanner.demo.journey import Shown
    from scanner.demo.show import Show

# One character for so much time.
CELL_S = 0.1
CELLS = 20
_LETTERS = {(True, False): "G", (False, True): "R", (True, True): "B", (False, False): "."}
_COLOURS = {"G": "\x1b[42;30m", "R": "\x1b[41;37m", "B": "\x1b[43;30m", ".": "\x1b[2m"}
_PLAIN = "\x1b[0m"


def text_line(shown: Shown, colours: bool) -> str:
    """SIMULATED, frame, lamps over 2 s, beeps, word, reason, milliseconds; and if it is wrong."""
    strip = "".join(
        _coloured(letter(shown.lamps_at((cell + 0.5) * CELL_S)), colours) for cell in range(CELLS)
    )
    took = "" if shown.lamp_ms is None else f"{shown.lamp_ms:.1f} ms"
    reason = shown.reason.name + "".join(f" {notice.value}" for notice in shown.notices)
    line = (
        f"SIMULATED  {Path(shown.line.file).stem:19} {strip}  {beeps(shown):14} "
        f"{shown.word or '-':22} {reason:24}{took:>8}"
    ).rstrip()
    if shown.is_as_expected:
        return line
    return f"{line}  WRONG, not {shown.line.outcome} {shown.line.reason}"


def letter(lamps: Lamps) -> str:
    """G green, R red, B both, . none."""
    return _LETTERS[lamps.green, lamps.red]


def beeps(shown: Shown) -> str:
    """`3 x 120 ms`; different lengths one by one."""
    lengths = shown.beeps_ms
    if not lengths:
        return "-"
    if len(set(lengths)) == 1:
        return f"{len(lengths)} x {lengths[0]} ms"
    return "+".join(map(str, lengths)) + " ms"


def summary_lines(show: Show) -> list[str]:
    """What was counted, what was kept, and where the pictures are."""
    counted = tally(show.shown)
    counters = ", ".join(f"{name} {n}" for name, n in show.counters.items()) or "none"
    return [
        "SIMULATED  each letter is 0.1 s: G green, R red, B both, . dark",
        f"SIMULATED  {counted.right} of {counted.lines} verdicts as in the manifest",
        f"SIMULATED  frame to lamp on this machine, not on a Raspberry Pi: median"
        f" {counted.median_ms:.1f} ms, 95 % within {counted.p95_ms:.1f} ms",
        f"SIMULATED  {show.records} scan records of 16 bytes; counted only: {counters}",
        *_arrival_lines(show),
        *(f"SIMULATED  {what}: {path}" for what, path in show.files.items()),
    ]


def _arrival_lines(show: Show) -> list[str]:
    arrived = show.arrived
    if arrived is None:
        return []
    whole = "nothing lost" if arrived.is_whole else "WRONG, not what the device has"
    chain = "intact" if arrived.is_intact else "WRONG, broken"
    return [
        f"SIMULATED  network back: {arrived.bodies} uploads of 16 KiB to a central server on "
        "loopback",
        f"SIMULATED  {arrived.kept} of {arrived.sent} records there, {whole}; chain of "
        f"{arrived.segments} segments {chain}",
    ]


def _coloured(text: str, colours: bool) -> str:
    return f"{_COLOURS[text]}{text}{_PLAIN}" if colours else text
