"""Files: names, headers, encodings, separators, containers, manifests, thresholds, accounts."""

from __future__ import annotations

import gzip
import os
import zipfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter

from dagster_project.errors import ExitCode, UserError
from dagster_project.ingest import try_file
from tests.intake_world import Home, parquet, row, rows, sha256, text


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def outcome(home: Home) -> dict[str, tuple[str, int, int]]:
    """Status, rows read and rows quarantined by file, after a run."""
    return {file.source_file: (file.status, file.rows_read, file.rows_quarantined) for file in home.run().files}


def reasons(home: Home) -> dict[str, str]:
    """Reason by refused or unknown file, after a run."""
    return {file.source_file: str(file.reason) for file in home.run().files if file.status != "loaded"}


def test_S7_names_decide_the_extract(home: Home) -> None:
    home.put_rows("setl_d.csv", rows("setl_d", 1))
    home.put_rows("x/setl_d_part_2.csv", rows("setl_d", 1, start=2))
    home.put_rows("psn_insu_d_2024.csv", rows("psn_insu_d", 1, psn_no="p"))
    home.put_rows("psn_insu_his_d/psn_insu_his_d_2024.csv", rows("psn_insu_his_d", 1, insutype="310"))
    home.put_rows("setl_d_folder/other.csv", rows("setl_d", 1, start=3))
    home.put_rows("outmed_setl_d.csv", rows("setl_d", 1, start=4))
    home.put_rows("setl_data.csv", rows("setl_d", 1, start=5))
    home.put("readme.md", "notes")
    with zipfile.ZipFile(home.landing / "mdtrt_d_202401.zip", "w") as archive:
        archive.writestr("part1.csv", text(rows("mdtrt_d", 2)))
        archive.writestr("setl_d_late.csv", text(rows("setl_d", 1, start=6)))
    report = home.run()
    found = {file.source_file: (file.extract, file.status) for file in report.files}
    assert found["setl_d.csv"] == found["x/setl_d_part_2.csv"] == ("setl_d", "loaded")
    assert found["psn_insu_d_2024.csv"] == ("psn_insu_d", "loaded")
    assert found["psn_insu_his_d/psn_insu_his_d_2024.csv"] == ("psn_insu_his_d", "loaded")
    assert found["mdtrt_d_202401.zip/part1.csv"] == ("mdtrt_d", "loaded")
    assert found["mdtrt_d_202401.zip/setl_d_late.csv"] == ("setl_d", "loaded")
    assert found["setl_d_folder/other.csv"] == found["setl_data.csv"] == found["outmed_setl_d.csv"] == (None, "unknown")
    assert found["readme.md"] == (None, "ignored")
    assert "treatment-side" in str(
        next(file.reason for file in report.unknown if file.source_file.startswith("outmed"))
    )
    assert report.exit_code == ExitCode.PARTLY
    assert dict(home.query("select source_file, status from ops.file"))["setl_data.csv"] == "unknown"


