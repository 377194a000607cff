"""Operators on what a table is wrapped in: packing, archives, names of files; and on its bytes.

Belongs here: containers and damage. Does not belong here: what is inside (`cells.py`, `tables.py`, `columns.py`).
"""

from __future__ import annotations

import gzip
import io
import os
import warnings
import zipfile
from collections.abc import Iterator

from tests.corpus.odd import FORMS, ROWS, Odd, by_column, delimited, good, parquet, workbook, zipped, zstd

EXTRACT = "population_ref"
SMALL = 64 << 10  # of a bomb in the test, where as little may come out as this


def containers(numbers: Iterator[int]) -> Iterator[Odd]:
    """A file for every operator."""
    yield from _packed(numbers)
    yield from _archives(numbers)
    yield from _damaged(numbers)
    yield from _disguised(numbers)
    yield from _named(numbers)


def _text(number: int, count: int = ROWS) -> bytes:
    return delimited(good(EXTRACT, number, count)).encode()


def _packed(numbers: Iterator[int]) -> Iterator[Odd]:
    for form in ("comma", "gb18030", "utf16", "tab", "parquet", "xlsx"):
        suffix, write = FORMS[form]
        for packing, pack in (("gz", lambda content: gzip.compress(content, mtime=0)), ("zst", zstd)):
            number = next(numbers)
            yield Odd(
                f"{form} in {packing}",
                f"{EXTRACT}_{number}{suffix}.{packing}",
                pack(write(good(EXTRACT, number))),
                "accepted",
                ROWS,
            )
        number = next(numbers)
        member = f"{EXTRACT}_{number}_inside{suffix}"
        content = zipped({member: write(good(EXTRACT, number))})
        yield Odd(f"{form} in zip", f"{EXTRACT}_{number}.zip", content, "accepted", ROWS, member=member)
    number = next(numbers)
    two = gzip.compress(_text(number), mtime=0) + gzip.compress(_text(number).split(b"\n", 1)[1], mtime=0)
    yield Odd("gz of two parts", f"{EXTRACT}_{number}.csv.gz", two, "accepted", 2 * ROWS)
    number = next(numbers)
    two = zstd(_text(number)) + zstd(_text(number).split(b"\n", 1)[1])
    yield Odd("zstd of two parts", f"{EXTRACT}_{number}.csv.zst", two, "accepted", 2 * ROWS)


