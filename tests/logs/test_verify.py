"""What `verify` says of a file: what ties it together is checked, and told in plain words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scanner.core.findings import Finding, State
from scanner.core.reasons import Outcome, Reason
from scanner.core.signed_log import device_of, public_bytes
from scanner.core.tallies import LAST_MINUTE
from scanner.logs.files import Book
from scanner.logs.verify import Checked, check_book, joined, told
from scanner.logs.volume import Source, Volume, Wish
from tests.core.chains import DAY, MINUTE, NONCE, Chain, a_record, device_key, folded
from tests.logs.made import CASE, NEXT_DAY, SERVER, Made, a_day, central_book, with_volumes


def details(book: Book, server: Ed25519PublicKey | None = None) -> list[str]:
    """What is wrong."""
    return [
        finding.detail
        for checked in check_book(book, server)
        for finding in checked.findings
        if not finding.state.is_sound
    ]


def lines(checked: Sequence[Checked]) -> list[str]:
    return [line for each in checked for line in told(each)]


def test_export_of_cells_is_accounted_for() -> None:
    """Nothing is missing although no record is there; one line says so."""
    book = Made([a_day()]).book()
    (checked,) = check_book(book)
    device = device_of(public_bytes(device_key("a day"))).hex()
    first, second, third = told(checked)
    assert checked.is_sound
    assert first.startswith(f"device {device}, epoch ")
    assert first.endswith("at bridge")
    assert second == "  segments 1 to 66, 2020-04-29T09:00Z to 2020-04-30T00:00Z"
    count = checked.links[-1].segment.next_seq - 1
    assert third == f"  records 1 to {count}: accounted for; sealed; not in this source"


def test_export_for_a_case_is_intact() -> None:
    """Every record, by the seal of its segment."""
    (checked,) = check_book(Made([a_day()], Wish(case=CASE)).book())
    assert {finding.state for finding in checked.findings} == {State.INTACT}


def test_part_of_a_case_is_intact_and_the_rest_accounted_for() -> None:
    """Only whole segments of the time asked for are given."""
    (checked,) = check_book(Made([a_day()], Wish(MINUTE + 60, MINUTE + 90, case=CASE)).book())
    assert checked.is_sound
    assert {finding.state for finding in checked.findings} == {State.INTACT, State.ACCOUNTED}


def test_folded_day_of_a_case_is_given_as_a_whole() -> None:
    """What was kept of it has one seal: a part of it would look forged."""
    chain = Chain()
    for place in range(4):
        minute = MINUTE + 15 * place
        mixed = [a_record(minute), a_record(minute, Reason.EXPIRED)]
        chain.seal(minute + 15, mixed, day=DAY)
    chain.seal(MINUTE + 75, events=[folded(chain, 1, 8, keep={Outcome.REFUSE})])
    (checked,) = check_book(Made([chain], Wish(MINUTE, MINUTE + 15, case=CASE)).book())
    assert checked.is_sound
    assert list(checked.volume.log.records) == [2, 4, 6, 8]
    (other,) = check_book(Made([chain], Wish(MINUTE + 90, case=CASE)).book())
    assert other.is_sound
    assert other.volume.log.records == {}


def test_file_without_its_own_event_is_cut() -> None:
    """Also when the line that named it was taken out, too."""
    book = Made([a_day()]).book()
    (volume,) = book.volumes()
    log = replace(volume.log, segments=volume.log.segments[:-2])
    for cut in (log, replace(log, nonce="")):
        assert "the file does not end with the event of its own export" in details(
            with_volumes(book, Volume(cut, volume.cells))
        ) or "the export's own segment is not there" in details(
            with_volumes(book, Volume(cut, volume.cells))
        )


def test_file_of_nothing_is_cut() -> None:
    """An empty file is not a whole one."""
    book = Made([a_day()]).book()
    assert details(with_volumes(book)) == ["the file does not end with the event of its own export"]


@pytest.mark.parametrize(
    "change",
    [
        lambda heading: replace(heading, supervisor="Boris"),
        lambda heading: replace(heading, wish=replace(heading.wish, since=5)),
        lambda heading: replace(heading, wish=replace(heading.wish, until=LAST_MINUTE - 5)),
        lambda heading: replace(heading, wish=replace(heading.wish, case="another")),
    ],
)
def test_heading_must_say_what_the_chain_says(change: Callable[..., object]) -> None:
    """Range, case and who asked."""
    book = Made([a_day()], supervisor="Anna").book()
    changed = replace(book, heading=change(book.heading))  # type: ignore[arg-type]
    assert details(changed) == ["the heading says otherwise than the event of the export"]


def test_changed_cells_are_found() -> None:
    """One more, one fewer, one gone: the device has signed their digest."""
    book = Made([a_day()]).book()
    (volume,) = book.volumes()
    first, *rest = volume.cells
    for cells in ([replace(first, n=first.n + 1), *rest], rest, []):
        changed = with_volumes(book, Volume(volume.log, tuple(cells)))
        assert details(changed) == ["the cells are not those that the device has signed"]
        selection = replace(changed, heading=replace(book.heading, is_selection=True))
        assert details(selection) == []


def test_second_device_is_checked_as_the_first() -> None:
    """One that is damaged does not hide behind one that is not."""
    book = Made([a_day(), a_day("another", "tunnel")]).book()
    first, second = book.volumes()
    assert details(book) == []
    cut = replace(second.log, segments=second.log.segments[1:])
    assert "the beginning is not there" in details(
        with_volumes(book, first, Volume(cut, second.cells))
    )


# From a server


def test_central_export_ends_with_a_receipt() -> None:
    """By the server's key alone: without it nothing says where the log ends."""
    book = central_book([a_day()])
    assert details(book, SERVER.public_key()) == []
    assert details(book) == [
        "no receipt says that this is the end; name the server's key with --server-key"
    ]
    thief = device_key("thief").public_key()
    assert "A receipt is not signed by the server this device belongs to." in details(book, thief)


