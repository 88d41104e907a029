"""A device gives its log away: noted first, for the one who may have it, and provably whole."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from scanner.assembly.logs import Taking, device_book, export_device
from scanner.config import CheckpointTable, Settings
from scanner.core.errors import LogError
from scanner.core.findings import State
from scanner.core.reasons import Outcome, Reason
from scanner.core.segment import read_segment
from scanner.logs.files import Format, open_book
from scanner.logs.verify import check_book
from scanner.logs.volume import Source, Wish
from scanner.store.device_log import read_device_logs
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from tests.assembly.kept import MORNING, exports, is_whole, keep, record

SETTINGS = Settings(checkpoint=CheckpointTable(id="tower"))
CASE = "2 UJs 12/20"


@pytest.mark.parametrize("form", [Format.JSONL, Format.SQLITE])
def test_export_of_cells_is_noted_and_accounted_for(
    state: Path, tmp_path: Path, form: Format
) -> None:
    """No record leaves; what leaves can be verified without the device."""
    out = tmp_path / "log"
    heading = export_device(state, SETTINGS, Taking(Wish(), form), out)
    book = open_book(out)
    (checked,) = check_book(book)
    assert checked.is_sound
    assert {finding.state for finding in checked.findings} == {State.ACCOUNTED}
    assert checked.volume.log.records == {}
    assert sum(cell.n for cell in checked.volume.cells) > 300
    (noted,) = exports(state)
    assert (noted.nonce, noted.case, noted.recipient) == (heading.nonce, "", "")
    assert len(noted.digest) == 32
    assert heading.zone == "Europe/Moscow"


def test_segment_of_an_export_says_where_the_device_stands(state: Path, tmp_path: Path) -> None:
    """As its settings say; without any, where it stood before."""
    for settings, name in ((None, "bridge"), (SETTINGS, "tower")):
        export_device(state, settings, Taking(Wish(), Format.JSONL), tmp_path / "log")
        last = read_segment(read_device_logs(state)[-1].segments[-1])
        assert last.checkpoint == name


def test_export_for_a_case_holds_the_records_of_its_time(state: Path, tmp_path: Path) -> None:
    """And the case stands in the chain."""
    begin = int(MORNING.timestamp()) // 60 - 60 * 15
    wish = Wish(begin + 60, begin + 120, case=CASE)
    export_device(state, SETTINGS, Taking(wish, Format.JSONL), tmp_path / "log")
    (checked,) = check_book(open_book(tmp_path / "log"))
    records = checked.volume.log.records.values()
    assert checked.is_sound
    assert {int.from_bytes(body[4:8], "little") for body in records} == set(
        range(begin + 60, begin + 120, 15)
    )
    assert [noted.case for noted in exports(state)] == [CASE]


def test_every_export_is_noted_with_a_nonce_of_its_own(state: Path, tmp_path: Path) -> None:
    """Who takes the same twice is seen twice; the first file stays whole beside the second."""
    outs = [tmp_path / "first", tmp_path / "second"]
    for out in outs:
        export_device(state, SETTINGS, Taking(Wish(), Format.JSONL), out)
    assert all(is_whole(open_book(out)) for out in outs)
    assert len({noted.nonce for noted in exports(state)}) == 2


def test_open_records_are_sealed_before_they_are_counted(state: Path, tmp_path: Path) -> None:
    """Also those of the quarter that goes on."""
    with closing(SqliteOutbox(state)) as outbox:
        outbox.append(record(MORNING, Reason.OK))
    out = tmp_path / "log"
    export_device(state, SETTINGS, Taking(Wish(case=CASE), Format.JSONL), out)
    (checked,) = check_book(open_book(out))
    assert {finding.state for finding in checked.findings} == {State.INTACT}
    assert len(checked.volume.log.records) == len(read_device_logs(state)[0].records)


def test_scans_after_an_export_belong_to_the_next(state: Path, tmp_path: Path) -> None:
    """The device goes on; the file stays as it was."""
    export_device(state, SETTINGS, Taking(Wish(), Format.JSONL), tmp_path / "log")
    keep(state, MORNING, [[Reason.OK] * 9])
    assert is_whole(open_book(tmp_path / "log"))
    book, server = device_book(state)
    assert (book.heading.source, server) == (Source.FOLDER, None)
    assert is_whole(book)


def test_log_before_a_damaged_file_is_exported_as_well(state: Path, tmp_path: Path) -> None:
    """It is another epoch of the same device."""
    (state / "outbox.db").rename(state / "outbox.db.damaged-1")
    migrate(state)
    keep(state, MORNING, [[Reason.OK] * 9, [Reason.OK] * 9])
    export_device(state, SETTINGS, Taking(Wish(), Format.JSONL), tmp_path / "log")
    book = open_book(tmp_path / "log")
    assert is_whole(book)
    assert len(list(book.volumes())) == 2


@pytest.mark.parametrize("recipient", ["", "age1nobody"])
def test_export_that_cannot_be_is_not_noted(state: Path, tmp_path: Path, recipient: str) -> None:
    """No place to write, nobody who could open it."""
    out = tmp_path / "no" / "log"
    with pytest.raises(LogError):
        export_device(state, SETTINGS, Taking(Wish(), Format.JSONL, recipient), out)
    assert exports(state) == []


def test_outcomes_can_be_chosen(state: Path, tmp_path: Path) -> None:
    """Rows of other outcomes stay behind; the chain says nothing is missing all the same."""
    wish = Wish(outcome=Outcome.BY_HAND)
    export_device(state, SETTINGS, Taking(wish, Format.JSONL), tmp_path / "log")
    book = open_book(tmp_path / "log")
    (volume,) = book.volumes()
    assert is_whole(book)
    assert {cell.kind.outcome for cell in volume.cells} == {Outcome.BY_HAND}
