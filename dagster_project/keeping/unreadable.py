"""What it means to people that a kept file or a table cannot be read: words in the place of what a library says.

Belongs here: which error tells of what, and what to do about it. Does not belong here: finding such a file or table (`verify.py`),
files as they are delivered (`ingest/damage.py`).
"""

from __future__ import annotations

from dagster_project.errors import about_memory
from dagster_project.ingest.damage import in_words, is_of_the_machine
from dagster_project.language import Text

_DISK = Text("磁盘读写出错或已满：先检查磁盘", "the disk failed or is full: look at it first")


def unreadable_file(error: Exception) -> Text:
    """Of a raw or quarantine file."""
    if (machine := _of_machine(error)) is not None:
        return machine
    if isinstance(error, OSError):
        why = in_words(error)
        return Text(f"无法读取：{why.zh}", f"cannot be read: {why.en}")
    return Text(
        "无法读取：不是完整的 Parquet 文件，被截断或改动过；从备份按同一路径拷回",
        "cannot be read: it is no whole Parquet file but was cut short or changed; copy it back from a backup to the same path",
    )


def unreadable_table(error: Exception) -> Text:
    """Of a table of the warehouse."""
    return _of_machine(error) or Text(
        "表无法读取：仓库文件 warehouse.duckdb 的这一部分已损坏；从备份拷回整个 warehouse.duckdb，或用 bulletin restore 取回备份",
        "cannot be read: this part of the warehouse file warehouse.duckdb is damaged; copy all of warehouse.duckdb back from a backup, "
        "or bring one back with `bulletin restore`",
    )


def _of_machine(error: Exception) -> Text | None:
    """What a machine lacks is no fault of what was read."""
    said = str(error).lower()
    if is_of_the_machine(error) or "no space left" in said or "input/output error" in said:
        return _DISK
    return about_memory(str(error))
