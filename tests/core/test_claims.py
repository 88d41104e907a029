"""Claims, strictly typed; every pass here is properly signed."""

from __future__ import annotations

from datetime import UTC, datetime

import cbor2
import pytest

from scanner.core.claims import LATEST_SECOND, Claim, Holder, Movement, Window, fold_plate
from scanner.core.errors import PassError
from scanner.core.formats import open_pass
from scanner.core.reasons import Reason
from tests.core.example import AT, AT_S, DAY, NOW, TRUST, claims, issue_payload, opened, reason

ANY_WRONG = [None, 1.5, float("nan"), True, "1", b"1", [1], {1: 1}, -1, 2**64]


def refusal(claim_set: object) -> Reason:
    payload = claim_set if isinstance(claim_set, bytes) else cbor2.dumps(claim_set)
    with pytest.raises(PassError) as caught:
        open_pass(issue_payload(payload), TRUST, NOW)
    return caught.value.reason


def is_malformed(key: Claim | Movement, value: object) -> bool:
    """With this one value in an otherwise valid pass; unlike a missing claim, null is a value."""
    whole = claims()
    inner = whole[Claim.MOVEMENT]
    assert isinstance(inner, dict)
    (inner if isinstance(key, Movement) else whole)[int(key)] = value
    return refusal(whole) is Reason.MALFORMED


def test_every_claim_is_read() -> None:
    """The whole table of the format."""
    movement = {
        1: 2, 2: ["A.B.", "0102", "1234"], 3: b"refrefrf", 4: "A123BC77", 5: "12345678", 6: 9,
        7: [[1, 2], [4]], 8: [[31, 360, 1320], [64, 0, 1440]], 9: True, 10: 2**32 - 1, 11: 5, 12: 6,
    }  # fmt: skip
    pass_ = opened(movement)
    assert (pass_.issuer, pass_.cti, pass_.kind) == ("city", b"0123456789abcdef", 2)
    assert (pass_.not_before, pass_.expires, pass_.issued_at) == (AT - DAY, AT + DAY, AT - DAY)
    assert pass_.holder == Holder("A.B.", "0102", "1234")
    assert (pass_.holder_ref, pass_.plate, pass_.transport_card) == (
        b"refrefrf", "A123BC77", "12345678",
    )  # fmt: skip
    assert (pass_.purpose, pass_.index, pass_.district, pass_.batch) == (9, 2**32 - 1, 5, 6)
    assert (pass_.zones, pass_.transports) == (frozenset({1, 2}), frozenset({4}))
    assert pass_.windows == (Window(31, 360, 1320), Window(64, 0, 1440))
    assert pass_.is_specimen
    assert not pass_.has_unknown_restriction


def test_what_is_optional_may_be_absent() -> None:
    """Then nothing is bound by it."""
    pass_ = opened()
    assert (pass_.holder, pass_.holder_ref, pass_.plate, pass_.index) == (None, None, None, None)
    assert (pass_.zones, pass_.transports, pass_.windows) == (frozenset(), frozenset(), ())
    assert (pass_.is_specimen, pass_.has_foreign_status) == (False, False)


@pytest.mark.parametrize("claim", sorted(set(Claim) - {Claim.CNF, Claim.STATUS}))
def test_a_required_claim_that_is_missing_is_malformed(claim: Claim) -> None:
    """Issuer, the three times, the id and the movement map."""
    rest = {key: value for key, value in claims().items() if key != claim}
    assert refusal(rest) is Reason.MALFORMED


def test_a_pass_without_a_kind_is_malformed() -> None:
    """The one movement key that is required."""
    assert refusal(claims({Movement.KIND: None})) is Reason.MALFORMED


# What of ANY_WRONG is right: nothing, but for these.
RIGHT: list[tuple[Claim | Movement, object]] = [
    (Claim.ISS, "1"),
    (Claim.STATUS, {1: 1}),
    (Claim.MOVEMENT, {1: 1}),
    (Movement.PLATE, "1"),
    (Movement.TRANSPORT_CARD, "1"),
    (Movement.SPECIMEN, True),
]


