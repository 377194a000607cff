"""Operators on the header and on whole rows: names, order, width, quotes, line ends, encodings (S11–S13).

Belongs here: text as such. Does not belong here: single cells (`cells.py`), packing and damage (`containers.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dagster_project.contracts import load_contracts
from tests.corpus.odd import NARROW, ROWS, Odd, by_column, delimited, good, parquet, workbook
from tests.intake_world import Row

SEPARATORS = {"comma": ",", "tab": "\t", "pipe": "|", "semicolon": ";"}
ENCODINGS = ("utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-be")


def tables(numbers: Iterator[int]) -> Iterator[Odd]:
    """A file for every operator."""
    yield from _encoded(numbers)
    yield from _headers(numbers)
    yield from _shapes(numbers)
    yield from _around(numbers)
    yield from _cut(numbers)
    yield from _refused(numbers)


def _encoded(numbers: Iterator[int]) -> Iterator[Odd]:
    for encoding in ENCODINGS:
        for name, separator in SEPARATORS.items():
            number = next(numbers)
            table = good("fixmedins_b", number)
            table[1]["fixmedins_name"] = "贵州省人民医院（本部）"
            content = delimited(table, separator).encode(encoding)
            content = b"\xfe\xff" + content if encoding == "utf-16-be" else content
            raw = {(2, "fixmedins_name"): "贵州省人民医院（本部）"}
            yield Odd(f"{encoding} {name}", f"fixmedins_b_{number}.txt", content, "accepted", ROWS, raw=raw)


def _headers(numbers: Iterator[int]) -> Iterator[Odd]:
    for extract in NARROW[:4]:
        contract = load_contracts()[extract]
        chinese = {column.name: column.name_zh for column in contract.columns}
        required = next(column.name for column in contract.columns if column.required and not column.key)
        names = {
            "chinese names": chinese,
            "capitals": {name: name.upper() for name in chinese},
            "blanks and tabs around": {name: f" {name}\t" for name in chinese},
            "wide blanks": {name: f"\u3000{zh}\u00a0" for name, zh in chinese.items()},
        }
        for operator, header in names.items():
            number = next(numbers)
            yield _text(operator, extract, number, delimited(good(extract, number), header=header))
        number = next(numbers)
        backwards = [dict(reversed(line.items())) for line in good(extract, number)]
        yield _text("columns backwards", extract, number, delimited(backwards))
        number = next(numbers)
        more = [{"备注": "x", **line, "etl_dt": "20240101"} for line in good(extract, number)]
        yield _text("columns nobody knows", extract, number, delimited(more))
        number = next(numbers)
        less = [{name: cell for name, cell in line.items() if name != required} for line in good(extract, number)]
        yield _refusal("required column missing", extract, number, delimited(less).encode(), required)
        number = next(numbers)
        twice = [line | {chinese[required]: "1"} for line in good(extract, number)]
        yield _refusal("one column by two names", extract, number, delimited(twice).encode(), "stand twice")
        number = next(numbers)
        lines = delimited(good(extract, number)).splitlines()
        yield _refusal("no header", extract, number, "\n".join(lines[1:]).encode(), "not a header")
        number = next(numbers)
        yield _text("header alone", extract, number, lines[0] + "\n", 0)
    number = next(numbers)
    aliased = {"fix_blng_admdvs": "mdtrtarea_admvs", "begntime": "begndate", "endtime": "ENDDATE"}
    yield _text("interface names", "mdtrt_d", number, delimited(good("mdtrt_d", number), header=aliased))
    number = next(numbers)
    table = good("mdtrt_d", number)
    yield Odd(
        "interface names in a sheet", f"mdtrt_d_{number}.xlsx", workbook(table, aliased), "accepted", ROWS,
        raw={(1, "fix_blng_admdvs"): None},
    )  # fmt: skip
    number = next(numbers)
    broken = {"fixmedins_name": "定点医药机构\n名称"}
    table = [line | {"note": "1"} for line in good("fixmedins_b", number)]
    yield _text(
        "line break in a name of the header", "fixmedins_b", number, delimited(table, header={"note": "备\n注"})
    )
    number = next(numbers)
    yield _refusal(
        "line break in a name that is needed", "fixmedins_b", number,
        delimited(good("fixmedins_b", number), header=broken).encode(), "fixmedins_name",
    )  # fmt: skip


def _shapes(numbers: Iterator[int]) -> Iterator[Odd]:
    def made(extract: str = "population_ref") -> tuple[int, list[Row], list[str]]:
        number = next(numbers)
        table = good(extract, number)
        return number, table, delimited(table).splitlines()

    number, table, lines = made()
    yield _text("blank lines anywhere", "population_ref", number, "\n\n" + "\n\n".join(lines) + "\n\n\n")
    number, table, lines = made()
    yield _text("no end of the last line", "population_ref", number, "\n".join(lines))
    number, table, lines = made()
    yield _text("lines that end in CR", "population_ref", number, "\r".join(lines) + "\r")
    number, table, lines = made()
    yield _text("lines that end in CR LF", "population_ref", number, "\r\n".join(lines) + "\r\n")
    for mark, separator in SEPARATORS.items():
        number, table, _ = made()
        ends = delimited(table, separator).replace("\n", separator + "\n")
        yield _text(f"{mark} at every line's end", "population_ref", number, ends)
        number, table, _ = made()
        head, *rest = delimited(table, separator).splitlines()
        yield _text(
            f"{mark} at the rows' ends", "population_ref", number, "\n".join([head, *[row + separator for row in rest]])
        )
    for operator, change in (
        ("short row", "2024,520100"), ("long row", "2024,520100,resident,1,x,y,z"), ("footer", "合计 8 行"),
        ("row of separators", ",,,,,,,,"),
    ):  # fmt: skip
        number, table, lines = made()
        content = "\n".join([*lines[:4], change, *lines[4:]]).encode()
        yield Odd(operator, f"population_ref_{number}.csv", content, "quarantined", ROWS + 1, "row_shape", held=1)
    number, table, lines = made()
    content = "\n".join([*lines[:4], lines[0], *lines[4:]]).encode()
    yield Odd("header again", f"population_ref_{number}.csv", content, "quarantined", ROWS + 1, "header_again", held=1)
    number, table, lines = made("fixmedins_b")
    everything = ["".join(f'"{cell}",' for cell in line.split(","))[:-1] for line in lines]
    yield _text("every cell quoted", "fixmedins_b", number, "\n".join(everything))
    number, table, _ = made("fixmedins_b")
    table[3]["fixmedins_name"] = "甲医院\n（原乙医院,丙医院）"
    yield _text(
        "line break and separator in quotes",
        "fixmedins_b",
        number,
        delimited(table),
        raw={(4, "fixmedins_name"): table[3]["fixmedins_name"]},
    )
    number, table, _ = made("fixmedins_b")
    table[6]["fixmedins_name"] = "甲\t乙"
    yield _text(
        "TAB file with one quoted cell, late",
        "fixmedins_b",
        number,
        delimited(table, "\t"),
        raw={(7, "fixmedins_name"): "甲\t乙"},
    )
    number, table, _ = made("fixmedins_b")
    lone = delimited(table, "\t").replace("1\t", '"1\t', 1).replace("\n", "\n", 1)
    yield _text("TAB file with a quote of its own", "fixmedins_b", number, lone)
    number, table, _ = made("fixmedins_b")
    table[2]["fixmedins_name"], table[5]["fixmedins_name"] = '"甲', '"乙"'
    mixed = "\n".join("\t".join(line.values()) for line in [{name: name for name in table[0]}, *table])
    yield Odd(
        "TAB file with quotes that do not pair", f"fixmedins_b_{number}.txt", mixed.encode(), "doubtful", ROWS, "dialect",
        raw={(3, "fixmedins_name"): '"甲', (6, "fixmedins_name"): '"乙"'},
    )  # fmt: skip
    number, table, _ = made("fixmedins_b")
    for line in table:
        line["fixmedins_name"] = "貴州省人民醫院體檢中心與藥房"
    yield Odd("Big5", f"fixmedins_b_{number}.csv", delimited(table).encode("big5"), "doubtful", ROWS, "encoding")
    number, table, _ = made("fixmedins_b")
    table[0]["fixmedins_name"] = "\ufffd\ufffd医院"
    yield Odd(
        "letters lost before", f"fixmedins_b_{number}.csv", delimited(table).encode(), "doubtful", ROWS, "encoding"
    )


def _around(numbers: Iterator[int]) -> Iterator[Odd]:
    """What programs and people put above and below a table; the operator ends in what the dialect must say."""
    for operator, above, below, separator, encoding in (
        ("DOS: ended by Ctrl-Z", "", "\x1a", ",", "utf-8"),
        ("DOS with line ends and padding: ended by Ctrl-Z", "", "\x1a\x1a\x1a\r\n", "\t", "utf-8"),
        ("DOS in GB18030: ended by Ctrl-Z", "", "\x1a", ",", "gb18030"),
        ("Excel: below sep=", "sep=,\n", "", ",", "utf-8"),
        ("Excel in quotes: below sep=", '"SEP=;"\r\n', "", ";", "utf-8-sig"),
        ("Excel of a TAB file: below sep=", "sep=\t\n", "", "\t", "utf-16"),
        ("a title: below a title", "贵州省定点医药机构一览表\n", "", ",", "utf-8"),
        ("a title of cells: below a title", "定点医药机构一览表,,,,\n", "", ",", "gb18030"),
        ("a title, a note and a blank line: below a title", "一览表\n制表：省局|2024-01-05\n\n", "", "|", "utf-8"),
        ("all of it: below sep=, below a title, ended by Ctrl-Z", "sep=,\n一览表\n", "\x1a", ",", "utf-8"),
    ):
        number = next(numbers)
        table = good("fixmedins_b", number)
        table[1]["fixmedins_name"] = "省人民医院"
        content = (above + delimited(table, separator) + below).encode(encoding)
        raw = {(2, "fixmedins_name"): "省人民医院", (ROWS, "fixmedins_code"): table[-1]["fixmedins_code"]}
        yield Odd(operator, f"fixmedins_b_{number}.csv", content, "accepted", ROWS, raw=raw)
    number = next(numbers)
    whole = delimited(good("population_ref", number))
    unended = Odd("Ctrl-Z behind the last cell: ended by Ctrl-Z", f"population_ref_{number}.csv", b"", "accepted", ROWS)
    yield replace(unended, content=whole.rstrip("\n").encode() + b"\x1a")
    number = next(numbers)
    table = good("fixmedins_b", number)
    titled = [
        {name: "一览表" if not place else "" for place, name in enumerate(table[0])},
        {name: name for name in table[0]},
    ]
    yield Odd(
        "a sheet: below a title", f"fixmedins_b_{number}.xlsx", workbook([*titled, *table], dict.fromkeys(table[0], "")),
        "accepted", ROWS, raw={(3 + 1, "fixmedins_code"): table[1]["fixmedins_code"]},
    )  # fmt: skip
    number = next(numbers)
    less = [
        {name: cell for name, cell in line.items() if name != "fixmedins_code"} for line in good("fixmedins_b", number)
    ]
    yield _refusal(
        "a title above half a header", "fixmedins_b", number, ("一览表\n" + delimited(less)).encode(), "not a header"
    )
    number = next(numbers)
    lines = delimited(good("population_ref", number)).splitlines()
    inside = "\n".join([*lines[:4], "\x1a", *lines[4:]]).encode()
    yield Odd(
        "Ctrl-Z between rows", f"population_ref_{number}.csv", inside, "quarantined", ROWS + 1, "row_shape", held=1
    )


def _cut(numbers: Iterator[int]) -> Iterator[Odd]:
    """Files that Excel has opened and saved: long numbers keep fifteen digits, in all columns alike."""
    cases: tuple[tuple[str, dict[str, str], str], ...] = (
        ("all long numbers cut", {"psn_insu_rlts_id": "000", "psn_no": "000", "emp_no": "00000"}, "16th digit"),
        ("one column cut, short ones beside", {"psn_insu_rlts_id": "000"}, "16th digit"),
        ("one column ends in zeros, others do not", {"psn_insu_rlts_id": "000", "psn_no": "417"}, ""),
        ("long numbers that are whole", {"psn_insu_rlts_id": "001", "psn_no": "417"}, ""),
        ("numbers of seventeen digits", {"psn_insu_rlts_id": "00"}, ""),
    )
    for operator, ends, says in cases:
        number = next(numbers)
        table = good("psn_insu_d", number)
        for place, line in enumerate(table):
            line.update({name: f"5201{number:07d}{place:04d}{end}" for name, end in ends.items()})
        raw = {} if says else {(3, "psn_insu_rlts_id"): table[2]["psn_insu_rlts_id"]}
        for suffix, content in ((".csv", delimited(table).encode()), (".parquet", parquet(by_column(table)))):
            if says:
                yield Odd(operator, f"psn_insu_d_{number}{suffix}", content, "refused", says=says)
            elif suffix == ".csv":
                yield Odd(operator, f"psn_insu_d_{number}{suffix}", content, "accepted", ROWS, raw=raw)


def _refused(numbers: Iterator[int]) -> Iterator[Odd]:
    def text(extract: str = "population_ref", count: int = ROWS) -> tuple[int, str]:
        number = next(numbers)
        return number, delimited(good(extract, number, count))

    number, content = text()
    for operator, where in (("first", 0), ("last", -1)):
        number, content = text(count=40)
        lines = content.splitlines()
        cells = lines[10].split(",")
        cells[where] = '"' + cells[where]
        lines[10] = ",".join(cells)
        yield _refusal(
            f"open quote in the {operator} column", "population_ref", number, "\n".join(lines).encode(), "line 11"
        )
    number, content = text(count=40)
    lines = content.splitlines()
    lines[10], lines[25] = '"' + lines[10], '"' + lines[25]
    yield _refusal("two open quotes", "population_ref", number, "\n".join(lines).encode(), "not closed")
    number, content = text()
    yield _refusal(
        "NUL byte in a cell", "population_ref", number, content.encode().replace(b"600", b"6\x0000", 1), "NUL"
    )
    number, content = text()
    yield _refusal("NUL bytes at the end", "population_ref", number, content.encode() + b"\0" * 4096, "NUL")
    number, content = text()
    yield _refusal("UTF-16 without a mark", "population_ref", number, content.encode("utf-16-le"), "UTF-16")
    number, content = text()
    yield _refusal("UTF-32", "population_ref", number, content.encode("utf-32"), "NUL")
    number, content = text()
    yield _refusal("one odd byte of UTF-16", "population_ref", number, content.encode("utf-16") + b"x", "offset")
    number, content = text("fixmedins_b")
    named = content.replace("1,1,520102", "贵州省人民医院住院部,1,520102").encode()
    yield _refusal("broken UTF-8", "fixmedins_b", number, named + b"\xff\xfe\xff\n", "offset")
    number, content = text()
    yield _refusal(
        "gigantic header",
        "population_ref",
        number,
        content.replace("\n", "," + "x" * (1 << 21) + "\n", 1).encode(),
        "letters",
    )
    number, content = text()
    yield _refusal(
        "header of ten thousand columns",
        "population_ref",
        number,
        content.replace("\n", ",x" * 10_000 + "\n", 1).encode(),
        "cells",
    )
    number, content = text()
    endless = content.encode() + b"x" * (17 << 20)
    yield _refusal("endless line", "population_ref", number, endless, "endless line")
    number, content = text(count=300)
    yield _refusal(
        "every number wrong", "population_ref", number, content.replace("6000000", "6,000", 299).encode(), "S2"
    )
    for name, meant in (
        ("fixmedins_b-202401.csv", "fixmedins_b_202401.csv"), ("FIXMEDINS_B 2024-01.csv", "fixmedins_b_202401.csv"),
        ("定点机构202401.csv", "fixmedins_b_202401.csv"), ("完全另一回事.csv", "no extract's; it must be"),
    ):  # fmt: skip
        content = delimited(good("fixmedins_b", next(numbers))).encode()
        yield Odd(f"a name that is nearly one: {name}", name, content, "unknown", says=meant)
    for name, empty in (
        ("no byte", b""),
        ("blank lines alone", b"\n" * 9),
        ("a mark alone", b"\xef\xbb\xbf"),
        ("NUL alone", b"\0" * 512),
    ):
        yield _refusal(name, "population_ref", next(numbers), empty, "NUL" if b"\0" in empty else "empty")


def _text(operator: str, extract: str, number: int, content: str, count: int = ROWS, raw: dict | None = None) -> Odd:
    return Odd(operator, f"{extract}_{number}.csv", content.encode(), "accepted", count, raw=raw or {})


def _refusal(operator: str, extract: str, number: int, content: bytes, says: str) -> Odd:
    return Odd(operator, f"{extract}_{number}.csv", content, "refused", says=says)