def _archives(numbers: Iterator[int]) -> Iterator[Odd]:
    number = next(numbers)
    members = {f"a/part{place}.csv": _text(number + place * 10_000) for place in range(3)}
    for member in members:
        yield Odd("zip of many members", f"{EXTRACT}_{number}.zip", zipped(members), "accepted", ROWS, member=member)
    for operator, member, says in (
        ("member climbs out", "../../../tmp/evil.csv", "out of the archive"),
        ("member climbs out by backslashes", "..\\..\\evil.csv", "out of the archive"),
        ("absolute member", "/etc/population_ref.csv", "out of the archive"),
        ("member on a drive", "C:\\population_ref.csv", "out of the archive"),
        ("archive in an archive", "inner.zip", "within an archive"),
        ("gz in an archive", "inner.csv.gz", "within an archive"),
        ("member with a line break", "a\nb.csv", "control characters"),
        ("member of another form", "inner.docx", "supported format"),
    ):
        number = next(numbers)
        content = zipped({member: _text(number), f"{EXTRACT}_fine.csv": _text(number + 10_000)})
        shown = member.replace("\n", "\ufffd")
        yield Odd(operator, f"{EXTRACT}_{number}.zip", content, "refused", says=says, member=shown)
        yield Odd(
            f"beside: {operator}", f"{EXTRACT}_{number}.zip", content, "accepted", ROWS, member=f"{EXTRACT}_fine.csv"
        )
    number = next(numbers)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("link.csv")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    yield Odd(
        "link in an archive", f"{EXTRACT}_{number}.zip", buffer.getvalue(), "refused", says="link", member="link.csv"
    )
    number = next(numbers)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("twice.csv", _text(number))
        archive.writestr("twice.csv", _text(number + 10_000))
    yield Odd(
        "two members of one name",
        f"{EXTRACT}_{number}.zip",
        buffer.getvalue(),
        "refused",
        says="2 files",
        member="twice.csv",
    )
    number = next(numbers)
    locked = bytearray(zipped({"locked.csv": _text(number)}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + place] |= 1
    yield Odd(
        "encrypted member", f"{EXTRACT}_{number}.zip", bytes(locked), "refused", says="encrypted", member="locked.csv"
    )
    number = next(numbers)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        item = zipfile.ZipInfo("x" * 10 + ".csv")
        archive.writestr(item, _text(number))
    chinese = buffer.getvalue().replace(b"x" * 10, "贵阳市二月".encode("gbk"))
    yield Odd("member named in GBK", f"{EXTRACT}_{number}.zip", chinese, "accepted", ROWS, member="贵阳市二月.csv")
    yield Odd("archive of nothing", f"{EXTRACT}_{next(numbers)}.zip", zipped({}), "refused", says="no file")
    bomb = b"year,admdvs\n" + b"0" * (4 << 20)
    for packing, content in (
        ("zip", zipped({"bomb.csv": bomb})),
        ("gz", gzip.compress(bomb, mtime=0)),
        ("zst", zstd(bomb)),
    ):
        number = next(numbers)
        name = f"{EXTRACT}_{number}.zip" if packing == "zip" else f"{EXTRACT}_{number}.csv.{packing}"
        yield Odd(f"{packing} bomb", name, content, "refused", says="bomb")
    number = next(numbers)
    blown = io.BytesIO(workbook(good(EXTRACT, number)))
    with zipfile.ZipFile(blown, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet9.xml", b" " * (40 << 20))
    yield Odd("workbook bomb", f"{EXTRACT}_{number}.xlsx", blown.getvalue(), "refused", says="too large")


def _damaged(numbers: Iterator[int]) -> Iterator[Odd]:
    def made(count: int = 400) -> tuple[int, bytes]:
        number = next(numbers)
        table = [line | {"source_doc": f"{number}{os.urandom(20).hex()}"} for line in good(EXTRACT, number, count)]
        return number, delimited(table).encode()

    # Neither has a checksum in a place of its own: gz is broken among its data, zstd in the head of its first block.
    for packing, pack, at in (("csv.gz", gzip.compress, 400), ("csv.zst", zstd, 6)):
        for operator, change in (
            ("cut", lambda content: content[: len(content) * 2 // 3]),
            ("cut at its end", lambda content: content[:-3]),
            ("overwritten", lambda content, at=at: content[:at] + b"\xff" * 60 + content[at + 60 :]),
            ("with something behind it", lambda content: content + b"something"),
        ):
            number, content = made()
            yield Odd(
                f"{packing} {operator}",
                f"{EXTRACT}_{number}.{packing}",
                change(pack(content)),
                "refused",
                says="damaged",
            )
    number, content = made()
    packed = zipped({"a.csv": content})
    yield Odd("zip cut", f"{EXTRACT}_{number}.zip", packed[:-40], "refused", says="damaged")
    number, content = made()
    packed = zipped({"a.csv": content})
    yield Odd(
        "zip overwritten",
        f"{EXTRACT}_{number}.zip",
        packed[:300] + b"\xff" * 60 + packed[360:],
        "refused",
        says="damaged",
        member="a.csv",
    )
    for form, suffix in ((parquet, "parquet"), (workbook, "xlsx")):
        for operator, change in (
            ("cut", lambda content: content[: len(content) // 2]),
            ("without its end", lambda content: content[:-40]),
            ("without its begin", lambda content: content[40:]),
        ):
            number = next(numbers)
            table = good(EXTRACT, number)
            whole = parquet(by_column(table)) if form is parquet else workbook(table)
            says = "damaged" if form is parquet else "xlsx"
            yield Odd(f"{suffix} {operator}", f"{EXTRACT}_{number}.{suffix}", change(whole), "refused", says=says)
    for place in (60, 200, 500):
        number = next(numbers)
        whole = parquet(by_column(good(EXTRACT, number, 200)))
        broken = whole[:place] + bytes(255 - byte for byte in whole[place : place + 20]) + whole[place + 20 :]
        yield Odd(f"pages overwritten at {place}", f"{EXTRACT}_{number}.parquet", broken, "refused", says="damaged")


def _disguised(numbers: Iterator[int]) -> Iterator[Odd]:
    number = next(numbers)
    text, book, table = _text(number), workbook(good(EXTRACT, number)), parquet(by_column(good(EXTRACT, number)))
    for operator, suffix, content, says in (
        ("text called xlsx", "xlsx", text, "is text"),
        ("text called parquet", "parquet", text, "is text"),
        ("text called gz", "csv.gz", text, "is text"),
        ("text called zst", "csv.zst", text, "is text"),
        ("text called zip", "zip", text, "is text"),
        ("parquet called csv", "csv", table, "is Parquet"),
        ("workbook called csv", "csv", book, "is a workbook"),
        ("workbook called parquet", "parquet", book, "is a workbook"),
        ("parquet called xlsx", "xlsx", table, "is Parquet"),
        ("gz called csv", "csv", gzip.compress(text, mtime=0), "gzip"),
        ("zst called csv", "csv", zstd(text), "zstd"),
        ("old workbook called xlsx", "xlsx", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "is an old workbook"),
        ("text in UTF-16 called parquet", "parquet", text.decode().encode("utf-16"), "is text"),
        ("text in GBK called xlsx", "xlsx", text + "贵阳市".encode("gbk"), "is text"),
        ("web page called xlsx", "xlsx", b"\n<html><table><tr><td>year</td></tr></table></html>", "is a web page"),
        ("zip called xlsx", "xlsx", zipped({"a.csv": text}), "is a zip archive"),
        ("workbook called zip", "zip", book, "is a workbook"),
        ("text called parquet in gz", "parquet.gz", gzip.compress(text, mtime=0), "is text"),
        ("web page called csv", "csv", b"<html><table><tr><td>year</td></tr></table></html>", "not a header"),
        ("old workbook", "xls", b"\xd0\xcf\x11\xe0", "supported format"),
        ("rar", "rar", b"Rar!\x1a\x07", "supported format"),
        ("tar", "tar.gz", gzip.compress(text, mtime=0), "supported format"),
        ("half a copy", "csv.part", text, "supported format"),
        ("no suffix", "", text, "supported format"),
        ("no bytes in a workbook", "xlsx", b"", "empty"),
        ("no bytes in a parquet", "parquet", b"", "empty"),
    ):
        number = next(numbers)
        name = f"{EXTRACT}_{number}.{suffix}".rstrip(".")
        yield Odd(operator, name, content, "refused", says=says)
    yield Odd("a table alone, in a form that is not read", f"{EXTRACT}.xls", b"old", "refused", says="supported format")


def _named(numbers: Iterator[int]) -> Iterator[Odd]:
    for operator, name in (
        ("SQL in a name", "'; drop table ops.load; --.csv"),
        ("markup in a name", "<img src=x onerror=alert(1)>.csv"),
        ("formula in a name", "=cmd|calc.csv"),
        ("template in a name", "{{7*7}}${7*7}.csv"),
        ("pattern in a name", "*[a-z]?.parquet"),
        ("pattern in a name of text", "*[a-z]?.csv"),
        ("very long name", "x" * 200 + ".csv"),
        ("name in capitals", "A.CSV"),
    ):
        number = next(numbers)
        content = _text(number) if name.lower().endswith(".csv") else parquet(by_column(good(EXTRACT, number)))
        yield Odd(operator, f"{EXTRACT}_{number}_{name}", content, "accepted", ROWS)
    number = next(numbers)
    for form, suffix in (("comma", "csv"), ("parquet", "parquet"), ("xlsx", "xlsx")):
        number = next(numbers)
        name = os.fsdecode(f"{EXTRACT}_{number}_贵阳.{suffix}".encode("gbk"))
        content = FORMS[form][1](good(EXTRACT, number))
        yield Odd(
            f"name in GBK of a {form}", name, content, "accepted", ROWS, member=f"{EXTRACT}_{number}_贵阳.{suffix}"
        )
    number = next(numbers)
    broken = f"{EXTRACT}_{number}_a\x1b[31m\nb.csv"
    yield Odd(
        "control characters in a name",
        broken,
        _text(number),
        "refused",
        says="control characters",
        member=f"{EXTRACT}_{number}_a\ufffd[31m\ufffdb.csv",
    )
    number = next(numbers)
    table = good(EXTRACT, number)
    place = f"year=1999/{EXTRACT}_{number}.parquet"
    raw = {(1, "year"): table[0]["year"]}
    yield Odd("a folder that looks like a column", place, parquet(by_column(table)), "accepted", ROWS, raw=raw)
    yield Odd("no extract's name", "settlements.csv", _text(next(numbers)), "unknown", says="no extract's")
