"""Check the log of a device without the device: what is intact, missing, cut off, forged.

Every segment is signed, names the one before by its hash, and seals its records by a Merkle root.
So an edit, a deletion, a swap, a replay and a fork all show. Who holds the device's key can rewrite
what no server has receipted; nothing here can show that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scanner.core.errors import LogError
from scanner.core.events import Export, Retired
from scanner.core.findings import Finding, Link, State, bodies, is_sound
from scanner.core.logbook import DeviceLog
from scanner.core.receipt import Receipt
from scanner.core.sealed import check_records
from scanner.core.segment import NO_LINK, Segment, link_of, read_segment
from scanner.core.signed_log import Statement, device_of, is_signed_by, public_key

__all__ = [
    "Finding", "Link", "State", "Watch", "check_links", "check_log", "is_sound", "signed_links",
]  # fmt: skip

Watch = Callable[[Iterable[bytes]], Iterable[bytes]]


def check_log(
    log: DeviceLog,
    receipt: Receipt | None = None,
    start: Receipt | None = None,
    watch: Watch = iter,
) -> list[Finding]:
    """Everything there is to say, in the order of the log; total, for any log.

    receipt, start: `log.receipt` and `log.start`, already verified: the server's word for where it
    has been, and for what lies before the first segment. watch: sees the segments go by.
    """
    links, findings = signed_links(log, watch)
    return findings + check_links(log, links, receipt, start)


def check_links(
    log: DeviceLog, links: list[Link], receipt: Receipt | None = None, start: Receipt | None = None
) -> list[Finding]:
    """The second half of `check_log`, for who needs the links as well."""
    receipts = [each for each in (receipt, start) if each is not None]
    findings = list(_check_receipts(log, links, receipts))
    findings += _check_start(links, receipts)
    findings += _check_order(links)
    findings += check_records(log, links)
    findings += _check_end(log, links, receipt)
    return findings


def signed_links(log: DeviceLog, watch: Watch = iter) -> tuple[list[Link], list[Finding]]:
    """Segments that this device has signed for this epoch, one for each number; the rest."""
    findings: list[Finding] = []
    try:
        key = public_key(log.public)
    except LogError as error:
        return [], [Finding(State.FORGED, 0, 0, str(error), is_segments=True)]
    return list(_signed(log, key, watch, findings)), findings


def _signed(
    log: DeviceLog, key: Ed25519PublicKey, watch: Watch, findings: list[Finding]
) -> Iterator[Link]:
    device, seen = device_of(log.public), dict[int, bytes]()
    for signed in watch(log.segments):
        try:
            segment = read_segment(signed)
            is_signed = is_signed_by(key, signed, Statement.SEGMENT)
        except LogError as error:
            findings.append(Finding(State.FORGED, 0, 0, str(error), is_segments=True))
            continue
        what = ""
        if not is_signed:
            what = "not signed by this device"
        elif (segment.device, segment.epoch) != (device, log.epoch):
            what = "of another device or epoch"
        elif segment.number in seen:
            what = "there twice" if seen[segment.number] == signed else "two of one number"
        if what:
            number = segment.number
            findings.append(Finding(State.FORGED, number, number, what, is_segments=True))
            continue
        seen[segment.number] = signed
        yield Link(segment, signed)


def _check_receipts(
    log: DeviceLog, links: list[Link], receipts: list[Receipt]
) -> Iterator[Finding]:
    """What a server has receipted can't be rewritten, not even with the device's key."""
    by_number = {link.segment.number: link for link in links}
    for receipt in receipts:
        number = receipt.segment
        if (receipt.device, receipt.epoch) != (device_of(log.public), log.epoch):
            words = "the receipt is for another device or epoch"
            yield Finding(State.FORGED, number, number, words, is_segments=True)
        elif number in by_number and not _is_receipted(by_number[number], receipt):
            words = "not what the server has receipted"
            yield Finding(State.FORGED, number, number, words, is_segments=True)


def _is_receipted(link: Link, receipt: Receipt) -> bool:
    return (link.segment.next_seq - 1, link_of(link.signed)) == (receipt.seq, receipt.link)


def _check_start(links: list[Link], receipts: list[Receipt]) -> Iterator[Finding]:
    """The first segment of all is number 1, or hangs on what was taken away in order."""
    if not links:
        yield Finding(State.CUT, 1, 1, "there are no segments", is_segments=True)
        return
    first = links[0].segment
    if first.number == 1:
        if first.previous != NO_LINK or first.first_seq != 1:
            yield Finding(State.FORGED, 1, 1, "a first segment follows nothing", is_segments=True)
        return
    before = (first.number - 1, first.first_seq - 1, first.previous)
    if before in [(receipt.segment, receipt.seq, receipt.link) for receipt in receipts]:
        yield Finding(State.RETIRED, 1, before[1], "the server has receipted them")
        return
    for retired in bodies(links, Retired):
        if (retired.segment, retired.seq, retired.link) == before:
            words = "receipted by the server" if retired.is_receipted else "never receipted"
            yield Finding(State.RETIRED, 1, before[1], words)
            return
    yield Finding(State.MISSING, 1, before[0], "the beginning is not there", is_segments=True)


def _check_order(links: list[Link]) -> Iterator[Finding]:
    for before, link in pairwise(links):
        old, new = before.segment, link.segment
        if new.number > old.number + 1:
            gap = (old.number + 1, new.number - 1)
            yield Finding(State.MISSING, *gap, "segments are not there", is_segments=True)
        elif new.number <= old.number:
            yield Finding(State.FORGED, new.number, new.number, "out of order", is_segments=True)
        elif new.previous != link_of(before.signed):
            words = "does not follow the one before"
            yield Finding(State.FORGED, new.number, new.number, words, is_segments=True)
        elif new.first_seq > old.next_seq:
            yield Finding(State.MISSING, old.next_seq, new.first_seq - 1, "never sealed")
        elif new.first_seq < old.next_seq:
            words = "seals records of the one before"
            yield Finding(State.FORGED, new.number, new.number, words, is_segments=True)


def _check_end(log: DeviceLog, links: list[Link], receipt: Receipt | None) -> Iterator[Finding]:
    if not links:
        return
    last = links[-1].segment
    if receipt is not None and receipt.segment > last.number:
        gap = (last.number + 1, receipt.segment)
        yield Finding(State.CUT, *gap, "the server has receipted more", is_segments=True)
    if log.nonce and not _ends_with_export(last, log.nonce):
        number = last.number + 1
        words = "the export's own segment is not there"
        yield Finding(State.CUT, number, number, words, is_segments=True)


def _ends_with_export(segment: Segment, nonce: str) -> bool:
    return any(
        isinstance(event.body, Export) and event.body.nonce == nonce for event in segment.events
    )
