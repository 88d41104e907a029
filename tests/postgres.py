"""A PostgreSQL server of the tests' own: a passing folder, a Unix socket, fsync on.

PostgreSQL refuses to run as root, so root starts it as another user.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

OWNERS = ("postgres", "nobody")
SHELL = "/bin/sh"
# Waits for the end of its input: whoever holds the other end has closed it, or is gone.
SWEEP = 'read -r _; "$1" -D "$2/cluster" -m immediate stop; rm -rf "$2"'
NOT_FOUND = "no PostgreSQL server on this machine; Debian's package is called postgresql"


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server that runs; `binaries` are its programs."""

    binaries: Path
    folder: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://scanner@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """An empty one of its own; returns its URL."""
        name = f"log_{next(self._numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def stop(self) -> None:
        """At once, as a machine that fails."""
        self._control("stop", "-m", "immediate")

    def start(self, fsync: str = "on") -> None:
        """Returns when it takes connections."""
        settings = {"listen_addresses": "''", "unix_socket_directories": self.folder,
                    "fsync": fsync}  # fmt: skip
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._control("start", "-o", options, "-l", str(self.folder / "log"))

    def restart(self, fsync: str = "on") -> None:
        """All connections break."""
        self.stop()
        self.start(fsync)

    def _control(self, *arguments: str) -> None:
        run(self.binaries / "pg_ctl", "-w", "-D", str(self.folder / "cluster"), *arguments)


def find_binaries() -> Path | None:
    """The folder with initdb and its like: on PATH, else where Debian puts them, newest first."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version)
    return folders[-1] if folders else None


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """From an empty cluster to a stopped one. Raises FileNotFoundError without the programs."""
    binaries = find_binaries()
    if binaries is None:
        raise FileNotFoundError(NOT_FOUND)
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    if owner := _owner():
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    server = Postgres(binaries, folder)
    with _swept_up(server):
        cluster = str(folder / "cluster")
        run(binaries / "initdb", "-D", cluster, "-U", "scanner", "-A", "trust", "-E", "UTF8",
            "--locale=C", "--no-sync")  # fmt: skip
        server.start()
        yield server


@contextmanager
def _swept_up(server: Postgres) -> Iterator[None]:
    """Stops the server and removes its folder at the end, also when this process is killed."""
    command = [SHELL, "-c", SWEEP, "sweep", server.binaries / "pg_ctl", server.folder]
    with subprocess.Popen(
        command, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True, **_other_user(),
    ) as sweeper:  # type: ignore[call-overload]  # the keywords of a mapping  # fmt: skip
        yield
        sweeper.communicate()


def run(program: Path, *arguments: str) -> None:
    """As somebody who is not root. Raises CalledProcessError with what the program said."""
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            [program, *arguments], cwd="/", stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            check=False, **_other_user(),
        )  # type: ignore[call-overload]  # the keywords of a mapping  # fmt: skip
        said.seek(0)
        if done.returncode:
            raise AssertionError(f"{program.name}: {said.read().decode(errors='replace')}")


def _other_user() -> dict[str, object]:
    """For subprocess."""
    owner = _owner()
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}


def _owner() -> pwd.struct_passwd | None:
    """Whom root lends the server to; nobody where the tests do not run as root."""
    if os.geteuid():
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(known[name] for name in OWNERS if name in known)


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.parent.name.split(".") if part.isdigit())
