"""The end of the demo: scans reach a central server, or the demo says that they did not."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.central.log_source import read_logs
from scanner.core.chain import check_log
from scanner.core.logbook import DeviceLog
from scanner.demo import network_back
from scanner.demo.lines import summary_lines
from scanner.demo.network_back import Arrived, bring_network_back
from scanner.demo.show import Show
from scanner.store.device_key import provide_device_key
from tests.sync.sealed import SealedDevice

ARRIVED = Arrived(2, 37, 37, 46, True, True, Path("log.db"))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A device that has scanned 300 passes and was stopped in order."""
    folder = tmp_path / "state"
    folder.mkdir()
    device = SealedDevice(folder, provide_device_key(folder).private_bytes_raw())
    device.scan(300)
    device.seal_minutes(3)
    device.seal(whole=True)
    device.close()
    return folder


def test_everything_arrives_and_the_chain_is_intact(state: Path, tmp_path: Path) -> None:
    """Each record once, under one unbroken chain, in a database that is really there."""
    arrived = bring_network_back(state, tmp_path)
    assert (arrived.sent, arrived.kept) == (300, 300)
    assert arrived.is_as_expected
    with sqlite3.connect(arrived.database) as db:
        assert db.execute("SELECT count(*) FROM records").fetchone() == (300,)


def test_demo_can_be_repeated(state: Path, tmp_path: Path) -> None:
    """The city of the run before is gone, and the device is enrolled at the new one."""
    bring_network_back(state, tmp_path)
    assert bring_network_back(state, tmp_path).kept == 300


@pytest.mark.parametrize("loss", ["record", "changed", "segment"])
def test_loss_is_seen(
    loss: str, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record or a segment that the city lacks, or has otherwise, is no success."""

    def spoilt(database: str, since: int, until: int) -> list[DeviceLog]:
        (log,) = read_logs(database, since, until)
        assert check_log(log)
        records: Mapping[int, bytes] = log.records
        if loss == "record":
            records = {seq: body for seq, body in records.items() if seq != 7}
        elif loss == "changed":
            records = {**records, 7: records[7][:8] + b"\2" + records[7][9:]}
        segments = log.segments[:1] + log.segments[2:] if loss == "segment" else log.segments
        return [replace(log, records=records, segments=segments)]

    monkeypatch.setattr(network_back, "read_logs", spoilt)
    arrived = bring_network_back(state, tmp_path)
    assert not arrived.is_as_expected
    assert not Show((), 300, {}, {}, arrived).is_as_expected


def test_lines_say_what_arrived() -> None:
    """How many, over how many uploads, and whether the chain holds."""
    text = "\n".join(summary_lines(Show((), 37, {}, {}, ARRIVED)))
    assert "2 uploads of 16 KiB" in text
    assert "37 of 37 records there, nothing lost; chain of 46 segments intact" in text
    lost = replace(ARRIVED, kept=36, is_whole=False, is_intact=False)
    text = "\n".join(summary_lines(Show((), 37, {}, {}, lost)))
    assert text.count("WRONG") == 2
