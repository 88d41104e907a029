"""The device's own key."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

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


def test_key_that_another_tool_wrote_is_read(tmp_path: Path) -> None:
    """PKCS#8 is the same whoever writes it, byte for byte."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / KEY_FILE).write_bytes(pem)
    assert device_id(provide_device_key(tmp_path)) == device_id(key)
    (tmp_path / "other").mkdir()
    made = provide_device_key(tmp_path / "other")
    assert (tmp_path / "other" / KEY_FILE).read_bytes() == made.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


@pytest.mark.parametrize("kind", ["P-256", "X25519", "with a word after it"])
def test_key_of_another_kind_is_refused(tmp_path: Path, kind: str) -> None:
    """Nothing but an Ed25519 key names this device."""
    other = X25519PrivateKey.generate() if kind == "X25519" else generate_private_key(SECP256R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if kind == "with a word after it":
        provide_device_key(tmp_path)
        pem = (tmp_path / KEY_FILE).read_bytes() + b"and more"
    (tmp_path / KEY_FILE).write_bytes(pem)
    with pytest.raises(StoreError, match="enrol"):
        provide_device_key(tmp_path)
