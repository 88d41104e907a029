"""A time as an argument. A module of its own: the loop starts without the commands that check."""

from __future__ import annotations

from datetime import UTC, datetime

import click


class Moment(click.ParamType[datetime]):
    """A time with its offset, RFC 3339."""

    name = "RFC3339"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value} is not a time such as 2020-04-29T09:30:00+03:00", param, ctx)
        if at.tzinfo is None:
            self.fail(f"{value} has no offset; write Z or +03:00 behind it", param, ctx)
        return at.astimezone(UTC)
