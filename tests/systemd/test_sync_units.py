"""The units that fetch lists: beside the loop, never in its way."""

from __future__ import annotations

from tests.systemd.units import settings

SERVICE, TIMER, LOOP = "scanner-sync.service", "scanner-sync.timer", "scanner.service"


def test_lists_go_where_the_loop_reads_them() -> None:
    """The same user and state folder; what is fetched stays in memory between two runs."""
    sync, loop = settings(SERVICE), settings(LOOP)
    for key in ("User", "Group", "StateDirectory", "StateDirectoryMode", "UMask"):
        assert sync[key] == loop[key]
    assert (sync["RuntimeDirectory"], sync["RuntimeDirectoryPreserve"]) == ("scanner-sync", "yes")


def test_run_that_holds_a_list_is_no_failure() -> None:
    """It ends by itself, and a hang is ended before long."""
    sync = settings(SERVICE)
    assert (sync["Type"], sync["SuccessExitStatus"]) == ("oneshot", "1")
    assert sync["TimeoutStartSec"] == "15min"
    assert "Restart" not in sync


def test_poll_is_five_minutes_and_scattered() -> None:
    """270 s after the last run and up to 60 s more: 300 s ± 10 % of all devices of a city."""
    timer = settings(TIMER)
    assert (timer["OnUnitInactiveSec"], timer["RandomizedDelaySec"]) == ("270s", "60s")
