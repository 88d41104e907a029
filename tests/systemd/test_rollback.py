"""An upgrade that does not get ready makes way for the release before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.systemd.workshop import Workshop

# systemd "runs": the scanner is active while the current release is one of those in the file.
SYSTEMCTL = """
case "$*" in
*is-active*) grep -qx "$(readlink "{home}/current" | sed s,releases/,,)" "{ready}" || exit 3 ;;
esac
"""
ACTIVATE = """
root="{root}" systemd_run="{root}"
. "{root}/../checkout/systemd/activate.sh"
has_systemd() {{ true; }}
activate "$1"
"""


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """With two releases that differ in a unit; the first one is current."""
    shop = Workshop(tmp_path)
    for name in ("old", "new"):
        units = shop.home / "releases" / name / "share/units"
        units.mkdir(parents=True)
        (units / "scanner.service").write_text(f"# {name}\n")
        for file in ("sysusers.conf", "tmpfiles.conf", "udev.rules"):
            (units.parent / file).touch()
    (shop.home / "current").symlink_to("releases/old")
    shop.fake("systemctl", SYSTEMCTL.format(home=shop.home, ready=shop.folder / "ready"))
    return shop


def activate(workshop: Workshop, name: str, ready: str) -> int:
    """The exit status; `ready`: the releases that get ready."""
    (workshop.folder / "ready").write_text(ready)
    return workshop.shell(ACTIVATE.format(root=workshop.root), name).returncode


def unit_of(workshop: Workshop) -> str:
    return (workshop.root / "usr/local/lib/systemd/system/scanner.service").read_text()


def test_release_that_gets_ready_stays(workshop: Workshop) -> None:
    """With its units; the one before is kept."""
    assert activate(workshop, "new", ready="old\nnew\n") == 0
    assert (workshop.current, unit_of(workshop)) == ("new", "# new\n")
    assert (workshop.home / "releases/old").exists()
    assert "sleep" not in workshop.log.read_text()


def test_release_that_does_not_get_ready_makes_way(workshop: Workshop) -> None:
    """After sixty seconds the release before is current again, with its own units, and started."""
    assert activate(workshop, "new", ready="old\n") == 1
    assert (workshop.current, unit_of(workshop)) == ("old", "# old\n")
    calls = workshop.log.read_text().splitlines()
    assert calls.count("sleep 1") == 60
    assert "start --no-block" in [c for c in calls if c.startswith("systemctl")][-1]
    assert (workshop.home / "releases/new").exists()


def test_device_that_was_not_ready_before_keeps_the_new_release(workshop: Workshop) -> None:
    """A camera that is unplugged says nothing about the release."""
    assert activate(workshop, "new", ready="") == 0
    assert workshop.current == "new"


def test_everything_stands_still_while_the_link_is_moved(workshop: Workshop) -> None:
    """Nothing of the old release imports a file of the new one."""
    activate(workshop, "new", ready="old\nnew\n")
    calls = [line for line in workshop.log.read_text().splitlines() if "is-active" not in line]
    first, last = calls[0], calls[-1]
    assert first.startswith("systemctl stop ")
    assert "scanner.service" in first
    assert last.startswith("systemctl start ")


def test_unit_that_only_the_old_release_had_is_taken_away(workshop: Workshop) -> None:
    """It would start what is no longer there."""
    old = workshop.home / "releases/old/share/units/scanner-old.service"
    old.touch()
    activate(workshop, "old", ready="old\n")
    there = workshop.root / "usr/local/lib/systemd/system/scanner-old.service"
    assert there.exists()
    activate(workshop, "new", ready="old\nnew\n")
    assert not there.exists()
