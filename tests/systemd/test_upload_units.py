"""The units that send scan records: beside the loop, on a timetable that tells nothing."""

from __future__ import annotations

from scanner.commands import upload
from scanner.core.upload import MOST_BODIES
from scanner.store.place import ENROLMENT_FILE
from scanner.sync.push import PATIENCE_S
from scanner.sync.tls import CONNECT_S, TOTAL_S
from tests.systemd.units import settings

SERVICE, TIMER, LOOP = "scanner-upload.service", "scanner-upload.timer", "scanner.service"


def test_records_are_taken_from_where_the_loop_keeps_them() -> None:
    """The same user, state folder and mask."""
    sender, loop = settings(SERVICE), settings(LOOP)
    for key in ("User", "Group", "StateDirectory", "StateDirectoryMode", "UMask"):
        assert sender[key] == loop[key]


def test_sandbox_is_that_of_the_lists() -> None:
    """Whatever keeps the other processes with a network in their place keeps this one, too."""
    sender, lists = settings(SERVICE), settings("scanner-sync.service")
    walls = [key for key in lists if key.startswith(("Protect", "Private", "Restrict", "Lock"))]
    walls += ["DevicePolicy", "CapabilityBoundingSet", "NoNewPrivileges", "RootDirectory"]
    walls += ["BindReadOnlyPaths", "ExecPaths", "SystemCallFilter"]
    walls += ["SystemCallArchitectures", "SystemCallErrorNumber", "MemoryDenyWriteExecute"]
    assert len(walls) > 25
    assert {key: sender[key] for key in walls} == {key: lists[key] for key in walls}


def test_timetable_does_not_depend_on_the_run_before() -> None:
    """Each minute by the clock, at a second that is the device's own, however long a run took."""
    timer = settings(TIMER)
    assert timer["OnCalendar"] == "minutely"
    assert (timer["RandomizedDelaySec"], timer["FixedRandomDelay"]) == ("60s", "yes")
    assert timer["AccuracySec"] == "1s"
    assert not [key for key in timer if key.startswith("OnUnit")]


def test_run_that_will_be_tried_again_is_no_failure() -> None:
    """The unit knows the exit codes of the command, and gives it all the time it may take."""
    sender = settings(SERVICE)
    assert (sender["Type"], "Restart" in sender) == ("oneshot", False)
    assert sender["SuccessExitStatus"] == f"{upload.ASIDE} {upload.LATER}"
    assert sender["TimeoutStartSec"] == "10min"
    assert MOST_BODIES * (2 * CONNECT_S + TOTAL_S) + PATIENCE_S < 600


def test_device_of_nobody_does_not_even_start() -> None:
    """Before the enrolment there is nothing to do each minute."""
    state = settings(SERVICE)["StateDirectory"]
    condition = settings(SERVICE)["ConditionPathExists"]
    assert condition == f"/var/lib/{state}/{ENROLMENT_FILE}"
