"""Revoked at the issuer → red at the gate: `python tests/bench/bench_poll.py [--periods N]`.

A city, its web server (`scanner central serve`) and 50 devices that poll it by the call behind
`scanner sync`, at seeded random phases. Fifty interpreters would spend a small machine on their
imports, so a few long-lived processes make the runs of all devices, one after the other in each:
waiting for another device's run counts as delay, a start of an interpreter does not.

A delay begins with the call behind `scanner central revoke` and ends when `decide` first says
REVOKED on that device. It is asked after each run of the device, since its lists change only then.
No cache stands between them; one that keeps to the max-age may add a tenth of the period.
"""

from __future__ import annotations

import argparse
import heapq
import logging
import multiprocessing
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from scanner.assembly.desk import time_of_check  # noqa: E402 - after the path is set
from scanner.assembly.sync import Sync, sync_lists  # noqa: E402
from scanner.central.city import FLEET_KEY, REPOSITORY, Means, open_city  # noqa: E402
from scanner.central.founding import Charter, found  # noqa: E402
from scanner.central.issuer import WORK, current_key  # noqa: E402
from scanner.central.lists import in_silence as no_bar  # noqa: E402
from scanner.central.passes import Counter, Issued, Person, Request, issue  # noqa: E402
from scanner.central.selection import select, set_status  # noqa: E402
from scanner.checkpoint import decide  # noqa: E402
from scanner.core.claims import Pass  # noqa: E402
from scanner.core.clock import ClockReading  # noqa: E402
from scanner.core.errors import CheckpointError  # noqa: E402
from scanner.core.facts import Facts  # noqa: E402
from scanner.core.policy import Checkpoint  # noqa: E402
from scanner.core.reasons import Reason  # noqa: E402
from scanner.core.revocation import StatusBits  # noqa: E402
from scanner.store.trust_list import SqliteLists  # noqa: E402
from tests.bench.table import Rows, print_table  # noqa: E402

JITTER = 0.1
WORKERS = 4
LIMIT_P99 = 1.5
# How long after the last revocation the devices go on, in periods: more than any delay may be.
TAIL = 2.0
SEED = 20200415


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done; `period_s` is the time from the end of a run to the next."""

    period_s: float
    periods: int
    revocations: int
    devices: int

    def next_run_s(self, dice: random.Random) -> float:
        return self.period_s * dice.uniform(1 - JITTER, 1 + JITTER)


@dataclass(slots=True)
class Seen:
    """What the devices of one process saw; moments by the clock that all processes share."""

    red: list[tuple[int, float]] = field(default_factory=list)  # number of the pass, moment
    runs_s: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)
    failed: int = 0


class Device:
    """A state folder that was synced once, with the lists open as the loop has them."""

    def __init__(self, sync: Sync, payloads: dict[int, bytes]) -> None:
        self._sync, self._waiting = sync, dict(payloads)
        sync_lists(sync, no_progress)
        self._lists = SqliteLists(sync.state, Checkpoint(), allow_test_keys=False)
        if any(self._reason(payload) is not Reason.OK for payload in payloads.values()):
            raise SystemExit("a pass of the benchmark is not admitted before it is revoked")

    def run(self, seen: Seen) -> None:
        begun_s = time.monotonic()
        try:
            sync_lists(self._sync, no_progress)
        except CheckpointError:
            seen.failed += 1
        seen.runs_s.append(time.monotonic() - begun_s)
        for number, payload in list(self._waiting.items()):
            reason = self._reason(payload)
            if reason is Reason.REVOKED:
                seen.red.append((number, time.monotonic()))
                del self._waiting[number]
            elif reason is not Reason.OK:
                raise SystemExit(f"a pass of the benchmark is neither good nor revoked: {reason!r}")

    def _reason(self, payload: bytes) -> Reason:
        now = ClockReading.exact(time_of_check(None).earliest)

        def facts_about(pass_: Pass) -> Facts:
            return Facts(self._lists.about(pass_, now))

        return decide(payload, self._lists, facts_about, now).reason


@contextmanager
def no_progress(names: list[str]) -> Iterator[list[str]]:
    yield names


def follow(plan: Plan, syncs: list[Sync], payloads: dict[int, bytes], link: Connection) -> None:
    """A process: its devices are ready; is told when to begin and to end; says what they saw."""
    logging.getLogger("tuf").setLevel(logging.ERROR)
    devices = [Device(sync, payloads) for sync in syncs]
    link.send(len(devices))
    begins_s, ends_s = link.recv()
    dice, seen = random.Random(f"{SEED} {syncs[0].state.name}"), Seen()
    queue = [(begins_s + plan.period_s * dice.random(), n) for n in range(len(devices))]
    heapq.heapify(queue)
    while queue[0][0] < ends_s:
        due_s, number = heapq.heappop(queue)
        wait_until(due_s)
        seen.late_s.append(time.monotonic() - due_s)
        devices[number].run(seen)
        heapq.heappush(queue, (time.monotonic() + plan.next_run_s(dice), number))
    link.send(seen)


def wait_until(moment_s: float) -> None:
    time.sleep(max(0.0, moment_s - time.monotonic()))


@contextmanager
def served(central: Path, period_s: float, log: Path) -> Iterator[str]:
    """The city's repository at an address on this machine; requests go to the log."""
    command = [sys.executable, "-m", "scanner", "central", "--dir", str(central), "serve"]
    command += ["--port", "0", "--log-port", "0", "--poll", str(max(10, round(period_s)))]
    with log.open("wb") as errors:
        server = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=errors)
    try:
        assert server.stdout is not None
        lines = (line.decode() for line in server.stdout)
        yield next(line.split()[0] for line in lines if " serves " in line)
    finally:
        server.terminate()
        server.wait()


