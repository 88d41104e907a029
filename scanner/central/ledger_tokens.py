"""What both stores say in the same words of SQL about cards, codes, places and plans."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from scanner.central.ledger import Plan, Token

_TOKEN = (
    "SELECT hash, name, made_at, ends_at, place, cancelled_at, public, used_at, answer FROM tokens"
)
_KEEP_TOKEN = (
    "INSERT INTO tokens (hash, name, made_at, ends_at, place, cancelled_at, public, used_at,"
    " answer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO UPDATE SET"
    " name = excluded.name, made_at = excluded.made_at, ends_at = excluded.ends_at,"
    " place = excluded.place, cancelled_at = excluded.cancelled_at, public = excluded.public,"
    " used_at = excluded.used_at, answer = excluded.answer"
)


class TokenBook(ABC):
    """That part of `ledger.Book`."""

    _for_update = ""

    @abstractmethod
    def _run(self, statement: str, values: Sequence[object] = ()) -> Any:
        """One statement, with `?` for each value."""

    def token(self, hash_: bytes) -> Token | None:
        rows = self._run(f"{_TOKEN} WHERE hash = ? {self._for_update}", (hash_,)).fetchall()
        return Token(*rows[0]) if rows else None

    def tokens(self) -> list[Token]:
        return [Token(*row) for row in self._run(f"{_TOKEN} ORDER BY made_at, name, hash")]

    def keep_token(self, token: Token) -> None:
        self._run(_KEEP_TOKEN, astuple(token))

    def wrong_guesses(self, since_minute: int) -> int:
        statement = "SELECT coalesce(sum(wrong), 0) FROM guesses WHERE minute >= ?"
        return int(self._run(statement, (since_minute,)).fetchall()[0][0])

    def count_guess(self, minute: int, forget_before: int) -> None:
        self._run("DELETE FROM guesses WHERE minute < ?", (forget_before,))
        self._run(
            "INSERT INTO guesses VALUES (?, 1)"
            " ON CONFLICT (minute) DO UPDATE SET wrong = guesses.wrong + 1",
            (minute,),
        )

    def place(self, device: bytes) -> str | None:
        rows = self._run("SELECT place FROM places WHERE device = ?", (device,)).fetchall()
        return str(rows[0][0]) if rows else None

    def keep_place(self, device: bytes, place: str) -> None:
        self._run(
            "INSERT INTO places VALUES (?, ?)"
            " ON CONFLICT (device) DO UPDATE SET place = excluded.place",
            (device, place),
        )

    def plans(self) -> list[Plan]:
        rows = self._run("SELECT name, serial, place FROM plans ORDER BY name")
        return [Plan(*row) for row in rows]

    def keep_plan(self, plan: Plan) -> None:
        self._run("DELETE FROM plans WHERE serial = ? AND name <> ?", (plan.serial, plan.name))
        self._run(
            "INSERT INTO plans VALUES (?, ?, ?) ON CONFLICT (name)"
            " DO UPDATE SET serial = excluded.serial, place = excluded.place",
            astuple(plan),
        )
