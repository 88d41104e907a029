"""The city's side of one stick for a box: lay it out, answer what devices have asked, count up.

Each file is written whole or not at all, and what is there already is not written again, so a stick
that is pulled out in the middle only needs to be put in once more.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scanner.central.devices import Office
from scanner.central.errors import CentralError
from scanner.central.files import write_atomically
from scanner.core.enrolment import MAX_FILE_BYTES, encode_answer, read_answer, read_request
from scanner.core.errors import CheckpointError, EnrolmentError
from scanner.core.stick import (
    ANSWERS,
    DEVICES,
    DONE,
    FOLDERS,
    INSTALL,
    LISTS,
    MARK,
    REASONS,
    REQUESTS,
    SERIAL,
    check_mark,
    mark,
    one_line,
)


@dataclass(frozen=True, slots=True)
class Stand:
    """How far one board is. state: "done", "answered", "asked", "waiting" or "reason"."""

    serial: str
    name: str
    state: str
    words: str = ""


def lay_out(
    folder: Path, files: Mapping[str, str], installs: Sequence[Path], lists: Path | None
) -> None:
    """files: serial → boot file. installs: files and folders to be copied. CentralError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FOLDERS:
            (folder / name).mkdir(exist_ok=True)
        for serial, text in files.items():
            write_atomically(folder / DEVICES / f"{serial}.toml", text.encode())
        for source in installs:
            _copy(source, folder / INSTALL / source.name)
        if lists is not None:
            _copy(lists, folder / LISTS)
    except OSError as error:
        raise CentralError(f"{folder} cannot be written ({error}). Is the stick full?") from None
    write_atomically(folder / MARK, mark())


def sign_stick(folder: Path, office: Office) -> list[Stand]:
    """Answer every request whose board is of the fleet and has no answer yet. CentralError."""
    check_stick(folder)
    with office.ledger.book(reading=True) as book:
        plans = {plan.serial: plan for plan in book.plans() if plan.serial is not None}
    for path in sorted((folder / REQUESTS).glob("*.json")):
        serial = path.stem
        if not SERIAL.fullmatch(serial):
            continue
        try:
            raw = _read(path)
            if _is_answered(folder, serial, raw):
                continue
            if serial not in plans:
                raise EnrolmentError("Add this board to devices.csv: it is not of the fleet.")
            answer = office.enrol(raw, None, place=plans[serial].place)
            write_atomically(folder / ANSWERS / path.name, encode_answer(answer))
            (folder / REASONS / f"{serial}.txt").unlink(missing_ok=True)
        except (EnrolmentError, CentralError) as error:
            _tell(folder, serial, error)
    return stands(folder, {serial: plan.name for serial, plan in plans.items() if serial})


def stands(folder: Path, names: Mapping[str, str]) -> list[Stand]:
    """One for each board of the stick or of `names`, by name. Raises CentralError."""
    check_stick(folder)
    found = {
        path.stem for part in (DEVICES, REQUESTS, REASONS) for path in (folder / part).glob("*.*")
    }
    serials = {serial for serial in found if SERIAL.fullmatch(serial)}
    all_ = [_stand(folder, serial, names.get(serial, "?")) for serial in serials]
    return sorted(all_, key=lambda stand: (stand.name, stand.serial))


def summary(found: Sequence[Stand]) -> str:
    """`47 done, 3 with reason`; others are named only where there are any."""
    words = (("done", "done"), ("answered", "to be plugged in again"), ("asked", "to be signed"),
             ("waiting", "not plugged in yet"), ("reason", "with reason"))  # fmt: skip
    counts = {state: sum(stand.state == state for stand in found) for state, _ in words}
    named = [f"{counts[state]} {said}" for state, said in words
             if counts[state] or state in ("done", "reason")]  # fmt: skip
    return ", ".join(named)


def check_stick(folder: Path) -> None:
    """Raises CentralError."""
    try:
        check_mark(_read(folder / MARK))
    except EnrolmentError as error:
        raise CentralError(str(error)) from None


def _stand(folder: Path, serial: str, name: str) -> Stand:
    reason = folder / REASONS / f"{serial}.txt"
    if reason.is_file():
        return Stand(serial, name, "reason", one_line(_read(reason).decode("utf-8", "replace")))
    for state, part, ending in (
        ("done", DONE, "txt"), ("answered", ANSWERS, "json"), ("asked", REQUESTS, "json"),
    ):  # fmt: skip
        if (folder / part / f"{serial}.{ending}").is_file():
            return Stand(serial, name, state)
    return Stand(serial, name, "waiting")


def _is_answered(folder: Path, serial: str, raw: bytes) -> bool:
    """For this very request: a board whose card was made anew asks with other keys."""
    path = folder / ANSWERS / f"{serial}.json"
    if not path.is_file():
        return False
    try:
        request, answer = read_request(raw), read_answer(_read(path))
    except EnrolmentError:
        return False
    same_key = answer.certificates[0].public_key() == request.tls_key
    return answer.device == request.device and same_key


def _tell(folder: Path, serial: str, error: CheckpointError) -> None:
    write_atomically(folder / REASONS / f"{serial}.txt", one_line(str(error)).encode())


def _read(path: Path) -> bytes:
    """Raises EnrolmentError."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise EnrolmentError(f"{path} cannot be read ({error.strerror}). Pull the stick out and "
                             "put it in again.") from None  # fmt: skip


def _copy(source: Path, target: Path) -> None:
    """Raises OSError."""
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)
