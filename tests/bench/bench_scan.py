"""What a scan costs beside its pixels: `python tests/bench/bench_scan.py`.

Opened, judged, looked up and recorded as the loop does it, with the lists of the samples. The disk
is not waited for (synchronous=OFF, here only): the figure is work of the processor.
"""

from __future__ import annotations

import itertools
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from sample_codes.keys import CITY, WORK, WORK_KEY, moscow  # noqa: E402 - after the path is set
from sample_codes.passes import claims  # noqa: E402
from scanner.assembly.lists import install_lists  # noqa: E402
from scanner.central.issue import sign_pass  # noqa: E402
from scanner.checkpoint import decide  # noqa: E402
from scanner.core.claims import Pass  # noqa: E402
from scanner.core.clock import ClockReading  # noqa: E402
from scanner.core.cose import sig_structure  # noqa: E402
from scanner.core.envelope import unwrap  # noqa: E402
from scanner.core.facts import Facts  # noqa: E402
from scanner.core.formats import open_pass  # noqa: E402
from scanner.core.policy import Checkpoint  # noqa: E402
from scanner.core.reasons import Reason  # noqa: E402
from scanner.core.record import record_of  # noqa: E402
from scanner.core.repeat import MEMORY_S, RepeatMemory  # noqa: E402
from scanner.core.verdict import judge  # noqa: E402
from scanner.store.install import confirm_age  # noqa: E402
from scanner.store.migrations import migrate  # noqa: E402
from scanner.store.outbox import SqliteOutbox  # noqa: E402
from scanner.store.status_map import INDEXES_A_ROW, ROW  # noqa: E402
from scanner.store.trust_list import SqliteLists  # noqa: E402
from tests.bench.table import print_table  # noqa: E402

PASSES, ROUNDS = 200, 15
AT = moscow("2020-04-29 12:00")
SEASON = ("2020-04-20 00:00", "2020-05-12 00:00")
FIRST_INDEX = 102_000
TARGET_RATIO, TARGET_US = 2.0, 1000.0


def issue(number: int) -> bytes:
    """A work pass with an id, a holder and a place in the status map of its own."""
    movement = {"index": FIRST_INDEX + 37 * number, "scope": [[1, 2], [4, 6]]}
    return sign_pass(claims(f"bench-{number}", WORK, SEASON, CITY, movement), WORK_KEY).encode()


class Desk:
    """The stores of a device and what the loop does with them for one code."""

    def __init__(self, state: Path) -> None:
        migrate(state)
        samples = CHECKOUT / "sample_codes"
        install_lists(state, samples / "bundle", samples / "fleet.key", allow_test_keys=True)
        confirm_age(state, int((AT - timedelta(minutes=30)).timestamp()))
        self.now = ClockReading.exact(AT)
        self.lists = SqliteLists(state, Checkpoint(zone=1, transport=6), allow_test_keys=True)
        self.outbox = SqliteOutbox(state)
        self.outbox._db.execute("PRAGMA synchronous=OFF")  # no setting: the product waits
        self.memory = RepeatMemory(bytes(32), -2 * MEMORY_S, AT)
        self.now_s = 0.0

    def facts_about(self, pass_: Pass) -> Facts:
        lists = self.lists.about(pass_, self.now)
        return Facts(lists, self.memory.about(pass_, self.now_s))

    def is_admitted(self, payload: bytes) -> bool:
        """Some places of the map are revoked."""
        return decide(payload, self.lists, self.facts_about, self.now).reason is Reason.OK

    def scan(self, payload: bytes) -> None:
        """Everything of `ScanLoop` that is not a lamp."""
        self.now_s += 1.0
        verdict = decide(payload, self.lists, self.facts_about, self.now)
        self.outbox.append(record_of(verdict, self.lists.policy, self.now))
        if verdict.pass_ is None:
            raise SystemExit(f"a pass of the benchmark is not admitted: {verdict.reason.name}")
        self.memory.remember(verdict.pass_, self.now_s)

    def open(self, payload: bytes) -> None:
        open_pass(payload, self.lists.trust, self.now)

    def close(self) -> None:
        self.lists.close()
        self.outbox.close()


