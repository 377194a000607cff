"""The official forms: cells against the generator's truth and filters of reports (with the differences of L65), rules that fail, the workbook as it is read."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import polars as pl
import pytest
from click.testing import CliRunner

from dagster_project.checks.catalogue import form_rules
from dagster_project.checks.forms import judge_forms
from dagster_project.cli import cli
from dagster_project.dictionary.variants import read_variant
from dagster_project.forms.filling import MODELS, Filled, fill
from dagster_project.forms.model import cell_name, load_forms
from dagster_project.forms.rules import compared
from dagster_project.indicator_trial import trial
from tests.conftest import SampleHome
from tests.truth_cells import Cells, Truth
from tests.warehouse_api import settings_of

YEAR, PROVINCE = 2025, "520000"
BUREAU = "bureau"


@pytest.fixture(scope="module")
def filled(sample_home: SampleHome) -> Filled:
    with duckdb.connect(str(sample_home.warehouse)) as connection:
        return fill(connection, YEAR, PROVINCE)


def value(filled: Filled, form: str, row: str, column: str, region: str = PROVINCE, quarter: int = 4) -> int | None:
    """A cell in hundredths."""
    found = filled.cells.filter(
        pl.col("form") == form, pl.col("row") == row, pl.col("column") == column, pl.col("region_code") == region,
        pl.col("year") == YEAR, pl.col("quarter") == quarter,
    )["hundredths"]  # fmt: skip
    assert len(found) == 1, (form, row, column)
    answer: int | None = found[0]
    return answer


def test_L65_money_and_persons_are_those_of_the_truth(sample_home: SampleHome, filled: Filled) -> None:
    cells = Cells(sample_home.truth)
    places = sorted({cell["prefecture"] for cell in cells.of("settlement", "year", YEAR)})
    kinds = {"outpatient": "outpatient", "chronic": "chronic", "pharmacy": "pharmacy", "inpatient": "inpatient"}
    money = {"total": "total_fee", "own_pay": "full_own_pay"}
    compared_cells = 0
    for form, scheme in (("HI4", "employee"), ("HI7", "resident")):
        for region in (PROVINCE, *places):
            truth = Truth(cells, YEAR, region)
            for row, kind in kinds.items():
                for column, field in money.items():
                    expected = truth.settled(field, scheme, {kind})
                    assert value(filled, form, row, column, region) == expected, (form, row, column, region)
                    compared_cells += 1
    assert compared_cells == 16 * (1 + len(places))
    truth = Truth(cells, YEAR, PROVINCE)
    insured = truth.insured(lambda cell: cell["scheme"] == "employee")
    assert value(filled, "HI2", "total", "insured") == 100 * insured


def test_every_cell_has_a_value_or_a_reason(filled: Filled) -> None:
    _, reasons = load_forms()
    for has_value, reason in filled.cells.select(pl.col("hundredths").is_not_null(), "reason").unique().iter_rows():
        assert has_value == (reason == "") and (has_value or reason in reasons)


# The filters by which a prefecture bureau fills its forms (report_filters.csv), in the codes of the settlement itself.
LIVE = f"scheme_code in {{scheme}} and settlement_month // 100 = {YEAR} and reversal_class = 'live'"
CODES = {"310": "('310', '510')", "390": "('390')"}
HOSPITAL = "provider_kind <> 'pharmacy'"
# R6: maternity settled under 510 is the employees'. R29: 41 is pharmacy wherever it is. Day surgery (28) and 5302 are in no list of the pack's; the code set rolls them up to inpatient care.
INPATIENT = (
    "(left(care_type::varchar, 2) in ('21', '22', '23', '24', '28', '13', '52', '92') or care_type = '5302') and "
    + HOSPITAL
)
FILTERS: dict[str, tuple[str, str, str, str]] = {
    "Q04": ("HI4", "outpatient", "310", f"left(care_type::varchar, 2) in ('11', '12') and {HOSPITAL}"),
    "Q06": ("HI4", "chronic", "310", f"care_group = 'chronic_outpatient' and {HOSPITAL}"),
    "Q08": ("HI4", "pharmacy", "310", "(provider_kind = 'pharmacy' or left(care_type::varchar, 2) = '41')"),
    "Q09": ("HI4.1", "inpatient", "310", INPATIENT),
    "Q15 outpatient": ("HI7", "outpatient", "390", f"left(care_type::varchar, 2) in ('11', '12') and {HOSPITAL}"),
    "Q15 inpatient": ("HI7", "inpatient", "390", INPATIENT),
    "Q15 elderly": ("HI7", "inpatient_elderly", "390", INPATIENT + " and age_group = '60+'"),
    "Q27": ("HI7", "hypertension", "390", f"two_disease = 'hypertension' and {HOSPITAL}"),
    "Q28 in province": ("HI8", "inpatient_in_province", "310", INPATIENT + " and care_type not in ('52', '5302') and travel_class = 'in_province'"),
    "Q30 direct": ("HI8.1", "inpatient_in_province_direct", "390", INPATIENT + " and care_type not in ('52', '5302') and travel_class = 'in_province' and payment_place <> '1'"),
}  # fmt: skip


@pytest.fixture(scope="module")
def bureau(sample_home: SampleHome) -> Filled:
    settings = settings_of(sample_home.home, sample_home.key)
    with trial(settings, *MODELS) as aside:
        return fill(aside.computed(read_variant(settings, BUREAU, PROVINCE).province), YEAR, PROVINCE)


@pytest.mark.parametrize("report", FILTERS)
def test_a_bureaus_filter_gives_the_same_money(sample_home: SampleHome, bureau: Filled, report: str) -> None:
    form, row, scheme, condition = FILTERS[report]
    with duckdb.connect(str(sample_home.warehouse)) as connection:
        sums = connection.execute(
            "select cast(100 * sum(total_fee_yuan) as bigint), cast(100 * sum(pool_pay_yuan) as bigint), "
            "cast(100 * sum(full_own_pay_yuan) as bigint) from core.fct_settlement "
            f"where {LIVE.format(scheme=CODES[scheme])} and {condition}"
        ).fetchone()
    found = tuple(value(bureau, form, row, column) for column in ("total", "pool", "own_pay"))
    assert sums is not None and sums[0] and found == tuple(sums), report


def test_L91_settlements_with_a_payment_have_all_their_money_there(sample_home: SampleHome, filled: Filled) -> None:
    """Straight from the settlements: what serious-illness insurance supplemented, and what the large-amount subsidy did."""
    with duckdb.connect(str(sample_home.warehouse)) as connection:
        sums = connection.execute(
            "select cast(100 * sum(pool_pay_yuan) as bigint), cast(100 * sum(serious_illness_pay_yuan) as bigint), "
            "cast(100 * sum(assistance_pay_yuan) as bigint), cast(100 * sum(full_own_pay_yuan) as bigint), "
            "cast(100 * sum(over_limit_pay_yuan + pre_pay_yuan + in_scope_fee_yuan - pool_pay_yuan - serious_illness_pay_yuan "
            "- assistance_pay_yuan) as bigint), "
            f"100 * count(*) from core.fct_settlement where {LIVE.format(scheme=CODES['390'])} and serious_illness_pay_yuan <> 0"
        ).fetchone()
        subsidised = connection.execute(
            f"select 100 * count(*) from core.fct_settlement where {LIVE.format(scheme=CODES['310'])} and large_amount_pay_yuan <> 0"
        ).fetchone()
    columns = ("basic", "serious", "assistance", "own_pay", "self_pay", "visits")
    assert sums is not None and sums[-1] and sums == tuple(value(filled, "HI9", "all", name) for name in columns)
    assert subsidised == (value(filled, "SI", "total", "visits"),)


# Row of HI10, what the truth's cells must say for it, and the bureau's filter of Q36 by place and kind of insurance.
TRANSFERS: dict[str, tuple[dict[str, str], str]] = {
    "in": ({"direction": "in"}, "left(trafin_admdvs, 4) = left(insu_admdvs, 4)"),
    "in_other_province": (
        {"direction": "in", "travel_class": "cross_province"},
        f"left(trafin_admdvs, 4) = left(insu_admdvs, 4) and left(trafout_admdvs, 2) <> '{PROVINCE[:2]}'",
    ),
    "in_employee": (
        {"direction": "in", "protection": "employee_to_employee"},
        "left(trafin_admdvs, 4) = left(insu_admdvs, 4) and traf_prot_dirc = '11'",
    ),
    "out": ({"direction": "out"}, "left(trafout_admdvs, 4) = left(insu_admdvs, 4)"),
    "out_rural": (
        {"direction": "out", "protection": "employee_to_employee", "household": "rural"},
        "left(trafout_admdvs, 4) = left(insu_admdvs, 4) and traf_prot_dirc = '11' and psn_no in "
        "(select psn_no from staging.stg_psn_info_b where is_current and resd_natu in ('20', '21', '22'))",
    ),
}


@pytest.mark.parametrize("row", TRANSFERS)
def test_L68_transfers_are_those_of_the_truth_and_of_the_bureaus_filter(
    sample_home: SampleHome, filled: Filled, row: str
) -> None:
    wanted, condition = TRANSFERS[row]
    cells = Cells(sample_home.truth)
    for region in (PROVINCE, "520100", "529900"):
        truth = Truth(cells, YEAR, region)
        sums = [
            truth.sum("transfer", field, lambda cell: wanted.items() <= cell.items())
            for field in ("transfers", "amount")
        ]
        found = [value(filled, "HI10", row, column, region) for column in ("persons", "amount")]
        assert found == [100 * sums[0], sums[1]], (row, region)
    assert value(filled, "HI10", row, "persons"), "of every kind there are some"
    assert value(filled, "HI10", "unknown", "persons") == 0
    with duckdb.connect(str(sample_home.warehouse)) as connection:
        counted = connection.execute(
            "select cast(100 * count(*) as bigint), cast(100 * sum(traf_amt) as bigint) from staging.stg_rlts_traf_info_d "
            f"where is_current and vali_flag = '1' and year(crte_time) = {YEAR} and {condition}"
        ).fetchone()
    assert counted == tuple(value(filled, "HI10", row, column) for column in ("persons", "amount"))


def broken(form: str, row: str, column: str, change: Callable[[int | None], int | None]) -> Callable[[Filled], Filled]:
    """The forms with one cell of the province changed in the last quarter."""

    def apply(filled: Filled) -> Filled:
        here = (
            (pl.col("form") == form) & (pl.col("row") == row) & (pl.col("column") == column)
            & (pl.col("region_code") == PROVINCE) & (pl.col("year") == YEAR) & (pl.col("quarter") == 4)
        )  # fmt: skip
        old = value(filled, form, row, column)
        cells = filled.cells.with_columns(
            pl.when(here).then(pl.lit(change(old), dtype=pl.Int64)).otherwise(pl.col("hundredths")).alias("hundredths")
        )
        return Filled(cells, filled.province, filled.year, filled.last_quarter)

    return apply


def plus(amount: int) -> Callable[[int | None], int | None]:
    return lambda old: (old or 0) + amount


# By rule, a cell of the province that stands on the left of a comparison of it, and what breaks that.
BROKEN: dict[str, tuple[str, str, str, Callable[[int | None], int | None]]] = {
    "X01": ("HI4", "outpatient_active", "total", plus(1)),
    "X02": ("HI4", "chronic", "memo", plus(1)),
    "X03": ("HI4.1", "inpatient_tertiary", "visits", plus(100)),
    "X04": ("HI4.1", "inpatient", "drug_in", plus(1)),
    "X05": ("HI8", "inpatient", "visits", plus(10**9)),
    "X06": ("HI8.1", "inpatient_in_province_direct", "total", plus(10**12)),
    "X07": ("HI8", "outpatient", "visits", plus(100)),
    "X08": ("HI4", "chronic", "persons", plus(10**9)),
    "X09": ("HI9", "all", "persons", plus(10**9)),
    "X10": ("HI2", "enterprise", "women", plus(10**9)),
    "X11": ("MI3", "total", "visits", plus(100)),
    "X12": ("HI7", "outpatient", "total", lambda old: 0),
    "X13": ("HI7.1", "inpatient_primary", "pool", plus(1)),
    "X13_persons": ("M-persons", "resident", "value", plus(10**9)),
    "X14": ("HI4", "home_bed", "pool", lambda old: 2 * (old or 0) + 100),
    "X15": ("bridge", "employee", "settled", plus(1)),
    "X16": ("HI7", "outpatient", "visits", lambda old: None),
    "X17": ("HI7", "all", "total", plus(1)),
}
# X04 needs all six classes, and the sample has charge lines of one month: they are put there, and one of them is all there is.
CLASSES = ("drug_in", "drug_out", "item_in", "item_out", "facility_in", "facility_out")


def failing(filled: Filled) -> set[tuple[Any, ...]]:
    """Rule, form, row and column of every comparison of the last quarter that does not hold."""
    rows = compared(filled).filter(~pl.col("holds"), pl.col("quarter") == 4, pl.col("region_code") == PROVINCE)
    return set(rows.select("rule", "form", "row", "column").iter_rows())


def test_the_sample_breaks_no_rule_of_severity_error(sample_home: SampleHome, filled: Filled) -> None:
    results = {one.check_name: one.status for one in judge_forms(compared(filled), settings_of(sample_home.home))}
    assert list(results) == list(form_rules()) == list(BROKEN)
    assert {rule for rule, status in results.items() if status not in ("pass", "warn")} == {"X04"}
    assert results["X04"] == "not_applicable"


def reconciled(filled: Filled) -> Filled:
    """Settlements and ledger made equal, which they never are (X15 is shown with a bridge), and classes of expense that add up."""
    sound = broken("bridge", "employee", "settled", lambda old: value(filled, "bridge", "employee", "ledger"))(filled)
    for name in CLASSES:
        whole = value(filled, "HI4.1", "inpatient", "total") if name == CLASSES[0] else 0
        sound = broken("HI4.1", "inpatient", name, lambda old, whole=whole: whole)(sound)
    return sound


def test_every_rule_names_the_cell_that_breaks_it(sample_home: SampleHome, filled: Filled) -> None:
    """All are broken at once, each in a cell of its own: what did not hold before is not counted."""
    sound = reconciled(filled)
    changed = sound
    for form, row, column, change in BROKEN.values():
        changed = broken(form, row, column, change)(changed)
    wanted = {(rule, form, row, column) for rule, (form, row, column, _) in BROKEN.items()}
    assert not wanted & failing(sound)
    assert wanted <= failing(changed)
    told = judge_forms(compared(changed), settings_of(sample_home.home))
    for one in told:
        assert one.status in ("fail", "warn") and one.unexpected, one.check_name
        assert one.samples and {"form", "row", "column", "region_code", "quarter"} <= one.samples[0].keys(), (
            one.check_name
        )


def test_swapped_schemes_are_found(filled: Filled) -> None:
    other = {"HI4": "HI7", "HI7": "HI4"}
    cells = filled.cells.with_columns(pl.col("form").replace(other))
    swapped = compared(Filled(cells, filled.province, filled.year, filled.last_quarter))
    assert swapped.filter(pl.col("rule") == "X17", ~pl.col("holds")).height


def test_the_workbook_names_its_cells_and_says_that_it_is_internal(
    sample_home: SampleHome, filled: Filled, tmp_path: Path
) -> None:
    to = tmp_path / "forms.xlsx"
    environment = {"BULLETIN_KEY_FILE": str(sample_home.key)}
    said = CliRunner(env=environment).invoke(
        cli, ["forms", "--year", str(YEAR), "--home", str(sample_home.home), "--to", str(to)]
    )
    assert said.exit_code == 0, said.output
    assert "内部报表" in said.output and "空白" in said.output and "X04" not in said.output
    book = openpyxl.load_workbook(to)
    forms, _ = load_forms()
    assert book.sheetnames[2:] == [form.key for form in forms]
    assert len(book.defined_names) == sum(len(form.rows) * len(form.columns) for form in forms)
    for form, row, column in (
        ("HI4.1", "inpatient", "total"),
        ("HI2", "total", "insured"),
        ("MI3", "allowance", "visits"),
    ):
        sheet, cell = next(iter(book.defined_names[cell_name(form, row, column)].destinations))
        assert round(100 * book[sheet][cell.replace("$", "")].value) == value(filled, form, row, column)
    assert "不得公开" in str(book["HI4"]["A3"].value)
    # A sign of equality is text: Excel would take it for a formula.
    failed = compared(filled).filter(~pl.col("holds"))
    lines = [[cell.value for cell in row] for row in book["不符明细"].iter_rows(min_row=7) if row[0].value]
    lines = lines[[line[0] for line in lines].index("规则") + 1 :]
    assert len(lines) == failed.height and "=" in {line[9] for line in lines}
    assert {cell.data_type for row in book["不符明细"].iter_rows() for cell in row} <= {"s", "n"}
    assert ["X15", "bridge_employee_settled", "bridge"] in [line[:3] for line in lines]
    assert {line[5] for line in lines} >= {"贵州省"}


def test_a_department_fills_a_blank_cell_under_its_name(
    sample_home: SampleHome, filled: Filled, tmp_path: Path
) -> None:
    assert value(filled, "HI10", "in", "persons") is not None
    shutil.copy(sample_home.warehouse, tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute(
            "insert into cube.cube_reported (period, year, province, region_code, indicator_id, measure_kind, value, unit) "
            f"values ('{YEAR}', {YEAR}, '{PROVINCE}', '{PROVINCE}', 'HI10.in.persons', 'flow_year', 1.5, '万人')"
        )
        connection.execute(f"delete from cube.cube_transfer where month // 100 = {YEAR}")
        told = fill(connection, YEAR, PROVINCE)
    assert value(told, "HI10", "in", "persons") == 1_500_000
    assert value(told, "HI10", "in", "persons", quarter=3) is None
    # L68: nothing was delivered for the year, which is not the same as nobody having moved.
    reasons = (
        told.cells.filter(pl.col("form") == "HI10", pl.col("hundredths").is_null()).group_by("year", "reason").len()
    )
    assert set(reasons.select("year", "reason").iter_rows()) == {(YEAR, "no_transfers")}


def test_forms_do_not_go_into_the_published_folder(sample_home: SampleHome) -> None:
    to = sample_home.home / "publication" / "forms.xlsx"
    said = CliRunner().invoke(cli, ["forms", "--year", str(YEAR), "--home", str(sample_home.home), "--to", str(to)])
    assert said.exit_code == 2 and not to.exists()


def test_a_year_without_data_is_said_with_those_that_have_some(sample_home: SampleHome, tmp_path: Path) -> None:
    words = ["forms", "--year", "2019", "--home", str(sample_home.home), "--to", str(tmp_path / "forms.xlsx")]
    said = CliRunner(env={"BULLETIN_KEY_FILE": str(sample_home.key)}).invoke(cli, words)
    assert said.exit_code == 2 and "没有 2019 年的数据" in said.output, said.output
    assert "有数据的年份：2023、2024、2025" in said.output and not (tmp_path / "forms.xlsx").exists()
