"""The dbt project as parsed: once for all homes of a checkout, and kept beside the project until a file of it changes.

Belongs here: parsing, what was parsed, fingerprints of the project. Does not belong here: building (`dbt_build.py`), models
and tests (`dbt/`), anything of Dagster.

Parsing costs seconds and depends on the project alone, while dbt keeps what it parsed in one target folder and takes it up
only under the same profile, which names the home. So the folder of a parse stands beside the project, under the fingerprint
of the files it was made from, and every home reads it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dagster_project.durable import durable_step
from dagster_project.settings import PACKAGE_ROOT, PROJECT_ROOT, Settings

DBT_PROJECT = PROJECT_ROOT / "dbt"
SHELF = DBT_PROJECT / "target"
PREFIX = "parsed-"
# Names that dbt gives.
OBJECT, JSON = "partial_parse.msgpack", "manifest.json"

lock = threading.RLock()
_parsed: dict[str, Any] = {}


class DbtProjectError(Exception):
    """The dbt project itself could not be parsed or started: an error of programming, not of the user."""


def project_fingerprint() -> str:
    """Changes whenever a file of the dbt project changes (by size and time of change), or dbt itself."""
    digest = hashlib.sha256("".join(version(name) for name in ("dbt-core", "dbt-duckdb")).encode())
    for path in sorted(DBT_PROJECT.rglob("*")):
        relative = path.relative_to(DBT_PROJECT)
        if path.suffix in (".sql", ".yml", ".yaml", ".csv") and relative.parts[0] not in ("target", "logs"):
            status = path.stat()
            digest.update(f"{relative}|{status.st_size}|{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def models_fingerprint() -> str:
    """Changes whenever the text of a model, macro or contract changes, wherever and whenever it was checked out.

    Seeds are data: what follows from them is rebuilt without it.
    """
    digest = hashlib.sha256()
    texts = {
        DBT_PROJECT: ("dbt_project.yml", "models/**/*.sql", "macros/**/*.sql"),
        PACKAGE_ROOT: ("contracts/*.yml",),
    }
    for folder, patterns in texts.items():
        for path in sorted(path for pattern in patterns for path in folder.glob(pattern)):
            digest.update(f"{path.relative_to(folder).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()


@contextmanager
def environment(settings: Settings) -> Iterator[None]:
    """What profiles.yml and dbt read from the environment, for the time of one call."""
    wanted = {
        "BULLETIN_WAREHOUSE": str(settings.warehouse),
        "DBT_TARGET_PATH": str(settings.dbt_target),
        "DBT_LOG_PATH": str(settings.home / "logs"),
        **({"BULLETIN_MEMORY_LIMIT": settings.memory_limit} if settings.memory_limit else {}),
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def arguments(settings: Settings, target: Path, logs: Path, at_once: int = 1) -> list[str]:
    """Options of every dbt command, with the folders of its artefacts and of its log, and how many nodes it may have at work."""
    return [
        "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT),
        "--target-path", str(target), "--log-path", str(logs),
        "--threads", str(at_once), "--quiet", "--log-level", "none", "--no-use-colors",
    ]  # fmt: skip


def parse(settings: Settings) -> Any:
    """The parsed project (dbt's Manifest), parsed at most once for a version of the files."""
    with lock:
        fingerprint = project_fingerprint()
        if fingerprint not in _parsed:
            from dbt.contracts.graph.manifest import Manifest

            parsed = Manifest.from_msgpack((_folder(settings, fingerprint) / OBJECT).read_bytes())
            _parsed.clear()
            _parsed[fingerprint] = parsed
        return _parsed[fingerprint]


def make_ready() -> None:
    """Import what the first build would import, which takes a second."""
    for name in ("dbt.cli.main", "dbt.task.build", "dbt.adapters.duckdb", "dagster_project.dbt_events"):
        import_module(name)


def manifest(settings: Settings) -> dict[str, Any]:
    """manifest.json as a dictionary."""
    with lock:
        path = _folder(settings, project_fingerprint()) / JSON
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content


def _folder(settings: Settings, fingerprint: str) -> Path:
    """The folder of a parse of these files, parsed now where there is none; in the home where the project is read-only."""
    shelf = SHELF if os.access(SHELF if SHELF.exists() else SHELF.parent, os.W_OK) else settings.dbt_target
    folder = shelf / f"{PREFIX}{fingerprint[:16]}"
    if folder.exists():
        return folder
    from dbt.cli.main import dbtRunner

    begun = shelf / f"parsing-{os.getpid()}"
    shutil.rmtree(begun, ignore_errors=True)
    begun.mkdir(parents=True)
    with environment(settings):
        outcome = dbtRunner().invoke(["parse", *arguments(settings, begun, begun / "logs")])
    if not outcome.success or outcome.result is None:
        shutil.rmtree(begun, ignore_errors=True)
        raise DbtProjectError(f"dbt parse failed: {outcome.exception}")
    for older in shelf.glob(f"{PREFIX}*"):
        if older != folder:
            shutil.rmtree(older, ignore_errors=True)
    try:
        with durable_step("dbt.keep_parsed"):
            begun.rename(folder)
    except OSError:
        if not folder.exists():  # otherwise another process was first, with the same files
            raise
        shutil.rmtree(begun, ignore_errors=True)
    return folder
