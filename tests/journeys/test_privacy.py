"""Nobody can be found in what a device leaves behind: databases, journals, logs, reports.

`lists.db` holds what the issuer published: references of quarantined holders, and hashes of the ids
of annulled passes. Two samples stand on these lists, and exactly these two may be found there.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from sample_codes.passes import cti, holder_ref, make_texts
from scanner.core import base45
from scanner.store.database import OUTBOX, connect
from scanner.store.migrations import migrate
from tests.journeys.device import LINES, SAMPLES, sample_device
from tests.journeys.traces import Traces, search, search_folder, traces_of

PUBLISHED = {holder_ref("quarantined"), sha256(cti("revoked-by-id")).digest()[:8]}
LISTS = {"lists.db", "lists.db-wal"}
PICTURES = "*.png"


@pytest.fixture(scope="module")
def traces() -> Traces:
    """Of every sample that is a pass or a permit."""
    shown = {name: text for name, text in make_texts().items() if name not in ("wifi", "poster")}
    return {
        pattern: what
        for name, text in shown.items()
        for pattern, what in traces_of(name, text).items()
    }


def named(hits: dict[str, set[bytes]], traces: Traces) -> dict[str, list[str]]:
    """For the message of a failing test."""
    return {name: sorted(traces[pattern] for pattern in found) for name, found in hits.items()}


def without_published(hits: dict[str, set[bytes]]) -> dict[str, set[bytes]]:
    """What was found beside the two entries that the issuer's lists hold."""
    left = {name: found - PUBLISHED if name in LISTS else found for name, found in hits.items()}
    return {name: found for name, found in left.items() if found}


def test_a_device_keeps_nothing_of_whom_it_scanned(
    tmp_path: Path, temporary: Path, traces: Traces, caplog: pytest.LogCaptureFixture
) -> None:
    """All samples are scanned; then databases, WAL, temporary files and log hold none of them."""
    state = tmp_path / "state"
    with caplog.at_level(logging.DEBUG), sample_device(state) as device:
        for line in LINES:
            device.show(line)
        assert len(device.records()) > 30
        open_hits = search_folder(tmp_path, traces)
        assert (state / "outbox.db-wal").exists()
    hits = search_folder(tmp_path, traces)
    assert named(without_published(open_hits), traces) == {}
    assert named(without_published(hits), traces) == {}
    assert search(caplog.text.encode(), traces) == set()
    assert set().union(*(found for name, found in hits.items() if name in LISTS)) == PUBLISHED


def test_the_demo_tells_nothing_of_whom_it_showed(
    tmp_path: Path, temporary: Path, traces: Traces
) -> None:
    """Its lines, its report and its database: verdicts and reasons, no pass."""
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "demo", "--out", str(out)],
        cwd=SAMPLES.parent,
        env=os.environ | {"TMPDIR": str(temporary)},
        capture_output=True,
        check=True,
    )
    assert (out / "report.html").exists()
    for picture in out.glob(PICTURES):
        picture.unlink()
    hits = search_folder(tmp_path, traces)
    assert named(without_published(hits), traces) == {}
    assert search(done.stdout + done.stderr, traces) == set()


CANARY = make_texts()["work-plate"]


@pytest.mark.parametrize(
    "planted",
    [
        CANARY.encode(),
        cti("work-plate"),
        b"id=" + cti("work-plate").hex().encode(),
        b'{"id":"' + b64encode(b"a" + cti("work-plate") + b"bc") + b'"}',
        b"x" + base45.encode(b"a" + holder_ref("work-plate") + b"b").encode(),
        sha256(CANARY.encode()).digest(),
        b"plate A123BC77 at 10:00",
    ],
    ids=["text", "cti", "hex", "base64", "base45", "hash", "plate"],
)
def test_the_search_finds_a_canary(tmp_path: Path, traces: Traces, planted: bytes) -> None:
    """A search that finds nothing proves something only if it could have found it."""
    with sqlite3.connect(tmp_path / "outbox.db") as db:
        db.execute("CREATE TABLE planted (body BLOB)")
        db.execute("INSERT INTO planted VALUES (?)", [bytes(300) + planted + bytes(300)])
    db.close()
    assert set(search_folder(tmp_path, traces)) == {"outbox.db"}


def test_a_canary_that_was_deleted_is_overwritten(tmp_path: Path, traces: Traces) -> None:
    """What the stores delete is gone from their files: `secure_delete` is on."""
    migrate(tmp_path)
    db = connect(tmp_path, OUTBOX)
    db.execute("INSERT INTO counter (hour, name, n) VALUES (0, ?, 1)", [CANARY])
    assert search_folder(tmp_path, traces) != {}
    db.execute("DELETE FROM counter")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    assert search_folder(tmp_path, traces) == {}
