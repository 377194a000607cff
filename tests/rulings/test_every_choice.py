"""Every value of every definition choice has a case, and choices that share the money and the visits of one settlement agree in pairs.

Belongs here: one prefecture whose few rows every choice of care, tier, money and denominators can move, the plain rules by which
a statistician would count them, and the list of where the other values are tested. Does not belong here: the single rulings.

The rules below are written without the warehouse's models. All pairs of values occur together in the variants that are computed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from pathlib import Path

import polars as pl
import pytest

from dagster_project.dbt_parse import DBT_PROJECT
from dagster_project.dictionary import load_indicators, load_switches
from dagster_project.dictionary.compile import Compiler
from dagster_project.dictionary.indicators import WITHOUT_FIGURE
from dagster_project.dictionary.variants import read_variant
from dagster_project.explain.definition_list import touched
from dagster_project.indicator_trial import Trial, facts_needed, trial
from dagster_project.settings import Settings
from tests.rulings.landed import make_world
from tests.rulings.pairwise import Choices, pairwise
from tests.rulings.test_listed_rulings import recognise
from tests.rulings.test_stay_rulings import OUTSIDE, group
from tests.rulings.world import FIRST_YEAR, PROVINCE, YEAR, Area, World, certificate

# Choices that one and the same row of care feels, and those of the people and places it is divided by, with all their values.
FACTORS: dict[str, tuple[str, ...]] = {
    "tier_column": ("hosp_lv", "dedc_hosp_lv", "lmtpric_hosp_lv", "registry_at_discharge"),
    "unknown_tier": ("primary_and_below", "separate", "tertiary"),
    "emergency_in_inpatient": ("exclude", "include_1301", "include_13"),
    "pay_ratio_funds": ("basic_only", "insurance_funds", "all_funds"),
    "personal_account": ("separate", "own_burden", "fund"),
    "coverage_denominator": ("should_be_enrolled", "resident", "registered"),
    "maternity_in_inpatient": ("include_52", "exclude_52"),
    "maternity_outpatient": ("own_kind", "ordinary"),
    "home_bed": ("own_kind", "inpatient"),
    "pharmacy_overlap": ("provider_first", "care_type_first"),
    "pharmacy_in_visits": ("exclude", "include"),
    "bed_day_rule": ("end_minus_begin_min1", "end_minus_begin_plus1"),
    "employee_hosp_rate_denominator": ("average", "year_end"),
    "resident_hosp_rate_denominator": ("average", "year_end"),
    "direct_settlement_rule": ("direct_plus_manual", "all_outside_rows", "filed_only"),
    "direct_settlement_unit": ("visits", "cost"),
    "disease_payment_denominator": ("eligible", "all_inpatient"),
    "maternity_visit_scope": ("medical_allowance", "plus_antenatal_family_planning"),
    "person_type_unknown": ("separate", "active"),
    "ma_visit_rule": ("per_encounter", "per_payment", "identity_list"),
    "balance_scope": ("pool_only", "with_accounts"),
    "ltc_scope": ("pilot_49", "all_areas"),
    "money_year": ("settlement", "stay"),
}
# Where the other values are tested: a test function, or a unit test beside a dbt model.
ELSEWHERE: dict[str, dict[str, str]] = {
    "insured_rule": {
        "paid_for_period": "test_R10_R11_R13_R14_R15_insured_by_default",
        "open_spell": "test_insured_by_open_spell_and_latest_row",
        "spell_and_recent_payment": "test_insured_by_recent_payment_without_deduplication",
    },
    "insured_dedup": {
        "employee_first": "test_R10_R11_R13_R14_R15_insured_by_default",
        "latest_row": "test_insured_by_open_spell_and_latest_row",
        "none": "test_insured_by_recent_payment_without_deduplication",
    },
    "dedup_scope": dict.fromkeys(
        ("province", "each_area"), "test_R15_the_person_counts_in_each_area_where_the_definition_says_so"
    ),
    "netting": {
        "link_and_flag": "test_R7_R8_R9_R30_L1_stays_merge_per_encounter",
        "link_only": "test_R1_stays_by_other_definitions",
    },
    "stay_merge": {
        "per_mdtrt": "test_R7_R8_R9_R30_L1_stays_merge_per_encounter",
        "gap_merge_n": "test_R1_stays_by_other_definitions",
        "per_settlement": "test_each_settlement_a_stay",
    },
    "stat_clock": dict.fromkeys(("setl_time", "enddate", "crte_time"), "test_L46_the_clock_decides_the_month_of_discharge_and_last_row"),
    "stay_year": dict.fromkeys(
        ("discharge", "last_row"), "test_L46_a_stay_belongs_to_the_year_of_its_last_row_where_the_definition_says_so"
    ),
    "reversal_measure": {
        "as_known": "test_R1_R31_as_known_a_reversal_takes_its_original_away",
        "ledger": "test_L36_as_booked_a_reversal_counts_where_it_lies_and_stays_do_as_well",
    },
    "beneficiary_rule": dict.fromkeys(
        ("hifp_pay_gt0", "any_fund_gt0", "any_settlement"), "test_L41_who_is_a_beneficiary_follows_the_rule_of_the_year"
    ),
    "payable_months_denominator": dict.fromkeys(
        ("actual_year", "next_year_budget"), "test_L51_months_of_reserve_by_the_budget_of_the_next_year"
    ),
    "settlement_delay_points": dict.fromkeys(
        ("claim_to_transfer", "month_end_to_transfer"), "test_L54_working_days_pass_over_holidays_and_count_the_weekends_worked_for_them"
    ),
    "ma_subsidy_scope": {
        "ma_only": "test_L63_persons_whose_premium_medical_assistance_paid",
        "all_departments": "test_L63_every_department_where_the_definition_says_so",
    },
    "poverty_identity": {
        "identity_list": "test_L66_visits_and_relief_of_rural_low_income_people",
        "maf_pay_ne0": "test_L67_visits_by_the_list_and_the_poor_by_the_assistance_paid",
    },
    "negotiated_drug_unit": dict.fromkeys(
        ("per_line", "per_settlement", "per_drug_settlement"), "test_L75_uses_of_negotiated_drugs_in_each_unit"
    ),
    "employer_group": dict.fromkeys(
        ("emp_type", "emp_mgt_type"), "test_L47_virtual_units_are_flexible_where_the_definition_goes_by_management"
    ),
}  # fmt: skip
# Choices that are told beside a figure and select no other computation (a condition on one of them would make it one): the basis
# the ledger was closed on, a figure as it was returned, and which of two figures the text prints (R35).
TOLD = {
    "acct_mulaid_position", "ledger_basis", "supervision_clock",
    "repeat_exam_rule", "referral_rule", "pay_ratio_denominator",
}  # fmt: skip
EMPLOYEES = {FIRST_YEAR: 2, YEAR: 4}  # a third and a fourth, of unknown status, from YEAR on
RESIDENTS = {FIRST_YEAR: 1, YEAR: 2}
LEDGER = [
    ("310", "统筹", 100, 300),
    ("310", "个人账户", 40, 70),
    ("390", "统筹", 50, 200),
]  # spent in the year, left at its end
LONG_TERM_CARE = 30  # income of its fund in a place that is none of the 49 pilot cities
FILED = (12, 13)  # of the stays in another province
LISTED = (6, 12)  # stays of people on the list of identities
GROUPED, SECOND_AID = 6, 40  # the stay paid by disease, and a supplementary payment of assistance for it
SPLIT, FIRST_PART = 14, 64  # the stay that begins in the year before, and what was settled of it then
POPULATION = {"should_be_enrolled": 1000, "resident": 2000, "registered": 4000}
TIERS = {
    "hosp_lv": "secondary",
    "dedc_hosp_lv": "primary_and_below",
    "registry_at_discharge": "tertiary",
    "lmtpric_hosp_lv": None,
}


@dataclass(frozen=True)
class Care:
    """One settlement, by what a statistician sees of it; fees are powers of two times 1000, so that every sum tells its rows."""

    number: int
    code: str
    provider: str = "H"
    days: int = 0
    payment_place: str = "2"
    begins: date = date(YEAR, 5, 1)

    @property
    def fee(self) -> int:
        """Gross fee in yuan."""
        return 1000 * 2**self.number

    @property
    def is_outside(self) -> bool:
        """Treated in another province."""
        return self.payment_place != "2"


ROWS = [
    Care(0, "11"), Care(1, "14"), Care(2, "14", "P"), Care(3, "41", "P"), Care(4, "13", days=1), Care(5, "1301", days=2),
    Care(6, "21", days=5), Care(7, "52", days=3), Care(8, "51"), Care(9, "53"), Care(10, "71", days=30),
    Care(11, "21", days=4, payment_place="4"), Care(12, "21", days=6, payment_place="1"), Care(13, "21", days=1, payment_place="5"),
    Care(SPLIT, "21", days=3, begins=date(FIRST_YEAR, 12, 30)),
]  # fmt: skip


def rows_every_choice(area: Area) -> None:
    """Each row of care with its share of funds, aid, account and own payment; people of two years; three populations."""
    for row in ROWS:
        begin, end = f"{row.begins}", f"{row.begins + timedelta(days=row.days)}"
        settled = area.settle(
            med_type=row.code, provider=row.provider, fee=row.fee, begndate=begin, enddate=end, fund=row.fee // 2, aid=40,
            hifp_pay=row.fee // 2 - 40 - 25, hifmi_pay=25, cash=row.fee // 2 - 15, pay_loc=row.payment_place, hosp_lv="05",
            dedc_hosp_lv="1", **({"fix_blng_admdvs": OUTSIDE} if row.is_outside else {}),
        )  # fmt: skip
        if row.number in FILED:
            area.file(settled["psn_no"], OUTSIDE, begin)
        if row.number in LISTED:
            recognise(area, certificate(900 + row.number), "低保对象", psn_no=settled["psn_no"])
        if row.number == GROUPED:
            # Assisted a second time, and paid by disease.
            area.settle(
                med_type=row.code, mdtrt_id=settled["mdtrt_id"], setl_type="3", begndate=begin, enddate=end,
                fee=SECOND_AID, fund=SECOND_AID, aid=SECOND_AID, own=0, pre=0, cash=0, hosp_lv="05", dedc_hosp_lv="1",
            )  # fmt: skip
            group(area, settled, f"{YEAR}12", "DIP", "正常")
        if row.number == SPLIT:
            area.settle(
                med_type=row.code, mdtrt_id=settled["mdtrt_id"], mid_setl_flag="1", begndate=begin, enddate=f"{FIRST_YEAR}-12-31",
                when=datetime(FIRST_YEAR, 12, 31), fee=FIRST_PART, fund=FIRST_PART // 2, own=0, pre=0, hosp_lv="05", dedc_hosp_lv="1",
            )  # fmt: skip
    area.add(
        "matn_alwn_crtf_d", matn_alwn_reg_id="A-every", psn_no="990000P9", matn_alwn_sumamt=3000, poolarea_no=area.prefecture,
        opt_time=f"{YEAR}-06-01 10:00:00", vali_flag="1",
    )  # fmt: skip
    told = [(scheme, fund, "E01", "支出", spent) for scheme, fund, spent, _ in LEDGER]
    told += [(scheme, fund, "BAL", "结余", left) for scheme, fund, _, left in LEDGER]
    for scheme, fund, item, direction, amount in (*told, ("310", "长护", "I01", "收入", LONG_TERM_CARE)):
        area.add(
            "fund_ledger_m", ym=f"{YEAR}12", poolarea_no=area.prefecture, admdvs=area.prefecture, insutype=scheme,
            fund_type=fund, item_code=item, dirc=direction, amt=amount, unit="元", as_of=f"{YEAR + 1}-01-20",
        )  # fmt: skip
    both, later = [FIRST_YEAR, YEAR], [YEAR]
    for years, flag in ((both, "0"), (both, "0"), (later, "0"), (later, "")):
        area.insure(years=years, insutype_retr_flag=flag)
    for years in (both, later):
        area.insure(insutype="390", psn_type="1501", insutype_retr_flag="", years=years)
    for kind, persons in POPULATION.items():
        area.add(
            "population_ref", year=str(YEAR), admdvs=area.prefecture, pop_kind=kind, persons=persons, source_doc="手工"
        )


def kind(row: Care, chosen: Choices) -> str:
    """What a row of care is counted as."""
    if row.provider == "P":
        return "chronic" if row.code == "14" and chosen["pharmacy_overlap"] == "care_type_first" else "pharmacy"
    if row.code in ("13", "1301"):
        taken = {"exclude": (), "include_1301": ("1301",), "include_13": ("13", "1301")}[
            chosen["emergency_in_inpatient"]
        ]
        return "inpatient" if row.code in taken else "outpatient"
    if row.code == "52":
        return "inpatient" if chosen["maternity_in_inpatient"] == "include_52" else "maternity"
    if row.code in ("51", "53"):
        return "outpatient" if chosen["maternity_outpatient"] == "ordinary" else "maternity"
    if row.code == "71":
        return "inpatient" if chosen["home_bed"] == "inpatient" else "home_bed"
    return {"11": "outpatient", "14": "chronic", "21": "inpatient"}[row.code]


def tier(row: Care, chosen: Choices) -> str:
    """The tier of the institution; outside the province the registry knows nothing of it."""
    known = TIERS[chosen["tier_column"]]
    if row.is_outside and chosen["tier_column"] == "registry_at_discharge":
        known = None
    if known is not None:
        return known
    return "unknown" if chosen["unknown_tier"] == "separate" else chosen["unknown_tier"]


def expected(chosen: Choices) -> dict[str, tuple[float, float | None]]:
    """Numerator and denominator of each indicator by the plain rules."""
    of = {
        name: [row for row in ROWS if kind(row, chosen) == name]
        for name in ("inpatient", "outpatient", "chronic", "pharmacy")
    }
    stays = of["inpatient"]
    fees = sum(row.fee for row in stays)
    part = FIRST_PART if chosen["money_year"] == "stay" else 0
    funds = {"basic_only": -40 - 25, "insurance_funds": -40, "all_funds": 0}[chosen["pay_ratio_funds"]]
    aid_in_fund = SECOND_AID if chosen["pay_ratio_funds"] == "all_funds" else 0
    own = {"separate": -15, "own_burden": 0, "fund": -15}[chosen["personal_account"]]
    extra = 0 if chosen["bed_day_rule"] == "end_minus_begin_min1" else 1
    away = [row for row in stays if row.is_outside]
    if chosen["direct_settlement_rule"] == "filed_only":
        away = [row for row in away if row.number in FILED]
    counted = (
        away
        if chosen["direct_settlement_rule"] == "all_outside_rows"
        else [row for row in away if row.payment_place in "14"]
    )
    weigh = (lambda row: 1) if chosen["direct_settlement_unit"] == "visits" else (lambda row: row.fee)
    eligible = [row for row in stays if not row.is_outside and 2 < row.days <= 60]
    people = {
        name: (before + after) / 2 if chosen[f"{name}_hosp_rate_denominator"] == "average" else after
        for name, before, after in (
            ("employee", EMPLOYEES[FIRST_YEAR], EMPLOYEES[YEAR]),
            ("resident", RESIDENTS[FIRST_YEAR], RESIDENTS[YEAR]),
        )
    }
    visits = sum(len(of[name]) for name in ("inpatient", "outpatient", "chronic"))
    answers: dict[str, tuple[float, float | None]] = {
        **{f"employee_{name}_expense": (sum(row.fee for row in of[name]), None) for name in ("inpatient", "outpatient", "pharmacy")},
        **{f"employee_{name}_visits": (len(of[name]), None) for name in ("inpatient", "outpatient", "pharmacy")},
        "employee_chronic_outpatient_visits": (len(of["chronic"]), None),
        "employee_benefit_visits": (visits + len(of["pharmacy"]) * (chosen["pharmacy_in_visits"] == "include"), None),
        "employee_actual_pay_ratio": (fees / 2 + funds * len(stays) + aid_in_fund + part / 2, fees + SECOND_AID + part),
        "oop_share_inpatient": (fees / 2 + own * len(stays) + part / 2, fees + SECOND_AID + part),
        "employee_avg_length_of_stay": (sum(max(row.days, 1) + extra for row in stays), len(stays)),
        "employee_avg_inpatient_cost": (fees + SECOND_AID + part, len(stays)),
        "employee_hospitalisation_rate": (len(stays), people["employee"]),
        "resident_hospitalisation_rate": (0, people["resident"]),
        "coverage_rate": (6, POPULATION[chosen["coverage_denominator"]]),
        "employee_active": (3 + (chosen["person_type_unknown"] == "active"), None),
        "maternity_benefit_visits": (3 + (chosen["maternity_visit_scope"] == "plus_antenatal_family_planning"), None),
        "xprov_direct_settlement_rate": (sum(weigh(row) for row in away if row.payment_place == "4"), sum(map(weigh, counted))),
        "disease_pay_discharge_share": (1, len(eligible) if chosen["disease_payment_denominator"] == "eligible" else len(stays)),
    }  # fmt: skip
    answers["employee_inpatient_expense"] = (fees + SECOND_AID + part, None)
    assisted, times = {"per_encounter": (6, 6), "per_payment": (6, 7), "identity_list": (len(LISTED), len(LISTED))}[
        chosen["ma_visit_rule"]
    ]
    answers["ma_avg_inpatient"] = (assisted * 40 + SECOND_AID, times)
    funds_told = LEDGER if chosen["balance_scope"] == "with_accounts" else [one for one in LEDGER if one[1] == "统筹"]
    answers["fund_payable_months"] = (sum(left for *_, left in funds_told), sum(spent for _, _, spent, _ in funds_told))
    answers["ltc_fund_income"] = (LONG_TERM_CARE if chosen["ltc_scope"] == "all_areas" else 0, None)
    return answers


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A province of this one prefecture, built once."""
    from tests.warehouse_api import build_home

    made = make_world(tmp_path_factory.mktemp("every_choice"), ["test_every_choice"])
    build_home(made.home)
    return made


