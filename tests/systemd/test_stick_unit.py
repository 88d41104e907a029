"""The units of a stick for many devices: it can say that it is done; the scanner goes on after."""

from __future__ import annotations

from tests.systemd.units import FOLDER, lines, settings

STICK, LAMPS, MOUNT = "scanner-stick@.service", "scanner-lamps@.service", "run-scannerstick.mount"


def test_stick_is_read_placed_and_told_in_this_order() -> None:
    """By the scanner's user, by root without rights, by the scanner's user."""
    steps = [value for key, value in lines(STICK) if key.startswith("Exec") and "Path" not in key]
    take, place, show = steps
    for name, command in (("take", take), ("show", show)):
        assert f"-m scanner fleet plug /run/scannerstick --step {name} " in command
    assert place.startswith("!")
    assert place.endswith("-m scanner.boot.placing")


def test_lamps_are_free_when_a_visit_is_told() -> None:
    """The second time the scanner runs and has them: nobody would hear the beep to pull it out."""
    stick, lamps = settings(STICK), settings(LAMPS)
    assert (stick["OnSuccess"], stick["OnFailure"]) == (
        "scanner-lamps@1.service",
        "scanner-lamps@7.service",
    )
    assert lamps["Conflicts"] == "scanner.service scanner-fault.service"
    assert set(lamps["Conflicts"].split()) < set(lamps["After"].split())
    assert lamps["OnSuccess"] == lamps["OnFailure"] == "scanner.service"
    assert lamps["ExecStart"].endswith("-m scanner fleet lamps %i")


def test_stick_of_another_kind_stops_nobody() -> None:
    """A condition that is not met is neither success nor failure, so no lamps are asked for."""
    stick = settings(STICK)
    assert stick["ConditionPathExists"] == "/run/scannerstick/stick.json"
    assert "Conflicts" not in stick


def test_stick_is_mounted_by_systemd_for_the_scanner_alone() -> None:
    """Nothing on it can be run, and it is not mounted for longer than it is read."""
    mount = settings(MOUNT)
    options = set(mount["Options"].split(","))
    assert {"nosuid", "nodev", "noexec", "sync", "uid=scanner", "gid=scanner", "umask=077"} == (
        options
    )
    assert (mount["Where"], mount["StopWhenUnneeded"]) == ("/run/scannerstick", "yes")
    assert MOUNT in settings(STICK)["BindsTo"].split()
    assert MOUNT in settings(STICK)["After"].split()
    assert mount["What"] == "/dev/scanner-stick"


def test_stick_is_visited_once_and_keeps_its_link() -> None:
    """systemd starts what a changed device wants again; and a link that goes unmounts the stick."""
    rules = (FOLDER / "device/udev.rules").read_text("utf-8").splitlines()
    (link,) = [rule for rule in rules if 'SYMLINK+="scanner-stick"' in rule]
    (start,) = [rule for rule in rules if "SYSTEMD_WANTS" in rule]
    assert link.startswith('ACTION!="remove", ')
    assert start.startswith('ACTION=="add", ')
    assert start.endswith('ENV{SYSTEMD_WANTS}+="scanner-stick@$kernel.service"')
