"""The installer: offline, by hash, again without effect, and without what is not a device's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.systemd.workshop import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """With everything in order."""
    return Workshop(tmp_path)


def everything_in(folder: Path) -> dict[str, tuple[int, int]]:
    """Path → (number of the file, time of its last change)."""
    paths = sorted(path for path in folder.rglob("*"))
    states = ((path, path.lstat()) for path in paths)
    return {str(path): (state.st_ino, state.st_mtime_ns) for path, state in states}


def test_release_is_laid_and_becomes_current(workshop: Workshop) -> None:
    """Program, packages, interpreter and units are where systemd looks for them."""
    ended = workshop.run()
    assert ended.returncode == 0, ended.stderr
    release = workshop.home / "releases" / workshop.current
    (site,) = (release / "lib").glob("python3.*/site-packages")
    assert (site / "tiny.py").exists()
    assert (site / "scanner/checkpoint.py").exists()
    assert (site / "hardware/pins.py").exists()
    assert os.readlink(release / "bin/python") == "/usr/bin/python3"
    assert "include-system-site-packages = false" in (release / "pyvenv.cfg").read_text()
    assert (workshop.root / "usr/local/lib/systemd/system/scanner.service").exists()
    assert os.readlink(site / "lgpio.py") == "/usr/lib/python3/dist-packages/lgpio.py"


def test_neither_demo_nor_test_keys_nor_issuing_is_on_a_device(workshop: Workshop) -> None:
    """A device that is stolen signs nothing, and accepts nothing that anybody can sign."""
    workshop.run()
    names = [str(path.relative_to(workshop.home)) for path in workshop.home.rglob("*")]
    assert any("scanner/commands/run.py" in name for name in names)
    for banned in ("/demo", "sample_codes", "scanner/central/", "commands/central", "fleet.key"):
        assert not [name for name in names if banned in name], banned


def test_again_changes_nothing(workshop: Workshop) -> None:
    """The same checkout and wheelhouse: not a file is written, and no unit is touched."""
    workshop.run()
    before, said = everything_in(workshop.root), workshop.log.read_text()
    ended = workshop.run()
    assert (ended.returncode, "nothing to do" in ended.stderr) == (0, True)
    assert everything_in(workshop.root) == before
    after = workshop.log.read_text().removeprefix(said)
    assert "systemctl" not in after


@pytest.mark.parametrize("package", ["tiny", "pip"])
def test_wheel_with_another_hash_gets_nowhere(workshop: Workshop, package: str) -> None:
    """What is not in the lock is neither installed nor run; the device stays as it was."""
    workshop.run()
    was = workshop.current
    (wheel,) = workshop.wheels.glob(f"{package}-*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"x")
    workshop.set_version("9.0.0")
    ended = workshop.run()
    assert ended.returncode == 69
    assert workshop.current == was


def test_old_version_stays_beside_the_new_one(workshop: Workshop) -> None:
    """Two releases lie there after an upgrade, the last and the one before; older ones go."""
    names = []
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        workshop.set_version(version)
        assert workshop.run().returncode == 0
        names.append(workshop.current)
    assert [name.partition("-")[0] for name in names] == ["1.0.0", "1.1.0", "1.2.0"]
    kept = {release.name for release in (workshop.home / "releases").iterdir()}
    assert kept == set(names[1:])


def test_check_says_what_would_be_done_and_does_nothing(workshop: Workshop) -> None:
    """1 and a line for each thing; 0 when nothing is left to do."""
    workshop.give_lgpio()
    before = everything_in(workshop.root)
    ended = workshop.run("--check")
    assert (ended.returncode, everything_in(workshop.root)) == (1, before)
    assert "the release none is current" in ended.stderr
    assert "there are no settings" in ended.stderr
    workshop.run()
    settings = workshop.root / "etc/scanner/checkpoint.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("standalone = true\n")
    ended = workshop.run("--check")
    assert (ended.returncode, "in order" in ended.stderr) == (0, True)


def test_lamps_that_will_not_light_are_told_before_they_are_missed(workshop: Workshop) -> None:
    """What to do, in one sentence, by --check and by an installation, which still goes on."""
    for options, code in ((["--check"], 1), ([], 0)):
        ended = workshop.run(*options)
        assert ended.returncode == code
        (told,) = [line for line in ended.stderr.splitlines() if "python3-lgpio" in line]
        assert told.startswith(
            "scanner: python3-lgpio is missing: no lamp will light. Run  apt-get"
        )
        assert told.endswith("as by plain Debian 13, use Raspberry Pi OS.")
    workshop.give_lgpio()
    assert "lgpio" not in workshop.run("--check").stderr


def test_check_sees_a_unit_that_was_changed(workshop: Workshop) -> None:
    """A line taken out of a sandbox by hand is found, and the next run puts it back."""
    workshop.run()
    unit = workshop.root / "usr/local/lib/systemd/system/scanner.service"
    whole = unit.read_text()
    unit.write_text(whole.replace("NoNewPrivileges=yes\n", ""))
    assert "are not those of" in workshop.run("--check").stderr
    workshop.run()
    assert unit.read_text() == whole


def test_reader_with_known_faults_is_refused(workshop: Workshop) -> None:
    """A libzbar0 that a QR code can take over is replaced by apt-get, or nothing is installed."""
    workshop.packages = {"libzbar0": "0.23.92-7"}
    ended = workshop.run()
    assert ended.returncode == 69
    assert "libzbar0 0.23.92-7+deb12u1 or newer is needed" in ended.stderr
    assert "apt-get -qq" in workshop.log.read_text()
    assert not (workshop.home / "current").exists()


def test_uninstall_leaves_settings_and_records(workshop: Workshop) -> None:
    """Only with --purge do they go; a second time there is nothing left to do."""
    workshop.run()
    for name in ("etc/scanner/checkpoint.toml", "var/lib/scanner/outbox.db"):
        (workshop.root / name).parent.mkdir(parents=True, exist_ok=True)
        (workshop.root / name).touch()
    assert workshop.run("--uninstall").returncode == 0
    left = [path for path in workshop.root.rglob("*scanner*") if not path.is_dir()]
    assert left == []
    assert (workshop.root / "var/lib/scanner/outbox.db").exists()
    assert workshop.run("--uninstall", "--purge").returncode == 0
    assert not (workshop.root / "var/lib/scanner").exists()
    assert not (workshop.root / "etc/scanner").exists()


def test_unknown_option_is_wrong_usage(workshop: Workshop) -> None:
    """64, and the help."""
    ended = workshop.run("--frobnicate")
    assert (ended.returncode, "--wheelhouse" in ended.stderr) == (64, True)
