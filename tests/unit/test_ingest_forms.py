"""Forms of files: encodings, separators, odd widths, workbooks, Parquet, damaged and disguised files."""

from __future__ import annotations

import gzip
import re
import struct
import zipfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import xlsxwriter

from dagster_project.ingest import scan
from dagster_project.ingest.damage import damaged
from dagster_project.ingest.forms import require_form
from dagster_project.ingest.manifest import read_manifest
from dagster_project.ingest.report import Refusal
from tests.corpus.odd import by_column, delimited, good, workbook, zipped
from tests.corpus.odd import parquet as columns_as_parquet
from tests.intake_world import Home, parquet, row, rows, text


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 BOM"),
        ("gb18030", "GB18030"),
        ("utf-16", "UTF-16"),
        ("utf-16-be-bom", "UTF-16"),
    ],
)
def test_S12_encodings(home: Home, encoding: str, name: str) -> None:
    content = text(
        [row("fixmedins_b", 1, fixmedins_name="贵州省人民医院，㐂𠮷"), row("fixmedins_b", 2, fixmedins_name="龘")]
    )
    data = b"\xfe\xff" + content.encode("utf-16-be") if encoding == "utf-16-be-bom" else content.encode(encoding)
    home.put("fixmedins_b.csv", data)
    home.put("fixmedins_b_packed.csv.gz", gzip.compress(content.replace("fix1", "fix3").encode("gb18030")))
    home.run()
    assert home.query("select distinct encoding from ops.load where source_file = 'fixmedins_b.csv'") == [(name,)]
    assert home.query("select fixmedins_name from raw.fixmedins_b where fixmedins_code = 'fix1'") == [
        ("贵州省人民医院，㐂𠮷",)
    ]


def test_S12_undecodable_bytes_refuse_the_file_with_their_offset(home: Home) -> None:
    good = text(rows("fixmedins_b", 40, fixmedins_name="贵州省人民医院")).encode()
    at = len(good) - 200
    home.put("fixmedins_b_utf8.csv", good[:at].rsplit("院".encode(), 1)[0] + b"\xff\xff\x81" + good[at:])
    home.put("fixmedins_b_none.csv", b"fixmedins_code,\xff\xff\xff\n1,2\n")
    found = home.reasons()
    offset = len(good[:at].rsplit("院".encode(), 1)[0])
    assert f"offset {offset} " in found["fixmedins_b_utf8.csv"]
    assert "offset 15 " in found["fixmedins_b_none.csv"]


def test_S13_separators_are_read_off_the_header(home: Home) -> None:
    for number, (suffix, separator) in enumerate([("csv", ","), ("tsv", "\t"), ("txt", "|"), ("csv", ";")], 1):
        home.put_rows(f"setl_d_{number}.{suffix}", rows("setl_d", 2, start=10 * number), separator=separator)
    home.put_rows("setl_d_5.txt", rows("setl_d", 2, start=50), separator="\t", tail="\t")
    odd = row("fixmedins_b", 1, fixmedins_name='"未闭合引号')
    home.put_rows("fixmedins_b.txt", [odd, row("fixmedins_b", 2)], separator="\t")
    home.put_rows("fixmedins_b.csv", [row("fixmedins_b", 3, fixmedins_name='甲,乙 "丙"')])
    found = home.outcome()
    assert all(status == "loaded" and held == 0 for status, _, held in found.values()), found
    assert home.value("select count(*) from raw.setl_d") == 10
    assert {r[0] for r in home.query("select dialect from ops.file where extract = 'setl_d'")} == {
        "comma",
        "tab",
        "pipe",
        "semicolon",
    }
    assert dict(home.query("select fixmedins_code, fixmedins_name from raw.fixmedins_b"))["fix1"] == '"未闭合引号'
    assert dict(home.query("select fixmedins_code, fixmedins_name from raw.fixmedins_b"))["fix3"] == '甲,乙 "丙"'


