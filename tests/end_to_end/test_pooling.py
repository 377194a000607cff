"""How unequal the areas are: the tables of `bulletin pooling` against the generator's truth and formulas written out again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from math import isclose, log
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from dagster_project.cli import cli
from tests.conftest import YEARS, SampleHome
from tests.truth_cells import Cells, Truth

SCHEMES = ("employee", "resident")
POOL, IN, OUT = "统筹", "收入", "支出"
CODES = {"employee": "310", "resident": "390"}


@pytest.fixture(scope="module")
def warehouse(sample_home: SampleHome) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(sample_home.warehouse)) as connection:  # as the verb does: one process, one way to open
        yield connection


@pytest.fixture(scope="module")
def areas(sample_home: SampleHome) -> list[Truth]:
    """The truth of every prefecture and year."""
    cells = Cells(sample_home.truth)
    places = sorted({cell["prefecture"] for year in YEARS for cell in cells.of("settlement", "year", year)})
    return [Truth(cells, year, place) for year in YEARS for place in places]


def paid_and_catalogue(area: Truth, scheme: str, tier: str | None = None) -> tuple[int, int]:
    """Fund payment without assistance, and cost within the catalogue, of inpatients in fen."""
    keep = (lambda cell: cell["tier"] == tier) if tier else bool
    money = {
        name: area.settled(name, scheme, {"inpatient"}, keep)
        for name in ("fund_pay", "assistance_pay", "total_fee", "full_own_pay")
    }
    return money["fund_pay"] - money["assistance_pay"], money["total_fee"] - money["full_own_pay"]


def closing(area: Truth, scheme: str) -> int:
    """Balance of the pooled fund at the end of the last month, in fen."""
    return area.sum(
        "fund", "amount",
        lambda c: c["scheme_code"] == CODES[scheme] and c["fund_type"] == POOL and c["item_code"] == "BAL",
    )  # fmt: skip


def test_areas_agree_with_the_truth(warehouse: duckdb.DuckDBPyConnection, areas: list[Truth]) -> None:
    found = {
        tuple(key): (int(100 * above), int(below * factor))
        for *key, above, below, factor in warehouse.execute(
            "select measure, scheme, year, region_code, numerator, denominator, if(measure = 'inpatient_pay_ratio', 100, 1) "
            "from indicator.pooling_area where measure <> 'deductible_per_stay'"
        ).fetchall()
    }
    expected = {}
    for area in areas:
        for scheme in SCHEMES:
            insured = area.insured(lambda c, scheme=scheme: c["scheme"] == scheme)
            pairs = {
                "inpatient_pay_ratio": paid_and_catalogue(area, scheme),
                "income_per_head": (area.ledger(CODES[scheme], {POOL}, IN), insured),
                "reserve_per_head": (closing(area, scheme), insured),
            }
            for measure, (above, below) in pairs.items():
                if below:
                    expected[measure, scheme, area.year, area.region] = (above, below)
    assert found == expected


def test_deductibles_agree_with_the_facts(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A second way: from the settlements themselves, without cubes and labels."""
    query = """
        select case when scheme_code in ('310', '510') then 'employee' else 'resident' end, settlement_month // 100,
            insured_prefecture, sum(deductible_yuan)
        from core.fct_settlement
        where reversal_class = 'live' and provider_kind = 'hospital' and care_group in ('inpatient', 'maternity_inpatient')
            and scheme_code in ('310', '510', '390', '391', '380')
        group by all having sum(deductible_yuan) > 0
    """
    expected = {tuple(key): amount for *key, amount in warehouse.execute(query).fetchall()}
    query = (
        "select scheme, year, region_code, numerator from indicator.pooling_area where measure = 'deductible_per_stay' "
        "and numerator > 0"
    )
    found = {tuple(key): amount for *key, amount in warehouse.execute(query).fetchall()}
    assert found and found == expected


def theil(pairs: list[tuple[float, float]]) -> float:
    """Sum of (share of the amount) x log(share of the amount / share of the base)."""
    above, below = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    return sum(a / above * log(a / above / (b / below)) for a, b in pairs if a)


