"""Everything that reads bytes which strangers may have made, with genuine ones to start from.

What a signature guards is tried twice: as it comes, and behind a good signature.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import cbor2

from scanner.central.issue import sign_payload
from scanner.core import base45, cbor, printed_id, strict_json
from scanner.core.batch import Part, pack_body, unpack_body
from scanner.core.claims import Pass, parse_claims
from scanner.core.clock_reset import parse_clock_reset
from scanner.core.cose import parse_sign1
from scanner.core.enrolment import encode_answer, make_request, read_answer
from scanner.core.enrolment import read_request as read_enrolment
from scanner.core.errors import EnrolmentError, LogError, PassError, TimeError, UpdateError
from scanner.core.formats import open_pass
from scanner.core.receipt import Receipt, parse_receipt
from scanner.core.record import unpack_rows
from scanner.core.request import read_request
from scanner.core.revocation import (
    IdChanges,
    decode_delta,
    decode_ids,
    decode_part,
    decode_refs,
    encode_ids,
)
from scanner.core.segment import read_segment
from scanner.core.targets import parse_policy, parse_rules
from scanner.core.time_code import open_time_code
from scanner.core.trust import TIME_CODE_KIND, TrustList, parse_trust_list
from scanner.core.update import parse_target_name
from scanner.core.verdict import Verdict, judge
from scanner.vision.messages import Answer, ProtocolError, Request
from tests.core.chains import EPOCH, device_key, random_chain
from tests.core.example import (
    AT_S,
    ED,
    ES,
    FACTS,
    KEY,
    NOW,
    POLICY,
    TRUST,
    claims,
    issue,
    issuer_key,
    wrap,
)
from tests.core.test_enrolment import ANSWER, TLS_KEY
from tests.core.test_request import ANNA, REQUEST

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BUNDLE = Path(__file__).parents[2] / "sample_codes" / "bundle"


class FalsePassError(AssertionError):
    """Bytes that nobody signed were taken for a pass or a time."""


@dataclass(frozen=True, slots=True)
class Reader:
    """`own`: what it may raise. `share`: how often it is tried, beside the others."""

    name: str
    read: Callable[[bytes], object]
    own: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]
    share: int = 4


_MOVEMENTS: tuple[dict[int, object], ...] = (
    {},
    {2: ["A.B.", "0102", "1234"], 8: [[31, 0, 1440]]},
    {2: ["A.B.", "0102", "1234"], 3: b"refrefrf", 4: "A123BC77", 5: "12345678", 6: 9,
     7: [[1, 2], [4]], 8: [[31, 360, 1320], [64, 0, 1440]], 10: 123_456, 11: 5, 12: 6},
)  # fmt: skip
PASSES = tuple(issue(movement, key) for movement in _MOVEMENTS for key in (ED, ES))
_COSE = tuple(base45.decode(text[4:]) for text in PASSES)
_UNTAGGED = tuple(raw[1:] for raw in _COSE)
_CLAIMS = tuple(cbor2.dumps(claims(movement)) for movement in _MOVEMENTS)
_TIMES = TrustList.of([issuer_key(ED, kinds=[TIME_CODE_KIND])])
_TIME = cbor2.dumps({6: AT_S})
_TIME_CODE = b"MT1:" + sign_payload(_TIME, ED).encode().removeprefix(b"MP1:")
_GENUINE = {repr(open_pass(text, TRUST, NOW)) for text in PASSES}
_GENUINE_TIME = open_time_code(_TIME_CODE, _TIMES)


def _pass(payload: bytes) -> Pass:
    """Opened, it must be one that was signed."""
    opened = open_pass(payload, TRUST, NOW)
    if repr(opened) not in _GENUINE:
        raise FalsePassError(repr(payload))
    return opened


def _judged(payload: bytes) -> Verdict:
    """The claims of an honest issuer, however odd: whatever opens can be judged."""
    return judge(parse_claims(payload, KEY), FACTS, POLICY, NOW)


def _signed(payload: bytes) -> Verdict:
    """The same through the whole way."""
    return judge(open_pass(sign_payload(payload, ED).encode(), TRUST, NOW), FACTS, POLICY, NOW)


def _time(payload: bytes) -> object:
    if (opened := open_time_code(payload, _TIMES)) != _GENUINE_TIME:
        raise FalsePassError(repr(payload))
    return opened


def _signed_time(payload: bytes) -> object:
    return open_time_code(b"MT1:" + sign_payload(payload, ED).encode()[4:], _TIMES)


def _typed(text: bytes) -> object:
    return printed_id.decode(text.decode("utf-8", "replace"))


def _pack(raw: bytes) -> bytes:
    return zstd.compress(raw, 1)


def _packed(read: Callable[[bytes], object], raw: bytes) -> object:
    return read(_pack(raw))


def _uploaded(raw: bytes) -> object:
    """A body with one part that is anything, signed by the device."""
    body, _ = pack_body(_DEVICE, EPOCH, [Part(raw, raw[:48])])
    return unpack_body(body)


_DEVICE = device_key()
_SERVER = device_key("server")
_CHAIN = random_chain(Random(5), segments=8)
_RECEIPT = Receipt(b"a device", EPOCH, 9, 120, bytes(range(32)), AT_S)
_BODY, _ = pack_body(_DEVICE, EPOCH, [Part(raw, b"") for raw in _CHAIN.segments])


def _file(name: str) -> bytes:
    return (BUNDLE / name).read_bytes()


def _inflated(name: str) -> bytes:
    return zstd.decompress(_file(name))


def _readers() -> Sequence[Reader]:
    keys, policy, rules = _file("keys-1-0"), _file("policy-1"), _file("rules-1")
    wrapped = partial(_after, wrap, _pass)
    text = Reader("a QR code", _pass, (PassError,), (*PASSES, b"https://a.example/", b"HC1:6B"), 20)
    in_cose = Reader("COSE in base45", wrapped, (PassError,), _COSE, 4)
    return (
        text,
        in_cose,
        Reader("claims", _judged, (PassError,), _CLAIMS, 30),
        Reader("signed claims", _signed, (PassError,), _CLAIMS, 1),
        Reader("COSE", parse_sign1, (PassError,), _COSE, 12),
        Reader("base45", base45.decode, (ValueError,), tuple(text[4:] for text in PASSES)),
        Reader("CBOR", cbor.decode, (cbor.CborError,), (*_UNTAGGED, *_CLAIMS), 16),
        Reader("a time code", _time, (TimeError,), (_TIME_CODE,)),
        Reader("a signed time", _signed_time, (TimeError,), (_TIME,), 1),
        Reader("a printed id", _typed, (ValueError,), (_ID.encode(), _ID.lower().encode())),
        Reader("strict JSON", strict_json.parse, (ValueError,), (keys, policy, rules)),
        Reader("trust list", _trust_list, (UpdateError,), (keys,)),
        Reader("policy", parse_policy, (UpdateError,), (policy,)),
        Reader("rules", parse_rules, (UpdateError,), (rules,)),
        *_lists(),
        *_logs(),
        Reader("a request of the loop", Request.decode, (ProtocolError,), _REQUESTS),
        Reader("an answer of a worker", Answer.decode, (ProtocolError,), _ANSWERS),
    )


def _after(change: Callable[[bytes], bytes], read: Callable[[bytes], object], raw: bytes) -> object:
    return read(change(raw))


def _trust_list(text: bytes) -> object:
    return parse_trust_list(text, allow_test_keys=True)


_ID = printed_id.encode(7, 123_456, b"0123456789abcdef")
_REQUESTS = (Request(1, 720, 1280, 9).encode(), Request(0, 21, 21, 2**40).encode())
_ANSWERS = (
    Answer(None).encode(),
    cbor2.dumps([9, [PASSES[0], [[1, 1], [9, 1], [9, 9], [1, 9]]]]),
    cbor2.dumps([7, *[[b"x", [[0, 0], [300, 0], [300, 300], [0, 300]]]] * 3]),
)


def _lists() -> Sequence[Reader]:
    """Revocation lists as they come, and packed well around what is wrong inside."""
    refs = b"".join(bytes([at]) * 8 for at in range(9))
    delta = _inflated("d-1-1-2")
    ids = encode_ids(IdChanges(1, 2, (b"a" * 16, b"b" * 16), (b"c" * 16,)), 1)
    ours = (UpdateError,)
    names = (b"base-1-2-0", b"d-1-1-2", b"keys-1-0", b"ids-0-1-0", b"issued-00112233aabbccdd")
    return (
        Reader("part of a base", decode_part, ours, (_pack(bytes(500)), _file("d-1-1-2"))),
        Reader("delta", decode_delta, ours, (_file("d-1-1-2"),), 2),
        Reader("ids", decode_ids, ours, (ids,), 2),
        Reader("holders", decode_refs, ours, (_pack(refs),), 2),
        Reader("packed delta", partial(_packed, decode_delta), ours, (delta,), 4),
        Reader("packed ids", partial(_packed, decode_ids), ours, (zstd.decompress(ids),), 2),
        Reader("packed holders", partial(_packed, decode_refs), ours, (refs,), 2),
        Reader("name of a target", lambda raw: parse_target_name(raw.decode("latin-1")), (), names),
        Reader(
            "clock-reset",
            partial(parse_clock_reset, "clock-reset-7"),
            ours,
            (b'{"version": 7, "floor": 1778587200}',),
        ),
    )


def _logs() -> Sequence[Reader]:
    """What devices, servers and supervisors write to each other."""
    ours = (LogError,)
    rows = b"".join(_CHAIN.records.values())
    asked = (make_request(_DEVICE, TLS_KEY),)
    return (
        Reader("segment", read_segment, ours, tuple(_CHAIN.segments), 8),
        Reader("records", unpack_rows, (ValueError,), (rows, rows[:16])),
        Reader("receipt", parse_receipt, ours, (_RECEIPT.sign(_SERVER),)),
        Reader("request of a supervisor", read_request, ours, (REQUEST.sign(ANNA),)),
        Reader("upload", unpack_body, ours, (_BODY,), 1),
        Reader("signed upload", _uploaded, ours, tuple(_CHAIN.segments[:2]), 1),
        Reader("enrolment", read_enrolment, (EnrolmentError,), asked, 1),
        Reader("answer to it", read_answer, (EnrolmentError,), (encode_answer(ANSWER),), 1),
    )


READERS = _readers()
