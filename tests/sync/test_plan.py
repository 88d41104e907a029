"""What is fetched: the cheapest way from the installed versions to the newest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from scanner.core.update import HeldChange, InstalledLists, Step, Target, joint_digest
from scanner.sync.plan import MAX_OVERLAY, make_plan


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def offer(**lengths: int) -> dict[str, Target]:
    """`base_7_1_0=9` → a target base-7-1-0 of nine bytes."""
    names = {name.replace("_", "-"): length for name, length in lengths.items()}
    return {name: Target(length, digest(name)) for name, length in names.items()}


def steps(
    offered: Mapping[str, Target],
    installed: InstalledLists | None = None,
    approved: frozenset[str] = frozenset(),
) -> tuple[Step, ...]:
    return make_plan(offered, installed or InstalledLists(), approved).steps


LADDER = offer(base_7_1_0=900, base_7_1_1=900, d_7_1_9=300, d_7_5_9=100, d_7_8_9=10)


def test_new_device_takes_base_and_delta() -> None:
    """Parts in order, then what leads from the base to the newest version."""
    (step,) = steps(LADDER)
    assert step == Step("status-7", 9, ("base-7-1-0", "base-7-1-1", "d-7-1-9"))


def test_delta_fits_every_version_in_between() -> None:
    """The smallest whose first version is not newer than the one installed."""
    for version, name in ((8, "d-7-8-9"), (6, "d-7-5-9"), (5, "d-7-5-9"), (2, "d-7-1-9")):
        (step,) = steps(LADDER, InstalledLists({"status-7": version}))
        assert step.targets == (name,)


def test_newest_version_needs_nothing() -> None:
    """And what is there is named as current."""
    plan = make_plan(LADDER, InstalledLists({"status-7": 9}))
    assert (plan.steps, plan.current) == ((), {"status-7": 9})


def test_base_is_taken_where_it_is_cheaper() -> None:
    """A small base beside a large delta."""
    offered = offer(base_7_9_0=50, d_7_1_9=300)
    (step,) = steps(offered, InstalledLists({"status-7": 3}))
    assert step.targets == ("base-7-9-0",)


def test_deltas_are_chained() -> None:
    """Where no single one leads to the newest."""
    offered = offer(base_7_1_0=9000, d_7_1_4=10, d_7_4_9=10)
    (step,) = steps(offered, InstalledLists({"status-7": 2}))
    assert step.targets == ("d-7-1-4", "d-7-4-9")


def test_long_overlay_makes_the_next_base_due() -> None:
    """Past 64 k changes the memory they take is worth a download."""
    long = InstalledLists({"status-7": 8}, {"status-7": MAX_OVERLAY + 1}, {"status-7": "other"})
    (step,) = steps(LADDER, long)
    assert step.targets[0] == "base-7-1-0"


def test_versions_counted_anew_begin_with_the_base() -> None:
    """After a thief ran the versions up, the issuer's are lower, and the metadata is newer."""
    (step,) = steps(LADDER, InstalledLists({"status-7": 2**31}))
    assert step.version == 9
    assert step.targets[0] == "base-7-1-0"


def test_held_base_is_passed_by() -> None:
    """Its deltas are taken from what is installed; approved in all parts it is taken."""
    offered = offer(base_7_9_0=50, base_7_9_1=50, d_7_3_9=300)
    parts = [offered["base-7-9-0"].sha256, offered["base-7-9-1"].sha256]
    held = HeldChange("status-7", "base-7-9", joint_digest(parts), 3, 9, 9)
    installed = InstalledLists({"status-7": 3}, bases={"status-7": "old"}, held=(held,))
    assert steps(offered, installed)[0].targets == ("d-7-3-9",)
    assert steps(offered, installed, frozenset(parts[:1]))[0].targets == ("d-7-3-9",)
    approved = steps(offered, installed, frozenset(parts))[0].targets
    assert approved == ("base-7-9-0", "base-7-9-1")