def test_rows_with_other_widths_are_quarantined_by_their_number(home: Home) -> None:
    lines = text(rows("setl_d", 300)).splitlines()
    lines[5] = "short,row"
    lines[200] += ",too,long"
    home.put("setl_d.csv", "\n".join(lines))
    assert home.outcome()["setl_d.csv"] == ("loaded", 300, 2)
    assert home.rejected() == {5: ["row_shape"], 200: ["row_shape"]}
    assert home.query("select source_row, setl_id from raw.setl_d where source_row in (6, 201)") == [
        (6, "set6"),
        (201, "set201"),
    ]


def test_workbooks(home: Home) -> None:
    path = home.landing / "population_ref_2024.xlsx"
    book = xlsxwriter.Workbook(str(path))
    book.add_worksheet("说明").write_row(0, 0, ["请填写下表"])
    sheet = book.add_worksheet("数据")
    sheet.write_row(0, 0, ["年度", "医保区划", "人口口径", "人数", "来源", "备注"])
    sheet.write_row(1, 0, [2024, "520100", "常住", 6200000, "统计公报"])
    sheet.write_row(2, 0, [2024.0, 520200, "registered", "3,000,000", "统计公报"])
    book.close()
    ledger = home.landing / "fund_ledger_m.xlsx"
    book = xlsxwriter.Workbook(str(ledger), {"default_date_format": "yyyy-mm-dd", "remove_timezone": True})
    sheet = book.add_worksheet()
    names = ["ym", "poolarea_no", "admdvs", "insutype", "fund_type", "item_code", "dirc", "amt", "unit", "as_of"]
    sheet.write_row(0, 0, names)
    sheet.write_row(1, 0, [202401, 520100, 520100, 310, "统筹", "I01", "收入", 1234.56, "元"])
    sheet.write_datetime(1, 9, datetime(2024, 2, 1))
    sheet.write_row(2, 0, [202401, 520100, 520100, 310, "统筹", "I02", "收入", 1234.56, "元", 45323])
    book.close()
    report = home.run()
    assert {file.status for file in report.files} == {"loaded"}, [str(file.reason) for file in report.files]
    assert home.query("select year, admdvs, pop_kind, persons from raw.population_ref") == [
        ("2024", "520100", "resident", 6200000)
    ]
    assert home.query("select amt, as_of::varchar from raw.fund_ledger_m") == [(Decimal("1234.56"), "2024-02-01")]
    assert home.query("select extract, rule_ids from quarantine.rejected_row order by 1") == [
        ("fund_ledger_m", ["date_form"]),  # S10: a serial counts as a date in date cells only
        ("population_ref", ["number_form"]),
    ]


