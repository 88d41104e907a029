"""Promise P7: whatever is done to a log is found, in random chains with every kind of event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from random import Random

import pytest

from scanner.core.chain import check_links, check_log, is_sound, signed_links
from scanner.core.events import Event, SetAside
from scanner.core.logbook import DeviceLog
from scanner.core.segment import read_segment
from tests.core.chains import MINUTE, NONCE, Chain, a_record, device_key, random_chain

QUICK, ALL = 25, 1000
SIZES = [
    pytest.param(range(QUICK), id=f"{QUICK} chains"),
    pytest.param(range(QUICK, ALL), id=f"the rest of {ALL} chains", marks=pytest.mark.slow),
]
Seeds = pytest.mark.parametrize("seeds", SIZES)


def chains(seeds: range) -> Iterator[tuple[Random, Chain, DeviceLog]]:
    """Each with its dice; sound as it stands."""
    for seed in seeds:
        dice = Random(seed)
        chain = random_chain(dice)
        yield dice, chain, chain.log(NONCE)


def without(log: DeviceLog, *places: int) -> DeviceLog:
    kept = [signed for place, signed in enumerate(log.segments) if place not in places]
    return replace(log, segments=tuple(kept))


@Seeds
def test_log_that_nobody_touched_is_sound(seeds: range) -> None:
    """Or finding every mutation would be no art."""
    for _, _, log in chains(seeds):
        assert is_sound(check_log(log))
        assert is_sound(check_log(replace(log, records={}, has_records=False)))


def spoilt_records(dice: Random, log: DeviceLog) -> Iterator[dict[int, bytes]]:
    """Each byte of each changed; each deleted; each two swapped; one replayed, one inserted."""
    records = dict(log.records)
    for seq, body in records.items():
        for place in range(len(body)):
            changed = bytes((body[place] ^ dice.randint(1, 255),))
            yield {**records, seq: body[:place] + changed + body[place + 1 :]}
        yield {other: each for other, each in records.items() if other != seq}
        yield {**records, len(records) + 1: body}
        shifted = {other + (other >= seq): each for other, each in records.items()}
        yield {**shifted, seq: a_record(MINUTE).pack(seq)}
    for one, other in combinations(records, 2):
        yield {**records, one: records[other], other: records[one]}
    for end in range(1, len(records)):
        yield {seq: records[seq] for seq in range(1, end + 1)}
        yield {seq: records[seq] for seq in range(end + 1, len(records) + 1)}


@Seeds
def test_every_change_of_every_record_is_found(seeds: range) -> None:
    """Edits of any byte, deletions, swaps, replays, insertions, heads and tails cut off."""
    for dice, _, log in chains(seeds):
        links, findings = signed_links(log)
        assert not findings
        for records in spoilt_records(dice, log):
            assert not is_sound(check_links(replace(log, records=records), links))


@Seeds
def test_every_changed_byte_of_a_segment_is_found(seeds: range) -> None:
    """Of the signature, of what is signed, of what is around both; a byte more or less, too."""
    for dice, _, log in chains(seeds):
        for signed in log.segments:
            for place in dice.sample(range(len(signed)), 12):
                flipped = bytes((signed[place] ^ dice.randint(1, 255),))
                for middle in (flipped, b"", signed[place : place + 1] * 2):
                    spoilt = signed[:place] + middle + signed[place + 1 :]
                    links, findings = signed_links(replace(log, segments=(spoilt,)))
                    assert findings or links[0].signed == signed
                    assert not links or links[0].signed == signed


@pytest.mark.slow
def test_every_byte_of_some_chains_is_found() -> None:
    """Each byte, each bit of it."""
    for _, _, log in chains(range(3)):
        for signed in log.segments:
            for bit in range(8 * len(signed)):
                spoilt = bytearray(signed)
                spoilt[bit // 8] ^= 1 << bit % 8
                links, findings = signed_links(replace(log, segments=(bytes(spoilt),)))
                assert findings
                assert not links


def spoilt_orders(dice: Random, log: DeviceLog) -> Iterator[DeviceLog]:
    """Segments deleted, swapped, replayed, cut at either end."""
    segments = log.segments
    for place in range(len(segments)):
        yield without(log, place)
        yield without(log, *range(place))
        yield without(log, *range(place, len(segments)))
        again = dice.randint(0, len(segments))
        yield replace(log, segments=(*segments[:again], segments[place], *segments[again:]))
    for one, other in combinations(range(len(segments)), 2):
        swapped = list(segments)
        swapped[one], swapped[other] = swapped[other], swapped[one]
        yield replace(log, segments=tuple(swapped))


@Seeds
def test_every_lost_moved_or_repeated_segment_is_found(seeds: range) -> None:
    """Also in a file that gives segments alone."""
    for dice, _, log in chains(seeds):
        for spoilt in spoilt_orders(dice, log):
            if spoilt.segments == log.segments:
                continue  # an empty prefix was cut
            assert not is_sound(check_log(spoilt))
            alone = replace(spoilt, records={}, has_records=False)
            assert not is_sound(check_log(alone))


@Seeds
def test_every_foreign_segment_is_found(seeds: range) -> None:
    """Of another device, of another epoch, signed by a thief, or a fork that the device signed."""
    for dice, chain, log in chains(seeds):
        place = dice.randrange(len(log.segments) - 1)
        segment = read_segment(log.segments[place])
        fork = replace(segment, events=(*segment.events, Event(SetAside(1, 1, 400))))
        for foreign in (
            segment.sign(device_key("thief")),
            replace(segment, epoch=dice.randbytes(8)).sign(chain.key),
            replace(segment, device=dice.randbytes(8)).sign(chain.key),
            fork.sign(chain.key),
            replace(segment, count=0, root=bytes(32), flags=1).sign(chain.key),
            replace(segment, counters={"NOT_A_PASS": 77}).sign(chain.key),
            random_chain(dice).segments[0],
        ):
            instead = (*log.segments[:place], foreign, *log.segments[place + 1 :])
            beside = (*log.segments[:place], foreign, *log.segments[place:])
            for segments in (instead, beside):
                assert not is_sound(check_log(replace(log, segments=segments)))


@Seeds
def test_history_rewritten_by_the_key_is_found_once_receipted(seeds: range) -> None:
    """Who holds the device's key signs anew what he likes; the server's receipt tells on him."""
    for dice, chain, log in chains(seeds):
        receipt = chain.receipt(dice.randint(1, len(log.segments)))
        rewritten = random_chain(Random(dice.random()))
        rewritten.key, rewritten.epoch = chain.key, chain.epoch
        anew = Chain(chain.key, chain.epoch)
        for signed in rewritten.segments:
            segment = read_segment(signed)
            anew.seal(segment.minute, [a_record(segment.minute)] * segment.count)
        anew.end(MINUTE)
        assert is_sound(check_log(log, receipt))
        assert is_sound(check_log(anew.log(NONCE)))
        assert not is_sound(check_log(anew.log(NONCE), receipt))
