"""Whether records reach the city: enrolled or not, the last receipt, what waits or was refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.enrolment import EnrolmentAnswer
from scanner.core.errors import LogError, StoreError
from scanner.core.receipt import parse_receipt
from scanner.core.signed_log import public_bytes
from scanner.core.upload import words_of
from scanner.doctor.finding import Finding, Grade
from scanner.store.device_key import KEY_FILE, provide_device_key
from scanner.store.enrolment import read_enrolment
from scanner.store.upload_queue import UploadQueue, UploadStatus

# A certificate is renewed by a stick that somebody has to carry.
RENEW = timedelta(days=30)
# A body goes each minute and the longest wait is an hour: then something does not run.
SILENT = timedelta(hours=2)

ENROL = (
    "`scanner enrol`, and hold the city's card before the camera. Without network: `scanner enrol "
    "request FILE`, have the city answer it, `scanner enrol accept ANSWER`. Or set "
    "standalone = true, if the log is to be pulled."
)
RENEWAL = "`scanner enrol request FILE`, have the city answer it, `scanner enrol accept ANSWER`."
TIMER = "Look whether it runs: `systemctl list-timers scanner-upload.timer`, or `scanner upload`."
UNKNOWN = ClockReading(datetime.fromtimestamp(0, UTC), None, ClockLevel.C)


def check_upload(
    state: Path, now: ClockReading | None, *, is_standalone: bool
) -> Iterator[Finding]:
    """Whose device this is, and how far its server has the log."""
    if is_standalone:
        yield Finding("E-NOT-ENROLLED", Grade.OK, "stands alone: its log is pulled, not sent")
        return
    try:
        enrolment = read_enrolment(state)
    except StoreError as error:
        yield Finding("E-NOT-ENROLLED", Grade.UNCONFIGURED, str(error), ENROL)
        return
    if enrolment is None:
        found = "not enrolled, and standing alone neither: it does not scan"
        yield Finding("E-NOT-ENROLLED", Grade.UNCONFIGURED, found, ENROL)
        return
    yield Finding("E-NOT-ENROLLED", Grade.OK, f"enrolled with {enrolment.url}")
    yield _certificate(enrolment, now or UNKNOWN)
    yield from _sent(state, now or UNKNOWN)


def _certificate(enrolment: EnrolmentAnswer, now: ClockReading) -> Finding:
    chain = (*enrolment.certificates, enrolment.ca)
    until = min(each.not_valid_after_utc for each in chain)
    if now.surely_at_or_after(until):
        found = f"the certificate ended on {until:%Y-%m-%d}: records are kept and not sent"
        return Finding("E-CERT", Grade.WARNING, found, RENEWAL)
    grade = Grade.WARNING if now.earliest > until - RENEW else Grade.OK
    return Finding("E-CERT", grade, f"the certificate holds until {until:%Y-%m-%d}", RENEWAL)


def _sent(state: Path, now: ClockReading) -> Iterator[Finding]:
    if not (state / KEY_FILE).exists():
        return  # told by E-DEVICE; looking does not make it somebody
    try:
        with closing(UploadQueue(state, public_bytes(provide_device_key(state)))) as queue:
            status = queue.status()
        receipt = parse_receipt(status.receipt) if status.receipt else None
    except (StoreError, LogError) as error:
        yield Finding("E-UPLOAD", Grade.FAILURE, str(error), "Run `scanner migrate`.")
        return
    waits = f"{status.records} records in {status.segments} segments wait"
    if receipt is None:
        found = f"the server has receipted nothing yet; {waits}"
        yield Finding("E-UPLOAD", Grade.WARNING, found, TIMER)
    else:
        at = datetime.fromtimestamp(receipt.at, UTC)
        found = f"the server had all up to record {receipt.seq} on {at:%Y-%m-%d %H:%M}Z; {waits}"
        is_silent = now.latest is not None and now.earliest - at > SILENT
        yield Finding("E-UPLOAD", Grade.WARNING if is_silent else Grade.OK, found, TIMER)
    yield from _faults(status)


def _faults(status: UploadStatus) -> Iterator[Finding]:
    if status.fault:
        tries = f"{status.retry.attempts} in a row" if status.retry.attempts > 1 else "once"
        found = f"the last try failed ({tries}): {status.fault}"
        yield Finding("E-UPLOAD", Grade.WARNING, found, "It is tried again by itself.")
    for batch in status.aside:
        found = f"segments {batch.first} to {batch.last} are set aside: {words_of(batch.status)}"
        fix = "They are kept and offered again once a day; give their numbers to the city."
        yield Finding("E-LOG-ASIDE", Grade.WARNING, found, fix)
