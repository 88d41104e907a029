"""Key files: made, loaded, refused."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scanner.central.city import open_city
from scanner.central.errors import CentralError
from scanner.central.founding import Charter, found
from scanner.central.keys import STICKS, load_key, load_keys, make_key, name_of, save_key
from tests.central.conftest import Dice, means
from tests.city import NOW


def test_every_key_has_a_file_of_its_own(central: Path) -> None:
    """5 root, 3 targets and the bundle key on five sticks; 3 online, one for time, one issuer."""
    for stick, names in STICKS.items():
        found_names = {path.stem for path in (central / "offline" / stick).iterdir()}
        assert found_names == set(names)
    assert {path.name for path in (central / "online").iterdir()} == {
        "rev.pem", "snapshot.pem", "timestamp.pem"
    }  # fmt: skip
    assert len(list((central / "issuer").iterdir())) == 1


def test_key_files_are_for_their_owner_alone(central: Path) -> None:
    """0600, the fleet key and the register too."""
    files = [*central.rglob("*.pem"), central / "fleet.key", central / "register.db"]
    assert len(files) == 16
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}


def test_key_is_saved_and_loaded(tmp_path: Path) -> None:
    """The same key comes back, with its name for the metadata."""
    key = make_key("root-4", Dice())
    loaded = load_key(save_key(tmp_path, key))
    assert loaded.public == key.public
    assert name_of(loaded.public) == "root-4"


def test_key_is_never_overwritten(tmp_path: Path) -> None:
    """A key that is lost by a slip of the hand costs a ceremony."""
    save_key(tmp_path, make_key("root-4", Dice("a")))
    with pytest.raises(CentralError, match="is there already"):
        save_key(tmp_path, make_key("root-4", Dice("b")))


def test_online_key_that_others_can_read_is_refused(central: Path) -> None:
    """The text says what to type."""
    (central / "online/rev.pem").chmod(0o640)
    with open_city(central, means(NOW)) as city, pytest.raises(CentralError, match="chmod 600"):
        city.publish()


def test_stick_without_permissions_is_accepted(central: Path) -> None:
    """FAT knows none: every file on it is 0755."""
    for path in (central / "offline").rglob("*.pem"):
        path.chmod(0o755)
    with open_city(central, means(NOW)) as city:
        assert len(load_keys(city.sticks())) == 9


def p256_pem() -> bytes:
    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("body", [b"", b"no key", p256_pem()], ids=["empty", "text", "P-256"])
def test_file_that_is_no_key_is_named(body: bytes, tmp_path: Path) -> None:
    """The path stands in the message."""
    path = tmp_path / "rev.pem"
    path.write_bytes(body)
    with pytest.raises(CentralError, match=r"rev\.pem is no Ed25519 key"):
        load_key(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    """Also when the file is not there at all."""
    with pytest.raises(CentralError, match=r"rev\.pem cannot be read \(No such file"):
        load_key(tmp_path / "rev.pem")


def test_missing_online_key_is_named(central: Path) -> None:
    """Restore it or rotate it: both are said."""
    shutil.rmtree(central / "online")
    with (
        open_city(central, means(NOW)) as city,
        pytest.raises(CentralError, match=r"Restore timestamp\.pem .* rotate-key timestamp"),
    ):
        city.publish()


def test_city_is_founded_once(central: Path) -> None:
    """A second founding would throw away every key: refused."""
    with pytest.raises(CentralError, match="already and not empty"):
        found(central, Charter("moscow.example"), means(NOW))


def test_founding_that_was_cut_begins_anew(tmp_path: Path) -> None:
    """Half a city never stands in the folder; the next founding is whole."""

    class Cut(BaseException):
        pass

    def fail(*_: object, **__: object) -> None:
        raise Cut

    with pytest.raises(Cut):
        found(tmp_path / "central", Charter("moscow.example"), means(NOW, write=fail))
    assert not (tmp_path / "central").exists()
    found(tmp_path / "central", Charter("moscow.example"), means(NOW))
    with open_city(tmp_path / "central", means(NOW + timedelta(minutes=1))) as city:
        city.publish()


@pytest.mark.parametrize(
    "charter",
    [
        Charter(""),
        Charter("x" * 33),
        Charter("a", 0),
        Charter("a", 256),
        Charter("a", 1, "Europe/Moskva"),
        Charter("a", 1, "../etc/passwd"),
        Charter("a", 1, "UTC", 0),
        Charter("a", 1, "UTC", 100_001),
    ],
)
def test_wrong_charter_is_refused(charter: Charter, tmp_path: Path) -> None:
    """Nothing is made for a city that could not be."""
    with pytest.raises(CentralError):
        found(tmp_path / "central", charter, means(NOW))
    assert not (tmp_path / "central").exists()


def test_folder_without_a_city_is_refused(tmp_path: Path) -> None:
    """The way on is the founding."""
    with pytest.raises(CentralError, match="scanner central init"), open_city(tmp_path, means(NOW)):
        pass
    assert list(tmp_path.iterdir()) == []
