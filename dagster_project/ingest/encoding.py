"""Text encodings, decided on the whole file (S12).

Belongs here: finding the encoding and handing on a UTF-8 file, and what speaks against the decision. Does not belong here:
separators and cells.
"""

from __future__ import annotations

import codecs
import os
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from dagster_project.ingest.doubts import Doubt
from dagster_project.ingest.forms import require_text
from dagster_project.ingest.quotes import Tally
from dagster_project.ingest.report import Refusal
from dagster_project.language import Text

CHUNK = 1 << 22
_HEAD = 256  # what tells a form: magic bytes, and the name of the first member of an archive
# Above so many correct UTF-8 characters before the first error, a file is damaged UTF-8 and not GB18030: a pair of
# GB18030 bytes is correct UTF-8 by chance in fewer than one case in six.
_CERTAIN = 12


# Letters looked at in each piece of a text that is no UTF-8; of Chinese text nearly all belong to GB 2312.
_LOOKED_AT = 1 << 16
_FEWEST_ODD, _SHARE_ODD = 5, 0.2
_END = b"\x1a"  # Ctrl-Z, with which DOS ends a text
_MARK_OF_LOSS = "\ufffd".encode()  # what a converter writes for a letter that it could not read


@dataclass(frozen=True)
class Decoded:
    """A text in UTF-8, the encoding it was in, what was counted on the way, and why the decision may be wrong."""

    path: Path
    encoding: str
    tally: Tally
    doubt: Doubt | None = None
    ended: bool = False  # by Ctrl-Z, as DOS ends a text; it is no part of it


def as_utf8(open_stream: Callable[[], IO[bytes]], plain: Path | None, target: Path) -> Decoded:
    """A UTF-8 file with the content of a stream, without a Ctrl-Z at its end.

    `plain` is the file itself when it needs no unpacking; it is returned as it is when it is UTF-8 already. Otherwise
    the text is written to `target`. Raises Refusal with the offset of the first byte that cannot be decoded.
    """
    found = _decoded(open_stream, plain, target)
    with found.path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - CHUNK))
        tail = stream.read()
        text = tail.rstrip(_END + b"\r\n")
        text += tail[len(text) :].partition(_END)[0]  # the line's own end stays
        if len(text) == len(tail):
            return found
        if found.path != target:
            stream.seek(0)
            with target.open("wb") as out:
                shutil.copyfileobj(stream, out, CHUNK)
    os.truncate(target, size - len(tail) + len(text))
    found.tally.lines -= text.endswith((b"\n", b"\r"))  # the mark stood on a line of its own
    return replace(found, path=target, ended=True)


def _decoded(open_stream: Callable[[], IO[bytes]], plain: Path | None, target: Path) -> Decoded:
    with open_stream() as stream:
        head = stream.read(_HEAD)
    if not head:
        raise Refusal(Text("文件为空（0 字节）；请重新导出。", "The file is empty (0 bytes); export it again."))
    require_text(head)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        tally = Tally()
        failed, _ = _recode(open_stream, "utf-16", target, tally)
        if failed is not None:
            raise _undecodable(failed)
        return Decoded(target, "UTF-16", tally)
    tally = Tally()
    offset, certain, lost = _check_utf8(open_stream, None if plain else target, tally)
    if offset is None:
        name = "UTF-8 BOM" if head.startswith(codecs.BOM_UTF8) else "UTF-8"
        return Decoded(plain or target, name, tally, _lost(lost) if lost else None)
    if certain:
        raise _undecodable(offset)
    tally = Tally()
    failed, doubt = _recode(open_stream, "gb18030", target, tally)
    if failed is not None:
        raise _undecodable(failed)
    return Decoded(target, "GB18030", tally, doubt)


def _undecodable(offset: int) -> Refusal:
    return Refusal(
        Text(
            f"第 {offset} 字节起无法解码（既非 UTF-8，也非 GB18030 或带 BOM 的 UTF-16，S12）；请重新导出。",
            f"Bytes cannot be decoded from offset {offset} on (neither UTF-8, GB18030 nor UTF-16 with BOM, S12); "
            "export the file again.",
        )
    )


def _lost(letters: int) -> Doubt:
    return Doubt(
        "encoding",
        Text(
            f"文件里有 {letters} 个替换字符（�）：交付前已经转码损坏过，名称等文字可能不完整",
            f"the file holds {letters} replacement characters (�): it was damaged by a conversion before it was delivered, so "
            "that names may be incomplete",
        ),
    )


def _check_utf8(
    open_stream: Callable[[], IO[bytes]], target: Path | None, tally: Tally
) -> tuple[int | None, bool, int]:
    """Offset of the first byte that is not UTF-8 (None: all is), whether the file is UTF-8 all the same, and how many letters
    an earlier conversion has lost."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    seen = wide = lost = 0
    with open_stream() as stream, target.open("wb") if target else nullcontext() as out:
        while True:
            chunk = stream.read(CHUNK)
            pending = len(decoder.getstate()[0])
            try:
                if pending or not chunk.isascii():
                    text = decoder.decode(chunk, final=not chunk)
                    wide += len(text.encode("utf-8")) - len(text) if wide <= _CERTAIN else 0
                    lost += chunk.count(_MARK_OF_LOSS)
                elif not chunk:
                    decoder.decode(b"", final=True)
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode("utf-8", "ignore")
                wide += len(good.encode("utf-8")) - len(good)
                return seen - pending + error.start, wide > 2 * _CERTAIN, lost
            if not chunk:
                tally.end()
                return None, True, lost
            tally.add(chunk)
            seen += len(chunk)
            if out is not None:
                out.write(chunk)


def _recode(
    open_stream: Callable[[], IO[bytes]], encoding: str, target: Path, tally: Tally
) -> tuple[int | None, Doubt | None]:
    """Write a stream as UTF-8; the offset of the first byte that cannot be decoded, or None, and what speaks against it."""
    decoder = codecs.getincrementaldecoder(encoding)()
    seen = foreign = odd = 0
    with open_stream() as stream, target.open("wb") as out:
        while True:
            chunk = stream.read(CHUNK)
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return seen - pending + error.start, None
            if encoding == "gb18030":
                part = [letter for letter in text[:_LOOKED_AT] if letter > "\x7f"]
                foreign += len(part)
                odd += len(part) - len("".join(part).encode("gb2312", "ignore")) // 2
            written = text.encode("utf-8", "surrogatepass")
            tally.add(written)
            out.write(written)
            if not chunk:
                tally.end()
                break
            seen += len(chunk)
    if odd < _FEWEST_ODD or odd <= _SHARE_ODD * foreign:
        return None, None
    return None, Doubt(
        "encoding",
        Text(
            f"按 GB18030 读取，但所看 {foreign} 个非英文字符中有 {odd} 个生僻，可能是 Big5 等其他编码；请核对名称",
            f"read as GB18030, yet {odd} of {foreign} letters looked at are rare: it may be Big5 or another encoding; look at the "
            "names",
        ),
    )
