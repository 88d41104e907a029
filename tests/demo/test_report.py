"""The report, read by a parser and not by its author."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest

from scanner.core.reasons import Notice, Reason
from scanner.core.words import words
from scanner.demo.figures import lamp_strip
from scanner.demo.journey import Shown
from scanner.demo.report import report, write_report
from scanner.demo.style import DARK, INKS, LIGHT, PAPERS
from tests.demo.made import (
    BOTH_THEN_RED,
    line,
    one_of_each,
    show,
    shown,
    thumbnails,
)

_VOID = {"meta", "img", "br", "link", "input"}


@dataclass
class Element:
    """`text` is all the words inside, of its children as well."""

    tag: str
    attrs: dict[str, str]
    text: str = ""
    inside: tuple[str, ...] = ()


@dataclass
class Page(HTMLParser):
    """Every element of a page; an end tag that fits nothing is an error."""

    elements: list[Element] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        inside = tuple(element.tag for element in self._open)
        element = Element(tag, {name: value or "" for name, value in attrs}, inside=inside)
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    @classmethod
    def of(cls, html: str) -> Page:
        page = cls()
        page.feed(html)
        page.close()
        assert not page._open
        return page

    def all(self, tag: str, **attrs: str) -> list[Element]:
        return [
            element
            for element in self.elements
            if element.tag == tag and attrs.items() <= element.attrs.items()
        ]

    def rows(self) -> list[Element]:
        return [row for row in self.all("tr") if row.attrs.get("id", "").startswith("line-")]


def page_of(lines: list[Shown]) -> Page:
    return Page.of(report(show(lines, {"FORGED": 1}), thumbnails(lines)))


def test_every_line_has_a_row_with_its_verdict() -> None:
    """Word, outcome, reason and what the officer reads, in the order of the manifest."""
    lines = one_of_each()
    rows = page_of(lines).rows()
    assert [row.attrs["id"] for row in rows] == [f"line-{n}" for n in range(1, len(lines) + 1)]
    for row, one in zip(rows, lines, strict=True):
        assert all(said in row.text for said in (one.word, one.outcome.name, one.reason.name))
        if one.scan is not None:
            assert words(one.reason).line in row.text


def test_the_officers_words_for_no_verdict_are_those_of_the_signal() -> None:
    """Two phones at once: the row says what to do about it, not that a code was unreadable."""
    row = page_of(one_of_each()).rows()[5]
    assert "ONE PHONE AT A TIME" in row.text
    assert "Show one code only." in row.text


def test_every_section_says_that_it_is_simulated() -> None:
    """Whoever copies one section out of the page copies the word as well."""
    lines = [*one_of_each(), shown(expected=line(Reason.EXPIRED))]
    page = page_of(lines)
    parts = [*page.all("section"), *page.all("header"), *page.all("footer")]
    assert len(page.all("section")) == 4
    assert all("SIMULATED" in part.text for part in [*parts, page.all("title")[0]])
    assert "not of a Raspberry Pi" in page.all("section")[0].text


def test_a_mismatch_stands_out_in_words_and_shape() -> None:
    """The row, the summary and a list of links say what was expected and what came."""
    lines = [shown(), shown(Reason.OK, expected=line(Reason.EXPIRED, file="late.png")), shown()]
    page = page_of(lines)
    rows = page.rows()
    assert [row.attrs.get("class", "") for row in rows] == ["", "wrong", ""]
    assert "WRONGexpected REFUSE EXPIRED,got ADMIT OK" in rows[1].text
    assert "WRONG" not in rows[0].text + rows[2].text
    assert [link.attrs["href"] for link in page.all("a")] == ["#line-2"]
    assert "2 of 3" in page.all("section")[0].text
    assert "1 NOT as expected" in page.all("section")[0].text


def test_a_demo_without_mismatch_does_not_cry_wolf() -> None:
    """The word WRONG stands nowhere, and there is no list of mismatches."""
    page = page_of(one_of_each())
    assert not page.all("a")
    assert "WRONG" not in "".join(section.text for section in page.all("section"))


def test_a_missing_notice_is_a_mismatch() -> None:
    """Right outcome and reason, but nobody said that the pass was extended."""
    lines = [shown(expected=line(Reason.OK, ["EXTENDED"]))]
    assert "expected ADMIT OK EXTENDED,got ADMIT OK" in page_of(lines).rows()[0].text


def test_notices_are_in_the_officers_words() -> None:
    """Not their names, but the line that the screen shows."""
    row = page_of([shown(Reason.OK, (Notice.EXTENDED, Notice.CLOCK_HELD))]).rows()[0]
    assert "Extended by order of the issuer." in row.text
    assert "The time is held, not confirmed." in row.text


def test_the_page_asks_nobody_for_anything() -> None:
    """No script, no address, no style or picture but its own; and it forbids them to itself."""
    html = report(show(one_of_each()), thumbnails(one_of_each()))
    page = Page.of(html)
    assert not [element for element in page.elements if element.tag in {"script", "link", "iframe"}]
    assert not re.search(r"https?:|//[a-z]|@import|url\(", _without_pictures(html))
    assert all(img.attrs["src"].startswith("data:image/webp;base64,") for img in page.all("img"))
    names = {name for element in page.elements for name in element.attrs}
    assert not [name for name in names if name.startswith("on")]
    assert "default-src 'none'" in html


def _without_pictures(html: str) -> str:
    return re.sub(r"data:image/webp;base64,[A-Za-z0-9+/=]+", "", html)


def test_no_payload_gets_into_the_page() -> None:
    """Of a pass there is nothing but the verdict."""
    html = report(show(one_of_each()), thumbnails(one_of_each()))
    assert "MP1" not in _without_pictures(html)


def test_what_the_manifest_says_is_text_and_not_markup() -> None:
    """A note with angle brackets and quotes shows up as it was written."""
    note = '"><script>alert(1)</script>'
    wanted = line(Reason.EXPIRED, file="<b>.png", note=note)
    page = page_of([shown(Reason.OK, expected=wanted)])
    assert not page.all("script")
    assert not page.all("b")
    assert note in page.rows()[0].text
    assert note in page.all("img")[0].attrs["alt"]


def test_every_picture_has_words_of_its_own() -> None:
    """Thumbnails have an alt text, lamp strips a title, decoration is hidden from readers."""
    page = page_of(one_of_each())
    assert all(img.attrs["alt"] for img in page.all("img"))
    strips = page.all("svg", **{"class": "strip"})
    assert len(strips) == len(one_of_each())
    assert all("red: " in strip.text and "green: " in strip.text for strip in strips)
    others = [svg for svg in page.all("svg") if svg.attrs["class"] != "strip"]
    assert all(svg.attrs.get("aria-hidden") == "true" for svg in others)


def test_the_strip_is_drawn_from_the_pins() -> None:
    """Red and green begin and end where the recorded lamps did, in drawing and in words."""
    page = Page.of(lamp_strip(shown(at_pins=BOTH_THEN_RED)))
    told = page.all("title")[0].text
    assert (
        told == "red: 0.10 to 0.40 s, 1.20 to 3.20 s. green: 0.10 to 0.40 s. beep: 0.10 to 0.40 s"
    )
    red = [
        (float(r.attrs["x"]), float(r.attrs["width"])) for r in page.all("rect", **_class("red"))
    ]
    green = [
        (float(r.attrs["x"]), float(r.attrs["width"])) for r in page.all("rect", **_class("green"))
    ]
    assert red == [(53.0, 21.0), (130.0, 140.0)]
    assert green == [(53.0, 21.0)]


def _class(name: str) -> dict[str, str]:
    return {"class": name}


def test_the_table_stays_a_table_when_it_is_laid_out_as_cards() -> None:
    """Headings for every column, a heading in every row, and the roles spelled out."""
    page = page_of(one_of_each())
    table = page.all("table", role="table")
    assert len(table) == 1
    assert len(page.all("th", scope="col", role="columnheader")) == 6
    assert len(page.all("th", scope="row", role="rowheader")) == len(one_of_each())
    assert len(page.all("td", role="cell")) == 5 * len(one_of_each())


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_every_ink_has_a_contrast_of_seven(colours: dict[str, str]) -> None:
    """WCAG 2.2, 1.4.6, on the page and on cards, by day and by night."""
    for ink in INKS:
        for paper in PAPERS:
            assert contrast(colours[ink], colours[paper]) >= 7, (ink, paper)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_a_lit_lamp_can_be_told_from_a_dark_one(colours: dict[str, str]) -> None:
    """WCAG 2.2, 1.4.11: 3:1 for what is drawn."""
    assert contrast(colours["red-lit"], colours["unlit"]) >= 3
    assert contrast(colours["green-lit"], colours["unlit"]) >= 3


def contrast(one: str, other: str) -> float:
    """Of two `#rrggbb` [WCAG 2.2, contrast ratio]."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_file_is_utf_8(tmp_path: Path) -> None:
    """Notes are written in any language."""
    lines = [shown(expected=line(Reason.OK, note="врач, ночная смена"))]
    write_report(show(lines), thumbnails(lines), tmp_path / "report.html")
    assert "врач, ночная смена" in (tmp_path / "report.html").read_text("utf-8")
