"""The unit of the loop: what must not get lost in it."""

from __future__ import annotations

import configparser

from tests.systemd.units import FOLDER, SERVICES, TIMERS, lines, settings

LOOP = "scanner.service"


def test_lamps_are_switched_off_however_it_ends() -> None:
    """ExecStopPost= runs after every end; ExecStop= would not run after a crash."""
    service = settings(LOOP)
    assert service["ExecStopPost"].endswith("share/fault_lamp.py --dark")
    assert "ExecStop" not in service


def test_it_comes_back_for_ever_and_is_watched() -> None:
    """Restart=always, a watchdog of 10 s, and never a reboot."""
    service = settings(LOOP)
    assert (service["Type"], service["WatchdogSec"]) == ("notify", "10")
    assert service["Restart"] == "always"
    for unit in SERVICES + TIMERS:
        assert not any(
            "reboot" in value or key == "FailureAction" for key, value in lines(unit.name)
        )


def test_reader_is_watched_too() -> None:
    """Its parent says that it turns; one that hangs is killed, and the next one started."""
    reader = settings("scanner-reader.service")
    assert (reader["WatchdogSec"], reader["WatchdogSignal"]) == ("10", "SIGKILL")
    assert (reader["NotifyAccess"], reader["Restart"]) == ("main", "always")


def test_ends_in_quick_succession_end_in_the_fault_pattern() -> None:
    """After the last start that the limit allows, the unit that needs no camera takes over."""
    service = settings(LOOP)
    assert service["OnFailure"] == "scanner-fault.service"
    assert (service["StartLimitIntervalSec"], service["StartLimitBurst"]) == ("30", "4")


def test_fault_pattern_ends_in_another_try() -> None:
    """The timer starts the scanner when its starts are not counted any more; the pattern ends."""
    fault, retry = settings("scanner-fault.service"), settings("scanner-retry.timer")
    assert fault["Conflicts"] == retry["Unit"] == LOOP
    assert "scanner-fault.service" in settings(LOOP)["After"].split()
    assert (fault["Wants"], retry["PartOf"]) == ("scanner-retry.timer", "scanner-fault.service")
    after_s = int(retry["OnActiveSec"].removesuffix("s"))
    assert after_s > int(settings(LOOP)["StartLimitIntervalSec"])


def test_fault_pattern_needs_nothing_that_may_be_broken() -> None:
    """The system's own Python, one file, and the lamps: no library, no store, no camera."""
    fault = settings("scanner-fault.service")
    program = "/usr/bin/python3 -I /opt/scanner/current/share/fault_lamp.py"
    assert fault["ExecStart"] == program
    assert fault["DeviceAllow"] == "char-gpiochip rw"
    assert "StateDirectory" not in fault
    assert not fault.keys() & {"Requires", "After", "ConditionPathExists", "ExecStartPre"}


def test_stores_are_migrated_before_the_loop() -> None:
    """The loop does not migrate; what runs before it does, and may be stopped meanwhile."""
    service = settings(LOOP)
    assert service["ExecStartPre"].endswith("-m scanner migrate")
    assert service["SuccessExitStatus"] == "SIGTERM"


def test_lgpio_may_write_where_it_works() -> None:
    """lgpio opens a pipe in the working directory, which systemd makes for the unit."""
    for unit in (LOOP, "scanner-first-boot.service", "scanner-lamps@.service"):
        service = settings(unit)
        assert service["WorkingDirectory"] == f"%t/{service['RuntimeDirectory']}"


def test_boot_is_named_where_the_kernel_may_not_be_asked() -> None:
    """Without it each process would be a boot of its own, and a restart would lose the time."""
    for unit in SERVICES:
        service = settings(unit.name)
        if "-m scanner " in service["ExecStart"]:
            assert service["ProcSubset"] == "pid"
            assert "SCANNER_BOOT_ID=%b" in service["Environment"]


def test_clock_may_be_read_but_not_set() -> None:
    """The loop alone may call adjtimex(2), for reading: no capability is left to set anything."""
    for unit in SERVICES:
        service = settings(unit.name)
        if unit.name == LOOP:
            assert "adjtimex" in service["SystemCallFilter"].split()
            assert service["CapabilityBoundingSet"] == ""
        else:
            assert service["ProtectClock"] == "yes"
            assert "adjtimex" not in service["SystemCallFilter"]


def test_loop_reads_through_the_service_of_the_reader() -> None:
    """It starts none of its own; the folder of the reader outlives the reader."""
    loop, reader = settings(LOOP), settings("scanner-reader.service")
    socket = "%t/scanner-reader/reader.sock"
    assert f"SCANNER_READER={socket}" in loop["Environment"]
    assert reader["ExecStart"].endswith(f"--socket {socket}")
    assert loop["BindPaths"] == "%t/" + reader["RuntimeDirectory"]
    assert reader["RuntimeDirectoryPreserve"] == "yes"
    assert reader["Group"] in loop["SupplementaryGroups"].split()
    assert "scanner-reader.service" in loop["After"].split()


def test_reader_owns_nothing() -> None:
    """No state, no settings, no device, no group of the loop."""
    reader = settings("scanner-reader.service")
    assert "StateDirectory" not in reader
    assert "/etc/scanner" not in reader["BindReadOnlyPaths"]
    assert (reader["PrivateDevices"], "DeviceAllow" in reader) == ("yes", False)
    assert reader["User"] != settings(LOOP)["User"]
    assert "SupplementaryGroups" not in reader


def test_python_reads_the_unit_as_systemd_does() -> None:
    """The unit keeps to what a plain parser understands: the installer and the tests read it."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(FOLDER / LOOP)
    assert unit.sections() == ["Unit", "Service", "Install"]