def answers(layer: Trial, home: Settings, world: World, chosen: Choices) -> pl.DataFrame:
    """Figures of the prefecture under a variant."""
    text = ",".join(f"{name}={value}" for name, value in chosen.items())
    frame = layer.values(read_variant(home, text, PROVINCE).province, YEAR)
    return frame.filter(pl.col("region_code") == world.areas["every_choice"].prefecture)


@pytest.mark.long
def test_every_pair_of_choices_gives_what_the_plain_rules_say(world: World) -> None:
    home = Settings(home=world.home, key_file=world.home.parent / f"{world.home.name}.key", threads=2)
    wrong = []
    with trial(home) as layer:
        for chosen in pairwise(FACTORS):
            frame = answers(layer, home, world, chosen)
            wholes = frame.filter((pl.col("breakdown") == "total") & (pl.col("period_kind") == "year"))
            found = {
                name: (above, below)
                for name, above, below in wholes.select("indicator_id", "numerator", "denominator").iter_rows()
            }
            for name, (above, below) in expected(chosen).items():
                told = tuple(None if part is None else Decimal(str(part)) for part in (above, below))
                if found[name] != told:
                    wrong.append((name, found[name], told, chosen))
            by_tier = frame.filter(
                (pl.col("indicator_id") == "employee_inpatient_visits") & (pl.col("breakdown") == "hospital_tier")
            )
            tiers = {
                name: int(count) for name, count in by_tier.select("hospital_tier", "numerator").iter_rows() if count
            }
            plain: dict[str, int] = {}
            for row in ROWS:
                if kind(row, chosen) == "inpatient":
                    plain[tier(row, chosen)] = plain.get(tier(row, chosen), 0) + 1
            if tiers != plain:
                wrong.append(("tiers", tiers, plain, chosen))
    assert not wrong, f"{len(wrong)} wrong, the first: {wrong[0]}"


