"""The rules of the house that a machine can check: layers, size of modules, and what must not stand in any file."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "dagster_project"
MODULES = sorted(PACKAGE.rglob("*.py"))
DAGSTER_MODULES = {"definitions.py", "assets", "checks", "run.py"}
LAYERS_WITHOUT = {
    "contracts": {"dagster", "great_expectations", "dbt"},
    "ingest": {"dagster", "great_expectations", "dbt"},
    "sample": {"dagster", "great_expectations", "dbt", "duckdb"},
    "keeping": {"dagster", "great_expectations", "dbt"},
    "dictionary": {"dagster", "great_expectations", "dbt"},
    "disclosure": {"dagster", "great_expectations", "dbt", "duckdb"},
    "bulletin": {"dagster", "great_expectations", "dbt"},
    "explain": {"dagster", "great_expectations", "dbt"},
    "serving": {"dagster", "great_expectations", "dbt"},
    "desk": {"dagster", "great_expectations", "dbt"},
}


def imported_packages(path: Path) -> set[str]:
    """Top-level packages imported anywhere in a module, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("layer", sorted(LAYERS_WITHOUT))
def test_a_layer_knows_only_what_it_may(layer: str) -> None:
    modules = [path for path in MODULES if path.relative_to(PACKAGE).parts[0] == layer]
    assert modules, f"the layer {layer} has no module"
    for path in modules:
        assert not imported_packages(path) & LAYERS_WITHOUT[layer], path


def test_only_dagster_modules_import_dagster() -> None:
    for path in MODULES:
        if path.relative_to(PACKAGE).parts[0] not in DAGSTER_MODULES:
            assert not imported_packages(path) & {"dagster", "dagster_dbt"}, path


def test_every_module_says_what_belongs_there() -> None:
    for path in MODULES:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path} has no docstring"


def test_modules_stay_small() -> None:
    for path in [*MODULES, *sorted((ROOT / "dbt" / "models").rglob("*.sql"))]:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 400, f"{path} has {lines} lines"


def tracked_files() -> list[Path]:
    """Files git knows, or every file where there is no git."""
    try:
        listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        return [ROOT / name for name in listing.decode().split("\0") if name and (ROOT / name).exists()]
    except (OSError, subprocess.CalledProcessError):
        return [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]


FORBIDDEN = {
    "an address of a package registry": re.compile("py" r"pi\.org|python" "hosted|registry" r"\.npmjs|deb" r"\.debian"),
    "a path of somebody's machine": re.compile(r"/work/(main|shared|\.library)|(?<!data)/home/[a-z]+/|/root/"),
}


@pytest.mark.parametrize("what", sorted(FORBIDDEN))
def test_no_file_holds(what: str) -> None:
    for path in tracked_files():
        if path.suffix in {".png", ".docx", ".xlsx", ".parquet"} or path == Path(__file__).resolve():
            continue
        found = FORBIDDEN[what].search(path.read_text(encoding="utf-8", errors="replace"))
        assert not found, f"{path} holds {what}: {found.group(0) if found else ''}"


def test_nothing_depends_on_the_shared_folder() -> None:
    for path in [*MODULES, *sorted((ROOT / "dbt").rglob("*.sql")), *sorted((ROOT / "dbt").rglob("*.yml"))]:
        assert "shared/domain" not in path.read_text(encoding="utf-8"), path