def test_S11_headers(home: Home) -> None:
    one = rows("setl_d", 2)
    home.put_rows(
        "setl_d_alias.csv",
        one,
        header={"inscp_amt": "inscp_scp_amt", "psn_pay": "PSN_PART_AMT", "setl_id": " 结算ID\t"},
    )
    home.put_rows("setl_d_extra.csv", [r | {"psn_name": "x", "note": "y"} for r in rows("setl_d", 1, start=3)])
    home.put_rows("setl_d_twice.csv", [r | {"inscp_scp_amt": "1"} for r in rows("setl_d", 1, start=4)])
    home.put_rows(
        "setl_d_less.csv", [{k: v for k, v in r.items() if k != "med_type"} for r in rows("setl_d", 1, start=5)]
    )
    home.put_rows("setl_d_none.csv", [{"a": "1", "b": "2"}])
    home.put("setl_d_empty.csv", "")
    home.put("setl_d_blank.csv", "\n\n")
    home.put("setl_d_head.csv", text(one).splitlines()[0] + "\n")
    home.put("setl_d_head.parquet", b"")
    report = home.run()
    found = {file.source_file: file for file in report.files}
    assert found["setl_d_alias.csv"].rows_accepted == 2 and found["setl_d_extra.csv"].status == "loaded"
    assert "note" in str(found["setl_d_extra.csv"].reason)
    assert home.query("select extra_columns from ops.file where source_file = 'setl_d_extra.csv'") == [
        (["psn_name", "note"],)
    ]
    assert "inscp_amt" in str(found["setl_d_twice.csv"].reason) and "med_type" in str(found["setl_d_less.csv"].reason)
    assert "not a header" in str(found["setl_d_none.csv"].reason)
    for name in ("setl_d_empty.csv", "setl_d_blank.csv", "setl_d_head.parquet"):
        assert found[name].status == "refused" and "empty" in str(found[name].reason), name
    head = found["setl_d_head.csv"]
    assert (head.status, head.rows_read) == ("loaded", 0) and "header only" in str(head.reason)
    assert report.exit_code == ExitCode.PARTLY
    assert home.value("select count(*) from raw.setl_d") == 3
    assert home.value("select count(*) from ops.file where status = 'refused' and reason is not null") == len(
        report.refused
    )


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
    found = reasons(home)
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
    found = outcome(home)
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
    assert outcome(home)["setl_d.csv"] == ("loaded", 300, 2)
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
    found = reasons(home)
    assert set(found) == {
        "setl_d_cut.parquet",
        "setl_d_named.csv",
        "setl_d_cut.csv.gz",
        "setl_d.xlsx",
        "setl_d.zip",
        "setl_d.xls",
    }
    assert "Parquet" in found["setl_d_named.csv"] and "Traceback" not in "".join(found.values())


def test_a_loaded_content_is_passed_over(home: Home) -> None:
    home.put_rows("setl_d_1.csv", rows("setl_d", 3))
    home.put_rows("setl_d_2.csv", rows("setl_d", 3))
    first = home.run()
    assert [file.status for file in first.files] == ["loaded", "duplicate"]
    assert "setl_d_1.csv" in str(first.files[1].reason)
    again = home.run()
    assert [file.status for file in again.files] == ["duplicate", "duplicate"] and again.exit_code == ExitCode.DONE
    os.utime(home.landing / "setl_d_1.csv", (1, 1))
    assert home.run().loaded == [] and home.value("select count(*) from ops.load") == 1


def test_S8_manifests(home: Home) -> None:
    for batch in ("b1", "b2", "b3", "b4", "b5", "b6"):
        home.put_rows(f"{batch}/setl_d_1.csv", rows("setl_d", 4, start=10 * int(batch[1])))
    good = {
        "file": "setl_d_1.csv",
        "rows": 4,
        "sha256": sha256(home.landing / "b1/setl_d_1.csv"),
        "sums": {"medfee_sumamt": "400"},
    }
    home.manifest("b1", batch="one", extracted_at="2024-02-01T08:00:00+08:00", files=[good])
    home.manifest("b2", files=[{"file": "setl_d_1.csv", "rows": 5}])
    home.manifest("b3", files=[{"file": "setl_d_1.csv", "sums": {"medfee_sumamt": "399.99"}}])
    home.manifest("b4", files=[{"file": "setl_d_1.csv"}, {"file": "setl_d_2.csv"}])
    home.manifest("b5", files=[])
    home.put("b6/manifest.json", "{not json")
    report = home.run()
    found = {file.source_file: file for file in report.files}
    assert found["b1/setl_d_1.csv"].status == "loaded"
    assert home.query("select batch, delivered_at::varchar from ops.load") == [("one", "2024-02-01 08:00:00")]
    for name, word in {
        "b2": "5",
        "b3": "399.99",
        "b4": "setl_d_2.csv",
        "b5": "not listed",
        "b6": "manifest.json",
    }.items():
        assert found[f"{name}/setl_d_1.csv"].status == "refused" and word in str(
            found[f"{name}/setl_d_1.csv"].reason
        ), name
    # Files loaded before do not count: the batch may be emptied, and grow by a listed file.
    (home.landing / "b1/setl_d_1.csv").unlink()
    home.put_rows("b1/setl_d_9.csv", rows("setl_d", 1, start=99))
    home.manifest("b1", files=[good, {"file": "setl_d_9.csv"}])
    assert {f.source_file: f.status for f in home.run().files}["b1/setl_d_9.csv"] == "loaded"
    home.put_rows("b7/setl_d_7.csv", rows("setl_d", 1, start=77))
    home.manifest("b7", files=[{"file": "setl_d_7.csv", "sha256": "0" * 64}])
    assert "sha256" in reasons(home)["b7/setl_d_7.csv"]


