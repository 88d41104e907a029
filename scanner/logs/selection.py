"""An export made from another export: less of it, never more, and its chain untouched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from scanner.core.errors import LogError
from scanner.logs.files import Book
from scanner.logs.volume import Heading, Volume, Wish, chosen, given_for, links_of


def select(book: Book, wish: Wish) -> tuple[Heading, Iterator[Volume]]:
    """What of a file is asked for. The heading stays that of the first export, which is in its
    chain; cells that were chosen are marked so, since nobody has signed the choice.

    Raises LogError where single records are asked for that the file was not made for.
    """
    before = book.heading.wish
    if wish.case and wish.case != before.case:
        raise LogError(
            f"{book.name} was not exported for case {wish.case}. Export that case from the device "
            "or the central database."
        )
    is_whole = wish.since <= before.since and before.until <= wish.until and wish.outcome is None
    heading = replace(book.heading, is_selection=book.heading.is_selection or not is_whole)
    return heading, (_chosen(volume, wish) for volume in book.volumes())


def _chosen(volume: Volume, wish: Wish) -> Volume:
    links = links_of(volume.log)
    log = given_for(volume.log, links, wish)
    return Volume(log, tuple(chosen(volume.cells, wish, links)))