def test_central_export_without_its_end_is_cut() -> None:
    """With the receipt, which says more than is there, or without it."""
    book = central_book([a_day()])
    (volume,) = book.volumes()
    log = replace(volume.log, segments=volume.log.segments[:-1])
    assert details(with_volumes(book, Volume(log, ())), SERVER.public_key()) == [
        "the server has receipted more"
    ]
    alone = with_volumes(book, Volume(replace(log, receipt=b""), ()))
    assert details(alone, SERVER.public_key()) == ["no receipt says that this is the end"]


def test_running_device_need_not_have_ended() -> None:
    """In its own folder the newest records are open."""
    chain = a_day()
    book = Made([chain]).book()
    heading = replace(book.heading, source=Source.FOLDER, nonce="")
    log = chain.log()
    running = replace(book, heading=heading, volumes=lambda: iter([Volume(log, ())]))
    assert details(running) == []


# Words


def test_neighbours_of_which_the_same_is_said_are_joined() -> None:
    """And what differs, or does not follow, stands by itself."""
    found = [
        Finding(State.INTACT, 1, 3),
        Finding(State.INTACT, 4, 5),
        Finding(State.MISSING, 6, 6, "of segment 3"),
        Finding(State.INTACT, 8, 9),
        Finding(State.INTACT, 10, 10, is_segments=True),
    ]
    assert list(joined(found)) == [Finding(State.INTACT, 1, 5), *found[2:]]
    assert list(joined([])) == []


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        (Finding(State.INTACT, 1, 3), "records 1 to 3: intact"),
        (Finding(State.MISSING, 6, 6, "of segment 3"), "record 6: MISSING; of segment 3"),
        (Finding(State.CUT, 7, 7, "gone", is_segments=True), "segment 7: CUT; gone"),
        (Finding(State.FORGED, 0, 0, "bad\x1b[2J", is_segments=True), "file: FORGED; bad?[2J"),
        (Finding(State.RETIRED, 1, 9, "old"), "records 1 to 9: retired; old"),
    ],
)
def test_finding_is_told_in_plain_words(finding: Finding, words: str) -> None:
    """With its seqs, and nothing that a terminal would obey."""
    (volume,) = Made([a_day()]).book().volumes()
    assert list(told(Checked(volume, (), (finding,))))[-1] == f"  {words}"


def test_name_of_a_checkpoint_is_no_order_to_a_terminal() -> None:
    """It comes from a file that anybody may have written."""
    book = Made([a_day(checkpoint="gate\x1b[2J")]).book()
    assert lines(list(check_book(book)))[0].endswith("at gate?[2J")


def test_heading_of_another_nonce_does_not_pass() -> None:
    """The event is that of another export."""
    chain = a_day()
    book = Made([chain]).book()
    chain.end(NEXT_DAY, nonce="ff" * 16)
    assert book.heading.nonce == NONCE
    assert details(replace(book, heading=replace(book.heading, nonce="ff" * 16)))
