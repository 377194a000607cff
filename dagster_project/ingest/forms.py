"""What the bytes of a file say it is, whatever its name says (L35).

Belongs here: telling forms apart by their first bytes, the refusal of a file whose suffix says another form. Does not belong here:
damage within a form (`damage.py`), reading it (`source.py` and behind).

The suffix is not silently put right: a form that was taken for another one by whoever delivered it may not hold what they meant to
deliver either. Saying what it is costs them a new name, and us nothing.
"""

from __future__ import annotations

import codecs
import zipfile
from pathlib import Path

from dagster_project.ingest.report import Refusal
from dagster_project.language import Text

_HEAD = 4096
_ZIP = b"PK\x03\x04"
_WORKBOOK = Text("Excel 工作簿（xlsx）一类的 Office 文件", "a workbook (xlsx) or another Office file")
_ARCHIVE = Text("zip 压缩包", "a zip archive")
_TEXT = Text("文本（如 csv）", "text (such as csv)")
_MAGIC = (
    (b"PAR1", Text("Parquet", "Parquet")),
    (b"\xd0\xcf\x11\xe0", Text("旧版 Excel（xls），或加了密码的工作簿", "an old workbook (xls), or one with a password")),
    (b"\x1f\x8b", Text("gzip 压缩文件", "a gzip file")),
    (b"\x28\xb5\x2f\xfd", Text("zstd 压缩文件", "a zstd file")),
    (b"Rar!", Text("rar 压缩包", "a rar archive")),
    (b"7z\xbc\xaf", Text("7z 压缩包", "a 7z archive")),
    (b"%PDF", Text("PDF", "a PDF")),
)  # fmt: skip
# First bytes of what a suffix promises; text has none.
_PROMISED = {".parquet": b"PAR1", ".xlsx": _ZIP, ".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd", ".zip": _ZIP}
_OFFICE = (b"[Content_Types].xml", b"_rels/", b"xl/", b"docProps/")
_WEB = (b"<!doctype", b"<html", b"<table", b"<?xml")
# Control characters that no text holds.
_NO_TEXT = bytes({*range(32)} - {*b"\t\n\x0b\x0c\r\x1a\x1b"})


def form_of(head: bytes) -> Text | None:
    """The form that the first bytes of a file belong to, None for text and for what has no form that we know."""
    if head.startswith(_ZIP):
        name = head[30 : 30 + int.from_bytes(head[26:28], "little")]
        return _WORKBOOK if name.startswith(_OFFICE) else _ARCHIVE
    return next((what for magic, what in _MAGIC if head.startswith(magic)), None)


def require_text(head: bytes) -> None:
    """Raise Refusal for a file that is named as text and is something else."""
    if (what := form_of(head)) is not None:
        raise _disguised(Text("文本类（csv、txt、tsv）", "text"), what)


def require_form(path: Path, suffix: str | None = None) -> None:
    """Raise Refusal for a file on disk whose content is another form than its suffix says.

    What is empty, cut or damaged beyond being known is left to whoever reads it.
    """
    suffix = (suffix or path.suffix).lower()
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if not head or suffix not in _PROMISED:
        return
    what = None
    if not head.startswith(_PROMISED[suffix]):
        what = form_of(head) or _written(head)
    elif suffix == ".xlsx" and not _holds(path, "xl/", if_broken=True):
        what = _ARCHIVE
    elif suffix == ".zip" and _holds(path, "xl/workbook", if_broken=False):
        what = _WORKBOOK
    if what is not None:
        raise _disguised(Text(suffix[1:], suffix[1:]), what)


def _written(head: bytes) -> Text | None:
    """Text, a web page among it; None for bytes that are no text."""
    if head.lstrip(codecs.BOM_UTF8 + b" \t\r\n").lower().startswith(_WEB):
        return Text("网页（html 或 xml）", "a web page (html or xml)")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _TEXT
    if head.translate(None, _NO_TEXT) != head:
        return None
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(head)  # the last letter may be cut
            return _TEXT
        except UnicodeDecodeError:
            continue
    return None


def _holds(path: Path, begin: str, if_broken: bool) -> bool:
    """Whether an archive has a member whose name begins so; that one cannot be opened is told where it is read (`if_broken`)."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.lower().startswith(begin) for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, OverflowError):
        return if_broken


def _disguised(suffix: Text, what: Text) -> Refusal:
    return Refusal(
        Text(
            f"扩展名是 {suffix.zh}，内容却是{what.zh}；不猜测，请改正扩展名或按原样重新导出后放入（L35）。",
            f"Named as {suffix.en}, the content is {what.en}; nothing is guessed: correct the suffix, or export it again (L35).",
        )
    )