def test_damaged_and_disguised_files_are_refused_in_words(home: Home) -> None:
    good = home.landing / "setl_d_good.parquet"
    parquet(good, rows("setl_d", 3))
    data = good.read_bytes()
    home.put("setl_d_cut.parquet", data[: len(data) // 2])
    home.put("setl_d_named.csv", data + b" ")
    home.put("setl_d_cut.csv.gz", gzip.compress(text(rows("setl_d", 50)).encode())[:-20])
    home.put("setl_d.xlsx", b"no workbook")
    home.put("setl_d.zip", b"no archive")
    home.put("setl_d.xls", b"old")
    found = home.reasons()
    assert set(found) == {
        "setl_d_cut.parquet",
        "setl_d_named.csv",
        "setl_d_cut.csv.gz",
        "setl_d.xlsx",
        "setl_d.zip",
        "setl_d.xls",
    }
    assert "Parquet" in found["setl_d_named.csv"] and "Traceback" not in "".join(found.values())


def test_L35_a_file_under_another_suffix_is_called_what_it_is(tmp_path: Path) -> None:
    table = delimited(good("population_ref", 1))
    forms = {
        "文本": [
            table.encode(),
            table.encode("utf-16"),
            "编号,名称\n1,贵阳\n".encode("gbk"),
            table.encode("utf-8-sig"),
        ],
        "Parquet": [columns_as_parquet(by_column(good("population_ref", 1)))],
        "Excel 工作簿": [workbook(good("population_ref", 1))],
        "zip": [zipped({"a.csv": table})],
        "gzip": [gzip.compress(table.encode())],
        "网页": [b"\r\n<!DOCTYPE html><html></html>"],
        "旧版 Excel": [b"\xd0\xcf\x11\xe0" + bytes(600)],
    }
    own = {".parquet": "Parquet", ".xlsx": "Excel 工作簿", ".zip": "zip", ".gz": "gzip"}
    for suffix, form in own.items():
        for name, contents in forms.items():
            for content in contents:
                path = tmp_path / f"population_ref{suffix}"
                path.write_bytes(content)
                if name == form:
                    require_form(path)
                    continue
                with pytest.raises(Refusal) as raised:
                    require_form(path)
                assert f"扩展名是 {suffix[1:]}，内容却是{name}" in raised.value.reason.zh
    for content in (
        b"",
        b"\x00\x01\x02" * 99,
        workbook(good("population_ref", 1))[:900],
    ):  # damage is told by whoever reads it
        path = tmp_path / "population_ref.xlsx"
        path.write_bytes(content)
        require_form(path)


def test_reasons_hold_no_words_of_libraries(tmp_path: Path) -> None:
    for error in (
        zipfile.BadZipFile("Bad magic number"), EOFError("Compressed file ended"), gzip.BadGzipFile("CRC"), PermissionError(13, "denied"),
        duckdb.InvalidInputException("No magic bytes"), NotImplementedError("compression type 9"), struct.error("unpack requires"),
    ):  # fmt: skip
        reason = damaged(error).reason
        assert type(error).__name__ not in str(reason) and str(error) not in str(reason)
        assert not re.search("[A-Za-z]", reason.zh), reason.zh
    for content, told in (
        ('{"files": [}', "第 1 行第 12 个字符"), ('{"extracted_at": "yesterday"}', "extracted_at 不是日期时间：yesterday"),
        ('{"files": [{"file": "a.csv", "rows": "many"}]}', "a.csv 的 rows 行数不是整数：many"), ("[]", "最外层"),
    ):  # fmt: skip
        path = tmp_path / "manifest.json"
        path.write_text(content, encoding="utf-8")
        problem = read_manifest(path, tmp_path).problem
        assert (
            problem is not None
            and told in problem.zh
            and "Invalid" not in str(problem)
            and "Expecting" not in str(problem)
        )


def test_the_month_of_most_rows_written_by_itself_holds_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = [row("setl_d", n, setl_time=f"2024-{5 if n % 5 else 1 + n % 3:02d}-20 08:00:00") for n in range(40)]
    table[7] |= {"setl_time": "1850-01-01 00:00:00"}  # no time that a settlement may have
    del table[8]["setl_time"]
    found = []
    for name, most in (("sorted", 100), ("apart", 0)):
        monkeypatch.setattr(scan, "_MANY_ROWS", most)
        home = Home(tmp_path / name, key=tmp_path / "key")
        parquet(home.landing / "setl_d.parquet", table, {"setl_time": "timestamp"})
        home.run()
        months = home.query("select month, rows, raw_file from ops.load_month order by 1")
        rejected = home.query("select source_row, rule_ids from quarantine.rejected_row order by 1")
        found.append((months, rejected, home.query("from raw.setl_d order by source_row")))
    assert found[0] == found[1]
    months, rejected, taken = found[1]
    assert [month for month, *_ in months] == ["202401", "202402", "202403", "202405"]
    assert [number for number, _ in rejected] == [8, 9] and len(taken) == 38


def test_parquet_typed_or_text_gives_the_same_rows(tmp_path: Path) -> None:
    table = [r | {"hosp_lv": "2", "brdy": "1970-03-17"} for r in rows("setl_d", 20)]
    typed = {"medfee_sumamt": "double", "inscp_amt": "decimal(18,4)", "psn_pay": "float", "setl_time": "timestamp", "begndate": "date",
             "hosp_lv": "integer", "insutype": "bigint", "updt_time": "timestamp_ns", "fund_pay_sumamt": "bigint"}  # fmt: skip
    contents = []
    for name in ("csv", "text", "typed"):
        home = Home(tmp_path / name, key=tmp_path / "key")
        if name == "csv":
            home.put_rows("setl_d.csv", table)
        else:
            parquet(home.landing / "setl_d.parquet", table, typed if name == "typed" else None)
        home.run()
        contents.append(home.query("select * exclude (source_file) from raw.setl_d order by source_row"))
    assert contents[0] == contents[1] == contents[2] and len(contents[0]) == 20