def test_L45_dispersion_follows_its_formulas(warehouse: duckdb.DuckDBPyConnection) -> None:
    cells = defaultdict(list)
    for measure, scheme, year, above, below, value in warehouse.execute(
        "select measure, scheme, year, numerator, denominator, value from indicator.pooling_area"
    ).fetchall():
        cells[measure, year, scheme].append((float(above), float(below), value))
    rows = warehouse.execute("select * from indicator.pooling_dispersion").pl().to_dicts()
    assert len(rows) == len(cells) > 0
    for row in rows:
        own = cells[row["measure"], row["year"], row["scheme"]]
        values = [value for *_, value in own]
        mean = sum(values) / len(values)
        spread = (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
        assert (row["lowest"], row["highest"], row["areas"]) == (min(values), max(values), len(values))
        assert isclose(row["range"], max(values) - min(values))
        assert isclose(row["variation"], spread / mean, rel_tol=1e-9)
        assert isclose(row["theil"], theil([(a, b) for a, b, _ in own]), rel_tol=1e-6, abs_tol=1e-12)
        both = [(a, b) for scheme in SCHEMES for a, b, _ in cells[row["measure"], row["year"], scheme]]
        assert isclose(row["theil_of_both_schemes"], theil(both), rel_tol=1e-6, abs_tol=1e-12)
        assert isclose(row["theil_between"] + row["theil_within"], theil(both), rel_tol=1e-6, abs_tol=1e-12)


def test_balances_agree_with_the_truth(warehouse: duckdb.DuckDBPyConnection, areas: list[Truth]) -> None:
    query = "select year, region_code, scheme, income_yuan, expenditure_yuan, surplus_yuan, reserve_yuan from indicator.pooling_balance"
    found = {}
    for year, region, scheme, *amounts in warehouse.execute(query).fetchall():
        found[year, region, scheme] = tuple(int(100 * amount) for amount in amounts)
    expected = {}
    for area in areas:
        for scheme in SCHEMES:
            income, spent = (area.ledger(CODES[scheme], {POOL}, direction) for direction in (IN, OUT))
            if income or spent or closing(area, scheme):
                expected[area.year, area.region, scheme] = (income, spent, income - spent, closing(area, scheme))
    assert found == expected


def test_the_level_of_pooling_is_the_one_in_force(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = warehouse.execute(
        "select distinct year, pooling_level from indicator.pooling_balance order by 1"
    ).fetchall()
    assert found == [(2023, "prefecture"), (2024, "province"), (2025, "province")]


def test_flows_agree_with_the_truth(warehouse: duckdb.DuckDBPyConnection, sample_home: SampleHome) -> None:
    expected: dict[tuple[object, ...], int] = defaultdict(int)
    for cell in sample_home.truth["cells"]["away"]:
        if cell["visit_type"] == "inpatient" and cell["stays"]:
            key = (cell["year"], cell["prefecture"], cell["scheme"], cell["travel_class"], cell["destination"])
            expected[key] += cell["stays"]
    query = (
        "select year, region_code, scheme, travel_class, destination_region, stays from indicator.pooling_flow "
        "where travel_class in ('in_province', 'cross_province')"
    )
    found = {tuple(key): stays for *key, stays in warehouse.execute(query).fetchall()}
    assert found == dict(expected)


def test_the_what_if_moves_money_between_areas_and_makes_none(
    warehouse: duckdb.DuckDBPyConnection, areas: list[Truth]
) -> None:
    rows = warehouse.execute(
        "select year, region_code, scheme, hospital_tier, effect_yuan from indicator.pooling_what_if"
    ).fetchall()
    sums: dict[tuple[object, ...], float] = defaultdict(float)
    for year, _, scheme, tier, effect in rows:
        sums[year, scheme, tier] += effect
    assert len(sums) >= len(YEARS) * len(SCHEMES) * 3
    assert all(isclose(total, 0, abs_tol=1e-4) for total in sums.values())
    wholes: dict[tuple[object, ...], list[int]] = defaultdict(lambda: [0, 0])
    for area in areas:
        for scheme in SCHEMES:
            for place, amount in enumerate(paid_and_catalogue(area, scheme, "tertiary")):
                wholes[area.year, scheme][place] += amount
    found = {(year, region, scheme): effect for year, region, scheme, tier, effect in rows if tier == "tertiary"}
    for area in areas:
        for scheme in SCHEMES:
            paid, catalogue = paid_and_catalogue(area, scheme, "tertiary")
            above, below = wholes[area.year, scheme]
            expected = (catalogue * above / below - paid) / 100
            assert isclose(found.get((area.year, area.region, scheme), 0.0), expected, rel_tol=1e-9, abs_tol=1e-4)


def bulletin(home: SampleHome, *arguments: str) -> tuple[int, str]:
    """The verb in process: exit code and all that it said."""
    done = CliRunner().invoke(cli, ["pooling", "--home", str(home.home), *arguments])
    return done.exit_code, done.output


def test_the_verb_prints_all_tables_and_names_the_areas(sample_home: SampleHome) -> None:
    code, said = bulletin(sample_home, "--year", "2024")
    assert code == 0
    for title in (
        "统筹区间差异",
        "泰尔指数分解",
        "2024 年统筹基金收支",
        "2024 年住院就医流向",
        "按全省同级平均支付比例测算",
    ):
        assert title in said
    assert "贵阳市" in said and "520100" not in said and "省级统筹" in said


def test_the_workbook_holds_the_same_tables_and_says_that_it_is_internal(
    sample_home: SampleHome, tmp_path: Path
) -> None:
    book = tmp_path / "pooling.xlsx"
    code, said = bulletin(sample_home, "--to", str(book))
    assert code == 0 and "不得公开" in said
    sheets = CalamineWorkbook.from_path(book)
    assert len(sheets.sheet_names) == 6
    body = sheets.get_sheet_by_name(sheets.sheet_names[3]).to_python()
    assert any(isinstance(cell, float) for row in body for cell in row)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--year", "1999"), "1999"),
        (("--to", "nowhere/at/all.xlsx"), "没有这个文件夹"),
        (("--to", "table.csv"), ".xlsx"),
    ],
)
def test_mistakes_are_told_in_words(sample_home: SampleHome, arguments: tuple[str, ...], told: str) -> None:
    code, said = bulletin(sample_home, *arguments)
    assert code == 2 and told in said and "Traceback" not in said
