"""Which files lie in a landing folder, and which extract each one is.

Belongs here: names (S7), links. Does not belong here: members of an archive (`archives.py`), what a manifest says
(`manifest.py`) and asks of its batch (`batches.py`), opening the data.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagster_project.contracts import load_contracts
from dagster_project.ingest import archives
from dagster_project.ingest.archives import HOUSEKEEPING
from dagster_project.ingest.likely_names import likely_names
from dagster_project.ingest.manifest import Manifest, read_manifest
from dagster_project.ingest.report import Refusal
from dagster_project.language import Text

TEXT_SUFFIXES = (".csv", ".txt", ".tsv")
DATA_SUFFIXES = (*TEXT_SUFFIXES, ".parquet", ".xlsx")
PACKED_SUFFIXES = (".gz", ".zst", ".zip")
# A pipe would keep whoever reads it waiting for ever, and a device never ends.
NO_ORDINARY_FILE = Text("这不是普通文件；请放入文件本身。", "This is no ordinary file; put the file itself here.")


@dataclass(frozen=True)
class LandedFile:
    """One data file, or one member of an archive."""

    path: Path
    source_file: str  # relative to the landing folder, '/' between parts; a member after its archive's name
    extract: str | None
    member: str | None = None  # inside a .zip
    place: int = 0  # of the member among all of the archive
    manifest: Manifest | None = None
    is_data: bool = True  # a file with a suffix that could hold an extract
    problem: Text | None = None

    @property
    def inner_name(self) -> str:
        """Name of the data file itself, without .gz or .zst."""
        name = Path(self.member).name if self.member else self.path.name
        return name[: -len(Path(name).suffix)] if Path(name).suffix.lower() in (".gz", ".zst") else name

    @property
    def entry(self) -> dict[str, Any]:
        """The manifest's entry of this file (of its archive for a member that is not listed itself)."""
        if self.manifest is None or self.manifest.files is None:
            return {}
        name = archives.told(self.path, self.manifest.folder)
        if self.member:
            return self.manifest.files.get(f"{name}/{self.member}") or self.manifest.files.get(self.member) or {}
        return self.manifest.files.get(name) or {}

    @property
    def archive_entry(self) -> dict[str, Any]:
        """The manifest's entry of the file on disk."""
        if self.manifest is None or self.manifest.files is None:
            return {}
        return self.manifest.files.get(archives.told(self.path, self.manifest.folder)) or {}


@dataclass
class Landing:
    """Everything found below a landing folder."""

    files: list[LandedFile] = field(default_factory=list)
    manifests: list[Manifest] = field(default_factory=list)


def extract_of(name: str) -> str | None:
    """Extract of a file name: its stem is a table name or starts with one and `_`; the longest wins (S7).

    A suffix that intake does not read is one all the same: setl_d.xls is an extract in a form that is refused.
    """
    stem = name.lower()
    while Path(stem).suffix in PACKED_SUFFIXES:
        stem = Path(stem).stem
    is_data = Path(stem).suffix in DATA_SUFFIXES
    while Path(stem).suffix in DATA_SUFFIXES:
        stem = Path(stem).stem
    if not is_data:
        stem = Path(stem).stem
    for table in sorted(load_contracts(), key=len, reverse=True):
        if stem == table or stem.startswith(table + "_"):
            return table
    return None


def find_files(landing: Path) -> Landing:
    """All files below a landing folder in the order of their names."""
    found = Landing()
    paths = sorted(landing.rglob("*"))
    # One that is a link to nothing is read too: its batch is refused with it, not taken in as if it had none.
    manifests = {path.parent: read_manifest(path, landing) for path in paths if path.name == "manifest.json"}
    found.manifests = list(manifests.values())
    not_searched: set[Path] = set()
    for path in paths:
        name = path.name
        hidden = any(part.startswith((".", "~$")) for part in path.relative_to(landing).parts)
        if hidden or name in HOUSEKEEPING or not not_searched.isdisjoint(path.parents):
            continue
        problem = _leads_out(path, landing) if path.is_file() else _no_file(path, landing)
        if problem is not None:
            not_searched.add(path)
            source, manifest = archives.told(path, landing), _manifest_of(path, manifests)
            found.files.append(
                LandedFile(path, source, extract_of(name), manifest=manifest, is_data=False, problem=problem)
            )
        elif path.is_file():
            found.files.extend(_files_of(path, landing, manifests))
    return found


def _leads_out(path: Path, landing: Path) -> Text | None:
    """Why a file is not read for where it lies or what it is called: whoever may drop files into a folder is not thereby allowed
    to have any file of the machine read."""
    if path.is_symlink() and not path.resolve().is_relative_to(landing.resolve()):
        return Text(
            "这个链接指向来源文件夹之外，不会跟随；请放入文件本身（同一磁盘上可用硬链接）。",
            "This link leads out of the landing folder and is not followed; put the file itself here (a hard link will do).",
        )
    return None if archives.is_plain(path.name) else archives.no_plain_name()


