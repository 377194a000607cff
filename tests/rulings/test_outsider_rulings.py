"""Cases of people insured elsewhere who were treated here: what counts of their settlements, and that they stay apart.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by hand.
"""

from __future__ import annotations

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
