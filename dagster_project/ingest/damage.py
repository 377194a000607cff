"""What broken bytes look like from here: errors of the libraries that read files, and the refusal that they become.

Belongs here: which errors mean that the file is at fault. Does not belong here: a machine that is (a full disk, too little
memory): those end the run, and the same file is taken in afterwards.
"""

from __future__ import annotations

import errno
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


def damaged(error: BaseException) -> Refusal:
    """The refusal of a file that cannot be read."""
    kind = type(error).__name__
    return Refusal(
        Text(
            f"文件已损坏、加密或无法读取（{kind}）；请重新导出或拷贝。",
            f"The file is damaged, encrypted or unreadable ({kind}); export or copy it again.",
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
