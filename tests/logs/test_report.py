"""The report, read by a parser and not by its author."""

from __future__ import annotations

import re
from dataclasses import replace

from scanner.core.cells import LEAST
from scanner.core.events import Event, Folded, KeysAttacked, Retired, SetAside
from scanner.core.reasons import Outcome, Reason
from scanner.core.segment import NO_LINK
from scanner.core.tallies import Kind
from scanner.logs.charts import grouped
from scanner.logs.files import Book
from scanner.logs.page import page
from scanner.logs.said import event_words, zone_of
from scanner.logs.summary import Summary
from scanner.logs.verify import check_book
from scanner.logs.volume import Volume, Wish
from tests.core.chains import DAY, MINUTE, Chain, a_record
from tests.logs.made import CASE, NEXT_DAY, Made, a_day, with_volumes
from tests.logs.paged import Words

MOSCOW = zone_of("Europe/Moscow")


def summary_of(*books: Book, is_raw: bool = False) -> Summary:
    summary = Summary([book.heading for book in books], is_raw)
    for book in books:
        for checked in check_book(book):
            summary.add(book.heading, checked, silent_min=30)
    return summary


def report(*books: Book, is_raw: bool = False) -> str:
    return page(summary_of(*books, is_raw=is_raw), MOSCOW)


def read(*books: Book, is_raw: bool = False) -> str:
    return " ".join(Words.of(report(*books, is_raw=is_raw)).text.split())


def two_days() -> Book:
    return Made([a_day(), a_day("another", "tunnel")]).book()


def week(weeks: int = 1) -> Chain:
    """Eight in the morning, every day."""
    chain = Chain()
    for day in range(7 * weeks):
        minute = MINUTE + 1440 * day
        chain.seal(minute + 15, [a_record(minute)] * (20 + day), day=DAY + day)
    chain.seal(NEXT_DAY + 7 * weeks * 1440)
    return chain


def test_page_needs_nothing_else() -> None:
    """No network, no script, no other file; and says so to the browser."""
    html = report(two_days())
    words = Words.of(html)
    assert {tag for tag, _ in words.tags}.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert not re.search(r"https?:|//[a-z]|url\(|@import|@font-face", html)
    assert "default-src &#x27;none&#x27;" in html or "default-src 'none'" in html
    links = [attrs["href"] for tag, attrs in words.tags if tag == "a"]
    ids = {attrs.get("id") for _, attrs in words.tags}
    assert all(link.removeprefix("#") in ids for link in links)


def test_page_shows_all_that_supervisors_ask_for() -> None:
    """Scans, outcomes, reasons, checkpoints, decisions, devices, times, what was checked."""
    text = read(two_days())
    for title in (
        "Scan log report", "Scans an hour", "Outcomes and reasons", "Checkpoints",
        "Decided by hand", "Devices", "Amber minutes", "Unclean starts", "Reading times",
        "Only counted", "What happened to the logs", "What was checked", "Nothing is missing.",
        "2 devices at bridge, tunnel", "The pass has expired. EXPIRED", "Europe/Moscow",
        "95 % within", "lost power or crashed", "accounted for",
    ):  # fmt: skip
        assert title in text, title


def test_numbers_are_those_of_the_rows() -> None:
    """Scans, outcomes and checkpoints add up from what is told."""
    book = two_days()
    cells = [cell for volume in book.volumes() for cell in volume.cells]
    scans = sum(cell.n for cell in cells if cell.kind.outcome is not Outcome.BY_HAND)
    expired = sum(cell.n for cell in cells if cell.kind == Kind(Outcome.REFUSE, Reason.EXPIRED))
    text = read(book)
    assert f"Scans {grouped(scans)} " in text.replace("Scans an hour", "")
    assert f"EXPIRED {expired} " in text


def told_numbers(html: str) -> set[int]:
    """Counts of records that stand in the page, also in the hints of its charts."""
    tables = re.findall(r'<td class="n ?" data-label="(?:Scans|Let|Not|Refused|Undecided)[^>]*>'
                        r"([\d\u202f]+)", html)  # fmt: skip
    hints = re.findall(r"[\d\u202f]+(?= (?:admit|refuse|undecided|other))", html)
    cards = re.findall(r'<div class="figure[^>]*>([\d\u202f]+)<', html)
    return {int(n.replace("\u202f", "")) for n in (*tables, *hints, *cards)}


