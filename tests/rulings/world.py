"""A small hand-made province: every ruling case lives in a prefecture of its own, so one build serves all of them.

Belongs here: writing landed files row by row with sensible defaults, so that a case states only what it is about. Does
not belong here: expectations, which stand beside the rows in the case modules.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.second_route.constants import COLUMNS, FULL_DELIVERY

PROVINCE = "980000"
OTHER_PROVINCE = "970000"
FIRST_YEAR, YEAR, NEXT_YEAR = 2023, 2024, 2025
WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
Row = dict[str, Any]


def certificate(number: int, birth: date = date(1980, 1, 1), region: str = "990000") -> str:
    """An identity number nobody can have, with a right check digit."""
    body = f"{region}{birth:%Y%m%d}{number % 1000:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


@dataclass
class Area:
    """The prefecture of one case."""

    world: World
    name: str
    prefecture: str

    @property
    def county(self) -> str:
        """Its one county."""
        return self.prefecture[:4] + "01"

    def settle(self, **cells: Any) -> Row:
        """One settlement of a member of this prefecture; money is given as `fee` and `fund` in whole yuan."""
        return self.world.settle(self, cells)

    def mirror(self, original: Row, **cells: Any) -> Row:
        """The reversing row of a settlement: negated amounts, its own number, pointing at the original."""
        return self.world.mirror(self, original, cells)

    def insure(self, **cells: Any) -> Row:
        """One person with a spell and, unless `paid=False`, a regular payment of the year."""
        return self.world.insure(self, cells)

    def file(self, psn_no: str, goal: str, begin: str, **cells: Any) -> Row:
        """A filing of a person of this prefecture for care elsewhere, valid from a day on."""
        row = {
            "trt_dcla_detl_sn": f"F{self.world.next()}",
            "psn_no": psn_no,
            "insutype": "310",
            "insu_admdvs": self.county,
        }
        row |= {"rloc_admdvs": goal, "out_onln_way": "1", "crte_time": f"{begin} 08:00:00", "vali_flag": "1"}
        return self.add("out_appy_d", **row | {"begndate": f"{begin} 00:00:00"} | cells)

    def add(self, table: str, batch: str = "b1", **cells: Any) -> Row:
        """One row of any table as it stands."""
        return self.world.add(table, cells, self.name, batch)


@dataclass
class World:
    """All rows of the hand-made province, by batch, table and case."""

    rows: dict[tuple[str, str, str], list[Row]] = field(default_factory=dict)
    areas: dict[str, Area] = field(default_factory=dict)
    count: int = 0
    home: Path = Path()

    def area(self, name: str) -> Area:
        """The prefecture of a case, made when first asked for."""
        if name not in self.areas:
            number = len(self.areas) + 1
            # Two digits number 98 places, 99 being the province's own; letters those after them.
            place = f"{number:02d}" if number < 99 else f"{chr(ord('A') + (number - 99) // 10)}{(number - 99) % 10}"
            self.areas[name] = Area(self, name, f"{PROVINCE[:2]}{place}00")
        return self.areas[name]

    def next(self) -> int:
        """A running number for keys."""
        self.count += 1
        return self.count

    def add(self, table: str, cells: Row, case: str, batch: str) -> Row:
        """Keep one row; rows of full deliveries share one file, the others have a file a case."""
        row = {column.name: "" for column in COLUMNS[table]} | cells
        unknown = set(cells) - {column.name for column in COLUMNS[table]}
        assert not unknown, f"{table} has no column {unknown}"
        group = "all" if table in FULL_DELIVERY else case
        self.rows.setdefault((batch, table, group), []).append(row)
        return row

    def settle(self, area: Area, cells: Row) -> Row:
        """See Area.settle."""
        number = self.next()
        batch, table = cells.pop("batch", "b1"), cells.pop("table", "setl_d")
        fee, fund = cells.pop("fee", 100), cells.pop("fund", 60)
        own, pre = cells.pop("own", 10), cells.pop("pre", 10)
        aid, cash = cells.pop("aid", 0), cells.pop("cash", None)
        paid = fee - fund
        cash = paid if cash is None else cash
        when = cells.pop("when", datetime(YEAR, 3, 5, 10))
        provider = cells.pop("provider", "H")
        place = cells.get("fix_blng_admdvs", area.county)
        encounter = cells.get("mdtrt_id", f"M{number:06d}")
        row = {
            "setl_id": f"S{number:06d}",
            "mdtrt_id": encounter,
            "psn_no": f"990000P{encounter[1:]}",
            "insutype": "310",
            "psn_type": "1101",
            "cvlserv_flag": "0",
            "insu_admdvs": area.county,
            "pay_loc": "2",
            "fixmedins_code": f"{provider}{place or area.county}00001",
            "hosp_lv": "02",
            "fix_blng_admdvs": place,
            "begndate": f"{when:%Y-%m-%d}",
            "enddate": f"{when:%Y-%m-%d}",
            "setl_time": f"{when:%Y-%m-%d %H:%M:%S}",
            "med_type": "11",
            "setl_type": "2",
            "clr_way": "1",
            "medfee_sumamt": fee,
            "fulamt_ownpay_amt": own,
            "overlmt_selfpay": 0,
            "preselfpay_amt": pre,
            "inscp_amt": fee - own - pre,
            "act_pay_dedc": 0,
            "hifp_pay": fund - aid,
            "hi_agre_sumfee": fee,
            **dict.fromkeys(["cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "othfund_pay"], 0),
            "maf_pay": aid,
            "fund_pay_sumamt": fund,
            "psn_pay": paid,
            "acct_pay": paid - cash,
            "acct_mulaid_pay": 0,
            "cash_payamt": cash,
            "ownpay_hosp_part": 0,
            "refd_setl_flag": "0",
            "mid_setl_flag": "0",
            "vali_flag": "1",
            "rid": f"R{number:06d}",
            "updt_time": f"{when:%Y-%m-%d %H:%M:%S}",
            "crte_time": f"{when:%Y-%m-%d %H:%M:%S}",
        } | cells
        return self.add(table, row, area.name, batch)

    def mirror(self, area: Area, original: Row, cells: Row) -> Row:
        """See Area.mirror."""
        number = self.next()
        when = cells.pop("when", datetime.fromisoformat(original["setl_time"]) + timedelta(days=1))
        batch, table = cells.pop("batch", "b1"), cells.pop("table", "setl_d")
        amounts = {c.name for c in COLUMNS["setl_d"] if c.kind == "decimal"} - {"age", "pool_prop_selfpay"}
        negated = {k: -v if k in amounts and v != "" else v for k, v in original.items()}
        row = negated | {
            "setl_id": f"S{number:06d}",
            "init_setl_id": original["setl_id"],
            "refd_setl_flag": "1",
            "rid": f"R{number:06d}",
            "setl_time": f"{when:%Y-%m-%d %H:%M:%S}",
            "updt_time": f"{when:%Y-%m-%d %H:%M:%S}",
        }
        return self.add(table, row | cells, area.name, batch)

    def insure(self, area: Area, cells: Row) -> Row:
        """See Area.insure."""
        number = self.next()
        paid, sex = cells.pop("paid", True), cells.pop("gend", "1")
        cert, cert_type = cells.pop("certno", certificate(number)), cells.pop("psn_cert_type", "01")
        household, birth = cells.pop("resd_natu", ""), cells.pop("brdy", "1980-01-01")
        arrived, status = cells.pop("arrived", None), cells.pop("surv_stas", "1")
        years = cells.pop("years", [YEAR])
        spell_table = cells.pop("table", "psn_insu_d")
        spell = {
            "psn_insu_rlts_id": f"L{number:06d}",
            "psn_no": f"990000P{number:06d}",
            "emp_no": "E10",
            "insutype": "310",
            "psn_type": "1101",
            "psn_insu_stas": "1",
            "crt_insu_date": "2020-01-01",
            "insutype_retr_flag": "0",
            "insu_admdvs": area.county,
            "poolarea_no": area.prefecture,
            "updt_time": "2025-12-31 12:00:00",
        } | cells
        self.add(spell_table, spell, area.name, "b1")
        if cert is not None:
            person = {
                "psn_no": spell["psn_no"],
                "psn_cert_type": cert_type,
                "certno": cert,
                "gend": sex,
                "brdy": birth,
                "resd_natu": household,
                "surv_stas": status,
                "vali_flag": "1",
                "rid": f"PR{number:06d}",
                "updt_time": "2025-12-31 12:00:00",
            }
            self.add("psn_info_b", person, area.name, "b1")
        for year in years if paid else []:
            self.pay(area, spell, year, arrived or f"{year}-01-15 09:00:00")
        return spell

    def pay(self, area: Area, spell: Row, year: int, arrived: str, **cells: Any) -> Row:
        """A regular payment for a whole year of a spell."""
        table = "staf_psn_clct_detl_d" if spell["insutype"] == "310" else "rsdt_psn_clct_detl_d"
        payment = {
            "psn_no": spell["psn_no"],
            "psn_insu_rlts_id": spell["psn_insu_rlts_id"],
            "insutype": spell["insutype"],
            "cashym": f"{year}01",
            "accrym_begn": f"{year}01",
            "accrym_end": f"{year}12",
            "clct_sumamt": 1000,
            "clct_flag": "1",
            "clct_type": "10",
            "clct_time": arrived,
            "revs_flag": "Z",
            "poolarea_no": area.prefecture,
        } | cells
        return self.add(table, payment, area.name, "b1")

    def regions(self) -> None:
        """The region table: the province, a prefecture and a county a case, and a place outside."""
        places = [(PROVINCE, "样例省", "", "1"), (OTHER_PROVINCE, "外省", "", "1")]
        places += [("970100", "外市", OTHER_PROVINCE, "2"), ("970101", "外县", "970100", "3")]
        for area in self.areas.values():
            places.append((area.prefecture, f"{area.name}市", PROVINCE, "2"))
            places.append((area.county, f"{area.name}县", area.prefecture, "3"))
        for region, name, parent, level in places:
            row = {"admdvs": region, "admdvs_name": name, "prnt_admdvs": parent, "admdvs_lv": level}
            self.add("admdvs_dim_a", row | {"begndate": "2000-01-01"}, "all", "b1")

    def write(self, landing: Path, deliveries: dict[str, str]) -> None:
        """Write every batch as UTF-8 CSV files with a manifest that says when it was extracted."""
        for (batch, table, group), rows in self.rows.items():
            folder = landing / batch
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / f"{table}_{group}.csv").open("w", encoding="utf-8", newline="") as handle:
                writer = csv.DictWriter(handle, fieldnames=[column.name for column in COLUMNS[table]])
                writer.writeheader()
                writer.writerows(rows)
        for batch, moment in deliveries.items():
            (landing / batch).mkdir(parents=True, exist_ok=True)
            files = [{"file": path.name} for path in sorted((landing / batch).glob("*.csv"))]
            told = {"synthetic": True, "batch": batch, "extracted_at": moment, "files": files}
            text = json.dumps(told, ensure_ascii=False)
            (landing / batch / "manifest.json").write_text(text, encoding="utf-8")


Build = Callable[[World], None]
