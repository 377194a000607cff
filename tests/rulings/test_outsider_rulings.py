"""Cases of people insured elsewhere who were treated here: what counts of their settlements, and that they stay apart.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by hand.
"""

from __future__ import annotations

from datetime import datetime

from tests.rulings.answers import Warehouse
from tests.rulings.world import OTHER_PROVINCE, PROVINCE, YEAR, Area

TABLE = "outmed_setl_d"


def rows_L71(area: Area) -> None:
    """Settlements that stand, are taken back, brought again, flagged or not valid; some people are of another area of the province."""
    far = {"table": TABLE, "insu_admdvs": f"{OTHER_PROVINCE[:2]}0101", "pay_loc": "4", "fix_blng_admdvs": area.county}
    near = far | {"insu_admdvs": f"{PROVINCE[:2]}9801", "pay_loc": "3"}
    area.settle(fee=100, **far)
    area.mirror(area.settle(fee=200, refd_setl_flag="1", **far), table=TABLE)
    area.mirror(area.mirror(area.settle(fee=400, **far), table=TABLE), table=TABLE)
    area.settle(fee=800, vali_flag="0", **far)
    area.settle(fee=1600, refd_setl_flag="1", **far)
    # A mirror that is not valid takes nothing back.
    area.mirror(area.settle(fee=3200, **far), table=TABLE, vali_flag="0")
    area.settle(fee=50, fund=30, provider="P", insutype="390", psn_type="1501", **near)


def rows_L86(area: Area) -> None:
    """A stay of an interim, two final and a supplementary settlement; outpatient rows of each kind; each way of settlement."""
    far = {"table": TABLE, "insu_admdvs": f"{OTHER_PROVINCE[:2]}0101", "pay_loc": "4", "fix_blng_admdvs": area.county}
    stay = far | {"med_type": "21", "mdtrt_id": "L86STAY", "hosp_lv": "05"}
    area.settle(fee=1000, when=datetime(YEAR, 1, 10), mid_setl_flag="1", **stay)
    area.settle(fee=2000, when=datetime(YEAR, 2, 10), **stay | {"hosp_lv": "02"})
    area.settle(fee=4000, when=datetime(YEAR, 3, 10), **stay)
    area.settle(fee=8000, when=datetime(YEAR, 4, 10), setl_type="3", **stay)
    area.settle(fee=16000, when=datetime(YEAR, 5, 10), mid_setl_flag="1", **far | {"med_type": "21"})
    area.settle(fee=10, mid_setl_flag="1", **far | {"pay_loc": "1"})
    area.settle(fee=20, setl_type="3", **far)
    area.settle(fee=40, **far | {"pay_loc": "5", "hosp_lv": ""})


def test_L86_a_stay_of_an_outsider_counts_once_and_a_supplementary_settlement_never(built: Warehouse) -> None:
    area = built.world.areas["L86"]
    query = (
        "select settlement_month % 100, visit_type, hospital_tier, settlement_way, visits, row_count, total_fee_yuan "
        "from indicator.labelled_outsider where year = ? and region_code = ? order by all"
    )
    assert built.query(query, [YEAR, area.prefecture]) == [
        (1, "inpatient", "secondary", "direct", 0, 1, 1000),
        (2, "inpatient", "tertiary", "direct", 0, 1, 2000),
        (3, "inpatient", "secondary", "direct", 1, 1, 4000),
        (3, "outpatient", "primary_and_below", "unknown", 1, 1, 40),
        (3, "outpatient", "tertiary", "direct", 0, 1, 20),
        (3, "outpatient", "tertiary", "manual", 1, 1, 10),
        (4, "inpatient", "secondary", "direct", 0, 1, 8000),
        (5, "inpatient", "tertiary", "direct", 0, 1, 16000),
    ]


def test_L71_outsiders_are_counted_by_where_they_are_insured_and_never_with_our_own(built: Warehouse) -> None:
    area = built.world.areas["L71"]
    found = built.query(
        "select origin_province, scheme, visit_type, payment_place, sum(visits), sum(total_fee_yuan), sum(fund_pay_yuan) "
        "from indicator.labelled_outsider where year = ? and region_code = ? group by all order by all",
        [YEAR, area.prefecture],
    )
    assert found == [
        (OTHER_PROVINCE, "employee", "outpatient", "4", 3, 3700, 180),
        (PROVINCE, "resident", "pharmacy", "3", 1, 50, 30),
    ]
    for table, place in (("fct_settlement", "treatment_region"), ("fct_settlement", "insured_region")):
        assert built.query(f"select count(*) from core.{table} where {place} = ?", [area.county]) == [(0,)]
    assert built.query("select distinct province from raw.outmed_setl_d") == [(PROVINCE,)]
