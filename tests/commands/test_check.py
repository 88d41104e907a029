"""`scanner check`: what programs and people read of a verdict."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import segno

from scanner.core.claims import Movement
from tests import city
from tests.commands.conftest import Run, rows

AT = city.NOW.isoformat()
FIELDS = {
    "source",
    "format",
    "outcome",
    "reason",
    "notices",
    "signal",
    "kind",
    "valid_until",
    "list_version",
    "clock_level",
    "ms",
}


def picture(path: Path, payload: bytes) -> Path:
    """A PNG with this QR code."""
    matrix = np.array(segno.make(payload.decode("ascii"), error="m", micro=False).matrix, np.uint8)
    image = np.pad(1 - matrix, 4, constant_values=1).astype(np.uint8) * 255
    cv2.imwrite(str(path), cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST))
    return path


def test_valid_pass_is_admitted(scanner: Run, trust: Path, tmp_path: Path) -> None:
    """An image with a good pass: exit 0, every field, and a word that revocation was not asked."""
    image = picture(tmp_path / "pass.png", city.issue())
    code, out, _ = scanner("check", "--json", "--trust", trust, "--at", AT, image)
    (row,) = rows(out)
    assert code == 0
    assert set(row) == FIELDS | {"lists"}
    assert (row["outcome"], row["reason"], row["signal"]) == ("ADMIT", "OK", "admit")
    assert (row["format"], row["kind"], row["lists"]) == ("MP1", 1, "none")
    assert row["valid_until"] == "2020-04-30T09:30:00+00:00"
    assert (row["source"], row["clock_level"]) == (str(image), "A")


def test_lists_are_asked_when_given(scanner: Run, bundle: Path) -> None:
    """With --lists a revoked pass is refused, by the version that says so."""
    revoked = city.issue({Movement.INDEX: city.REVOKED}).decode()
    code, out, _ = scanner("check", "--json", "--lists", bundle, "--at", AT, revoked)
    (row,) = rows(out)
    assert (code, row["reason"], row["list_version"]) == (10, "REVOKED", 2)
    assert "lists" not in row


def test_missing_holder_list_admits_nobody(scanner: Run, bundle: Path) -> None:
    """A holder list that is not there is a doubt, whatever else is good."""
    code, out, _ = scanner("check", "--json", "--lists", bundle, "--at", AT, city.issue().decode())
    assert (code, rows(out)[0]["reason"]) == (11, "NO_LISTS")


@pytest.mark.parametrize(
    ("source", "code", "reason"),
    [
        (city.issue(exp=int(city.NOW.timestamp())), 10, "EXPIRED"),
        (city.issue()[:-6], 10, "MALFORMED"),
        (city.issue()[:-8] + b"00000000", 10, "FORGED"),
        (b"MP2:ABC", 11, "UPDATE_SCANNER"),
        (b"https://example.org/pass", 11, "UNSIGNED"),
        (b"WIFI:S:guest;;", 12, "NOT_A_PASS"),
        (city.issue({Movement.SPECIMEN: True}), 12, "SPECIMEN"),
    ],
)
def test_exit_code_tells_the_outcome(
    scanner: Run, trust: Path, source: bytes, code: int, reason: str
) -> None:
    """10 refuse, 11 undecided, 12 none of these."""
    got, out, _ = scanner("check", "--json", "--trust", trust, "--at", AT, source.decode())
    assert (got, rows(out)[0]["reason"]) == (code, reason)


def test_highest_exit_code_wins(scanner: Run, trust: Path) -> None:
    """Several sources: every verdict is printed, and the exit code is the gravest."""
    good, later = city.issue().decode(), city.issue(nbf=4_000_000_000).decode()
    code, out, _ = scanner("check", "--json", "--trust", trust, "--at", AT, good, later, good)
    assert [row["reason"] for row in rows(out)] == ["OK", "NOT_YET_VALID", "OK"]
    assert code == 10


def test_nothing_of_an_unverified_code_is_shown(scanner: Run, trust: Path) -> None:
    """Claims of a forged pass stay unread: no kind, no date, no text of it."""
    forged = city.issue()[:-8].decode() + "00000000"
    _, out, err = scanner("check", "--json", "--trust", trust, "--at", AT, forged)
    row = rows(out)[0]
    assert (row["kind"], row["valid_until"], row["format"]) == (None, None, None)
    assert forged[4:] not in out + err


def test_image_without_a_code_is_unreadable(scanner: Run, tmp_path: Path) -> None:
    """Exit 12, and no lists are needed to say so."""
    path = tmp_path / "grey.png"
    cv2.imwrite(str(path), np.full((120, 160), 128, np.uint8))
    code, out, _ = scanner("check", "--json", path)
    assert (code, rows(out)[0]["reason"]) == (12, "UNREADABLE")


def test_standard_input_takes_text_and_images(
    scanner: Run, trust: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`-`: one code a line, or one image."""
    image = picture(tmp_path / "pass.png", city.issue()).read_bytes()
    for raw, number in ((city.issue() + b"\nWIFI:x\n", 2), (image, 1)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        _, out, _ = scanner("check", "--json", "--trust", trust, "--at", AT, "-")
        assert rows(out)[0]["reason"] == "OK"
        assert len(rows(out)) == number


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Missing argument"),
        (("missing.png",), "no file missing.png"),
        (("--at", "yesterday", "x"), "is not a time"),
        (("--at", "2020-04-29T09:00:00", "x"), "has no offset"),
        (("--trust", "missing.json", "x"), "does not exist"),
        (("--colour", "x"), "No such option"),
    ],
)
def test_wrong_usage_exits_64(scanner: Run, arguments: tuple[str, ...], says: str) -> None:
    """With a sentence that names what is wrong."""
    code, _, err = scanner("check", *arguments)
    assert code == 64
    assert says in err


def test_damaged_image_is_named(scanner: Run, tmp_path: Path) -> None:
    """A file that only begins like an image."""
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    code, _, err = scanner("check", tmp_path / "torn.png")
    assert code == 64
    assert "damaged image" in err


@pytest.mark.parametrize("text", ["", "[]", '{"keys": [{"kty": "RSA"}]}', "\x00"])
def test_bad_trust_list_exits_64(scanner: Run, tmp_path: Path, text: str) -> None:
    """It is not used by halves."""
    (tmp_path / "bad.json").write_text(text)
    code, _, err = scanner("check", "--trust", tmp_path / "bad.json", "x")
    assert code == 64
    assert "trust list" in err


def test_trust_list_with_missing_members_bounds_nothing(scanner: Run, tmp_path: Path) -> None:
    """A file with the bare key is enough to try a pass."""
    path = tmp_path / "bare.json"
    path.write_text(json.dumps({"keys": [city.KEY.jwk()]}))
    code, _, _ = scanner("check", "--trust", path, "--at", AT, city.issue().decode())
    assert code == 0


def test_people_read_a_sentence(scanner: Run, trust: Path) -> None:
    """Without --json: the word of the signal, the reason, and what to do."""
    _, out, _ = scanner("check", "--trust", trust, "--at", AT, city.issue().decode())
    assert out.startswith("text: PASS ADMIT OK [lists: none]")
    assert "Let through." in out


def test_typed_plate_is_compared(scanner: Run, trust: Path) -> None:
    """Cyrillic or Latin, it is the same plate; another one is refused; none is asked for."""
    bound = city.issue({Movement.PLATE: "A123BC77"}).decode()
    for plate, code in (("а123вс77", 0), ("A999BC77", 10), ("", 11)):
        got, _, _ = scanner("check", "--trust", trust, "--at", AT, "--plate", plate, bound)
        assert got == code