def test_approved_delta_is_applied_again() -> None:
    """For what was held of it, though the version is reached."""
    held = HeldChange("status-7", "d-7-5-8", "x", 5, 900, 0)
    installed = InstalledLists({"status-7": 9}, held=(held,))
    assert steps(LADDER, installed) == ()
    approved = frozenset({LADDER["d-7-5-9"].sha256})
    assert steps(LADDER, installed, approved)[0].targets == ("d-7-5-9",)


def test_parts_of_a_step_are_taken_together() -> None:
    """In their order, ten after two; what they cost is the sum of them."""
    parts = {f"ids_0_9_{n}": 10 for n in range(12)}
    (step,) = steps(offer(**parts))
    assert step == Step("ids", 9, tuple(f"ids-0-9-{n}" for n in range(12)))
    installed = InstalledLists({"ids": 8})
    (step,) = steps(offer(**parts, ids_8_9_0=70, ids_8_9_1=70), installed)
    assert step.targets[0] == "ids-0-9-0"
    (step,) = steps(offer(**parts, ids_8_9_0=50, ids_8_9_1=50), installed)
    assert step.targets == ("ids-8-9-0", "ids-8-9-1")


def test_parts_are_approved_together() -> None:
    """Each by its own approval; then what they are known by together is approved, too."""
    offered = offer(holders_5_0=1, holders_5_1=1)
    parts = [target.sha256 for target in offered.values()]
    held = HeldChange("holders", "holders-5", joint_digest(parts), 4, 900, 0)
    installed = InstalledLists({"holders": 5}, held=(held,))
    half = make_plan(offered, installed, frozenset(parts[:1]))
    assert (half.steps, half.approved) == ((), frozenset(parts[:1]))
    whole = make_plan(offered, installed, frozenset(parts))
    assert whole.steps == (Step("holders", 5, ("holders-5-0", "holders-5-1")),)
    assert held.sha256 in whole.approved


def test_documents_are_taken_whole_and_newest() -> None:
    """All parts of the newest trust list, the newest policy, and an issued set by its content."""
    kid = "0123456789abcdef"
    offered = offer(keys_1_0=1, keys_2_0=1, keys_2_1=1, policy_3=1)
    offered |= {f"issued-{kid}-{n}": Target(1, digest(str(n))) for n in (0, 1)}
    found = {step.list_name: step for step in steps(offered, InstalledLists({"policy": 3}))}
    assert found["keys"] == Step("keys", 2, ("keys-2-0", "keys-2-1"))
    assert found[f"issued-{kid}"].targets == (f"issued-{kid}-0", f"issued-{kid}-1")
    assert "policy" not in found


def test_list_that_is_named_no_more_is_dropped() -> None:
    """Rules and issued sets end; a trust list does not, and a map only grows old."""
    installed = InstalledLists({"rules": 1, "issued-00": 1, "keys": 1, "status-7": 1})
    assert make_plan(offer(policy_1=1), installed).dropped == {"rules", "issued-00"}


def test_names_of_another_form_are_left_alone() -> None:
    """A later version of this program may name what this one does not know."""
    names = ("software-9", "base-x-1-0", "base-7-1", "base-0-1-0", "keys-1", "d-7-01-2", "")
    plan = make_plan({name: Target(1, digest(name)) for name in names}, InstalledLists())
    assert (plan.steps, plan.current) == ((), {})


@given(
    st.sets(st.tuples(st.integers(1, 9), st.integers(1, 12)), max_size=12),
    st.integers(1, 9) | st.none(),
    st.integers(0, 12),
)
def test_every_step_fits_the_one_before(
    deltas: set[tuple[int, int]], base: int | None, start: int
) -> None:
    """Whatever is offered, a delta is only put on a version that it covers."""
    offered = {f"d-7-{a}-{b}": Target(10 * (b - a), digest(f"{a} {b}")) for a, b in deltas if a < b}
    if base is not None:
        offered[f"base-7-{base}-0"] = Target(70, digest("base"))
    at = start
    for step in steps(offered, InstalledLists({"status-7": start} if start else {})):
        for name in step.targets:
            numbers = [int(part) for part in name.split("-")[1:]]
            if name.startswith("base"):
                at = numbers[1]
            else:
                assert numbers[1] <= at < numbers[2]
                at = numbers[2]
        assert at == step.version
