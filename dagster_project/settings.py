"""Where a home keeps its things, and the options that the environment sets.

Belongs here: paths inside the home folder, machine limits, the key file, the clock. Does not belong here: definitions
of indicators (`dictionary/`), contracts (`contracts/`), thresholds of checks.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dagster_project.errors import UserError
from dagster_project.language import Text

PACKAGE_ROOT = Path(__file__).resolve().parent
PROJECT_ROOT = PACKAGE_ROOT.parent
DEFAULT_HOME = PROJECT_ROOT / "data" / "home"


def _default_key_file() -> Path:
    """Key file in the user's configuration folder: outside the repository and outside every home."""
    chosen = os.environ.get("BULLETIN_KEY_FILE")
    if chosen:
        return Path(chosen)
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "medical-insurance-bulletin" / "pseudonym.key"


def _half_the_memory() -> str | None:
    """Half of the memory that the machine or its container gives, for DuckDB; None where it cannot be asked.

    Left alone DuckDB takes four fifths, and the documents, dbt and whatever else runs there have to live beside it.
    """
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
    with suppress(OSError, ValueError):  # no container, or one without a limit ("max")
        found = min(found, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return f"{found // 2 >> 20}MiB"


def _memory_limit() -> str | None:
    """BULLETIN_MEMORY_LIMIT, else half of the memory; raises UserError (exit 2) for what is no amount of memory."""
    chosen = (os.environ.get("BULLETIN_MEMORY_LIMIT") or "").strip()
    if not chosen:
        return _half_the_memory()
    if re.fullmatch(r"[0-9]*[1-9][0-9]*(\.[0-9]+)?\s*([KMGT]i?B)", chosen, re.IGNORECASE) is None:
        raise UserError(
            Text(f"内存上限无法识别：{chosen}", f"Not an amount of memory: {chosen}"),
            where="BULLETIN_MEMORY_LIMIT",
            todo=Text("写数字和单位，例如 6GB 或 800MiB。", "Write a number and a unit, such as 6GB or 800MiB."),
        )
    return chosen


def _threads() -> int:
    """BULLETIN_THREADS, else the processors; raises UserError (exit 2) for what is no number of threads."""
    chosen = (os.environ.get("BULLETIN_THREADS") or "").strip()
    if not chosen:
        return os.cpu_count() or 2
    if not chosen.isascii() or not chosen.isdigit() or int(chosen) < 1:
        raise UserError(
            Text(f"线程数无法识别：{chosen}", f"Not a number of threads: {chosen}"),
            where="BULLETIN_THREADS",
            todo=Text("写 1 或更大的整数，例如 2。", "Write a whole number from 1 on, such as 2."),
        )
    return int(chosen)


def _default_home() -> Path:
    return Path(os.environ.get("BULLETIN_HOME") or DEFAULT_HOME)


@dataclass(frozen=True)
class Settings:
    """Paths and options of one home; made once at the edge (command line, Dagster) and passed down."""

    home: Path = field(default_factory=_default_home)
    key_file: Path = field(default_factory=_default_key_file)
    language: str = field(default_factory=lambda: os.environ.get("BULLETIN_LANG", "zh"))
    memory_limit: str | None = field(default_factory=_memory_limit)
    threads: int = field(default_factory=_threads)
    # A home that is derived from another one (a past state, a rehearsal) has its files and definitions from there.
    source_home: Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "home", Path(self.home).resolve())

    @property
    def landing(self) -> Path:
        """Folder where a data centre's files are dropped; never written to by the warehouse."""
        return (self.source_home or self.home) / "landing"

    @property
    def raw(self) -> Path:
        """Immutable Parquet: raw/<table>/<month>/<load_id>.parquet."""
        return self.home / "raw"

    @property
    def quarantine(self) -> Path:
        """Rejected rows as text, identifiers masked: quarantine/<table>/<load_id>.parquet."""
        return self.home / "quarantine"

    @property
    def work(self) -> Path:
        """Work files of whoever is at work on the home, the engine's own included; a next run removes what a killed one left."""
        return self.home / "tmp"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that only the warehouse itself opens."""
        return self.home / "warehouse.duckdb"

    @property
    def serving_file(self) -> Path:
        """The DuckDB file that BI tools open; replaced atomically at the end of a run."""
        return self.home / "serving" / "medical_insurance.duckdb"

    @property
    def publication(self) -> Path:
        """publication/<year>/<vintage>/: the documents and their release descriptor."""
        return self.home / "publication"

    @property
    def unchecked(self) -> Path:
        """Drafts that the publication checks have not let pass: <year>/<vintage>/, on the same disk as the publications."""
        return self.publication / ".unchecked"

    @property
    def dbt_target(self) -> Path:
        """Compiled dbt artefacts of this home."""
        return self.home / "dbt_target"

    @property
    def provinces(self) -> Path:
        """Definitions per province, one YAML each: the home's own folder first, then the shipped ones."""
        return (self.source_home or self.home) / "provinces"


_ahead = timedelta(0)  # of the machine's clock


def clock() -> datetime:
    """The machine's clock: UTC without microseconds; BULLETIN_NOW (ISO) holds it still for tests and rebuilds."""
    fixed = os.environ.get("BULLETIN_NOW")
    moment = datetime.fromisoformat(fixed) if fixed else datetime.now(UTC)
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None)


def now() -> datetime:
    """The one clock of what is written down: the machine's, or from where `go_on_from` let it go on."""
    return clock() + _ahead


def go_on_from(last: datetime | None) -> timedelta:
    """Let `now()` go on after a moment that the machine's clock has gone back behind; returns by how much it had, else zero.

    What is written down is read in the order of its times: the newest word on a file, the newest judgement.
    """
    global _ahead
    behind = last - clock() if last is not None and clock() < last else timedelta(0)
    _ahead = behind + timedelta(seconds=1) if behind else behind
    return behind
