"""A batch's manifest.json (S8): reading it.

Belongs here: its fields and their forms. Does not belong here: comparing it with the folder (`batches.py`) or with the
content (`decide.py`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dagster_project.china_time import in_china
from dagster_project.ingest.archives import told
from dagster_project.ingest.damage import in_words
from dagster_project.language import Text

_SHOWN = 60  # letters of a value that is named
_LARGEST = 64 << 20  # bytes: a hundred thousand files with all their sums need less


@dataclass(frozen=True)
class Manifest:
    """What a manifest.json says of its folder; `files` is None where it has no list, `problem` tells why it cannot be used."""

    folder: Path
    batch: str
    extracted_at: datetime | None = None
    synthetic: bool = False
    province: str | None = None
    delivery: str | None = None
    files: dict[str, dict[str, Any]] | None = None
    problem: Text | None = None


def read_manifest(path: Path, landing: Path) -> Manifest:
    """A manifest.json; one that cannot be used keeps its problem, and its batch is refused with it."""
    folder = path.parent
    name = told(folder, landing)
    try:
        _require_plain(path, landing)
        content = _parsed(path)
        if not isinstance(content, dict):
            raise _Wrong(Text("最外层不是 {…}", "not an object"))
        return Manifest(
            folder=folder,
            batch=str(content.get("batch") or name),
            extracted_at=_china_time(content.get("extracted_at")),
            synthetic=content.get("synthetic") is True,
            province=str(content["province"]) if content.get("province") else None,
            delivery=_delivery(content.get("delivery")),
            files=_files(content.get("files")),
        )
    except (OSError, ValueError) as error:
        why = _why(error)
        problem = Text(
            f"该批次的 manifest.json 无法使用：{why.zh}。请按 S8 的格式改正后重试。",
            f"The batch's manifest.json cannot be used: {why.en}. Correct it by ruling S8 and run again.",
        )
        return Manifest(folder=folder, batch=name, problem=problem)


def _require_plain(path: Path, landing: Path) -> None:
    """Raise _Wrong for what is no file: a pipe would keep intake waiting for ever, and a device never ends."""
    if path.is_symlink():
        if not path.exists():
            raise _Wrong(Text("它是链接，指向的文件不存在或打不开", "it is a link to nothing that can be opened"))
        if not path.resolve().is_relative_to(landing.resolve()):
            raise _Wrong(
                Text("它是链接，指向来源文件夹之外，不会跟随", "it is a link that leads out of the landing folder")
            )
    if path.is_dir():
        raise _Wrong(Text("它是文件夹，不是文件", "it is a folder, not a file"))
    if not path.is_file():
        raise _Wrong(
            Text("它不是普通文件（管道、套接字或设备）", "it is no ordinary file but a pipe, a socket or a device")
        )
    if (size := path.stat().st_size) > _LARGEST:
        raise _Wrong(Text(f"它有 {size >> 20} MB，不像清单", f"it has {size >> 20} MB, which is no list of files"))


def _parsed(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except RecursionError as error:
        raise _Wrong(Text("括号层层嵌套，不是清单", "brackets within brackets, no list of files")) from error


class _Wrong(ValueError):
    """A field of another form than S8 gives it, in words."""

    def __init__(self, text: Text):
        super().__init__(text.en)
        self.text = text


def _entry(file: str, field: str, value: Any, zh: str) -> _Wrong:
    shown = str(value)[:_SHOWN]
    return _Wrong(Text(f"{file} 的 {field} {zh}：{shown}", f"{file}, {field}: {shown}"))


def _why(error: OSError | ValueError) -> Text:
    if isinstance(error, _Wrong):
        return error.text
    if isinstance(error, json.JSONDecodeError):
        line, column = error.lineno, error.colno
        return Text(
            f"第 {line} 行第 {column} 个字符起不是正确的 JSON", f"no JSON from line {line}, character {column} on"
        )
    if isinstance(error, UnicodeDecodeError):
        return Text("不是 UTF-8 编码", "it is not in UTF-8")
    return in_words(error)


def _files(listed: Any) -> dict[str, dict[str, Any]] | None:
    """The entries by file name. Raises _Wrong, naming entry and field, for whatever has another form than S8 gives it."""
    if listed is None:
        return None
    if not isinstance(listed, list):
        raise _Wrong(Text("files 不是列表", "files: not a list"))
    found = {}
    for place, entry in enumerate(listed, 1):
        if not isinstance(entry, dict) or not isinstance(entry.get("file"), str):
            raise _Wrong(Text(f"files 第 {place} 项没有写明 file（文件名）", f"files[{place}], file: no name"))
        rows, sums, sha = entry.get("rows"), entry.get("sums"), entry.get("sha256")
        if rows is not None and (isinstance(rows, bool) or not re.fullmatch("[0-9]{1,18}", str(rows))):
            raise _entry(entry["file"], "rows", rows, "行数不是整数")
        if sha is not None and not isinstance(sha, str):
            raise _entry(entry["file"], "sha256", sha, "不是文字")
        if sums is not None and not isinstance(sums, dict):
            raise _entry(entry["file"], "sums", sums, "不是“列名: 合计”")
        found[entry["file"]] = dict(entry)
    return found


def _china_time(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        shown = str(value)[:_SHOWN]
        raise _Wrong(Text(f"extracted_at 不是日期时间：{shown}", f"extracted_at: {shown}")) from error
    if moment.tzinfo is None:
        return moment
    # Data carry naive China time; an offset in the manifest is exact and is brought to it.
    try:
        return in_china(moment)
    except OverflowError as error:
        shown = str(value)[:_SHOWN]
        raise _Wrong(Text(f"extracted_at 不是日期时间：{shown}", f"extracted_at: {shown}")) from error


def _delivery(value: Any) -> str | None:
    if value is None:
        return None
    if value not in ("full", "increment"):
        raise _Wrong(Text("delivery 须为 full 或 increment", "delivery: neither full nor increment"))
    return str(value)
