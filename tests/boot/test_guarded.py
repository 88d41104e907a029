"""What stands in the way of a boot file: cuts of the power, other users, a locked card."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scanner.assembly.first_boot import first_boot
from scanner.boot.partition import RESULT, BootPartition
from scanner.boot.reasons import FILE
from scanner.boot.taking import Places
from scanner.core.errors import StoreError
from scanner.store.pending import OFFER_FILE, RESULT_FILE, read_offer
from tests.boot.mistakes import GOOD
from tests.boot.taken import NOW, check_taken


class PowerCutError(BaseException):
    """Nothing of the program runs any more."""


@contextmanager
def power_for(steps: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """So many changes of the disk; then it is cut, and what was not synced is half there."""
    done = [0]

    def step() -> None:
        done[0] += 1
        if done[0] > steps:
            raise PowerCutError

    def fsync(descriptor: int, real: object = os.fsync) -> None:
        try:
            step()
        except PowerCutError:
            found = os.fstat(descriptor)
            if stat.S_ISREG(found.st_mode):
                os.ftruncate(descriptor, found.st_size // 2)
            raise

    def rename(path: Path, target: Path) -> Path:
        step()
        os.replace(path, target)
        return target

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path.exists() or path.is_symlink():
            step()
            os.unlink(path)

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fsync)
        patch.setattr(Path, "rename", rename)
        patch.setattr(Path, "unlink", unlink)
        yield done


def test_power_may_be_cut_at_any_moment(
    boot: Path, places: Places, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The next start ends what was begun: all is in its place, and every secret has gone."""
    for steps in range(100):
        with power_for(steps, monkeypatch):
            try:
                first_boot(boot, places, NOW)
                is_whole = True
            except PowerCutError:
                is_whole = False
        first_boot(boot, places, NOW)
        check_taken(boot, places)
        if is_whole:
            break
        for each in (places.etc, places.network, places.modprobe, places.state):
            for path in each.iterdir():
                os.unlink(path)
        (boot / FILE).write_text(GOOD)
    assert 15 < steps < 60


def test_secret_is_overwritten_before_it_is_removed(
    boot: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its own blocks, as far as a file system can say where these are."""
    seen = list[bytes]()

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path.exists():
            seen.append(path.read_bytes())
            os.unlink(path)

    monkeypatch.setattr(Path, "unlink", unlink)
    number = (boot / FILE).stat().st_ino
    first_boot(boot, places, NOW)
    assert b"\n" * len(GOOD) in seen
    assert (boot / FILE).stat().st_ino != number


def test_leftovers_are_ended_before_a_new_file_is_read(boot: Path, places: Places) -> None:
    """A card that was pulled in the middle of the wipe, and given a new file on a laptop."""
    (boot / "checkpoint.old").write_text(GOOD)
    (boot / "checkpoint.new").write_text("half")
    (boot / "checkpoint.result.part").write_text("half")
    (boot / FILE).write_text("version = 1\n")
    assert first_boot(boot, places, NOW).is_good
    assert sorted(os.listdir(boot)) == [RESULT, FILE]


def test_locked_partition_is_an_error(
    boot: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be told there, so the unit fails with words in the journal."""

    def fsync(descriptor: int) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("scanner.boot.partition.os.fsync", fsync)
    with pytest.raises(StoreError, match="full or locked"):
        BootPartition(boot).tell("OK")


def test_folder_of_another_user_is_not_followed(boot: Path, places: Places, tmp_path: Path) -> None:
    """Root writes into the scanner's folder: a link planted there leads nowhere."""
    target = tmp_path / "target"
    target.write_text("precious")
    (places.state / f"{OFFER_FILE}.new").symlink_to(target)
    (places.state / OFFER_FILE).symlink_to(target)
    first_boot(boot, places, NOW)
    assert target.read_text() == "precious"
    check_taken(boot, places)


@pytest.mark.parametrize("kind", ["link", "pipe", "garbage"])
def test_result_of_another_user_is_not_followed(kind: str, boot: Path, places: Places) -> None:
    """Root neither reads out what a link leads to, nor waits for a pipe."""
    planted, secret = places.state / RESULT_FILE, places.etc.with_name("secret")
    secret.write_text('{"id": "E-SECRET", "words": "of root"}')
    first_boot(boot, places, NOW)
    match kind:
        case "link":
            planted.symlink_to(secret)
        case "pipe":
            os.mkfifo(planted)
        case _:
            planted.write_bytes(b"\xff{")
    assert first_boot(boot, places, NOW).line.startswith("OK ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_offer_belongs_to_whose_folder_it_is_in(boot: Path, places: Places) -> None:
    """The scanner's user reads it, nobody else does."""
    os.chown(places.state, 12345, 12346)
    first_boot(boot, places, NOW)
    found = (places.state / OFFER_FILE).stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 12346, 0o600)


def test_offer_is_left_to_the_group_where_files_may_not_be_given_away(
    boot: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unit's root has no such right: the scanner's group, of which it is, may read the file."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    assert first_boot(boot, places, NOW).is_good
    offer = places.state / OFFER_FILE
    assert stat.S_IMODE(offer.stat().st_mode) == 0o640
    assert offer.stat().st_gid == places.state.stat().st_gid
    assert read_offer(places.state) is not None
