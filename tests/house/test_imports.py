"""Imports go down only: the contracts of pyproject.toml hold, and each of them can fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

LINT = "from importlinter.cli import lint_imports_command as main; main()"


@dataclass(frozen=True, slots=True)
class Contract:
    """One import contract: its id, its sentence, and the modules that its layers name."""

    id: str
    name: str
    layers: tuple[str, ...]


def contracts(checkout: Path) -> list[Contract]:
    """The contracts as pyproject.toml declares them."""
    table = tomllib.loads((checkout / "pyproject.toml").read_text())["tool"]["importlinter"]
    return [Contract(c["id"], c["name"], tuple(c.get("layers", ()))) for c in table["contracts"]]


def verdicts(folder: Path, *only: str) -> Mapping[str, str]:
    """Name of a contract → KEPT or BROKEN, as import-linter finds for the packages in folder."""
    limits = [word for contract_id in only for word in ("--contract", contract_id)]
    done = subprocess.run(
        [sys.executable, "-c", LINT, "--no-logo", "--no-cache", *limits],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},  # or long names are folded
        capture_output=True,
        text=True,
        check=False,
    )
    lines = re.findall(r"^(.+) (KEPT|BROKEN)$", done.stdout, flags=re.MULTILINE)
    assert lines, done.stdout + done.stderr
    return dict(lines)


def test_every_contract_is_kept(checkout: Path) -> None:
    """No module of the project imports what it must not know."""
    expected = {contract.name: "KEPT" for contract in contracts(checkout)}
    assert verdicts(checkout) == expected, "run `sh tests/run.sh lint` to see the imports"


# Contract → (file, the import that must not stand there).
PLANTED = {
    "layers": ("scanner/ports.py", "import scanner.checkpoint"),
    "core-is-pure": ("scanner/core/words.py", "import time"),
    "loop-through-ports": ("scanner/display.py", "import scanner.store.outbox"),
    "no-network": ("scanner/vision/decode.py", "import http.client"),
    "hardware-behind-assembly": ("scanner/commands/check.py", "import hardware.clock"),
    "central-on-core": ("scanner/central/issue.py", "import scanner.store.state"),
    "logs-on-core": ("scanner/logs/files.py", "import scanner.store.state"),
    "central-apart": ("scanner/display.py", "import scanner.central.issue"),
}


@pytest.fixture(scope="module")
def copy(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages that may be spoilt."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copy(checkout / "pyproject.toml", folder)
    for package in ("scanner", "hardware"):
        shutil.copytree(
            checkout / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return folder


def test_every_contract_has_a_planted_import(checkout: Path) -> None:
    """A contract that nobody has seen fail is not trusted: each is listed here."""
    assert set(PLANTED) == {contract.id for contract in contracts(checkout)}


@pytest.mark.parametrize("contract_id", PLANTED)
def test_a_planted_import_breaks_its_contract(contract_id: str, copy: Path) -> None:
    """One forbidden line is enough to break the contract that forbids it."""
    path, line = PLANTED[contract_id]
    file = copy / path
    original = file.read_text()
    file.write_text(f"{original}\n{line}\n")
    try:
        assert set(verdicts(copy, contract_id).values()) == {"BROKEN"}
    finally:
        file.write_text(original)


def test_neighbours_do_not_import_each_other(copy: Path) -> None:
    """Reader, stores and synchronisation meet in the assembly, never directly."""
    (copy / "scanner/vision/planted.py").write_text("import scanner.store.state\n")
    try:
        assert set(verdicts(copy, "layers").values()) == {"BROKEN"}
    finally:
        (copy / "scanner/vision/planted.py").unlink()


def test_every_module_has_its_layer(checkout: Path) -> None:
    """A new module or folder beside the others must be given its place in the layers."""
    (layers,) = [contract.layers for contract in contracts(checkout) if contract.layers]
    placed = set(re.findall(r"scanner\.(\w+)", " ".join(layers)))
    found = {path.stem for path in (checkout / "scanner").glob("*.py")} | {
        path.parent.name for path in (checkout / "scanner").glob("*/__init__.py")
    }
    assert found - {"__init__"} <= placed
