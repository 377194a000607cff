"""Text encodings, decided on the whole file (S12).

Belongs here: finding the encoding and handing on a UTF-8 file. Does not belong here: separators and cells.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import IO

from dagster_project.ingest.report import Refusal
from dagster_project.language import Text

CHUNK = 1 << 22
# Above so many correct UTF-8 characters before the first error, a file is damaged UTF-8 and not GB18030: a pair of
# GB18030 bytes is correct UTF-8 by chance in fewer than one case in six.
_CERTAIN = 12


def as_utf8(open_stream: Callable[[], IO[bytes]], plain: Path | None, target: Path) -> tuple[Path, str]:
    """A UTF-8 file with the content of a stream, and the name of the encoding it was in.

    `plain` is the file itself when it needs no unpacking; it is returned as it is when it is UTF-8 already. Otherwise
    the text is written to `target`. Raises Refusal with the offset of the first byte that cannot be decoded.
    """
    with open_stream() as stream:
        head = stream.read(4)
    if not head:
        raise Refusal(Text("文件为空（0 字节）；请重新导出。", "The file is empty (0 bytes); export it again."))
    for magic, what in ((b"PAR1", "Parquet"), (b"PK\x03\x04", "xlsx / zip"), (b"\xd0\xcf\x11\xe0", "xls")):
        if head.startswith(magic):
            raise Refusal(
                Text(
                    f"扩展名是文本，内容却是 {what}；请改正扩展名。",
                    f"Named as text but holds {what}; correct the suffix.",
                )
            )
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        failed = _recode(open_stream, "utf-16", target)
        if failed is not None:
            raise _undecodable(failed)
        return target, "UTF-16"
    offset, certain = _check_utf8(open_stream, None if plain else target)
    if offset is None:
        return plain or target, "UTF-8 BOM" if head.startswith(codecs.BOM_UTF8) else "UTF-8"
    if certain:
        raise _undecodable(offset)
    failed = _recode(open_stream, "gb18030", target)
    if failed is not None:
        raise _undecodable(failed)
    return target, "GB18030"


def _undecodable(offset: int) -> Refusal:
    return Refusal(
        Text(
            f"第 {offset} 字节起无法解码（既非 UTF-8，也非 GB18030 或带 BOM 的 UTF-16，S12）；请重新导出。",
            f"Bytes cannot be decoded from offset {offset} on (neither UTF-8, GB18030 nor UTF-16 with BOM, S12); "
            "export the file again.",
        )
    )


def _check_utf8(open_stream: Callable[[], IO[bytes]], target: Path | None) -> tuple[int | None, bool]:
    """Offset of the first byte that is not UTF-8 (None: all is), and whether the file is UTF-8 all the same."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    seen = wide = 0
    with open_stream() as stream, target.open("wb") if target else nullcontext() as out:
        while True:
            chunk = stream.read(CHUNK)
            pending = len(decoder.getstate()[0])
            try:
                if pending or not chunk.isascii():
                    text = decoder.decode(chunk, final=not chunk)
                    wide += len(text.encode("utf-8")) - len(text) if wide <= _CERTAIN else 0
                elif not chunk:
                    decoder.decode(b"", final=True)
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode("utf-8", "ignore")
                wide += len(good.encode("utf-8")) - len(good)
                return seen - pending + error.start, wide > 2 * _CERTAIN
            if not chunk:
                return None, True
            seen += len(chunk)
            if out is not None:
                out.write(chunk)


def _recode(open_stream: Callable[[], IO[bytes]], encoding: str, target: Path) -> int | None:
    """Write a stream as UTF-8; the offset of the first byte that cannot be decoded, or None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    seen = 0
    with open_stream() as stream, target.open("wb") as out:
        while True:
            chunk = stream.read(CHUNK)
            pending = len(decoder.getstate()[0])
            try:
                out.write(decoder.decode(chunk, final=not chunk).encode("utf-8", "surrogatepass"))
            except UnicodeDecodeError as error:
                return seen - pending + error.start
            if not chunk:
                return None
            seen += len(chunk)
