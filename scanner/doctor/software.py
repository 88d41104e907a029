"""Settings, libraries and databases: what needs no hardware."""

from __future__ import annotations

import importlib
import sqlite3
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from scanner.config import Settings, load_settings
from scanner.core.errors import ConfigError, StoreError
from scanner.doctor.finding import Finding, Grade
from scanner.store.database import ALL_FILES, connect, is_intact
from scanner.store.device_key import KEY_FILE, device_id, provide_device_key

# What each library is for, in the words of somebody who has to do without it.
LIBRARIES = {
    "cv2": ("opencv-python", "cameras and the preparation of frames"),
    "zxingcpp": ("zxing-cpp", "the first reader of QR codes"),
    "pyzbar.pyzbar": ("pyzbar", "the second reader of QR codes, with the system's libzbar0"),
    "cryptography": ("cryptography", "signatures"),
    "cbor2": ("cbor2", "the inside of passes"),
    "gpiozero": ("gpiozero", "lamps and buzzer"),
    "msgspec": ("msgspec", "settings and lists"),
    "sqlite_utils": ("sqlite-utils", "making and updating databases"),
    "pyrage": ("pyrage", "the holder list"),
    "tuf": ("tuf", "signed lists"),
}
BOOT_RESULT, LONGEST_RESULT = Path("/boot/firmware/checkpoint.result.txt"), 500
AGAIN = (
    "Install again: on a device the package (`sudo apt install --reinstall ./checkpoint-…`) or "
    "`sudo sh systemd/install.sh`, on a laptop `sh scanner/demo.sh`."
)
# The first of Debian 12 without the memory faults CVE-2023-40889 and CVE-2023-40890.
LEAST_ZBAR = "0.23.92-7+deb12u1"


def check_config(path: Path) -> tuple[Finding, Settings | None]:
    """The settings, when they can be used."""
    if not path.exists():
        fix = (
            "Put a boot file on the card and start the device again, or write one after "
            "systemd/checkpoint.toml, or name it with --config."
        )
        return Finding("E-CONFIG", Grade.UNCONFIGURED, f"there is no {path}", fix), None
    try:
        settings = load_settings(path)
    except ConfigError as error:
        return Finding("E-CONFIG", Grade.UNCONFIGURED, str(error), "Correct this line."), None
    found = f"{path}, standalone" if settings.standalone else str(path)
    return Finding("E-CONFIG", Grade.OK, found), settings


def check_boot_file(result: Path = BOOT_RESULT) -> Iterator[Finding]:
    """How the boot file of the card was taken, where there was one; as `first-boot` has told it."""
    try:
        with result.open(encoding="utf-8", errors="replace") as file:
            line = file.readline(LONGEST_RESULT).strip()
    except OSError:
        return
    grade = Grade.OK if line.startswith("OK") else Grade.WARNING
    fix = f"Correct checkpoint.toml beside {result}, on any computer, and start the device again."
    yield Finding("E-BOOT-FILE", grade, line, fix)


def check_libraries() -> Iterator[Finding]:
    """Each by loading it."""
    for module, (package, purpose) in LIBRARIES.items():
        try:
            importlib.import_module(module)
            found = _version_of(package)
        except ImportError as error:  # PackageNotFoundError is one
            fix = f"It is needed for {purpose}. {AGAIN}"
            yield Finding("E-LIBRARY", Grade.FAILURE, f"{package}: {error}", fix)
        else:
            yield Finding("E-LIBRARY", Grade.OK, found)
    yield Finding("E-LIBRARY", Grade.OK, f"SQLite {sqlite3.sqlite_version}")


def _version_of(package: str) -> str:
    """Name and version; the devices' OpenCV is without windows and has a name of its own."""
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"{package}-headless {metadata.version(f'{package}-headless')}"


def check_zbar() -> Finding:
    """The version of Debian's libzbar0, which reads codes that strangers made."""
    try:
        # Debian 13 has it under the other name; dpkg-query fails where it misses one of them.
        asked = ["dpkg-query", "-W", "-f", "${Version}\n", "libzbar0", "libzbar0t64"]
        said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
        version = said[0]
        compare = ["dpkg", "--compare-versions", version, "ge", LEAST_ZBAR]
        is_safe = subprocess.run(compare, capture_output=True, check=False).returncode == 0
    except (OSError, IndexError):
        return Finding("E-ZBAR", Grade.WARNING, "libzbar0 is not from Debian", "Install Debian's.")
    fix = f"Run `sudo apt-get install libzbar0`: before {LEAST_ZBAR} it has memory faults."
    return Finding("E-ZBAR", Grade.OK if is_safe else Grade.FAILURE, f"libzbar0 {version}", fix)


def check_stores(state: Path) -> Iterator[Finding]:
    """Each database: there, whole, and with room to grow."""
    for file in ALL_FILES:
        try:
            db = connect(state, file)
        except StoreError as error:
            yield Finding("E-STORE", Grade.FAILURE, str(error), "Run `scanner migrate`.")
            continue
        try:
            whole = is_intact(db)
        finally:
            db.close()
        fix = "Run `scanner migrate`: it moves the file aside and makes a new one."
        grade = Grade.OK if whole else Grade.FAILURE
        yield Finding("E-STORE", grade, f"{file.name} {'whole' if whole else 'damaged'}", fix)
    for aside in sorted(state.glob("*.damaged-*")):
        fix = "Give it to whoever looks after the records, then delete it."
        yield Finding("E-STORE", Grade.WARNING, f"{aside.name} was moved aside", fix)


def check_device(state: Path) -> Finding:
    """Who this device is; looking does not make it somebody."""
    if not (state / KEY_FILE).exists():
        return Finding("E-DEVICE", Grade.FAILURE, "no device key yet", "Run `scanner migrate`.")
    try:
        return Finding("E-DEVICE", Grade.OK, f"device {device_id(provide_device_key(state))}")
    except StoreError as error:
        return Finding("E-DEVICE", Grade.FAILURE, str(error), "Enrol this device again.")
