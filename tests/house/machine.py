"""A machine as bare as the test wants, and what is done on it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

PYTHON = """#!/bin/sh
echo "python $*" >>"$CALLS"
case "$*" in
*_base_executable*) echo "$FAKES/python3" ;;
*"-m venv"*) for folder; do :; done; mkdir -p "$folder/bin" && cp "$0" "$folder/bin/python" ;;
*"pip install"*) flock "$GATE" true; [ ! -e "$GATE.shut" ] ;;
*purelib*) mkdir -p "${0%/bin/*}/site" && echo "${0%/bin/*}/site" ;;
*version_info\\[:2\\]*) echo "Python $VERSION in" ;;
*CDLL*) [ ! -e "$FAKES/missing" ] || cat "$FAKES/missing" ;;
esac
"""
APT_GET = """#!/bin/sh
echo "apt-get $*" >>"$CALLS"
case "$*" in *install*) rm -f "$FAKES/missing"; cp "$FAKES/../python3" "$FAKES/python3" ;; esac
programs=$FAKES/../pg/15/bin
case "$*" in *" postgresql") mkdir -p "$programs" && cp "$0" "$programs/initdb" ;; esac
"""
SUDO = """#!/bin/sh
echo "sudo $*" >>"$CALLS"
[ "$1" = -n ] || exec "$@"
"""
REAL = (
    "cat", "chmod", "cmp", "cp", "date", "env", "flock", "head", "mkdir", "rm", "sh", "sleep",
    "touch", "tr", "true",
)  # fmt: skip


@dataclass
class Machine:
    """A folder of programs, and a checkout with a space in its path."""

    folder: Path
    user: str = "0"
    version: str = "3.11"
    needs: str = ""

    @property
    def root(self) -> Path:
        return self.folder / "check out"

    @property
    def gate(self) -> Path:
        """pip waits for the lock on this file; a file beside it, ending in .shut, lets it fail."""
        return self.folder / "gate"

    @property
    def conf(self) -> Path:
        """Where Debian is told whether to make a database cluster."""
        return self.folder / "etc/postgresql/createcluster.conf"

    def add(self, name: str, text: str) -> None:
        """Put a program where the shell finds it."""
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def start(self) -> subprocess.Popen[str]:
        """Begin `sh scanner/demo.sh`, cut short after the set-up, from another folder."""
        self.add("id", f"#!/bin/sh\necho {self.user}\n")
        fakes = self.folder / "bin"
        return subprocess.Popen(
            [
                "/bin/sh",
                "-euc",
                f'root="{self.root}"; postgres_home="{self.folder}/pg"; {self.needs}'
                f'postgres_conf="{self.conf}"; . "$root/scanner/setup.sh"; echo "done"',
            ],
            cwd="/",
            env={
                "PATH": str(fakes), "FAKES": str(fakes), "CALLS": str(self.folder / "calls"),
                "GATE": str(self.gate), "VERSION": self.version,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def run(self) -> tuple[int, str, list[str]]:
        """Exit code, what was said, and how the stand-ins were called in this run."""
        (self.folder / "calls").write_text("")
        process = self.start()
        _, said = process.communicate(timeout=30)
        return process.returncode, said, self.calls()

    def calls(self) -> list[str]:
        """How the stand-ins were called since the last run() began."""
        return (self.folder / "calls").read_text().splitlines()


def count(calls: list[str], word: str) -> int:
    """How many calls hold this word."""
    return sum(word in call for call in calls)
