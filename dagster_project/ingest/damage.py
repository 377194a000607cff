"""What broken bytes look like from here: errors of the libraries that read files, and the refusal that they become.

Belongs here: which errors mean that the file is at fault. Does not belong here: a machine that is (a full disk, too little
memory): those end the run, and the same file is taken in afterwards.
"""

from __future__ import annotations

import errno
import gzip
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from dagster_project.ingest.report import Refusal
from dagster_project.language import Text

# Errors of unpacking and of reading a container, as far as its bytes can cause them.
BROKEN = (
    OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, pa.ArrowInvalid, RuntimeError,
    NotImplementedError, UnicodeDecodeError, OverflowError,
)  # fmt: skip
# What a machine lacks is no fault of a file.
_MACHINE = {errno.ENOSPC, errno.ENOMEM, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EIO, errno.EROFS}
_SQL_OF_MACHINE = (duckdb.OutOfMemoryException, duckdb.InterruptException, duckdb.FatalException)
_SAID_OF_MACHINE = (
    "no space left",
    "out of memory",
    "failed to offload",
    "could not allocate",
    "disk quota",
    "read-only",
)


def is_of_the_machine(error: BaseException) -> bool:
    """Whether an error tells of a full disk or the like, whatever was being read."""
    return isinstance(error, OSError) and error.errno in _MACHINE


# What an error says of the file, in words; the first that fits. Libraries' own names and texts say nothing to a person.
_IN_WORDS: tuple[tuple[type[BaseException], Text], ...] = (
    (PermissionError, Text("没有读取它的权限", "there is no right to read it")),
    (FileNotFoundError, Text("它已不在原处", "it is no longer there")),
    (EOFError, Text("内容到一半就没有了，像是没有拷贝完", "it ends halfway, as when copying was cut short")),
    (gzip.BadGzipFile, Text("压缩内容校验不符或后面多了别的内容", "what was packed fails its checksum, or something stands behind it")),
    (zipfile.BadZipFile, Text("压缩包的结构或校验不符", "the archive's structure or a checksum is wrong")),
    (zlib.error, Text("压缩内容解不开", "what was packed cannot be unpacked")),
    (lzma.LZMAError, Text("压缩内容解不开", "what was packed cannot be unpacked")),
    (NotImplementedError, Text("用了不支持的压缩或加密方式", "it is packed or encrypted in a way that is not read")),
    (RuntimeError, Text("设了密码，或压缩方式不支持", "it has a password, or is packed in a way that is not read")),
    (UnicodeDecodeError, Text("其中的文字无法解码", "text in it cannot be decoded")),
    (OSError, Text("读到一半出错，内容解不开或磁盘、共享目录有问题", "reading failed: what was packed cannot be unpacked, or the disk or share is at fault")),
)  # fmt: skip
_OTHERWISE = Text("内部结构与这种格式不符", "its inner structure is not that of its form")


def in_words(error: BaseException) -> Text:
    """What an error says of a file that was being read."""
    return next((words for kind, words in _IN_WORDS if isinstance(error, kind)), _OTHERWISE)


def damaged(error: BaseException) -> Refusal:
    """The refusal of a file that cannot be read."""
    why = in_words(error)
    return Refusal(
        Text(
            f"文件已损坏或无法读取：{why.zh}；请重新导出或拷贝。",
            f"The file is damaged or unreadable: {why.en}; export or copy it again.",
        )
    )


@contextmanager
def told_when_broken() -> Iterator[None]:
    """Raise Refusal where the bytes of a file are at fault; errors of the machine go on as they are."""
    try:
        yield
    except BROKEN as error:
        if is_of_the_machine(error):
            raise
        raise damaged(error) from error


@contextmanager
def told_when_pages_are_broken(is_delivered: bool = True) -> Iterator[None]:
    """The same for a Parquet file that SQL reads: its footer may be whole, and its pages are not.

    Without effect on a work file, which is ours (not `is_delivered`).
    """
    try:
        yield
    except duckdb.Error as error:
        if (
            not is_delivered
            or isinstance(error, _SQL_OF_MACHINE)
            or any(words in str(error).lower() for words in _SAID_OF_MACHINE)
        ):
            raise
        raise damaged(error) from error
