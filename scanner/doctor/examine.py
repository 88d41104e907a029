"""Looks at one part after the other; one that crashes or hangs is told, and the next is looked at.

Each part has a thread of its own, which is left alone when its time is over: it may hang in the
kernel, where nothing can end it but the end of this process.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from scanner.core.errors import CheckpointError
from scanner.doctor.finding import Finding, Grade
from scanner.doctor.parts import BY_NAME, Part
from scanner.doctor.subject import Subject

CRASHED_FIX = "Go on with the other findings; then report this line with a support bundle."
HUNG_FIX = "Switch the device off and on; if it comes again, report it with a support bundle."


def examine(
    parts: Iterable[Part], subject: Subject, monotonic: Callable[[], float] = time.monotonic
) -> Iterator[Finding]:
    """Every finding as it is made. Settings that cannot be used are told whatever is asked for."""
    chosen = list(parts)
    if not any(part.name == "config" for part in chosen):
        config = _one(BY_NAME["config"], subject, monotonic)
        yield from (finding for finding in config if finding.grade is not Grade.OK)
    told: set[Finding] = set()
    for part in chosen:
        for finding in _one(part, subject, monotonic):
            if finding not in told:  # lists say what is wrong with the clock, too
                told.add(finding)
                yield finding


def _one(part: Part, subject: Subject, monotonic: Callable[[], float]) -> Iterator[Finding]:
    found: queue.SimpleQueue[Finding | None] = queue.SimpleQueue()
    thread = threading.Thread(
        target=_look, args=(part, subject, found), name=f"doctor-{part.name}", daemon=True
    )
    until_s = monotonic() + part.limit_s
    thread.start()
    while True:
        try:
            finding = found.get(timeout=max(0.0, until_s - monotonic()))
        except queue.Empty:
            yield _hung(part)
            return
        if finding is None:
            return
        yield finding


def _look(part: Part, subject: Subject, found: queue.SimpleQueue[Finding | None]) -> None:
    try:
        for finding in part.look(subject):
            found.put(finding)
    except CheckpointError as error:
        found.put(Finding("E-CHECK", _grade(part), f"{part.name}: {error}", CRASHED_FIX))
    except Exception as error:  # noqa: BLE001 - whatever a check does, the others are looked at
        found.put(_crashed(part, error))
    finally:
        found.put(None)


def _crashed(part: Part, error: Exception) -> Finding:
    """Kind and place; not its text, which may hold what somebody has shown to the camera.

    Only what cannot be imported is told by its name.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f" at {_place(trace.tb_frame.f_code.co_filename)}"
    line = "" if trace is None else f":{trace.tb_lineno}"
    name = f" {error.name}" if isinstance(error, ImportError) and error.name else ""
    found = f"{part.name} could not be looked at: {type(error).__name__}{name}{place}{line}"
    return Finding("E-CHECK", _grade(part), found, CRASHED_FIX)


def _hung(part: Part) -> Finding:
    found = f"{part.name} gave no answer in {part.limit_s:.0f} s"
    return Finding("E-CHECK-HUNG", _grade(part), found, HUNG_FIX)


def _grade(part: Part) -> Grade:
    """What could not be looked at counts as broken where a checkpoint cannot do without it."""
    return Grade.FAILURE if part.is_vital else Grade.WARNING


def _place(file: str) -> str:
    return "/".join(Path(file).parts[-2:])
