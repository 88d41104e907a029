"""Wrong clocks: never green by one, never red for the clock alone.

Each case runs twice: with injected readers, and as a process whose system time libfaketime bends
(Debian's package `faketime`, or the library that $LIBFAKETIME names; skipped where it is not).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.core.reasons import Outcome, Reason
from scanner.store.install import Installer
from scanner.store.known_time import KnownTime
from scanner.store.migrations import migrate
from tests import city
from tests.faults.clock_case import KINDS, Answer, Start, readers_of, run

CHECKOUT = Path(__file__).resolve().parents[2]
FAKETIME = next(
    (
        path
        for path in (
            Path(os.environ.get("LIBFAKETIME", "/nowhere")),
            *Path("/usr/lib").glob("*/faketime/libfaketime.so.1"),
        )
        if path.is_file()
    ),
    None,
)
NOW = city.NOW.timestamp()
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
YEARS = 5 * 365 * DAY
UNTIL = city.NOW + timedelta(days=60)

KNOWN = ["OK", "EXPIRED", "NOT_YET_VALID"]
# The floor is half an hour ago: the expiry six hours ago is sure, and nothing else is.
FLOOR_ONLY = ["CLOCK", "EXPIRED", "CLOCK"]

Clock = Callable[[Path, Start, float], Answer]


@dataclass(frozen=True)
class Case:
    """`system`: what the system says at the start; the rest is what must come of it."""

    name: str
    system: float
    start: Start
    level: str
    reasons: list[str]
    has_future: bool = False
    lists_at: float = NOW - 30 * MINUTE  # when the lists claim to be signed


RIGHT = Start(NOW)
ONLINE = replace(RIGHT, is_disciplined=True)
CASES = [
    Case("right", NOW, ONLINE, "A", KNOWN),
    Case("right, no network", NOW, RIGHT, "C", FLOOR_ONLY),
    Case("1970", 0.0, RIGHT, "C", FLOOR_ONLY),
    Case("1970, disciplined", 0.0, ONLINE, "C", FLOOR_ONLY),
    Case("1970, time code", 0.0, replace(RIGHT, code=NOW), "B", KNOWN),
    Case("1970, battery", 0.0, replace(RIGHT, rtc=NOW), "B", KNOWN),
    Case("1970, battery lost", 0.0, replace(RIGHT, rtc=946684800.0), "C", FLOOR_ONLY),
    Case("1970, battery nine days ahead", 0.0, replace(RIGHT, rtc=NOW + 9 * DAY), "C", FLOOR_ONLY),
    Case("a day behind", NOW - DAY, RIGHT, "C", FLOOR_ONLY),
    Case("a day behind, disciplined", NOW - DAY, ONLINE, "C", FLOOR_ONLY),
    Case("a day behind, time code", NOW - DAY, replace(RIGHT, code=NOW), "B", KNOWN),
    Case("five years ahead", NOW + YEARS, RIGHT, "C", FLOOR_ONLY),
    Case("lying time server", NOW + YEARS, ONLINE, "C", FLOOR_ONLY, has_future=True),
    Case(
        "lying time server and stolen online key",
        NOW + YEARS,
        ONLINE,
        "C",
        # The floor is that of the boot, ten hours ago: not even the expiry is sure.
        ["CLOCK", "CLOCK", "CLOCK"],
        has_future=True,
        lists_at=NOW + YEARS,
    ),
    Case("jump of an hour in a scan", NOW, replace(ONLINE, jump_s=HOUR), "C", FLOOR_ONLY),
    Case("jump back in a scan", NOW, replace(ONLINE, jump_s=-HOUR), "C", FLOOR_ONLY),
    Case("jump of years in a scan", NOW, replace(ONLINE, jump_s=YEARS), "C", FLOOR_ONLY, True),
    Case("step of four minutes", NOW, replace(ONLINE, jump_s=240.0), "A", KNOWN),
]


def by_injection(state: Path, start: Start, system: float) -> Answer:
    """In this process, with the system's time as a value."""
    began_s, ahead = time.monotonic(), [0.0]

    def jump() -> None:
        ahead[0] += start.jump_s

    def system_s() -> float:
        return system + ahead[0] + time.monotonic() - began_s

    return run(state, start, readers_of(start, system_s), jump)