def test_S1_unknown_codes(home: Home) -> None:
    changes = [
        {"med_type": "9977"}, {"med_type": "81"}, {"pay_loc": "8"}, {"refd_setl_flag": "7"}, {"refd_setl_flag": "2"},
        {"insutype": "777"}, {"fix_blng_admdvs": "528877"}, {"fix_blng_admdvs": "", "fixmedins_code": "H99999900001"},
        {"hosp_lv": "77"}, {"psn_type": "77"}, {"insutype": ""}, {"fix_blng_admdvs": "", "fixmedins_code": "X1"},
        {"med_type": "9101-9115"}, {"fix_blng_admdvs": "440305"}, {"fix_blng_admdvs": "529900"}, {"hosp_lv": "2"},
    ]  # fmt: skip
    home.put_rows("setl_d.csv", [row("setl_d", n, **change) for n, change in enumerate(changes, 1)])
    report = home.run()
    assert report.loaded[0].rows_quarantined == 9 and report.exit_code == ExitCode.DONE, "held rows never refuse a file"
    held = home.rejected()
    assert set(held) == {1, 2, 3, 4, 5, 6, 7, 8, 13}
    assert held[13] == ["code_unknown", "length"] and all(held[n] == ["code_unknown"] for n in range(1, 9))
    codes = {(column, code): (rows, money) for column, code, rows, money in home.query(
        "select column_name, code, rows, money from ops.unmapped_code")}  # fmt: skip
    assert codes["med_type", "81"] == (1, 100) and codes["hosp_lv", "77"] == (1, 100)
    assert home.query("select rows_warned from ops.load") == [(2,)]
    assert home.query("select hosp_lv from raw.setl_d where setl_id = 'set16'") == [("02",)]
    assert home.value("select count(*) from raw.setl_d where insutype is null") == 1  # R5


def test_L9_a_province_declares_its_own_care_types(home: Home) -> None:
    home.settings.provinces.mkdir(parents=True)
    (home.settings.provinces / "520000.yml").write_text(
        "care_type_map: {'81': ordinary_outpatient}\n", encoding="utf-8"
    )
    home.put_rows(
        "setl_d.csv", [row("setl_d", 1, med_type="81"), row("setl_d", 2, med_type="81", insu_admdvs="370102")]
    )
    home.run()
    assert home.query("select setl_id from raw.setl_d") == [("set1",)], "another province's map says nothing"


def test_S2_thresholds(home: Home) -> None:
    def file(name: str, count: int, bad: int, start: int, **cells: str) -> None:
        good = rows("setl_d", count - bad, start=start)
        home.put_rows(name, good + rows("setl_d", bad, start=start + count, **cells))

    file("setl_d_a.csv", 199, 5, 1000, psn_pay="41")
    file("setl_d_b.csv", 199, 6, 2000, psn_pay="41")
    file("setl_d_c.csv", 200, 2, 3000, psn_pay="41")
    file("setl_d_d.csv", 200, 3, 4000, psn_pay="41")
    file("setl_d_e.csv", 200, 1, 5000, medfee_sumamt="9000")
    found = {file.source_file: file for file in home.run().files}
    status = {name[7]: file.status for name, file in found.items()}
    assert status == {"a": "loaded", "b": "refused", "c": "loaded", "d": "refused", "e": "refused"}
    assert "I3" in str(found["setl_d_d.csv"].reason) and "money" in str(found["setl_d_e.csv"].reason)
    assert home.value("select count(*) from raw.setl_d") == 194 + 198
    assert not list(home.settings.raw.rglob("*incoming*"))


