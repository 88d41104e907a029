"""The device's own key."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from scanner.core.errors import StoreError
from scanner.store.device_key import KEY_FILE, device_id, provide_device_key


def test_key_is_made_once_for_this_user_alone(tmp_path: Path) -> None:
    """The first start makes it, mode 0600, PKCS#8 PEM; every later start finds the same."""
    first = provide_device_key(tmp_path)
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    kept = load_pem_private_key((tmp_path / KEY_FILE).read_bytes(), password=None)
    assert kept.public_key() == first.public_key()
    assert device_id(provide_device_key(tmp_path)) == device_id(first)
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_two_devices_have_two_ids(tmp_path: Path) -> None:
    """16 hex digits each."""
    ids = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        ids.add(device_id(provide_device_key(tmp_path / name)))
    assert len(ids) == 2
    assert all(len(bytes.fromhex(id_)) == 8 for id_ in ids)


@pytest.mark.parametrize("damage", [b"", b"-----BEGIN PRIVATE KEY-----\n"])
def test_damaged_key_is_not_replaced(tmp_path: Path, damage: bytes) -> None:
    """The error says what to do, and the file stays as it is."""
    (tmp_path / KEY_FILE).write_bytes(damage)
    with pytest.raises(StoreError, match="enrol"):
        provide_device_key(tmp_path)
    assert (tmp_path / KEY_FILE).read_bytes() == damage


def test_cut_off_start_leaves_no_half_key(tmp_path: Path) -> None:
    """What a start that was cut off left behind is written anew."""
    (tmp_path / "device.new").write_bytes(b"-----BEG")
    provide_device_key(tmp_path)
    assert not (tmp_path / "device.new").exists()