def under_faketime(folder: Path, system: float, *arguments: object) -> tuple[int, str, str]:
    """`python -m` these, as a process for which it is `system`: exit code, output, errors."""
    file = folder / "faketime"
    file.write_text(f"{system - time.clock_gettime(time.CLOCK_REALTIME):+.0f}\n")
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=CHECKOUT,
        env={
            **os.environ,
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def by_libfaketime(state: Path, start: Start, system: float) -> Answer:
    """In a process of its own, which asks the system."""
    given = json.dumps(asdict(start))
    case = ("tests.faults.clock_case", state, given, state / "faketime")
    code, out, err = under_faketime(state, system, *case)
    assert code == 0, err
    return Answer(**json.loads(out))


needs_faketime = pytest.mark.skipif(
    FAKETIME is None, reason="libfaketime is not installed (apt-get install faketime)"
)


@pytest.fixture(params=["injected", pytest.param("libfaketime", marks=needs_faketime)])
def clock(request: pytest.FixtureRequest) -> Clock:
    """Both ways to bend the system's time."""
    return by_injection if request.param == "injected" else by_libfaketime


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A device that saved its time ten hours ago, with the offline expiry in sixty days."""
    return saved(tmp_path, NOW - 10 * HOUR)


def saved(state: Path, before: float) -> Path:
    """A device that last knew the time at `before`, in an earlier boot."""
    migrate(state)
    with closing(KnownTime(state, "b0", 10.0)) as known:
        memory = known.load()
        at = datetime.fromtimestamp(before, UTC)
        bounds = replace(memory.bounds, floor=at)
        known.save(replace(memory, bounds=bounds, signed_at=at, rtc_set_at=at))
        known.set_offline_until(UNTIL)
    return state


def install(state: Path, at: float) -> None:
    """The city's lists, signed at this time."""
    Installer(state, lambda packed: packed, allow_test_keys=False).install(city.targets(), int(at))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_level_and_verdicts_of_a_wrong_clock(state: Path, clock: Clock, case: Case) -> None:
    """The valid pass is never red, the others never green, whatever the system says."""
    install(state, case.lists_at)
    answer = clock(state, case.start, case.system)
    assert (answer.level, answer.reasons) == (case.level, case.reasons)
    assert answer.has_future is case.has_future
    outcomes = [Reason[name].outcome for name in answer.reasons]
    assert outcomes[KINDS.index("valid")] is not Outcome.REFUSE
    assert Outcome.ADMIT not in outcomes[1:]
    assert answer.floor <= NOW + 10 * MINUTE


@pytest.fixture
def zone() -> Iterator[Callable[[str], None]]:
    """Sets the time zone of this process and its children, and puts it back."""
    before = os.environ.get("TZ")

    def set_zone(name: str) -> None:
        os.environ["TZ"] = name
        time.tzset()

    yield set_zone
    os.environ.pop("TZ", None)
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    "change",
    [datetime(2020, 3, 29, 1, 0, tzinfo=UTC), datetime(2020, 10, 25, 1, 0, tzinfo=UTC)],
    ids=["spring", "autumn"],
)
def test_change_of_daylight_saving_is_no_jump(
    tmp_path: Path, clock: Clock, zone: Callable[[str], None], change: datetime
) -> None:
    """A scan over the change, from a minute before it to a minute after: A, and judged as ever."""
    zone("Europe/Berlin")
    migrate(tmp_path)
    before = change.timestamp() - MINUTE
    install(tmp_path, before)
    over = replace(ONLINE, at=change.timestamp() + MINUTE, jump_s=2 * MINUTE)
    answer = clock(tmp_path, over, before)
    assert (answer.level, answer.reasons) == ("A", KNOWN)


def test_reboot_without_network_keeps_only_the_floor(state: Path, clock: Clock) -> None:
    """C until a time code; the floor is the last time that was surely right."""
    install(state, NOW - 30 * MINUTE)
    assert clock(state, ONLINE, NOW).level == "A"
    rebooted = Start(NOW + 8 * HOUR, boot="b2")
    # As a board does that saves its time at the shutdown and has no battery.
    answer = clock(state, rebooted, NOW + MINUTE)
    assert (answer.level, answer.reasons) == ("C", ["CLOCK", "CLOCK", "CLOCK"])
    assert NOW - 1 <= answer.floor <= NOW + MINUTE
    coded = clock(state, replace(rebooted, code=NOW + 8 * HOUR), NOW + MINUTE)
    assert (coded.level, coded.reasons) == ("B", KNOWN)


