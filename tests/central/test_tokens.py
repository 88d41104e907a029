"""Cards and typed codes at the city: one device each, a lost reply costs nothing, no guessing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.central.ca import open_authority
from scanner.central.devices import ENROL_URL_SETTING, Office, keep_address
from scanner.central.errors import CentralError
from scanner.central.ledger import Ledger
from scanner.central.tokens import (
    MOST_WRONG,
    REPEAT_FOR,
    WRONG_MINUTES,
    Made,
    TokenDesk,
    token_lines,
)
from scanner.core.enrol_call import Call, CallError, Refusal
from scanner.core.enrolment import make_request, read_answer
from scanner.core.errors import EnrolmentError
from scanner.core.offer import CODE_LIFE, TOKEN_LIFE, is_code
from scanner.core.place import read_place
from scanner.core.signed_log import device_of, public_bytes
from scanner.store.enrolment import open_fleet_key
from tests.central.conftest import Dice
from tests.central.reporter import NOON, Reporter
from tests.central.test_devices import tls_key

PLACE = '{"checkpoint": "north-3", "zone": 7}'
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SECOND = timedelta(seconds=1)


@dataclass
class City:
    """An office at a moment that a test moves."""

    office: Office
    dice: Callable[[int], bytes]

    def wait(self, time: timedelta) -> None:
        self.office = replace(self.office, now=self.office.now + time)

    @property
    def desk(self) -> TokenDesk:
        return TokenDesk(self.office)

    def make(self, name: str = "north-3", *, by_hand: bool = False) -> Made:
        with self.office.ledger.book() as book:
            return self.desk.make(book, name, PLACE, self.dice, by_hand=by_hand)

    def ask(self, token: str, gate: Reporter) -> bytes:
        """As a device: a request signed anew each time."""
        return self.desk.take(Call(token, make_request(gate.key, tls_key(gate))))

    def refuses(self, token: str, gate: Reporter) -> Refusal:
        with pytest.raises(CallError) as caught:
            self.ask(token, gate)
        return caught.value.refusal


@pytest.fixture
def city(ledger: Ledger, tmp_path: Path) -> City:
    """With both addresses known."""
    office = Office(ledger, open_authority(tmp_path / "log", NOON), KEY, NOON)
    with ledger.book() as book:
        keep_address(book, "https://records.example:8443")
        keep_address(book, "https://records.example:8444", ENROL_URL_SETTING)
    return City(office, Dice())


def test_card_lets_one_device_in_with_its_place(city: City) -> None:
    """Where it stands is signed for it; it may send records from then on."""
    gate = Reporter()
    answer = read_answer(city.ask(city.make().token, gate))
    place = read_place(answer.place, KEY.public_key(), gate.device)
    assert (answer.device, answer.url) == (gate.device, "https://records.example:8443")
    assert (place.checkpoint.id, place.checkpoint.zone) == ("north-3", 7)
    with city.office.ledger.book(reading=True) as book:
        assert book.device(gate.device) is not None


def test_lost_reply_costs_nothing(city: City) -> None:
    """The same key asks again for a day and gets the same answer, byte for byte."""
    gate, made = Reporter(), city.make()
    first = city.ask(made.token, gate)
    city.wait(REPEAT_FOR - SECOND)
    assert city.ask(made.token, gate) == first
    city.wait(SECOND)
    assert city.refuses(made.token, gate) is Refusal.USED


def test_used_card_is_of_no_use_to_another(city: City) -> None:
    """Whoever finds or photographs it comes too late, also within the day."""
    made = city.make()
    city.ask(made.token, Reporter())
    assert city.refuses(made.token, Reporter("thief")) is Refusal.USED
    with city.office.ledger.book(reading=True) as book:
        assert len(book.devices()) == 1


def test_new_tls_key_of_the_same_device_is_certified(city: City) -> None:
    """It has signed the request with the key that the card is bound to."""
    gate, made = Reporter(), city.make()
    first = read_answer(city.ask(made.token, gate))
    fresh = generate_private_key(SECP256R1())
    second = read_answer(city.desk.take(Call(made.token, make_request(gate.key, fresh))))
    assert second.device == first.device
    assert second.certificates[0].public_key() == fresh.public_key()


@pytest.mark.parametrize(("by_hand", "life"), [(False, TOKEN_LIFE), (True, CODE_LIFE)])
def test_unused_offer_ends(by_hand: bool, life: timedelta, city: City) -> None:
    """A card after seven days, a code after a quarter of an hour; until then it is good."""
    early, late = city.make("early", by_hand=by_hand), city.make("late", by_hand=by_hand)
    assert is_code(early.token) is by_hand
    city.wait(life - SECOND)
    assert city.ask(early.token, Reporter())
    city.wait(SECOND)
    assert city.refuses(late.token, Reporter("b")) is Refusal.EXPIRED


def test_card_that_was_used_in_time_may_be_repeated_past_its_end(city: City) -> None:
    """The reply may be lost in its last minute."""
    gate, made = Reporter(), city.make()
    city.wait(TOKEN_LIFE - SECOND)
    first = city.ask(made.token, gate)
    city.wait(timedelta(hours=1))
    assert city.ask(made.token, gate) == first


def test_cancelled_card_is_refused(city: City) -> None:
    """And a new one for the same name is good."""
    made = city.make()
    with pytest.raises(CentralError, match="is waiting already"):
        city.make()
    with city.office.ledger.book() as book:
        assert city.desk.cancel(book, "north-3") == 1
        assert city.desk.cancel(book, "north-3") == 0
    assert city.refuses(made.token, Reporter()) is Refusal.CANCELLED
    assert city.ask(city.make().token, Reporter())


def test_revoked_device_does_not_come_back_by_card(city: City) -> None:
    """Neither by repeating its own, nor by a new one; another device is not touched."""
    gate, made = Reporter(), city.make()
    city.ask(made.token, gate)
    city.office.revoke(gate.device.hex())
    assert city.refuses(made.token, gate) is Refusal.REVOKED
    assert city.refuses(city.make("b").token, gate) is Refusal.REVOKED
    assert city.ask(city.make("c").token, Reporter("other"))


def test_guessing_codes_is_stopped_for_all_codes_and_no_card(city: City) -> None:
    """After so many wrong ones in a quarter of an hour; when that is over, codes are good again."""
    gate = Reporter()
    card, code = city.make("card"), city.make("code", by_hand=True)
    for number in range(MOST_WRONG):
        assert city.refuses(f"{number:08}", gate) is Refusal.UNKNOWN
    assert city.refuses("00000000", gate) is Refusal.TOO_MANY
    assert city.refuses(code.token, gate) is Refusal.TOO_MANY
    assert city.ask(card.token, gate)
    city.wait(timedelta(minutes=WRONG_MINUTES))
    assert city.refuses("00000001", gate) is Refusal.UNKNOWN
    assert city.ask(city.make("d", by_hand=True).token, Reporter("d"))


def test_unknown_cards_are_not_counted(city: City) -> None:
    """128 bits cannot be guessed, and counting them would let anybody stop the codes."""
    for number in range(MOST_WRONG + 1):
        assert city.refuses(f"{number:026}", Reporter()) is Refusal.UNKNOWN
    assert city.ask(city.make(by_hand=True).token, Reporter())


def test_request_that_does_not_hold_spends_nothing(city: City) -> None:
    """A card is bound only to a device that has signed for it."""
    made = city.make()
    with pytest.raises(CallError) as caught:
        city.desk.take(Call(made.token, b"{}"))
    assert caught.value.refusal is Refusal.MALFORMED
    assert city.ask(made.token, Reporter())


def test_store_knows_no_token(city: City) -> None:
    """Whoever reads a backup can let no device in: what is kept is a hash under a key."""
    made = city.make()
    with city.office.ledger.book(reading=True) as book:
        (kept,) = book.tokens()
    assert made.token not in repr(kept)
    other = TokenDesk(replace(city.office, key=Ed25519PrivateKey.generate()))
    with pytest.raises(CallError):
        other.take(Call(made.token, make_request(Reporter().key, tls_key(Reporter()))))


def test_renewal_keeps_the_place(city: City) -> None:
    """A certificate renewed by two files does not make a checkpoint forget its zone."""
    gate = Reporter()
    city.ask(city.make().token, gate)
    answer = city.office.enrol(make_request(gate.key, tls_key(gate)), None)
    assert read_place(answer.place, KEY.public_key(), gate.device).checkpoint.zone == 7


def test_fleet_key_comes_sealed_to_its_device(city: City) -> None:
    """In no form that another device, or who carries the file, could read."""
    city.office = replace(city.office, fleet_key="AGE-SECRET-KEY-1")
    gate = Reporter()
    raw = city.ask(city.make().token, gate)
    sealed = read_answer(raw).fleet_key
    assert b"AGE-SECRET" not in raw
    assert open_fleet_key(sealed, gate.key) == b"AGE-SECRET-KEY-1"
    with pytest.raises(EnrolmentError, match="not for this device"):
        open_fleet_key(sealed, Reporter("b").key)


def test_lines_tell_what_became_of_each(city: City) -> None:
    """Waiting, used and by whom, cancelled, expired; in the order of making."""
    gate = Reporter()
    used = city.make("a")
    city.make("b")
    with city.office.ledger.book() as book:
        city.desk.cancel(book, "b")
    city.make("c", by_hand=True)
    city.make("d")
    city.ask(used.token, gate)
    city.wait(CODE_LIFE)
    with city.office.ledger.book(reading=True) as book:
        said = [line.split() for line in token_lines(book.tokens(), city.office.now)]
    device = device_of(public_bytes(gate.key)).hex()
    assert said == [["a", "used", "by", device], ["b", "cancelled"], ["c", "expired"],
                    ["d", "waiting"]]  # fmt: skip