def _no_file(path: Path, landing: Path) -> Text | None:
    """What to say of something that is no file and yet was meant to bring data; None for an ordinary folder."""
    if path.is_symlink():
        if path.is_dir():
            return Text(
                "这是指向文件夹的链接，不会跟随；请把文件夹本身放进来。",
                "This is a link to a folder and is not followed; put the folder itself here.",
            )
        return Text(
            "这个链接指向的文件不存在或打不开；请检查它所在的磁盘或共享目录，或放入文件本身。",
            "This link points at nothing that can be opened; check the disk or share behind it, or put the file itself here.",
        )
    if path.is_dir() and not os.access(path, os.R_OK | os.X_OK):
        return Text(
            "这个文件夹没有读取权限，里面的文件一个也没有看到；请授权后再次运行。",
            "There is no right to read this folder, and no file in it was seen; grant it and run again.",
        )
    if path.suffix.lower() not in (*DATA_SUFFIXES, *PACKED_SUFFIXES):
        return None
    if not path.is_dir():
        return NO_ORDINARY_FILE
    if extract_of(path.name) is None:
        return None
    # A folder that holds landed files is a batch, whatever its name.
    inside = [file for inner in sorted(path.rglob("*")) if inner.is_file() for file in _files_of(inner, landing, {})]
    if any(file.extract is not None for file in inside):
        return None
    return Text(
        "这是文件夹，不是文件，里面也没有以表名开头的文件；请导出为单个文件，或给其中的文件改成“表名_任意”的名字（S7）。",
        "This is a folder, not a file, and no file in it has the name of an extract; export one file, or name the files in it "
        "after their table (S7).",
    )


def describe(path: Path, landing: Path) -> list[LandedFile]:
    """One file as intake would see it (several for an archive), without its manifest's listing."""
    folder = path.parent / "manifest.json"
    manifests = {path.parent: read_manifest(folder, landing)} if folder.exists() else {}
    return _files_of(path, landing, manifests)


def _manifest_of(path: Path, manifests: dict[Path, Manifest]) -> Manifest | None:
    return next((manifests[folder] for folder in path.parents if folder in manifests), None)


def _files_of(path: Path, landing: Path, manifests: dict[Path, Manifest]) -> list[LandedFile]:
    manifest = _manifest_of(path, manifests)
    source = archives.told(path, landing)
    suffix = path.suffix.lower()
    if suffix != ".zip":
        inner = Path(path.stem).suffix.lower() if suffix in (".gz", ".zst") else suffix
        return [
            LandedFile(path, source, extract_of(path.name), manifest=manifest, is_data=inner in DATA_SUFFIXES),
        ]
    by_archive = extract_of(path.name)
    try:
        members = archives.members(path)
    except Refusal as refusal:
        return [LandedFile(path, source, by_archive, manifest=manifest, problem=refusal.reason)]
    return [
        LandedFile(
            path, f"{source}/{member.name}", extract_of(Path(member.name).name) or by_archive, member=member.name,
            place=member.place, manifest=manifest, problem=member.problem,
            is_data=member.problem is None and Path(member.name).suffix.lower() in DATA_SUFFIXES,
        )
        for member in members
    ]  # fmt: skip


def unknown_name(file: LandedFile) -> Text:
    """What to say of a file whose name is no extract's."""
    if file.problem is not None and not file.is_data:
        return file.problem
    if Path(file.inner_name).name.lower().startswith("outmed_"):
        return Text(
            "outmed_ 开头的是就医地数据，只接收其中的结算表 outmed_setl_d；就诊和费用明细没有指标使用，未入库（L71）。",
            "outmed_ files are treatment-side data, of which settlements (outmed_setl_d) are taken in; no figure is made of encounters "
            "and charge lines, so this was left out (L71).",
        )
    tables = ", ".join(load_contracts())
    if likely := likely_names(Path(file.member or file.path.name).name):
        known = [(name, contract) for name in likely for contract in [load_contracts()[str(extract_of(name))]]]
        zh = "、".join(f"{contract.name_zh}（应名为 {name}）" for name, contract in known)
        en = ", ".join(f"{name} ({contract.name_en})" for name, contract in known)
        return Text(
            f"文件名不是任何抽取表，未入库；像是{zh}。请核对内容后改名（“表名”或“表名_任意”）。可用表名：{tables}（S7）。",
            f"The name is no extract's, and nothing was loaded. It looks like {en}: look at the content and rename it (a table name, "
            f"or one and '_' and anything). Tables: {tables} (S7).",
        )
    return Text(
        f"文件名不是任何抽取表；应为“表名”或“表名_任意”，如 setl_d_202401.csv。可用表名：{tables}（S7）。",
        f"The name is no extract's; it must be a table name or start with one and '_', like setl_d_202401.csv. "
        f"Tables: {tables} (S7).",
    )
