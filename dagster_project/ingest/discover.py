"""Which files lie in a landing folder, and which extract each one is.

Belongs here: names (S7), archives as containers, batches and their manifests (S8, what does not need the content).
Does not belong here: opening the data.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from dagster_project.contracts import load_contracts
from dagster_project.ingest.report import Refusal
from dagster_project.language import Text

TEXT_SUFFIXES = (".csv", ".txt", ".tsv")
DATA_SUFFIXES = (*TEXT_SUFFIXES, ".parquet", ".xlsx")
PACKED_SUFFIXES = (".gz", ".zst", ".zip")
# Files that belong to the landing folder itself and are no extracts.
HOUSEKEEPING = {"manifest.json", "synthetic.json", "truth.json"}


@dataclass(frozen=True)
class Manifest:
    """What a manifest.json says of its folder; `problem` when it cannot be used."""

    folder: Path
    batch: str
    extracted_at: datetime | None = None
    synthetic: bool = False
    province: str | None = None
    delivery: str | None = None
    files: dict[str, dict[str, Any]] | None = None
    problem: Text | None = None


@dataclass(frozen=True)
class LandedFile:
    """One data file, or one member of an archive."""

    path: Path
    source_file: str  # relative to the landing folder, '/' between parts; a member after its archive's name
    extract: str | None
    member: str | None = None  # inside a .zip
    manifest: Manifest | None = None
    is_data: bool = True  # a suffix that could hold an extract
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
        name = self.path.relative_to(self.manifest.folder).as_posix()
        if self.member:
            return self.manifest.files.get(f"{name}/{self.member}") or self.manifest.files.get(self.member) or {}
        return self.manifest.files.get(name) or {}

    @property
    def archive_entry(self) -> dict[str, Any]:
        """The manifest's entry of the file on disk."""
        if self.manifest is None or self.manifest.files is None:
            return {}
        return self.manifest.files.get(self.path.relative_to(self.manifest.folder).as_posix()) or {}


@dataclass
class Landing:
    """Everything found below a landing folder."""

    files: list[LandedFile] = field(default_factory=list)
    manifests: list[Manifest] = field(default_factory=list)


def extract_of(name: str) -> str | None:
    """Extract of a file name: its stem is a table name or starts with one and `_`; the longest wins (S7)."""
    stem = name.lower()
    while Path(stem).suffix in (*DATA_SUFFIXES, *PACKED_SUFFIXES):
        stem = stem[: -len(Path(stem).suffix)]
    for table in sorted(load_contracts(), key=len, reverse=True):
        if stem == table or stem.startswith(table + "_"):
            return table
    return None


def find_files(landing: Path) -> Landing:
    """All files below a landing folder in the order of their names."""
    found = Landing()
    manifests: dict[Path, Manifest] = {}
    for path in sorted(landing.rglob("manifest.json")):
        manifests[path.parent] = read_manifest(path, landing)
    found.manifests = list(manifests.values())
    for path in sorted(landing.rglob("*")):
        name = path.name
        hidden = any(part.startswith((".", "~$")) for part in path.relative_to(landing).parts)
        if not path.is_file() or hidden or name in HOUSEKEEPING:
            continue
        found.files.extend(_files_of(path, landing, manifests))
    return found


def describe(path: Path, landing: Path) -> list[LandedFile]:
    """One file as intake would see it (several for an archive), without its manifest's listing."""
    folder = path.parent / "manifest.json"
    manifests = {path.parent: read_manifest(folder, landing)} if folder.exists() else {}
    return _files_of(path, landing, manifests)


def _files_of(path: Path, landing: Path, manifests: dict[Path, Manifest]) -> list[LandedFile]:
    manifest = next((manifests[folder] for folder in path.parents if folder in manifests), None)
    source = path.relative_to(landing).as_posix() if path.is_relative_to(landing) else path.name
    suffix = path.suffix.lower()
    if suffix != ".zip":
        inner = Path(path.stem).suffix.lower() if suffix in (".gz", ".zst") else suffix
        return [
            LandedFile(path, source, extract_of(path.name), manifest=manifest, is_data=inner in DATA_SUFFIXES),
        ]
    try:
        with zipfile.ZipFile(path) as archive:
            members = [
                item.filename
                for item in archive.infolist()
                if not item.is_dir()
                and Path(item.filename).name not in HOUSEKEEPING
                and not Path(item.filename).name.startswith((".", "~$"))
                and not item.filename.startswith("__MACOSX")
            ]
    except (zipfile.BadZipFile, OSError):
        problem = Text(
            "压缩包已损坏，无法打开；请重新拷贝。", "The archive is damaged and cannot be opened; copy it again."
        )
        return [LandedFile(path, source, extract_of(path.name), manifest=manifest, problem=problem)]
    if not members:
        problem = Text("压缩包里没有文件。", "The archive holds no file.")
        return [LandedFile(path, source, extract_of(path.name), manifest=manifest, problem=problem)]
    by_archive = extract_of(path.name)
    return [
        LandedFile(
            path, f"{source}/{member}", extract_of(Path(member).name) or by_archive, member=member, manifest=manifest,
            is_data=Path(member).suffix.lower() in DATA_SUFFIXES,
        )
        for member in sorted(members)
    ]  # fmt: skip


