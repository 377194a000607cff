"""The contracts themselves: all of them, whole, and consistent with the code sets."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from dagster_project.contracts import load_contracts, write_request_sheet
from dagster_project.ingest.codes import code_sets, known_codes, lawful_regions
from dagster_project.settings import PROJECT_ROOT, Settings
from dagster_project.verbs.asking import request

TABLES = {
    "psn_info_b", "psn_insu_d", "psn_insu_his_d", "staf_psn_clct_detl_d", "rsdt_psn_clct_detl_d", "insu_emp_info_b",
    "mdtrt_d", "setl_d", "setl_fund_sbit_d", "fee_list_d", "drg_dip_group_result", "matn_alwn_crtf_d", "out_appy_d",
    "fixmedins_b", "admdvs_dim_a", "fund_ledger_m", "population_ref", "adm_return", "ltc_payment", "med_dfr_d",
    "psn_idet_info_b", "rlts_traf_info_d", "outmed_setl_d", "acct_pay_detl_d",
}  # fmt: skip
DESIGNED = {"drg_dip_group_result", "fund_ledger_m", "population_ref", "adm_return", "ltc_payment", "psn_idet_info_b"}


def test_all_extracts_have_a_contract() -> None:
    assert set(load_contracts()) == TABLES
    assert {name for name, contract in load_contracts().items() if contract.designed} == DESIGNED


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_contract_is_whole(table: str) -> None:
    contract = load_contracts()[table]
    assert contract.name_zh and contract.name_en and contract.owner.zh and contract.hurts.en
    assert contract.key and contract.identity
    assert len({column.name for column in contract.columns}) == len(contract.columns)
    names = [name.casefold() for c in contract.columns for name in (c.name, c.name_zh, *c.aliases)]
    assert len(names) == len(set(names)), "two columns share a name"
    for column in contract.columns:
        assert column.code_set is None or column.code_set == "admdvs" or column.code_set in code_sets(), column.name
        assert column.type != "varchar" or column.length > 0
    for rule in contract.rules:
        assert rule.text.zh and rule.text.en and rule.hurts.zh and rule.severity in ("error", "warning", "profile")


def test_S6_identifiers_never_land() -> None:
    for contract in load_contracts().values():
        for column in contract.columns:
            if column.name in ("psn_no", "certno"):
                assert column.landed in ("pseudonym", "drop"), f"{contract.name}.{column.name}"
            assert not (column.required and column.landed == "drop"), "the request sheet says it need not be delivered"
            if column.name in ("psn_name", "ipt_otp_no", "medins_setl_id"):
                assert column.landed == "drop"
    assert load_contracts()["setl_d"].column("certno").landed == "drop"
    assert load_contracts()["psn_info_b"].column("rid").landed == "drop", "it may be made of the person number"


def test_keys_without_their_version_name_a_thing() -> None:
    assert load_contracts()["fund_ledger_m"].identity == ("ym", "poolarea_no", "insutype", "fund_type", "item_code")
    assert load_contracts()["drg_dip_group_result"].identity == ("setl_id",)
    assert load_contracts()["setl_d"].identity == ("setl_id",)


def test_S17_patterns_are_no_codes() -> None:
    assert "9101-9115" not in known_codes("med_type") and "else" not in known_codes("emp_type_group")
    assert "other" not in known_codes("revs_flag") and "Z" in known_codes("revs_flag")
    assert "81" not in known_codes("med_type"), "its meaning differs by province (L9)"
    assert "53_04" in known_codes("med_type")


def test_R17_delivered_regions_decide_and_the_list_is_the_fallback() -> None:
    fallback = lawful_regions(set())
    assert {"520102", "520199", "529900", "4403"} <= fallback and "520198" not in fallback
    delivered = lawful_regions({"520000", "520100", "520198"})
    assert "520198" in delivered and "520102" not in delivered
    assert "4403" in delivered, "provinces that were not delivered keep the fallback"


def test_request_sheet_names_every_column(tmp_path: Path) -> None:
    book, sql = write_request_sheet(tmp_path, [2024, 2023])
    sheet = CalamineWorkbook.from_path(str(book)).get_sheet_by_index(1).to_python()
    assert len(sheet) - 1 == sum(len(contract.columns) for contract in load_contracts().values())
    text = sql.read_text(encoding="utf-8")
    assert len(re.findall(r"^from ", text, re.M)) == len(TABLES)
    assert "timestamp '2023-01-01 00:00:00'" in text and "timestamp '2025-01-01 00:00:00'" in text
    assert "psn_name" not in text and "certno" not in text.split("from setl_d")[0].rsplit("select", 1)[1]


def test_the_request_brings_the_encounter_of_every_settlement_it_asks_for(tmp_path: Path) -> None:
    _, sql = write_request_sheet(tmp_path, [2024, 2025])
    with duckdb.connect() as connection:
        for contract in load_contracts().values():
            columns = ", ".join(f'"{column.name}" {column.sql_type}' for column in contract.columns)
            connection.execute(f"create table {contract.name} ({columns})")
        stays = [("begun before", "2023-12-28", "2024-01-05"), ("too early", "2023-11-01", "2023-11-05"),
                 ("within", "2025-12-30", "2026-01-04"), ("too late", "2026-01-02", "2026-01-04")]  # fmt: skip
        for stay, begun, settled in stays:
            connection.execute("insert into mdtrt_d (mdtrt_id, begntime) values (?, ?)", [stay, begun])
            connection.execute("insert into fee_list_d (mdtrt_id, fee_ocur_time) values (?, ?)", [stay, begun])
            connection.execute("insert into setl_d (mdtrt_id, setl_time) values (?, ?)", [stay, settled])
        found = {}
        text = "\n".join(line for line in sql.read_text(encoding="utf-8").splitlines() if not line.startswith("--"))
        for statement in text.split(";")[:-1]:
            rows = connection.execute(statement).pl()
            found[statement.split("\nfrom ")[1].split()[0]] = set(rows["mdtrt_id"]) if "mdtrt_id" in rows else set()
    assert set(found) == set(load_contracts()) and found["setl_d"] == {"begun before"}
    assert found["mdtrt_d"] == found["fee_list_d"] == {"begun before", "within"}


@pytest.mark.parametrize(
    ("asked", "first", "after"), [((2025,), 2024, 2026), ((), 2023, 2026), ((2022, 2024), 2021, 2025)]
)
def test_the_request_reaches_back_to_the_year_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[int, ...], first: int, after: int
) -> None:
    monkeypatch.setenv("BULLETIN_NOW", "2026-03-01T00:00:00")
    request(Settings(home=tmp_path), tmp_path, asked)
    text = (tmp_path / "data_request.sql").read_text(encoding="utf-8")
    assert f"setl_time >= timestamp '{first}-01-01 00:00:00' and setl_time < timestamp '{after}-01-01" in text


def test_L18_the_creator_of_an_allowance_lands_and_is_never_served() -> None:
    assert load_contracts()["matn_alwn_crtf_d"].column("crter_id").landed == "as_is"
    served = (PROJECT_ROOT / "dagster_project" / "serving" / "tables.yml").read_text(encoding="utf-8")
    assert "crter" not in served
