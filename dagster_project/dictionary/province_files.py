"""Which provinces have a file of definitions, and whether all of these files can be used.

Belongs here: names of files, the check before a run takes anything in. Does not belong here: what a file says
(`definitions.py`; names of columns: `ingest/column_names.py`).
"""

from __future__ import annotations

import re
from pathlib import Path

from dagster_project.dictionary.code_map import provinces_mapped
from dagster_project.dictionary.definitions import SHIPPED, load_province
from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.settings import Settings

NATIONAL = "national"
_PROVINCE = re.compile(r"\d{2}0000")
_COLUMN_NAMES = re.compile(r"\d{2}0000\.columns")


def province_codes(settings: Settings) -> list[str]:
    """Codes of the provinces that have a file, the home's own or a shipped one."""
    files = {path.stem for folder in (settings.provinces, SHIPPED) for path in _files(folder) if _is_province(path)}
    return sorted(files | provinces_mapped(settings.provinces))


def require_valid_files(settings: Settings) -> None:
    """Read every file of definitions that a run may read, so that a mistake is told before anything is done.

    Raises UserError (exit 2) naming the file and the entry; also for a file of the home under a name that nothing reads.
    """
    for path in _files(settings.provinces):
        if path.suffix == ".yml" and _COLUMN_NAMES.fullmatch(path.stem):
            continue
        if path.suffix != ".yml" or not (_is_province(path) or path.stem == NATIONAL):
            raise UserError(
                Text(
                    f"口径文件的名称不对，不会被读取：{path.name}",
                    f"A file of definitions has a name that nothing reads: {path.name}",
                ),
                where=str(path),
                todo=Text(
                    "改名为“省代码.yml”（如 520000.yml）、“省代码.columns.yml”（列名对照）或 national.yml，或移出该文件夹，"
                    "然后重新运行；本次未做任何改动。",
                    "Name it after the province's code, like 520000.yml, or 520000.columns.yml for names of columns, or "
                    "national.yml, or take it out of the folder, and run again; nothing was done.",
                ),
            )
    # A code without a file has the national definitions alone: they are read even where no province has a file.
    for code in province_codes(settings) or ["100000"]:
        load_province(settings, code)


def _files(folder: Path) -> list[Path]:
    """The YAML files of a folder that may be absent; hidden ones are an editor's."""
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in found if path.suffix.lower() in (".yml", ".yaml") and not path.name.startswith("."))


def _is_province(path: Path) -> bool:
    return path.suffix == ".yml" and _PROVINCE.fullmatch(path.stem) is not None