def read_manifest(path: Path, landing: Path) -> Manifest:
    """A manifest.json; one that cannot be used keeps its problem, and its batch is refused with it."""
    folder = path.parent
    name = folder.relative_to(landing).as_posix() if folder.is_relative_to(landing) else folder.name
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
        if not isinstance(content, dict):
            raise ValueError("not an object")
        files = content.get("files")
        return Manifest(
            folder=folder,
            batch=str(content.get("batch") or name),
            extracted_at=_china_time(content.get("extracted_at")),
            synthetic=content.get("synthetic") is True,
            province=str(content["province"]) if content.get("province") else None,
            delivery=_delivery(content.get("delivery")),
            files=None if files is None else {str(entry["file"]): dict(entry) for entry in files},
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        problem = Text(
            f"该批次的 manifest.json 无法使用（{type(error).__name__}）；请按 S8 的格式改正后重试。",
            f"The batch's manifest.json cannot be used ({type(error).__name__}); correct it by ruling S8 and run again.",
        )
        return Manifest(folder=folder, batch=name, problem=problem)


def _china_time(value: Any) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        return moment
    # Data carry naive China time; an offset in the manifest is exact and is brought to it.
    return moment.astimezone(timezone(timedelta(hours=8))).replace(tzinfo=None)


def _delivery(value: Any) -> str | None:
    if value is None:
        return None
    if value not in ("full", "increment"):
        raise ValueError("delivery")
    return str(value)


def refused_batches(found: Landing, landing: Path, loaded: set[str]) -> dict[Path, Text]:
    """Folders of the batches that are refused by their manifest, with the reason; `loaded` are source files."""
    refused = {}
    for manifest in found.manifests:
        mine = [file for file in found.files if file.manifest is not None and file.manifest.folder == manifest.folder]
        try:
            check_listing(manifest, mine, landing, loaded)
        except Refusal as refusal:
            refused[manifest.folder] = refusal.reason
    return refused


def check_listing(manifest: Manifest, files: list[LandedFile], landing: Path, loaded: set[str]) -> None:
    """Compare a manifest's list with its folder (S8); files loaded before do not count.

    Raises Refusal, which holds for every new file of the batch.
    """
    if manifest.problem is not None:
        raise Refusal(manifest.problem)
    if manifest.files is None:
        return
    here = {file.path.relative_to(manifest.folder).as_posix() for file in files if file.is_data}
    members = {f"{file.path.relative_to(manifest.folder).as_posix()}/{file.member}" for file in files if file.member}
    members |= {file.member for file in files if file.member}
    loaded_here = {
        (landing / source).relative_to(manifest.folder).as_posix()
        for source in loaded
        if (landing / source).is_relative_to(manifest.folder)
    }
    loaded_here |= {str(Path(name).parent.as_posix()) for name in loaded_here}
    absent = sorted(name for name in manifest.files if name not in here | members | loaded_here)
    if absent:
        raise Refusal(
            Text(
                f"批次清单列出的文件缺失：{'、'.join(absent[:5])}；补齐后整批再入库（S8）。",
                f"The manifest lists files that are absent: {', '.join(absent[:5])}; complete the batch and run again (S8).",
            )
        )
    listed = set(manifest.files)
    unlisted = sorted(
        {
            file.source_file
            for file in files
            if file.is_data
            and file.source_file not in loaded
            and not ({file.path.relative_to(manifest.folder).as_posix(), file.member} & listed)
            and f"{file.path.relative_to(manifest.folder).as_posix()}/{file.member}" not in listed
        }
    )
    if unlisted:
        raise Refusal(
            Text(
                f"文件未列入批次清单 manifest.json：{'、'.join(unlisted[:5])}；请更正清单（S8）。",
                f"Files not listed in manifest.json: {', '.join(unlisted[:5])}; correct the manifest (S8).",
            )
        )


def unknown_name(file: LandedFile) -> Text:
    """What to say of a file whose name is no extract's."""
    if Path(file.inner_name).name.lower().startswith("outmed_"):
        return Text(
            "outmed_ 开头的是就医地数据，不属于首批抽取，也不与参保人合计相加；未入库。",
            "outmed_ files are treatment-side data: not part of this intake, never added to insured totals; left out.",
        )
    tables = ", ".join(load_contracts())
    return Text(
        f"文件名不是任何抽取表；应为“表名”或“表名_任意”，如 setl_d_202401.csv。可用表名：{tables}（S7）。",
        f"The name is no extract's; it must be a table name or start with one and '_', like setl_d_202401.csv. "
        f"Tables: {tables} (S7).",
    )