def means() -> Means:
    return Means(time_of_check(None).earliest, secrets.token_bytes, progress=no_bar)


def give_out(central: Path, count: int) -> list[Issued]:
    """Work passes for a day."""
    with open_city(central, means()) as city:
        now = city.means.now
        request = Request(
            WORK, Person("А.Б.", "0912", "45 08 123456"), now, now + timedelta(days=1)
        )
        trust, zone = city.trust(), city.zone()
        return [
            issue(
                Counter(city.register, current_key(city.folder, city.register, now), trust, zone),
                request,
                now,
                city.means.entropy,
            )
            for _ in range(count)
        ]


def revoke(central: Path, index: int) -> None:
    """What `scanner central revoke INDEX` does."""
    with open_city(central, means()) as city:
        set_status(city, select(city.register, [str(index)]), StatusBits.REVOKED)
        city.publish()


def measure(plan: Plan, folder: Path) -> Rows:
    central, log = folder / "central", folder / "requests"
    found(central, Charter("bench"), means())
    issued = give_out(central, plan.revocations)
    payloads = {number: each.text.encode() for number, each in enumerate(issued)}
    with served(central, plan.period_s, log) as url, ExitStack() as processes:
        root = central / REPOSITORY / "metadata/1.root.json"
        syncs = [
            Sync(folder / f"device-{n}", url, root, central / FLEET_KEY, False)
            for n in range(plan.devices)
        ]
        links = [
            processes.enter_context(started(plan, syncs[n::WORKERS], payloads))
            for n in range(min(WORKERS, plan.devices))
        ]
        for link in links:
            link.recv()
        before = requests(log)
        begun_s, spent_s = trial(plan, central, issued, links)
        seen = [link.recv() for link in links]
        yield from rows(plan, begun_s, spent_s, seen)
        yield "requests to the server", f"{requests(log) - before}"


@contextmanager
def started(plan: Plan, syncs: list[Sync], payloads: dict[int, bytes]) -> Iterator[Connection]:
    """A process with these devices, and the line to it."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=follow, args=(plan, syncs, payloads, there), daemon=True)
    process.start()
    there.close()  # so that a process that ends too early is seen here
    yield here
    process.join()


def trial(
    plan: Plan, central: Path, issued: list[Issued], links: list[Connection]
) -> tuple[list[float], list[float]]:
    """Revoke one pass after the other: when each call began, and how long it took."""
    dice, span_s = random.Random(SEED), plan.periods * plan.period_s
    begins_s = time.monotonic() + plan.period_s  # every device has polled once by then
    for link in links:
        link.send((begins_s - plan.period_s, begins_s + span_s + TAIL * plan.period_s))
    begun_s, spent_s = [], []
    moments = sorted(begins_s + span_s * dice.random() for _ in issued)
    for each, moment_s in zip(issued, moments, strict=True):
        wait_until(moment_s)
        begun_s.append(time.monotonic())
        revoke(central, each.index)
        spent_s.append(time.monotonic() - begun_s[-1])
    return begun_s, spent_s


def requests(log: Path) -> int:
    return log.read_bytes().count(b'"GET ')


def rows(plan: Plan, begun_s: list[float], spent_s: list[float], seen: list[Seen]) -> Rows:
    red = [(number, at_s) for each in seen for number, at_s in each.red]
    delays = sorted((at_s - begun_s[number]) / plan.period_s for number, at_s in red)
    samples = plan.revocations * plan.devices
    delays += [float("inf")] * (samples - len(delays))
    runs_s = sorted(spent for each in seen for spent in each.runs_s)
    late_s = sorted(late for each in seen for late in each.late_s)
    yield "samples: revocations × devices", f"{samples}"
    yield f"  not red within {TAIL:g} periods after the last", f"{samples - len(red)}"
    yield "revoked at the issuer to red at the gate, in periods, p50", f"{at(delays, 50):.2f}"
    yield "  p99", f"{at(delays, 99):.2f}"
    yield f"  limit {LIMIT_P99:g}", "reached" if at(delays, 99) <= LIMIT_P99 else "MISSED"
    yield "  max", f"{delays[-1]:.2f}"
    yield "revoke and publish, ms, median", f"{1e3 * at(sorted(spent_s), 50):.0f}"
    yield "one run of a device, ms, median", f"{1e3 * at(runs_s, 50):.0f}"
    yield "  p99", f"{1e3 * at(runs_s, 99):.0f}"
    yield "  begun later than due, because others ran, ms, p99", f"{1e3 * at(late_s, 99):.0f}"
    yield "runs, all devices", f"{len(runs_s)}"
    yield "  failed", f"{sum(each.failed for each in seen)}"


def at(ordered: list[float], percent: int) -> float:
    """The least value that so many percent are not above."""
    return ordered[-(-len(ordered) * percent // 100) - 1]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--period-s", type=float, default=15.0, help="from run to run")
    options.add_argument("--periods", type=int, default=5, help="that revocations are spread over")
    options.add_argument("--revocations", type=int, default=40)
    options.add_argument("--devices", type=int, default=50)
    plan = Plan(**vars(options.parse_args()))
    title = f"{plan.devices} devices that poll every {plan.period_s:g} s ± {JITTER:.0%}"
    with tempfile.TemporaryDirectory() as folder:
        print_table(title, measure(plan, Path(folder)))


if __name__ == "__main__":
    main()