def test_group_of_one_to_four_is_shown_for_a_case_alone() -> None:
    """And then the page says which case it belongs to."""
    book = Made([a_day()], Wish(case=CASE)).book()
    assert min(told_numbers(report(book))) >= LEAST
    raw = report(book, is_raw=True)
    assert told_numbers(raw) & {1, 2, 3, 4}
    assert f"Case {CASE}: groups of fewer than five are shown." in raw


def test_what_is_too_few_is_not_shown_as_none() -> None:
    """A dash, and that there may be some."""
    chain = Chain()
    chain.seal(
        MINUTE + 15, [a_record(MINUTE)] * 9 + [a_record(MINUTE, Reason.EXPIRED)] * 2, day=DAY
    )
    chain.seal(NEXT_DAY)
    text = read(Made([chain]).book())
    assert "Refused \u2013 none, or too few to tell" in text
    assert "and fewer than five on each of 1 days" in text


def test_running_day_says_that_more_comes() -> None:
    """What is left of it is told when it is over."""
    chain = Chain()
    chain.seal(
        MINUTE + 15, [a_record(MINUTE)] * 9 + [a_record(MINUTE, Reason.EXPIRED)] * 2, day=DAY
    )
    chain.seal(MINUTE + 30)
    assert "the rest of today is told tomorrow" in read(Made([chain]).book())


def test_page_of_nothing_is_a_page() -> None:
    """No records, or no devices at all."""
    chain = Chain()
    chain.seal(MINUTE)
    assert "Nothing can be told." in read(Made([chain]).book())
    assert "no devices" in page(Summary(), MOSCOW)


def test_damage_is_on_top_of_the_page() -> None:
    """And what it is stands below, in the words of `verify`."""
    book = Made([a_day()]).book()
    (volume,) = book.volumes()
    cut = replace(volume.log, segments=volume.log.segments[:-3])
    text = read(with_volumes(book, Volume(cut, volume.cells)))
    assert "Not whole. Something is missing, cut off or forged in 1 place;" in text
    assert "CUT; the export's own segment is not there" in text
    assert "Nothing is missing" not in text


def test_text_of_a_file_is_only_text() -> None:
    """A checkpoint or case may be called anything."""
    name = "<b>&\"'</b>"
    html = report(Made([a_day(checkpoint=name)], Wish(case="<i>")).book(), is_raw=True)
    assert "<b>&" not in html
    assert "<i>" not in html
    assert name in Words.of(html).text


def test_long_range_is_shown_by_the_day_and_the_hour_of_the_day() -> None:
    """A week, a quarter of a year."""
    text = read(Made([week()]).book())
    assert "Scans a day" in text
    assert "Hours of the day" in text
    assert "Scans an hour" not in text
    assert "Scans a day" in read(Made([week(13)]).book())


def test_wrong_hour_does_not_stretch_the_page() -> None:
    """A device that once lived in 1970 or 2262 costs a column or two."""
    chain = week()
    chain.seal(10**8, [a_record(10**8)] * 9, day=10**8 // 1440)
    chain.seal(2**40, day=2**40)
    assert len(report(Made([chain]).book())) < 100_000


def test_events_of_the_log_are_told() -> None:
    """Who exported, what was removed, folded, refused, attacked."""
    bodies: list[Retired | Folded | SetAside | KeysAttacked] = [
        Retired(9, 120, NO_LINK, is_receipted=False),
        Folded(DAY, 4, 90, ((MINUTE // 60, 1, 0, 80),), 4, NO_LINK),
        SetAside(4, 7, 422),
        KeysAttacked(DAY, {"00112233aabbccdd": 6}),
    ]
    words = [event_words(Event(body)) for body in bodies]
    assert words == [
        "Records up to 120 were removed, their time being over; no server has them.",
        "Records 4 to 90 of 2020-04-29 gave way to counts for want of room; 4 were kept.",
        "The server refused segments 4 to 7 (status 422); they are kept on the device.",
        "Forged passes named these keys on 2020-04-29: 00112233aabbccdd 6\u00d7.",
    ]
    book = Made([a_day()], Wish(MINUTE, MINUTE + 75), supervisor="Anna").book()
    events = read(book)
    assert "cells of 2020-04-29T09:00Z to 2020-04-29T10:15Z" not in events  # after the range
    chain = a_day()
    chain.seal(MINUTE + 30, events=[Event(bodies[3])])
    assert words[3] in read(Made([chain]).book())
