"""The end of the demo: the network comes back, and everything that was scanned reaches the city.

A central server of its own, started on loopback by the command that cities use; enrolment by two
files, TLS with certificates on both sides, bodies of 16 KiB, receipts: nothing here is simulated
but the device's scans.
"""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from scanner.assembly.desk import time_of_check
from scanner.assembly.enrolling import accept_enrolment, request_enrolment
from scanner.assembly.upload import upload_records
from scanner.central.ca import open_authority
from scanner.central.devices import Office, answer_file
from scanner.central.ledger import open_ledger
from scanner.central.log_folder import default_database, ensure_receipt_key, log_folder
from scanner.central.log_source import read_logs
from scanner.config import Settings
from scanner.core.chain import check_log, is_sound
from scanner.core.errors import SyncError
from scanner.core.logbook import DeviceLog
from scanner.store.outbox import SqliteOutbox

ALL_DAYS = (0, 10**6)
_ADDRESS = re.compile(r"(https://\S+) takes scan records")


@dataclass(frozen=True, slots=True)
class Arrived:
    """What the city has of the device. bodies: uploads of 16 KiB. sent: records on the device.

    is_intact: every segment hangs on the one before, and seals the records that came with it.
    """

    bodies: int
    sent: int
    kept: int
    segments: int
    is_whole: bool
    is_intact: bool
    database: Path

    @property
    def is_as_expected(self) -> bool:
        return self.is_whole and self.is_intact


def bring_network_back(state: Path, out: Path) -> Arrived:
    """`state`: a device whose run has ended; the city's folder is made anew under `out`.

    Raises SyncError, StoreError, CentralError, EnrolmentError.
    """
    central = out / "central"
    shutil.rmtree(central, ignore_errors=True)
    central.mkdir(parents=True)
    with _city(central) as url:
        _enrol(state, central, url)
        bodies = _send_all(state)
    (log,) = read_logs(default_database(central), *ALL_DAYS)
    with closing(SqliteOutbox(state)) as outbox:
        return _compared(log, outbox.records(), bodies, Path(default_database(central)))


def _compared(log: DeviceLog, records: list[bytes], bodies: int, database: Path) -> Arrived:
    return Arrived(
        bodies=bodies,
        sent=len(records),
        kept=len(log.records),
        segments=len(log.segments),
        is_whole=[log.records[seq] for seq in sorted(log.records)] == records,
        is_intact=is_sound(check_log(log)),
        database=database,
    )


@contextmanager
def _city(central: Path) -> Iterator[str]:
    """`scanner central serve` on free ports of loopback; yields where records go."""
    words = ("central", "--dir", str(central), "serve", "--port", "0", "--log-port", "0")
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "scanner", *words], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            yield _address_of(server)
        finally:
            server.terminate()


def _address_of(server: subprocess.Popen[str]) -> str:
    """Raises SyncError when the server ends without having said where it listens."""
    for line in server.stdout or ():
        if found := _ADDRESS.search(line):
            return found[1]
    raise SyncError("The central server does not start. Run `scanner central serve`.",
                    retryable=False)  # fmt: skip


def _enrol(state: Path, central: Path, url: str) -> None:
    """Two files, there and back, as on a stick."""
    request, answer = central / "request.json", central / "answer.json"
    request_enrolment(state, request)
    now = time_of_check(None).earliest
    with closing(open_ledger(default_database(central))) as ledger:
        authority = open_authority(log_folder(central), now)
        office = Office(ledger, authority, ensure_receipt_key(central, secrets.token_bytes), now)
        answer.write_bytes(answer_file(office.enrol(request.read_bytes(), url)))
    accept_enrolment(state, answer, anew=True)  # the city of a demo before is gone


def _send_all(state: Path) -> int:
    """Tick after tick without the minute between them; returns how many bodies went."""
    bodies = 0
    while True:
        report = upload_records(
            state, Settings(), lambda total: nullcontext(_unwatched), lambda: time_of_check(None)
        )
        bodies += report.bodies
        if report.fault:
            raise SyncError(report.fault, retryable=False)
        if not report.taken:
            return bodies


def _unwatched(taken: int) -> None:
    """Nobody looks at the progress."""
