"""A checkout, a wheelhouse and a system that answers as the test wants: for the installer."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pip

SOURCE = Path(__file__).resolve().parents[2]
PARTS = ("scanner", "hardware", "systemd")

# Each writes its name and arguments into the log, and does nothing else.
SILENT = (
    "systemd-sysusers",
    "systemd-tmpfiles",
    "udevadm",
    "sync",
    "sleep",
    "apt-cache",
    "apt-get",
)
PIP_MAIN = """
import os, sys
sys.path.insert(0, os.path.dirname(os.path.dirname(__file__)))
from pip._internal.cli.main import main
sys.exit(main())
"""
FAKE = '#!/bin/sh\nprintf "%s %s\\n" "${{0##*/}}" "$*" >>"{log}"\n{body}\n'


@dataclass
class Workshop:
    """`packages`: what dpkg-query finds installed, and its version."""

    folder: Path
    packages: dict[str, str] = field(default_factory=lambda: {"libzbar0t64": "0.23.93-8"})

    def __post_init__(self) -> None:
        for part in PARTS:
            leave = shutil.ignore_patterns("__pycache__", "demo")
            shutil.copytree(SOURCE / part, self.source / part, ignore=leave)
        shutil.copyfile(SOURCE / "CHANGELOG.md", self.source / "CHANGELOG.md")
        (self.folder / "tools").mkdir()
        self.root.mkdir()
        self.make_wheelhouse()
        for name in SILENT:
            self.fake(name)
        self.fake("systemctl", 'case "$*" in *is-active*) exit 1 ;; esac')

    @property
    def source(self) -> Path:
        return self.folder / "checkout"

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def home(self) -> Path:
        return self.root / "opt/scanner"

    @property
    def wheels(self) -> Path:
        return self.source / "wheelhouse"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def current(self) -> str:
        """Name of the release that is in use."""
        return os.readlink(self.home / "current").removeprefix("releases/")

    def give_lgpio(self) -> None:
        """As Raspberry Pi OS has it; plain Debian 13 has not."""
        library = self.root / "usr/lib/python3/dist-packages/lgpio.py"
        library.parent.mkdir(parents=True)
        library.touch()

    def fake(self, name: str, body: str = "") -> None:
        """A tool of this name, first on PATH."""
        tool = self.folder / "tools" / name
        tool.write_text(FAKE.format(log=self.log, body=body))
        tool.chmod(0o755)

    def make_wheelhouse(self) -> None:
        """pip, and a package of one line; and their lock, in the place of the device's."""
        self.wheels.mkdir()
        with zipfile.ZipFile(self.wheels / "pip-0-py3-none-any.whl", "w") as wheel:
            # A door to the pip of this environment: a whole wheel of it takes seconds to load.
            there = str(Path(pip.__file__).parent)
            door = f"__path__.append({there!r})\nexec(open({there + '/__init__.py'!r}).read())\n"
            wheel.writestr("pip/__init__.py", door)
            wheel.writestr("pip/__main__.py", PIP_MAIN)
        with zipfile.ZipFile(self.wheels / "tiny-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("tiny.py", "SIZE = 1\n")
            wheel.writestr("tiny-1.0.dist-info/METADATA", "Name: tiny\nVersion: 1.0\n")
            tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            wheel.writestr("tiny-1.0.dist-info/WHEEL", tag)
            wheel.writestr("tiny-1.0.dist-info/RECORD", "tiny.py,,\n")
        self.write_lock()

    def write_lock(self) -> None:
        """Of the wheels as they are now."""
        lines = []
        for wheel in sorted(self.wheels.glob("*.whl")):
            name, version, *_ = wheel.name.split("-")
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            lines.append(f"{name}=={version} \\\n    --hash=sha256:{digest}\n")
        (self.source / "systemd/device/requirements.lock").write_text("".join(lines))

    def set_version(self, version: str) -> None:
        """Of the program in the checkout."""
        (self.source / "scanner/__init__.py").write_text(f'__version__ = "{version}"\n')

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """install.sh into the root."""
        program = str(self.source / "systemd/install.sh")
        return self.shell(f'exec sh "{program}" --root "{self.root}" "$@"', *options)

    def shell(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """With the tools of this workshop."""
        lines = [
            f'if [ "$4" = {n} ]; then echo installed {v}; fi' for n, v in self.packages.items()
        ]
        both = [f'if [ "$5" = {n} ]; then echo installed {v}; fi' for n, v in self.packages.items()]
        self.fake("dpkg-query", "\n".join(lines + both))
        path = f"{self.folder / 'tools'}:{os.environ['PATH']}:/usr/sbin:/sbin"
        return subprocess.run(
            ["sh", "-c", script, "sh", *arguments],
            env={"PATH": path, "PYTHON": sys.executable, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
        )