def test_all_pairs_of_values_occur_together() -> None:
    variants = pairwise(FACTORS)
    for one, other in combinations(FACTORS, 2):
        assert len({(variant[one], variant[other]) for variant in variants}) == len(FACTORS[one]) * len(FACTORS[other])
    assert len(variants) <= 20


def test_every_value_that_moves_a_figure_has_a_case() -> None:
    root = Path(__file__).resolve().parents[2]
    texts = [path.read_text(encoding="utf-8") for path in sorted((root / "tests").rglob("test_*.py"))]
    texts += [path.read_text(encoding="utf-8") for path in sorted((root / "dbt" / "models").rglob("_unit_tests.yml"))]
    known = set(re.findall(r"^(?:def |  - name: )(test_\w+)", "\n".join(texts), re.MULTILINE))
    wanted = {
        (switch.name, value)
        for switch in load_switches().values()
        if touched(switch.name) and switch.name not in TOLD
        for value in switch.values
    }
    tested = {(name, value) for name, values in FACTORS.items() for value in values}
    tested |= {(name, value) for name, cases in ELSEWHERE.items() for value, test in cases.items() if test in known}
    assert wanted <= tested, sorted(wanted - tested)


def test_a_choice_that_is_only_told_selects_no_computation(tmp_path: Path) -> None:
    compiler, indicators = Compiler(load_indicators(), load_switches()), load_indicators()
    asked = {
        switch
        for row in indicators.values()
        if row.kind not in WITHOUT_FIGURE
        for term in (*compiler.compile(row.indicator_id).numerator, *compiler.compile(row.indicator_id).denominator)
        for switch, _ in term.conditions
    }
    labels = (DBT_PROJECT / "models" / "indicator" / "label_choice.sql").read_text(encoding="utf-8")
    asked |= {name for name in load_switches() if f"'{name}'" in labels}
    asked |= facts_needed(Settings(home=tmp_path), list(load_switches()))
    assert not TOLD & asked, "computed now: give its values cases and take it off the list"
