"""A device's scan log to who may have it: sealed, noted in its own chain, and only then given."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

from scanner.assembly.clock import probe_clock
from scanner.assembly.running import policy_of, running_beside
from scanner.config import Settings
from scanner.core.chain import Watch
from scanner.core.clock import ClockReading
from scanner.core.errors import LogError
from scanner.core.events import Event, Export
from scanner.core.logbook import DeviceLog
from scanner.core.request import MAX_REQUEST_BYTES, PullRequest, check_request
from scanner.core.segment import read_segment
from scanner.core.signed_log import device_of, public_bytes, public_key
from scanner.logs import age
from scanner.logs.files import Book, Format, check_place, write_file
from scanner.logs.volume import (
    Heading,
    Source,
    Volume,
    Wish,
    digest_of_all,
    ended,
    given_for,
    links_of,
    volume_of,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

    from scanner.store.segments import Running

REQUEST_SUFFIX, ANSWER_SUFFIX = ".request", ".jsonl.age"
_MOST_REQUESTS = 64
_NONCE_BYTES = 16
# Of the recipient, in the event of an export.
_RECIPIENT_TOLD = 16


@dataclass(frozen=True, slots=True)
class Taking:
    """One export of a device: what, how, for whom ("" anybody), who asked ("" on the device)."""

    wish: Wish
    form: Format
    recipient: str = ""
    supervisor: str = ""
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class Pulled:
    """A request of a stick: the file that answers it, or why there is none."""

    request: Path
    answer: Path | None
    words: str


def device_book(state: Path) -> tuple[Book, Ed25519PublicKey | None]:
    """The log where the device keeps it, with all its records; for `verify` alone.

    With it the key of the server's receipts, where the device is enrolled. Raises StoreError.
    """
    from scanner.store.enrolment import read_enrolment

    logs, enrolment = _read_logs(state), read_enrolment(state)
    heading = Heading("", Wish(), Source.FOLDER)
    book = Book(str(state), heading, lambda: (Volume(log, ()) for log in logs))
    return book, public_key(enrolment.receipt_key) if enrolment else None


def export_device(
    state: Path, settings: Settings | None, taking: Taking, out: Path, watch: Watch = iter
) -> Heading:
    """Everything is sealed, the export noted in the chain, the file written: in this order.

    The event names the digest of the cells; what is scanned meanwhile belongs to the next export.
    Raises LogError, StoreError; an export that was noted and could not be written stays noted.
    """
    if taking.recipient:
        age.recipient_of(taking.recipient)
    return _export(state, settings, taking, out, probe_clock(state).now.earliest, watch)


def _export(
    state: Path,
    settings: Settings | None,
    taking: Taking,
    out: Path,
    now: datetime,
    watch: Watch = iter,
) -> Heading:
    from scanner.store.device_key import provide_device_key
    from scanner.store.segments import SegmentLog

    check_place(out)
    wish, nonce = taking.wish, taking.nonce or os.urandom(_NONCE_BYTES).hex()
    running = _running(state, settings)
    with closing(SegmentLog(state, provide_device_key(state))) as chain:
        chain.seal(now, running, whole=True)
        volumes = [volume_of(log, wish, watch) for log in _read_logs(state)]
        export = _event(taking, nonce, digest_of_all(volumes))
        chain.seal(now, running, events=[Event(export)])
    given = _ended(state, volumes, wish, nonce)
    heading = Heading(nonce, wish, Source.DEVICE, _zone_name(running.zone), taking.supervisor)
    write_file(out, taking.form, heading, given, taking.recipient)
    return heading


def _running(state: Path, settings: Settings | None) -> Running:
    """Without settings it stands where its newest segment says."""
    running = running_beside(state, settings or Settings())
    segments = _read_logs(state)[-1].segments
    if settings is None and segments:
        return replace(running, checkpoint=read_segment(segments[-1]).checkpoint)
    return running


def _event(taking: Taking, nonce: str, digest: bytes) -> Export:
    return Export(
        nonce=nonce,
        since=taking.wish.since,
        until=taking.wish.until,
        recipient=taking.recipient[:_RECIPIENT_TOLD],
        case=taking.wish.case,
        supervisor=taking.supervisor,
        digest=digest,
    )


def _ended(state: Path, volumes: Sequence[Volume], wish: Wish, nonce: str) -> list[Volume]:
    """The logs again, now with the event at the end; the cells are those it speaks of."""
    cells = {volume.log.epoch: volume.cells for volume in volumes}
    given = []
    for log in _read_logs(state):
        if log.epoch in cells:
            whole = ended(log, nonce)
            links = links_of(whole) if wish.case else []
            given.append(Volume(given_for(whole, links, wish), cells[log.epoch]))
    return given


def _zone_name(zone: object) -> str:
    return getattr(zone, "key", "UTC")


def _read_logs(state: Path) -> list[DeviceLog]:
    from scanner.store.device_log import read_device_logs

    return read_device_logs(state)


def pull(
    stick: Path, state: Path, settings: Settings | None, now: ClockReading | None = None
) -> Iterator[Pulled]:
    """Each request on the stick, answered beside it or refused with what to do. StoreError.

    Raises LogError for a stick without requests.
    """
    from scanner.store.device_key import provide_device_key

    key = provide_device_key(state)
    requests = _requests(stick)
    if not requests:
        raise LogError(f"No request (*{REQUEST_SUFFIX}) is in {stick}. See `scanner logs request`.")
    for path in requests:
        try:
            answer, request = _answer(path, state, settings, key, now or probe_clock(state).now)
        except LogError as error:
            yield Pulled(path, None, str(error))
            continue
        what = f"single records for case {request.case}" if request.case else "cells"
        yield Pulled(path, answer, f"{what} for {request.supervisor}; only they can open it")


def _requests(stick: Path) -> list[Path]:
    """Regular files in the top folder; a link on a stick may lead anywhere."""
    try:
        found = sorted(stick.iterdir())
        return [
            path
            for path in found
            if path.name.endswith(REQUEST_SUFFIX) and S_ISREG(path.lstat().st_mode)
        ][:_MOST_REQUESTS]
    except OSError as error:
        raise LogError(
            f"{stick} cannot be read ({error.strerror}). Put the stick in again."
        ) from None


def _answer(
    path: Path, state: Path, settings: Settings | None, key: Ed25519PrivateKey, now: ClockReading
) -> tuple[Path, PullRequest]:
    device = device_of(public_bytes(key))
    nonces = {export.nonce for export in _exports(state)}
    supervisors = policy_of(state, settings or Settings()).supervisors
    request = check_request(_read(path), supervisors, now, device, nonces.__contains__)
    age.recipient_of(request.recipient)
    name = f"{path.name.removesuffix(REQUEST_SUFFIX)}-{device.hex()}{ANSWER_SUFFIX}"
    taking = Taking(
        Wish(request.since, request.until, case=request.case),
        Format.JSONL,
        request.recipient,
        request.supervisor,
        request.nonce,
    )
    _export(state, settings, taking, path.with_name(name), now.earliest)
    return path.with_name(name), request


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_REQUEST_BYTES + 1)
    except OSError as error:
        raise LogError(
            f"{path} cannot be read ({error.strerror}). Put the stick in again."
        ) from None


def _exports(state: Path) -> Iterator[Export]:
    """Every export that this device remembers."""
    for log in _read_logs(state):
        for signed in log.segments:
            with suppress(LogError):  # a damaged segment is for `verify` to tell
                for event in read_segment(signed).events:
                    if isinstance(event.body, Export):
                        yield event.body
