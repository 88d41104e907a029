"""The pilot issuer: what it gives out, to whom, how often, and what it remembers."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scanner.central.ceremony import publish_issued_set, rotate_key
from scanner.central.city import Change, City, open_city
from scanner.central.errors import CentralError
from scanner.central.issuer import KINDS, MEDICAL, PERSONAL, WORK, all_refs, current_key
from scanner.central.passes import Counter, Issued, Person, Request, issue, whole_day
from scanner.central.register import Artefact
from scanner.core import printed_id
from scanner.core.claims import Movement, Pass
from scanner.core.clock import ClockReading
from scanner.core.formats import open_pass
from tests.central.conftest import Dice, means
from tests.city import NOW

DAY = timedelta(days=1)
MOSCOW = ZoneInfo("Europe/Moscow")
ANNA = Person("А.Б.", "0912", "45 08 123456")
WORK_PASS = Request(WORK, ANNA, NOW, NOW + 10 * DAY)


def personal(day: str, person: Person = ANNA) -> Request:
    return Request(PERSONAL, person, *whole_day(date.fromisoformat(day), MOSCOW))


def give(city: City, request: Request, dice: Dice) -> Issued:
    """One visit at the counter."""
    key = current_key(city.folder, city.register, city.means.now)
    counter = Counter(city.register, key, city.trust(), city.zone())
    return issue(counter, request, city.means.now, dice)


def opened(city: City, issued: Issued) -> Pass:
    return open_pass(issued.text.encode(), city.trust(), ClockReading.exact(city.means.now))


@pytest.mark.parametrize("kind", KINDS.values())
def test_pass_of_each_kind_is_opened_by_the_verifier(kind: int, central: Path) -> None:
    """A signed pass reads back as it was asked for, within the bounds of its key."""
    with open_city(central, means(NOW)) as city:
        span = whole_day(NOW.date(), MOSCOW)
        read = opened(city, give(city, Request(kind, ANNA, *span), Dice()))
    assert read.is_within_its_key()
    assert (read.kind, read.index, read.issuer) == (kind, 0, "moscow.example")
    assert (read.not_before, read.expires, read.issued_at) == (*span, NOW)
    assert read.holder is not None
    assert (read.holder.initials, read.holder.born, read.holder.document) == (
        "А.Б.",
        "0912",
        "3456",
    )


def test_plate_is_folded(central: Path) -> None:
    """Blanks, dashes, case and Cyrillic look-alikes make no other plate."""
    with open_city(central, means(NOW)) as city:
        request = replace(WORK_PASS, plate="а 123 вс-77")
        assert opened(city, give(city, request, Dice())).plate == "A123BC77"


def test_restrictions_stand_in_the_pass(central: Path) -> None:
    """Zones, transports, windows, purpose, district and batch are signed as given."""
    wishes = {
        Movement.SCOPE: [[1, 2], [4]],
        Movement.WINDOWS: [[31, 360, 1320]],
        Movement.PURPOSE: 4,
        Movement.DISTRICT: 12,
        Movement.BATCH: 3,
    }
    with open_city(central, means(NOW)) as city:
        read = opened(city, give(city, replace(WORK_PASS, restrictions=wishes), Dice()))
    assert (read.zones, read.transports) == (frozenset({1, 2}), frozenset({4}))
    assert (read.windows[0].weekdays, read.purpose, read.district, read.batch) == (31, 4, 12, 3)


def test_printed_id_names_the_pass(central: Path) -> None:
    """The id under the code leads to the issuer and the index."""
    with open_city(central, means(NOW)) as city:
        issued = give(city, WORK_PASS, Dice())
    read = printed_id.decode(issued.printed_id)
    assert (read.issuer_no, read.index) == (7, issued.index)


def test_index_is_never_given_twice(central: Path) -> None:
    """Also not after passes were revoked, restored, or a request was refused in between."""
    seen = []
    for number in range(6):
        with open_city(central, means(NOW + number * timedelta(minutes=1))) as city:
            dice = Dice(str(number))
            seen.append(give(city, WORK_PASS, dice).index)
            city.change(Change(Artefact.STATUS, [seen[-1]], number % 2))
            with pytest.raises(CentralError):
                give(city, replace(WORK_PASS, plate="far too long a plate"), dice)
    assert seen == list(range(6))


def test_used_up_key_issues_nothing(central: Path) -> None:
    """After the last index the next key is asked for; it goes on where the old one ended."""
    with open_city(central, means(NOW)) as city:
        city.register.db.execute("UPDATE issuer_key SET next = 19999")
        assert give(city, WORK_PASS, Dice()).index == 19_999
        with pytest.raises(CentralError, match="rotate-key issuer"):
            give(city, WORK_PASS, Dice("again"))
        rotate_key(city, "issuer", None, 10)
        with pytest.raises(CentralError, match=r"begins 2020-05-02 09:30Z\. Wait"):
            give(city, WORK_PASS, Dice("again"))
    with open_city(central, means(NOW + 3 * DAY)) as city:
        assert give(city, WORK_PASS, Dice("again")).index == 20_000


def test_key_signs_for_30_days(central: Path) -> None:
    """On the 31st day it gives out nothing, whatever indexes it has left."""
    with (
        open_city(central, means(NOW + 30 * DAY)) as city,
        pytest.raises(CentralError, match="expired"),
    ):
        give(city, WORK_PASS, Dice())


def test_third_personal_pass_of_a_week_is_refused(central: Path) -> None:
    """Two from Monday to Sunday, counted for the person however the number is typed."""
    with open_city(central, means(NOW)) as city:
        give(city, personal("2020-04-30"), Dice("1"))
        give(city, personal("2020-05-03"), Dice("2"))
        again = replace(ANNA, document="4508-123456")
        with pytest.raises(CentralError, match="2 one-day passes in the week of 27 April 2020"):
            give(city, personal("2020-05-01", again), Dice("3"))
        give(city, personal("2020-05-04"), Dice("4"))  # the next Monday
        give(city, personal("2020-05-01", replace(ANNA, document="45 08 999999")), Dice("5"))
        give(city, WORK_PASS, Dice("6"))


def test_revoked_personal_pass_does_not_count(central: Path) -> None:
    """Who gave a pass back may have another."""
    with open_city(central, means(NOW)) as city:
        first = give(city, personal("2020-04-30"), Dice("1"))
        give(city, personal("2020-05-01"), Dice("2"))
        city.change(Change(Artefact.STATUS, [first.index], 1))
        give(city, personal("2020-05-02"), Dice("3"))


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (replace(WORK_PASS, ends=NOW + 46 * DAY), "up to 45 days"),
        (replace(WORK_PASS, kind=MEDICAL, ends=NOW + 31 * DAY), "up to 30 days"),
        (replace(WORK_PASS, ends=NOW - DAY), "up to 45 days"),
        (replace(WORK_PASS, begins=NOW - 2 * DAY, ends=NOW), "over already"),
        (replace(WORK_PASS, person=replace(ANNA, initials="Anna-Maria")), "could not read"),
        (replace(WORK_PASS, person=replace(ANNA, born="")), "could not read"),
        (replace(WORK_PASS, plate="A123BC77A123BC77"), "could not read"),
    ],
)
def test_what_a_checkpoint_would_refuse_is_not_given_out(
    request_: Request, text: str, central: Path
) -> None:
    """A life too long, a span that is over, fields too long: refused, and no index is used."""
    with open_city(central, means(NOW)) as city:
        with pytest.raises(CentralError, match=text):
            give(city, request_, Dice())
        assert give(city, WORK_PASS, Dice()).index == 0


def test_register_knows_no_names(central: Path) -> None:
    """Neither initials nor birthday nor document stand in the file."""
    with open_city(central, means(NOW)) as city:
        give(city, WORK_PASS, Dice())
    with sqlite3.connect(central / "register.db") as db:
        dump = "\n".join(db.iterdump())
    for secret in ("А.Б.", "0912", "123456", "4508"):
        assert secret not in dump


def test_person_has_one_reference_a_key(central: Path) -> None:
    """The same under one key, another under the next: passes cannot be joined for ever."""
    with open_city(central, means(NOW)) as city:
        first = opened(city, give(city, WORK_PASS, Dice("1")))
        second = opened(city, give(city, WORK_PASS, Dice("2")))
        rotate_key(city, "issuer", None, 10)
        refs = all_refs(city.folder, city.register, ANNA.document)
    assert first.holder_ref == second.holder_ref == refs[0]
    assert refs[0] != refs[1]


def test_issued_set_holds_what_was_issued(central: Path) -> None:
    """After a leak honest passes stay good, the key is marked, and signs nothing more."""
    with open_city(central, means(NOW)) as city:
        for number in range(3):
            give(city, WORK_PASS, Dice(str(number)))
        kid = current_key(city.folder, city.register, NOW).key.kid.hex()
        assert publish_issued_set(city, kid) == 3
        assert city.repository.state().names("issued-") == [f"issued-{kid}"]
        assert [entry["state"] for entry in city.documents().trust_list()] == ["issued-set", "live"]
        with pytest.raises(CentralError, match="rotate-key issuer"):
            give(city, WORK_PASS, Dice("thief"))


def test_day_is_the_citys_own() -> None:
    """From midnight to midnight in the city, and never more than 24 hours when clocks go back."""
    begins, ends = whole_day(date(2020, 4, 29), MOSCOW)
    assert begins == datetime(2020, 4, 28, 21, tzinfo=UTC)
    assert ends - begins == DAY
    begins, ends = whole_day(date(2020, 10, 25), ZoneInfo("Europe/Berlin"))
    assert ends - begins == DAY
    begins, ends = whole_day(date(2020, 3, 29), ZoneInfo("Europe/Berlin"))
    assert ends - begins == timedelta(hours=23)