def is_right(key: Claim | Movement, value: object) -> bool:
    return any((key, value) == right and type(key) is type(right[0]) for right in RIGHT)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param(key, value, id=f"{key.name}-{value!r}")
        for key in (*Claim, *Movement)
        for value in ANY_WRONG
        if not is_right(key, value)
    ],
)
def test_a_claim_of_a_wrong_type_is_malformed(key: Claim | Movement, value: object) -> None:
    """Floats, bools for numbers, null, negative and huge numbers among them."""
    assert is_malformed(key, value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (Claim.ISS, ""),
        (Claim.ISS, "x" * 33),
        (Claim.CTI, bytes(15)),
        (Claim.CTI, bytes(17)),
        (Claim.EXP, LATEST_SECOND + 1),
        (Claim.CNF, {}),
        (Claim.CNF, {1: 1}),
        (Claim.CNF, {2: {1: 2}}),
        (Movement.KIND, 2**32),
        (Movement.INDEX, 2**32),
        (Movement.HOLDER, []),
        (Movement.HOLDER, ["A.B.", "0102"]),
        (Movement.HOLDER, ["A.B.", "0102", "1234", ""]),
        (Movement.HOLDER, ["A.B.", "0102", 1234]),
        (Movement.HOLDER, ["A.B.", "0102", ""]),
        (Movement.HOLDER, ["Anna Bern", "0102", "1234"]),
        (Movement.HOLDER_REF, bytes(7)),
        (Movement.HOLDER_REF, bytes(9)),
        (Movement.PLATE, ""),
        (Movement.PLATE, "x" * 13),
        (Movement.TRANSPORT_CARD, "x" * 9),
        (Movement.SPECIMEN, False),
        (Movement.SPECIMEN, 1),
        (Movement.SCOPE, [[1]]),
        (Movement.SCOPE, [[1], [2], [3]]),
        (Movement.SCOPE, [1, 2]),
        (Movement.SCOPE, [["1"], []]),
        (Movement.SCOPE, [[1.0], []]),
        (Movement.SCOPE, [[-1], []]),
        (Movement.WINDOWS, [31, 0, 1440]),
        (Movement.WINDOWS, [[31, 0]]),
        (Movement.WINDOWS, [[31, 0, 1440, 0]]),
        (Movement.WINDOWS, [[128, 0, 1440]]),
        (Movement.WINDOWS, [[31, 0, 1441]]),
        (Movement.WINDOWS, [[31, -1, 1440]]),
        (Movement.WINDOWS, [[31, 0.0, 1440]]),
    ],
    ids=str,
)
def test_a_claim_out_of_its_bounds_is_malformed(key: Claim | Movement, value: object) -> None:
    """Lengths, ranges and the number of parts."""
    assert is_malformed(key, value)


def test_claims_at_their_bounds_are_read() -> None:
    """The longest texts, the first and the last second."""
    limits = {4: "x" * 12, 5: "x" * 8, 2: ["x" * 8] * 3, 8: [[127, 1440, 1440]], 7: [[], []]}
    pass_ = opened(limits, iss="x" * 32, nbf=0, exp=LATEST_SECOND)
    assert pass_.not_before == datetime(1970, 1, 1, tzinfo=UTC)
    assert pass_.expires == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("payload", [b"", b"\xa0", b"\x80", b"\xf6", b"\xff", b"\xa1\x01"])
def test_a_payload_that_is_no_claims_is_malformed(payload: bytes) -> None:
    """Signed or not."""
    assert refusal(payload) is Reason.MALFORMED


def test_duplicate_claims_are_malformed() -> None:
    """Two expiries: verifiers would differ in which one counts."""
    whole = cbor2.dumps(claims())
    later = cbor2.dumps({int(Claim.EXP): AT_S + 10**6})
    assert refusal(bytes([whole[0] + 1]) + whole[1:] + later[1:]) is Reason.MALFORMED


@pytest.mark.parametrize("key", [2, 3, 9, 1000, -1, "name"])
@pytest.mark.parametrize("value", [None, 1.5, "x", [[]]], ids=str)
def test_unknown_claims_are_ignored(key: object, value: object) -> None:
    """Of whatever plain type."""
    payload = cbor2.dumps(claims() | {key: value})
    if value == 1.5:
        assert refusal(payload) is Reason.MALFORMED  # no floats in MP1
    else:
        assert open_pass(issue_payload(payload), TRUST, NOW) == opened()


@pytest.mark.parametrize("key", [13, 63, -1, 0])
def test_movement_keys_below_64_are_ignored(key: int) -> None:
    """They only add."""
    assert reason(opened({key: "x"})) is Reason.OK


@pytest.mark.parametrize("key", [64, 65, 2**32, "only on foot"])
def test_a_restriction_of_the_future_is_not_waved_through(key: int | str) -> None:
    """Movement keys from 64 up, and keys that are no number, ask for an update."""
    restriction: dict[int | str, object] = {key: False}
    whole = claims() | {int(Claim.MOVEMENT): {1: 1} | restriction}
    pass_ = open_pass(issue_payload(cbor2.dumps(whole)), TRUST, NOW)
    assert reason(pass_) is Reason.UPDATE_SCANNER


def test_a_holders_key_is_accepted() -> None:
    """For the live passes of a later version."""
    assert opened(cnf={1: {1: 1, -1: 6, -2: bytes(32)}}).kind == 1


def test_a_foreign_status_without_an_index_is_unsupported() -> None:
    """A pass that points to a list we cannot look into may be revoked there."""
    status = {"status_list": {"idx": 1, "uri": "https://example.com/1"}}
    assert reason(opened(status=status)) is Reason.UNSUPPORTED
    assert reason(opened({10: 5}, status=status)) is Reason.OK


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("а123вс 77", "A123BC77"),
        ("А-123-ВС-77", "A123BC77"),
        ("авекмнорстух", "ABEKMHOPCTYX"),
        ("АВЕКМНОРСТУХ", "ABEKMHOPCTYX"),
        ("abekmhopctyx", "ABEKMHOPCTYX"),
        ("я123дб", "Я123ДБ"),
        (" - ", ""),
    ],
)
def test_plates_are_folded(typed: str, folded: str) -> None:
    """Upper case, no blanks and dashes, the twelve look-alike letters as Latin."""
    assert fold_plate(typed) == folded
    assert fold_plate(folded) == folded
