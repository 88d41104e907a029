"""Ready questions for the merged database, as datasette shows them: a title, a sentence, a query.

Counts are those of cells, in which no group of fewer than five can be found; bars are drawn of
letters, so that no plug-in is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """One dashboard: what it is called, what it answers, how."""

    title: str
    says: str
    sql: str


def _bar(n: str) -> str:
    """As many blocks as fit n into 40, by the largest of the same answer."""
    blocks = f"max(1, {n} * 40 / max(1, max({n}) OVER ()))"
    return f"replace(hex(zeroblob({blocks})), '00', '\u2588') AS bar"


def _grouped(columns: str, where: str, *, by: str = "", order: str = "scans DESC") -> str:
    """Sums of cells by these columns, with a bar; `by` names them where they are worked out."""
    return (
        f"WITH found AS (SELECT {columns}, sum(n) AS scans FROM cell WHERE n > 0 AND {where}"
        f" GROUP BY {by or columns}) SELECT *, {_bar('scans')} FROM found ORDER BY {order}"
    )


_SCANS = "outcome != 'BY_HAND'"
QUESTIONS: Mapping[str, Question] = {
    "scans-an-hour": Question(
        "Scans an hour",
        "By the hour in UTC. What was too little for its hour is only in its day.",
        _grouped(
            "substr(begins, 1, 13) || ':00Z' AS hour",
            f"begins != '' AND {_SCANS}",
            by="hour",
            order="hour",
        ),
    ),
    "scans-a-day": Question(
        "Scans a day",
        "By the day where the checkpoint stands; every count that can be told.",
        _grouped("date", _SCANS, order="date"),
    ),
    "outcomes": Question(
        "Outcomes", "Admitted, refused, undecided, decided by hand.", _grouped("outcome", "1")
    ),
    "reasons": Question(
        "Reasons",
        "Why passes were refused or could not be decided.",
        _grouped("outcome, reason", "outcome NOT IN ('ADMIT', 'BY_HAND')"),
    ),
    "checkpoints": Question(
        "Checkpoints",
        "Scans, refusals and doubts at each; shares in per cent.",
        "WITH found AS (SELECT checkpoint, sum(n) AS scans,"
        " sum(CASE outcome WHEN 'REFUSE' THEN n ELSE 0 END) AS refused,"
        " sum(CASE outcome WHEN 'UNDECIDED' THEN n ELSE 0 END) AS undecided"
        f" FROM cell WHERE n > 0 AND {_SCANS} GROUP BY checkpoint)"
        " SELECT checkpoint, scans, refused, 100 * refused / scans AS refused_share, undecided,"
        f" 100 * undecided / scans AS undecided_share, {_bar('scans')}"
        " FROM found ORDER BY scans DESC",
    ),
    "by-hand": Question(
        "Decided by hand, by reason",
        "What officers did after each reason of a refusal or doubt.",
        _grouped("after, reason AS decision", "outcome = 'BY_HAND'", by="after, decision"),
    ),
    "by-hand-devices": Question(
        "Decided by hand, by device",
        "Where officers let people through, or found that the holder does not match.",
        _grouped(
            "checkpoint, device, reason AS decision",
            "outcome = 'BY_HAND'",
            by="checkpoint, device, decision",
        ),
    ),
    "devices": Question(
        "Health of devices",
        "Amber minutes, starts, unclean starts, and when each was heard of last.",
        "SELECT device_log.device, checkpoint, is_sound AS nothing_missing,"
        " sum(amber_minutes) AS amber_minutes, sum(starts) AS starts,"
        " sum(unclean_starts) AS unclean_starts, max(p95_ms) AS slowest_p95_ms, last_heard"
        " FROM device_log LEFT JOIN hour ON hour.log_id = device_log.id"
        " GROUP BY device_log.id ORDER BY unclean_starts DESC, amber_minutes DESC",
    ),
    "silent": Question(
        "Silent devices",
        "No heartbeat for longer than half an hour, and how it ended.",
        "SELECT checkpoint, device, silence.begins, silence.ends, minutes, why FROM silence"
        " JOIN device_log ON device_log.id = log_id ORDER BY minutes DESC",
    ),
    "amber-hours": Question(
        "Amber minutes by the hour",
        "Minutes in which more than a fifth of the scans were undecided; all devices.",
        "WITH found AS (SELECT begins AS hour, sum(amber_minutes) AS amber FROM hour"
        " GROUP BY begins HAVING amber > 0)"
        f" SELECT *, {_bar('amber')} FROM found ORDER BY hour",
    ),
    "exports": Question(
        "Exports and other events",
        "Who took records out; what was removed, folded, refused by the server.",
        "SELECT at, checkpoint, device, what, words FROM event"
        " JOIN device_log ON device_log.id = log_id ORDER BY at DESC",
    ),
    "missing": Question(
        "What was checked",
        "Everything that is missing, cut or forged stands first.",
        "SELECT state, what, first, last, detail, checkpoint, device, file.name AS file"
        " FROM finding LEFT JOIN device_log ON device_log.id = log_id"
        " JOIN file ON file.id = finding.file_id"
        " ORDER BY state NOT IN ('missing', 'cut', 'forged'), finding.rowid",
    ),
}

_TABLES = {
    "file": "The files that were merged, and whether each holds.",
    "device_log": "One row a device and epoch.",
    "finding": "What the check of the chains found.",
    "cell": "Counts; n is empty where fewer than five, or not before the day is over.",
    "record": "Single records, of files that were exported for a case.",
    "hour": "Health of devices by the hour (UTC).",
    "silence": "Stretches without a heartbeat.",
    "counted": "Codes that take no record; empty where fewer than five.",
    "event": "What happened to the logs themselves.",
}


def metadata(database: str) -> dict[str, object]:
    """For datasette 0.65: titles, descriptions, the questions."""
    queries = {
        name: {"title": each.title, "description": each.says, "sql": each.sql, "hide_sql": True}
        for name, each in QUESTIONS.items()
    }
    return {
        "title": "Scan logs",
        "description": "Choose a question below the name of the database.",
        "databases": {
            database: {
                "title": "Scan logs",
                "description": "Questions stand under Queries. Groups of fewer than five cannot be"
                " found in the counts.",
                "queries": queries,
                "tables": {name: {"description": words} for name, words in _TABLES.items()},
            }
        },
    }