def cpu_us(
    acts: Mapping[str, Callable[[bytes], None]], payloads: Sequence[bytes]
) -> dict[str, float]:
    """Microseconds of processor time a code, for each act.

    One code after the other, all acts in turn, as at a checkpoint: an act that is repeated in a
    tight loop finds its tables in the processor's caches and looks cheaper than it is. So does one
    that always follows its like, as the verification does an opening: the order is drawn anew for
    each code, the same in each run.
    """
    spent_ns, dice, order = dict.fromkeys(acts, 0), Random(1), list(acts.items())
    for payload in payloads:
        dice.shuffle(order)
        for name, act in order:
            began = time.process_time_ns()
            act(payload)
            spent_ns[name] += time.process_time_ns() - began
    return {name: ns / len(payloads) / 1000 for name, ns in spent_ns.items()}


def verifier(payloads: Sequence[bytes]) -> Callable[[bytes], None]:
    """The bare Ed25519 verification of each code's own signature."""
    key = WORK_KEY.private.public_key()
    prepared = {}
    for payload in payloads:
        sign1 = unwrap(payload.removeprefix(b"MP1:"))
        prepared[payload] = (sign1.signature, sig_structure(sign1.protected, sign1.payload))

    def verify(payload: bytes) -> None:
        key.verify(*prepared[payload])  # type: ignore[call-arg, arg-type, unused-ignore]

    return verify


def look_up(state: Path, passes: Mapping[bytes, Pass]) -> Callable[[bytes], None]:
    """One row of the status map for each, over an open connection."""
    (path,) = state.glob("status-1-*.db")
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    rows = {payload: (pass_.index or 0) // INDEXES_A_ROW for payload, pass_ in passes.items()}

    def find(payload: bytes) -> None:
        if db.execute(ROW, (rows[payload],)).fetchone() is None:
            raise SystemExit("the status map of the samples has no such row")

    return find


def measure(state: Path) -> Iterator[tuple[str, str]]:
    """The median of rounds; a slow moment of the machine slows all acts of a round alike."""
    with closing(Desk(state)) as desk:
        issued = filter(desk.is_admitted, map(issue, range(2 * PASSES)))
        payloads = list(itertools.islice(issued, PASSES))
        if len(payloads) < PASSES:
            raise SystemExit("most passes of the benchmark are not admitted")
        passes = [open_pass(payload, desk.lists.trust, desk.now) for payload in payloads]
        opened = dict(zip(payloads, passes, strict=True))
        facts = {payload: desk.facts_about(pass_) for payload, pass_ in opened.items()}
        acts: dict[str, Callable[[bytes], None]] = {
            "scan": desk.scan,
            "open": desk.open,
            "verify": verifier(payloads),
            "facts": lambda p: void(desk.facts_about(opened[p])),
            "judge": lambda p: void(judge(opened[p], facts[p], desk.lists.policy, desk.now)),
            "look-up": look_up(state, opened),
        }
        rounds = []
        for _ in range(ROUNDS):
            desk.memory = RepeatMemory(bytes(32), -2 * MEMORY_S, AT)
            rounds.append(cpu_us(acts, payloads))
        yield from rows({name: statistics.median(each[name] for each in rounds) for name in acts})


def void(_: object) -> None:
    """Nothing is done with it."""


def rows(us: dict[str, float]) -> Iterator[tuple[str, str]]:
    both = us["verify"] + us["look-up"]
    yield "bare Ed25519 verification, CPU us", f"{us['verify']:.0f}"
    yield "one SQLite look-up, CPU us", f"{us['look-up']:.0f}"
    yield "open a pass (base45, COSE, signature, claims), CPU us", f"{us['open']:.0f}"
    yield "gather its facts (status, holder, seen here), CPU us", f"{us['facts']:.0f}"
    yield "judge it, CPU us", f"{us['judge']:.0f}"
    yield "whole scan with its record, without pixels and fsync, CPU us", f"{us['scan']:.0f}"
    yield f"  target {TARGET_US:.0f}", "reached" if us["scan"] <= TARGET_US else "MISSED"
    yield "whole scan / (verification + look-up)", f"{us['scan'] / both:.2f}"
    reached = us["scan"] / both <= TARGET_RATIO
    yield f"  target {TARGET_RATIO:.1f}", "reached" if reached else "MISSED"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        title = f"Scan without pixels, median of {ROUNDS} rounds of {PASSES} passes"
        print_table(title, measure(Path(folder)))


if __name__ == "__main__":
    main()