def test_reboot_with_a_battery_goes_on(state: Path, clock: Clock) -> None:
    """B after a night without power; C when the battery has lost its time meanwhile."""
    install(state, NOW - 30 * MINUTE)
    assert clock(state, replace(ONLINE, rtc=NOW), NOW).level == "A"
    morning = Start(NOW + 10 * HOUR, boot="b2", rtc=NOW + 10 * HOUR)
    answer = clock(state, morning, 0.0)
    assert (answer.level, answer.reasons) == ("B", KNOWN)
    lost = clock(state, replace(morning, boot="b3", rtc=None), 0.0)
    assert (lost.level, lost.reasons[0]) == ("C", "CLOCK")


def test_restart_of_the_process_goes_on(state: Path, clock: Clock) -> None:
    """The same boot, killed and started again, the network gone meanwhile: B by the crystal."""
    install(state, NOW - 30 * MINUTE)
    assert clock(state, ONLINE, NOW).level == "A"
    answer = clock(state, RIGHT, NOW)
    assert (answer.level, answer.reasons) == ("B", KNOWN)


def test_ten_days_in_a_drawer(tmp_path: Path, clock: Clock) -> None:
    """Network time and fresh lists: A, told as far ahead; without network only the floor."""
    state = saved(tmp_path, NOW - 10 * DAY)
    install(state, NOW - 30 * MINUTE)
    alone = clock(state, RIGHT, NOW)
    assert (alone.level, alone.reasons, alone.has_future) == ("C", ["CLOCK"] * 3, True)
    answer = clock(state, replace(ONLINE, boot="b2"), NOW)
    assert (answer.level, answer.reasons, answer.has_future) == ("A", KNOWN, True)
    assert answer.floor < NOW - 7 * DAY


def test_both_liars_within_the_offline_expiry(state: Path, clock: Clock) -> None:
    """They turn passes red while they last; what outlives them is the reach of one, two days."""
    install(state, NOW + 20 * DAY)
    lied = clock(state, ONLINE, NOW + 20 * DAY)
    assert (lied.level, lied.reasons, lied.has_future) == ("A", ["EXPIRED"] * 3, True)
    assert lied.floor < NOW - 10 * HOUR + 2 * DAY + MINUTE
    install(state, NOW - MINUTE)
    after = clock(state, replace(ONLINE, boot="b2"), NOW)
    assert (after.level, after.floor) == ("C", int(lied.floor))  # whole seconds are kept


@needs_faketime
@pytest.mark.parametrize("system", [0.0, NOW - DAY, NOW + YEARS], ids=["1970", "behind", "ahead"])
def test_real_command_under_a_wrong_clock(state: Path, system: float) -> None:
    """`scanner clock` and `scanner doctor` as processes: level C and the floor."""
    install(state, NOW - 30 * MINUTE)
    code, out, err = under_faketime(state, system, "scanner", "clock", "--state", state)
    assert (code, err) == (0, "")
    assert "level     C" in out
    assert f"floor     {city.NOW - timedelta(minutes=30):%Y-%m-%d %H:%M:%S}Z" in out
    doctor = ("scanner", "doctor", "--only", "clock", "--state", state)
    code, out, _ = under_faketime(state, system, *doctor)
    assert code in (2, 3)
    assert "level C, not before 2020-04-29 09:00Z: not confirmed" in out


@needs_faketime
@pytest.mark.parametrize(("ahead", "exit_code"), [(0.0, 0), (YEARS, 10), (-YEARS, 10)])
def test_real_check_goes_by_the_system_of_its_desk(
    state: Path, ahead: float, exit_code: int
) -> None:
    """A desk has no floor to hold against its system: so the bent time is seen to arrive."""
    install(state, NOW - 30 * MINUTE)
    check = ("scanner", "check", "--state", state, city.issue().decode())
    assert under_faketime(state, NOW + ahead, *check)[0] == exit_code