def test_S4_every_row_read_is_accepted_or_quarantined(home: Home) -> None:
    table = rows("setl_d", 10)
    table[2]["medfee_sumamt"] = "1,000"
    table[3]["setl_id"] = ""
    table[4]["fulamt_ownpay_amt"] = "5"
    table[5]["enddate"] = "2024-01-01"
    table[6] = table[7]
    home.put_rows("setl_d.csv", table)
    home.run()
    ((read, accepted, held, superseded, warned),) = home.query(
        "select rows_read, rows_accepted, rows_quarantined, rows_superseded, rows_warned from ops.load"
    )
    assert (read, accepted, held, superseded, warned) == (10, 7, 3, 1, 1)
    assert home.rejected() == {3: ["I1", "I3", "number_form"], 4: ["required"], 5: ["I1"]}
    assert dict(home.query("select rule_id, unexpected from ops.rule_count where rule_id in ('R7', 'I2', 'required')")) == {
        "R7": 1, "I2": 0, "required": 1,
    }  # fmt: skip


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


def test_months_partition_settlements(home: Home) -> None:
    table = [row("setl_d", n, setl_time=f"2024-0{1 + n % 3}-20 08:00:00") for n in range(30)]
    home.put_rows("setl_d.csv", table)
    report = home.run()
    assert report.touched_months == [202401, 202402, 202403]
    assert home.query("select month, rows, raw_file from ops.load_month order by 1") == [
        (f"20240{m}", 10, f"raw/setl_d/20240{m}/1.parquet") for m in (1, 2, 3)
    ]
    assert home.value("select count(*) from raw.setl_d") == 30
    assert home.value("select count(distinct source_row) from raw.setl_d") == 30


@pytest.mark.parametrize("made", [False, True])
def test_nothing_to_take_in_is_one_clear_message(tmp_path: Path, made: bool) -> None:
    home = Home(tmp_path / "home")
    if not made:
        home.landing.rmdir()
    with pytest.raises(UserError) as raised:
        home.run()
    assert raised.value.code == ExitCode.BAD_INPUT and "setl_d_202401.csv" in raised.value.message("zh")


def test_only_refused_files_is_exit_2(home: Home) -> None:
    home.put("setl_d.csv", "")
    assert home.run().exit_code == ExitCode.BAD_INPUT
    (home.landing / "setl_d.csv").unlink()
    home.put_rows("setl_d_2.csv", rows("setl_d", 1))
    assert home.run().exit_code == ExitCode.DONE
    assert home.query("select status from ops.file where source_file = 'setl_d.csv' order by seen_at, status") == [
        ("refused",), ("withdrawn",),
    ]  # fmt: skip


def test_try_says_what_would_happen_and_changes_nothing(home: Home) -> None:
    table = [r | {"certno": "52010119700317001X", "note": "y"} for r in rows("setl_d", 10)]
    table[2]["medfee_sumamt"] = "1,000"
    table[3]["psn_no"] = ""
    table[4]["med_type"] = "9977"
    path = home.put_rows("setl_d_x.csv", table, header={"inscp_amt": "inscp_scp_amt"})
    report = try_file(home.settings, path)
    (file,) = report.files
    assert not report.refused and (file.rows_read, file.rows_accepted, file.rows_quarantined, file.rows_held) == (
        10,
        7,
        3,
        1,
    )
    assert ("inscp_scp_amt", "inscp_amt") in file.matched and file.extra == ["note"] and "brdy" in file.missing
    cells = {(cell.row, cell.rule_id, cell.columns): cell.value for cell in file.rejected}
    assert cells[3, "number_form", "medfee_sumamt"] == "1,000" and cells[5, "code_unknown", "med_type"] == "9977"
    for language in ("zh", "en"):
        said = report.message(language)
        assert "1,000" in said and "9977" in said and "52010119700317001X" not in said
    assert (
        not home.settings.warehouse.exists() and not home.settings.raw.exists() and not home.settings.key_file.exists()
    )
    refused = try_file(home.settings, home.put("psn_info_b.csv", "a,b\n"))
    assert refused.refused and "psn_info_b" in refused.message("en")
