"""The Debian package: what is in it, what it asks for, and that it can be made twice."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.systemd.units import SERVICES, TIMERS
from tests.systemd.workshop import Workshop

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="there is no dpkg here")


def build(workshop: Workshop, arch: str, out: Path) -> Path:
    """The path of the package."""
    script = (
        f'sh "{workshop.source}/systemd/build_deb.sh" --arch {arch} --out "{out}"'
        f' --wheelhouse "{workshop.wheels}"'
    )
    ended = workshop.shell(f"SOURCE_DATE_EPOCH=1590000000; export SOURCE_DATE_EPOCH; {script}")
    assert ended.returncode == 0, ended.stderr
    return Path(ended.stdout.strip())


def told(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_package_holds_a_device_and_nothing_else(tmp_path: Path) -> None:
    """Program, packages, units; neither demo, test keys nor issuing; all is root's."""
    package = build(Workshop(tmp_path), "arm64", tmp_path)
    lines = told("dpkg-deb", "-c", package).splitlines()
    names = [line.split()[5] for line in lines]
    packaged = "./opt/scanner/packaged"
    site = f"{packaged}/lib/python3.13/site-packages"
    assert f"{site}/scanner/commands/run.py" in names
    assert f"{site}/_lgpio.cpython-313-aarch64-linux-gnu.so" in names
    for unit in (*SERVICES, *TIMERS):
        assert f"{packaged}/share/units/{unit.name}" in names
    for banned in ("/demo", "sample_codes", "scanner/central/", "commands/central", "fleet.key"):
        assert not [name for name in names if banned in name], banned
    assert {line.split()[1] for line in lines} == {"root/root"}
    modes = {line.split()[0] for line in lines if not line.startswith("l")}
    assert modes == {"drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x"}


def test_package_asks_for_its_python_and_for_a_reader_without_known_faults(tmp_path: Path) -> None:
    """dpkg refuses it on another release of Debian, and with an old libzbar0."""
    package = build(Workshop(tmp_path), "amd64", tmp_path)
    depends = told("dpkg-deb", "-f", package, "Depends")
    assert "python3 (>= 3.13), python3 (<< 3.14)" in depends
    assert "libzbar0 (>= 0.23.92-7+deb12u1)" in depends
    assert told("dpkg-deb", "-f", package, "Architecture").strip() == "amd64"
    assert package.name.endswith("+deb13_amd64.deb")


def test_same_commit_gives_the_same_bytes(tmp_path: Path) -> None:
    """Whoever builds it can compare."""
    workshop = Workshop(tmp_path)
    one, two = (build(workshop, "amd64", tmp_path / name) for name in ("one", "two"))
    assert hashlib.sha256(one.read_bytes()).digest() == hashlib.sha256(two.read_bytes()).digest()
