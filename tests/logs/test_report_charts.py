"""The page's words on health, and its drawings."""

from __future__ import annotations

import re

import pytest

from scanner.core.cells import LEAST
from scanner.core.segment import BUCKETS
from scanner.logs.charts import Column, columns, heat
from scanner.logs.health import Health, Silence, coarse, health_of, note_silence, within_ms
from scanner.logs.style import DARK, INKS, LIGHT, PAPERS
from scanner.logs.verify import check_book
from scanner.logs.volume import Wish
from tests.core.chains import MINUTE, Chain
from tests.logs.made import Made
from tests.logs.paged import Words


def test_silence_says_how_it_ended() -> None:
    """Switched off, cut off, stuck, never heard of again."""
    chain = Chain()
    chain.seal(MINUTE)
    chain.seal(MINUTE + 30)
    chain.seal(MINUTE + 90)
    chain.boot, chain.is_clean = 2, True
    chain.seal(MINUTE + 180)
    chain.boot, chain.is_clean = 3, False
    chain.seal(MINUTE + 240)
    (checked,) = check_book(Made([chain]).book())
    health = health_of([link.segment for link in checked.links][:5], Wish(), 30)
    assert [quiet.why for quiet in health.quiet] == [Silence.STUCK, Silence.OFF, Silence.CUT]
    assert (sum(health.starts.values()), sum(health.unclean.values())) == (2, 1)
    other = Health(first=MINUTE, last=MINUTE + 400)
    note_silence([health, other], 30)
    assert health.quiet[-1].why is Silence.NEVER
    assert other.quiet == []
    note_silence([], 30)


def test_share_of_readings_is_a_power_of_two() -> None:
    """Milliseconds within which it came; nothing of nothing."""
    histogram = [0, 0, 0, 0, 0, 90, 5, 5, *[0] * 8]
    assert within_ms(histogram, 0.5) == 64
    assert within_ms(histogram, 0.95) == 128
    assert within_ms(histogram, 1) == 256
    assert within_ms([0] * BUCKETS, 0.95) is None


@pytest.mark.parametrize(
    ("histogram", "told"),
    [([0, 9, 2, 1], [0, 12, 0, 0]), ([3, 9, 0, 5], [0, 12, 0, 5]), ([1, 1, 1, 1], [0, 0, 0, 0]),
     ([7, 0, 0, 4], [7, 0, 0, 0]), ([4, 1, 0, 0], [5, 0, 0, 0])],
)  # fmt: skip
def test_step_of_too_few_goes_into_one_beside_it(histogram: list[int], told: list[int]) -> None:
    """None of the steps holds one to four."""
    shown = coarse(histogram, LEAST)
    assert all(n == 0 or n >= LEAST for n in shown)
    if sum(told) == sum(histogram) or sum(histogram) < LEAST:
        assert shown == told
    else:
        assert sum(shown) in (sum(histogram), sum(told))


def test_chart_has_room_for_any_number() -> None:
    """From nothing to millions; every column within the scale."""
    for n in (0, 1, 3, 9, 999, 1000, 1001, 7_654_321):
        drawn = columns("title", [Column("name", "1", (("admit", n), ("refuse", n)))], "scans")
        heights = [float(high) for high in re.findall(r'height="([\d.]+)"', drawn)]
        assert sum(heights) <= 200.1
        Words.of(drawn)
    Words.of(columns("title", [], "scans"))
    Words.of(heat("title", [("Monday", [None, 0, *range(22)])]))


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_inks_can_be_read(colours: dict[str, str]) -> None:
    """7:1 on paper and card [WCAG 2.2, 1.4.6]."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    def contrast(*two: str) -> float:
        dark, light = sorted(map(luminance, two))
        return (light + 0.05) / (dark + 0.05)

    for ink in INKS:
        for paper in PAPERS:
            assert contrast(colours[ink], colours[paper]) >= 7, (ink, paper)


def test_name_of_a_last_short_day_stays_inside_its_chart() -> None:
    """A day that begins with the last column is named to the left of the chart's edge."""
    hours = [Column(f"{place}", f"{place}", (("scans", 3),)) for place in range(30)]
    drawn = columns("Scans", [*hours, Column("31", "0", (("scans", 3),), "Thu 30.04.")], "scans")
    assert 'text-anchor="end">Thu 30.04.</text>' in drawn
