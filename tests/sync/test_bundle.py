"""Lists from a folder."""

from __future__ import annotations

from pathlib import Path

import pyrage
import pytest

from scanner.core.errors import SyncError
from scanner.sync.bundle import MAX_TARGET_BYTES, holder_opener, read_bundle
from tests import city


def test_bundle_is_read_as_its_index_says(tmp_path: Path) -> None:
    """Every target, and when the lists were issued."""
    city.write_bundle(tmp_path, city.targets(), end_of_regime=99)
    bundle = read_bundle(tmp_path)
    assert bundle.targets == city.targets()
    assert (bundle.issued_at, bundle.end_of_regime) == (city.ISSUED_AT, 99)


def test_changed_target_is_refused(tmp_path: Path) -> None:
    """One byte that is not what the index says, and nothing of the bundle is used."""
    city.write_bundle(tmp_path, city.targets())
    path = tmp_path / "rules-1"
    path.write_bytes(b"[ ]")
    with pytest.raises(SyncError, match="rules-1"):
        read_bundle(tmp_path)


def test_missing_target_is_named(tmp_path: Path) -> None:
    """A stick that was pulled too early."""
    city.write_bundle(tmp_path, city.targets())
    (tmp_path / "ids-0-1").unlink()
    with pytest.raises(SyncError, match="ids-0-1"):
        read_bundle(tmp_path)


def test_target_beyond_its_limit_is_refused(tmp_path: Path) -> None:
    """Endless files do not fill the memory of a small board."""
    city.write_bundle(tmp_path, {"rules-1": b" " * (MAX_TARGET_BYTES + 1)})
    with pytest.raises(SyncError, match="larger"):
        read_bundle(tmp_path)


def test_target_outside_the_folder_is_refused(tmp_path: Path) -> None:
    """A name with a path in it reads no other file of the device."""
    city.write_bundle(tmp_path, {})
    (tmp_path / "index.json").write_text(
        '{"issued_at": 1, "targets": {"../secret": {"sha256": "", "length": 0}}}'
    )
    with pytest.raises(SyncError, match="outside"):
        read_bundle(tmp_path)


@pytest.mark.parametrize(
    "index",
    [
        "",
        "[]",
        '{"issued_at": "x", "targets": {}}',
        '{"issued_at": 1, "targets": {}, "end_of_regime": 999999999999}',
        '{"issued_at": 1, "targets": {}, "end_of_regime": -1}',
    ],
)
def test_index_that_is_none_is_refused(tmp_path: Path, index: str) -> None:
    """An index this version cannot read is an error with its name."""
    (tmp_path / "index.json").write_text(index)
    with pytest.raises(SyncError, match=r"index\.json"):
        read_bundle(tmp_path)


def test_holder_list_opens_with_the_fleet_key(tmp_path: Path) -> None:
    """Encrypted to the fleet, and to nobody else."""
    identity = pyrage.x25519.Identity.generate()
    key_file = tmp_path / "fleet.key"
    key_file.write_text(f"# a comment\n{identity}\n")
    packed = pyrage.encrypt(b"refs", [identity.to_public()])
    assert holder_opener(key_file)(packed) == b"refs"


def test_holder_list_of_another_fleet_stays_closed(tmp_path: Path) -> None:
    """The error says what to do."""
    key_file = tmp_path / "fleet.key"
    key_file.write_text(str(pyrage.x25519.Identity.generate()))
    packed = pyrage.encrypt(b"refs", [pyrage.x25519.Identity.generate().to_public()])
    with pytest.raises(SyncError, match="Enrol"):
        holder_opener(key_file)(packed)


def test_file_without_a_key_is_no_fleet_key(tmp_path: Path) -> None:
    """Another file given by mistake is named."""
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(SyncError, match="notes"):
        holder_opener(tmp_path / "notes.txt")
