"""What `scanner logs verify` says of a file: device by device, in plain words.

Besides the chain of each device it checks what ties a file together: that it ends with the event
of its own export, that its heading says what that event says, that its cells are those whose digest
the device has signed, and that a server's receipts are by that server.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scanner.core.cells import digest_of
from scanner.core.chain import Finding, Link, State, Watch, check_links, is_sound, signed_links
from scanner.core.errors import LogError
from scanner.core.events import Export
from scanner.core.findings import bodies
from scanner.core.hashing import sha256
from scanner.core.logbook import DeviceLog
from scanner.core.receipt import Receipt, read_receipt
from scanner.core.signed_log import device_of
from scanner.logs.files import Book
from scanner.logs.moments import iso
from scanner.logs.volume import Heading, Source, Volume


@dataclass(frozen=True, slots=True)
class Checked:
    """A device and epoch: what was found, and its segments as far as they are its own."""

    volume: Volume
    links: tuple[Link, ...]
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        return is_sound(self.findings)


def check_book(
    book: Book, server: Ed25519PublicKey | None = None, watch: Watch = iter
) -> Iterator[Checked]:
    """Each volume, and after the last one what concerns the file as a whole. Raises LogError."""
    export, digests, is_ended = None, b"", False
    for volume in book.volumes():
        checked = _check_volume(book.heading, volume, server, watch)
        digests += digest_of(volume.cells)
        if volume.log.nonce and volume.log.nonce == book.heading.nonce:
            is_ended = True
            export = next(
                (each for each in bodies(checked.links[-1:], Export)
                 if each.nonce == volume.log.nonce), None,
            )  # fmt: skip
        yield checked
    findings = list(_check_file(book.heading, export, sha256(digests), is_ended=is_ended))
    if findings:
        nothing = Volume(DeviceLog(b"", b"", ()), ())
        yield Checked(nothing, (), tuple(findings))


def _check_volume(
    heading: Heading, volume: Volume, server: Ed25519PublicKey | None, watch: Watch
) -> Checked:
    log = volume.log
    links, findings = signed_links(log, watch)
    receipt, start = (_receipt(signed, server, findings) for signed in (log.receipt, log.start))
    findings += check_links(log, links, receipt, start)
    if heading.source is Source.CENTRAL and links and not _reaches(receipt, links[-1]):
        number = links[-1].segment.number + 1
        words = "no receipt says that this is the end"
        if server is None:
            words += "; name the server's key with --server-key"
        findings.append(Finding(State.CUT, number, number, words, is_segments=True))
    return Checked(volume, tuple(links), tuple(findings))


def _receipt(
    signed: bytes, server: Ed25519PublicKey | None, findings: list[Finding]
) -> Receipt | None:
    """None where there is none, or nobody to check it by."""
    if not signed or server is None:
        return None
    try:
        return read_receipt(signed, server)
    except LogError as error:
        findings.append(Finding(State.FORGED, 0, 0, str(error), is_segments=True))
        return None


def _reaches(receipt: Receipt | None, last: Link) -> bool:
    return receipt is not None and receipt.segment >= last.segment.number


def _check_file(
    heading: Heading, export: Export | None, digest: bytes, *, is_ended: bool
) -> Iterator[Finding]:
    if heading.source is not Source.DEVICE:
        return
    if not is_ended:
        words = "the file does not end with the event of its own export"
        yield Finding(State.CUT, 0, 0, words, is_segments=True)
    if export is None:
        return
    wish = heading.wish
    told = (wish.since, wish.until, wish.case, heading.supervisor)
    if told != (export.since, export.until, export.case, export.supervisor):
        words = "the heading says otherwise than the event of the export"
        yield Finding(State.FORGED, 0, 0, words, is_segments=True)
    if not heading.is_selection and digest != export.digest:
        words = "the cells are not those that the device has signed"
        yield Finding(State.FORGED, 0, 0, words, is_segments=True)


def whose_cells(heading: Heading) -> str:
    """Whose word the counts of a file are; "" for a folder, which has none."""
    if heading.source is Source.FOLDER:
        return ""
    if heading.is_selection:
        return "The counts are a choice from another export, which nobody has signed."
    if heading.source is Source.CENTRAL:
        return "The counts are the server's own, which nobody has signed."
    return "The counts are signed by the device."


def told(checked: Checked) -> Iterator[str]:
    """One device and epoch in plain words, a line a stretch."""
    log, links = checked.volume.log, checked.links
    if log.public:
        places = ", ".join(sorted({link.segment.checkpoint for link in links})) or "?"
        yield f"device {device_of(log.public).hex()}, epoch {log.epoch.hex()}, at {_plain(places)}"
    if links:
        first, last = links[0].segment, links[-1].segment
        yield (
            f"  segments {first.number} to {last.number}, {iso(first.minute)} to {iso(last.minute)}"
        )
    for finding in joined(checked.findings):
        yield f"  {said(finding)}"


def joined(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Neighbours of which the same is to be said, as one."""
    before: Finding | None = None
    for finding in findings:
        if before is not None and _goes_on(before, finding):
            before = replace(before, last=finding.last)
            continue
        if before is not None:
            yield before
        before = finding
    if before is not None:
        yield before


def _goes_on(before: Finding, finding: Finding) -> bool:
    same = (before.state, before.detail, before.is_segments)
    return finding.first == before.last + 1 and same == (
        finding.state, finding.detail, finding.is_segments
    )  # fmt: skip


def _stretch(finding: Finding) -> str:
    if not finding.last:
        return "file"
    what = "segment" if finding.is_segments else "record"
    if finding.first == finding.last:
        return f"{what} {finding.first}"
    return f"{what}s {finding.first} to {finding.last}"


_SAID = {
    State.INTACT: "intact",
    State.ACCOUNTED: "accounted for",
    State.FOLDED: "folded",
    State.RETIRED: "retired",
    State.OPEN: "open",
    State.MISSING: "MISSING",
    State.CUT: "CUT",
    State.FORGED: "FORGED",
}


def said(finding: Finding) -> str:
    """In plain words, with its seqs."""
    detail = f"; {_plain(finding.detail)}" if finding.detail else ""
    return f"{_stretch(finding)}: {_SAID[finding.state]}{detail}"


def _plain(text: str) -> str:
    """What a file says, with nothing in it that a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
