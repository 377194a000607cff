"""What says that data are invented, and that invented and real data never meet in one home (L19).

Belongs here: the marks of a file, the kind of a home, the refusal. Does not belong here: making a sample, and whatever
says "synthetic" on what is made of it.

A mark belongs to the file itself: its batch's manifest says synthetic and lists it, its own metadata say so, its people
cannot exist, or it is a text file that names nobody and its own name says so. A marker file in a folder is no mark:
copied along it would turn real files into invented ones, and deleted it would turn invented ones into real ones.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import duckdb

from dagster_project.contracts import Contract
from dagster_project.ingest.discover import TEXT_SUFFIXES, LandedFile
from dagster_project.ingest.report import Refusal
from dagster_project.ingest.store import literal
from dagster_project.language import Text

Kind = Literal["synthetic", "real", "mixed"]
# Whoever begins with this region code cannot exist: invented people carry it (data dictionary, section 6).
IMPOSSIBLE_REGION = "990000"
# Text has no metadata: whatever of a sample is text and names nobody carries this before the end of its name.
NAME_MARK = "_synthetic"
_MOST_PROPERTIES = 1 << 20
_REMARK = re.compile(rb"<dc:description>([^<]*)</dc:description>")


def parquet_says(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Whether a Parquet file's own metadata call it synthetic."""
    found = connection.execute(
        f"select count(*) from parquet_kv_metadata({literal(path)}) "
        "where decode(key) = 'synthetic' and lower(decode(value)) = 'true'"
    ).fetchone()
    return found != (0,)


def workbook_says(path: Path) -> bool:
    """Whether the remark among a workbook's properties calls it synthetic."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open("docProps/core.xml") as stream:
            remark = _REMARK.search(stream.read(_MOST_PROPERTIES))
    except (KeyError, OSError, zipfile.BadZipFile):
        return False
    return remark is not None and ("合成数据".encode() in remark.group(1) or b"synthetic data" in remark.group(1))


def is_listed(file: LandedFile) -> bool:
    """Whether the file's batch is synthetic by its manifest, and lists the file."""
    return bool(file.manifest and file.manifest.synthetic and (file.entry or file.archive_entry))


def is_named(file: LandedFile, contract: Contract) -> bool:
    """Whether the name of a text file calls it synthetic; people are told by their numbers, whatever the name says."""
    name = Path(file.inner_name.lower())
    personal = any(column.landed == "pseudonym" for column in contract.columns)
    return not personal and name.suffix in TEXT_SUFFIXES and name.stem.endswith(NAME_MARK)


def kind_of(marked: bool, persons: int, invented: int) -> Kind:
    """The kind of a file from its mark and from how many of its people cannot exist."""
    if marked or (invented and invented == persons):
        return "synthetic"
    return "mixed" if invented else "real"


def kind_of_home(recorded: str | None, files: Iterable[LandedFile]) -> Kind | None:
    """What a home holds: what was recorded with its first load, else synthetic when a synthetic batch waits there.

    None for a home that may become either.
    """
    if recorded is not None:
        return "synthetic" if recorded == "true" else "real"
    return "synthetic" if any(is_listed(file) for file in files) else None


def never_mixed(home: Kind | None, rows: int, kind: Kind, invented: int = 0) -> None:
    """Raise Refusal when invented data meet a real home, or the other way round, or each other in one file."""
    if not rows or (kind != "mixed" and home in (None, kind)):
        return
    rule = Text("合成数据与真实数据绝不混放（L19）：", "Synthetic and real data never mix (L19): ")
    if kind == "mixed":
        what = Text(
            f"该文件里有 {invented} 人的编号以 {IMPOSSIBLE_REGION} 开头（不可能存在的人），其余不是。请把两种来源分开导出。",
            f"the numbers of {invented} of its people begin with {IMPOSSIBLE_REGION} (people that cannot exist), the "
            "others do not. Export the two sources apart.",
        )
    elif kind == "synthetic":
        what = Text(
            "该文件带合成标记，而本家目录装的是真实数据。请把它移出；样本放在自己的家目录（如 --home data/sample）。",
            "the file is marked as synthetic and this home holds real data. Take it out; a sample lives in a home of its "
            "own (such as --home data/sample).",
        )
    else:
        what = Text(
            "本家目录装的是合成样本，而该文件没有自己的合成标记（所在批次的清单 manifest.json 没有把它列为合成数据，文件名不以 "
            f"{NAME_MARK} 结尾，人员编号也不是 {IMPOSSIBLE_REGION} 开头），因此按真实数据对待。真实文件请放到另一个家目录（如 "
            "--home data/home）；样本文件请连同其批次文件夹和 manifest.json 一起放入。",
            "this home holds a synthetic sample and the file has no mark of its own (no synthetic manifest.json lists it, "
            f"its name does not end in {NAME_MARK}, its people do not begin with {IMPOSSIBLE_REGION}), so it counts as "
            "real. Put real files into another home (such as --home data/home), files of a sample together with their "
            "batch folder and its manifest.json.",
        )
    raise Refusal(Text(rule.zh + what.zh, rule.en + what.en))
