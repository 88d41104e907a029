"""What was measured, for a person and for a program."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.bench.measure import Bench, Spread

Json = dict[str, object]

SIMULATED = "SIMULATED  no camera or no lamps: the times are of this machine, and of no checkpoint"
NO_CODE = "No code was read. Hold one before the camera, and run this again."


def lines(bench: Bench, machine: str) -> Iterator[str]:
    """A table, the machine first."""
    if bench.is_simulated:
        yield SIMULATED
    yield f"machine    {machine}"
    yield f"camera     {bench.source}, {_size(bench)}, {_rates(bench)}"
    yield (
        f"reader     {bench.with_code} of {bench.read} frames with a code read, "
        f"{bench.skipped} without an answer, {bench.readers_replaced} readers replaced"
    )
    said = ", ".join(f"{number} {name}" for name, number in sorted(bench.verdicts.items()))
    yield f"verdicts   {said or 'none'}; records went to a scratch log"
    yield ""
    yield f"{'milliseconds':34}{'p50':>8}{'p95':>8}{'most':>8}"
    for _, name, spread in _rows(bench):
        yield f"{name:34}{_cells(spread)}"
    if bench.stages:
        yield ""
        yield f"{'stage by stage, processor time':34}{'p50':>8}{'p95':>8}{'most':>8}{'read':>8}"
        for use in bench.stages:
            counted = f"{use.read} of {len(use.took_s)}"
            yield f"{use.name:34}{_cells(Spread.of(use.took_s))}{counted:>11}"
    if bench.latency is None:
        yield ""
        yield NO_CODE


def as_json(bench: Bench, machine: str) -> Json:
    """One object; times in milliseconds."""
    return {
        "simulated": bench.is_simulated,
        "machine": machine,
        "source": bench.source,
        "size": bench.size,
        "seconds": round(bench.seconds, 3),
        "frames_given": bench.given,
        "frames_read": bench.read,
        "frames_with_code": bench.with_code,
        "frames_skipped": bench.skipped,
        "readers_replaced": bench.readers_replaced,
        "verdicts": bench.verdicts,
        "ms": {key: _figures(spread) for key, _, spread in _rows(bench)},
        "stages": [
            {
                "name": use.name,
                "frames": len(use.took_s),
                "read": use.read,
                "ms": _figures(Spread.of(use.took_s)),
            }
            for use in bench.stages
        ],
    }


def _rows(bench: Bench) -> tuple[tuple[str, str, Spread | None], ...]:
    """For a program, for a person, the figures."""
    return (
        ("latency", "frame arrived to lamp", bench.latency),
        ("waited", "  frame waited", bench.waited),
        ("reader", "  reader", bench.reader),
        ("judged", "  judged and lit", bench.judged),
    )


def _size(bench: Bench) -> str:
    return "no picture" if bench.size is None else "{} x {}".format(*bench.size)


def _rates(bench: Bench) -> str:
    seconds = max(bench.seconds, 1e-6)
    given, read = bench.given / seconds, bench.read / seconds
    return f"{given:.1f} frames a second given, {read:.1f} read, for {bench.seconds:.1f} s"


def _cells(spread: Spread | None) -> str:
    if spread is None:
        return f"{'–':>8}" * 3
    return "".join(f"{each:8.1f}" for each in (spread.p50, spread.p95, spread.most))


def _figures(spread: Spread | None) -> Json | None:
    if spread is None:
        return None
    return {
        "p50": round(spread.p50, 3),
        "p95": round(spread.p95, 3),
        "most": round(spread.most, 3),
    }
