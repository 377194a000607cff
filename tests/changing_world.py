"""A small province whose deliveries change what was delivered before, in ways drawn by a property test.

Belongs here: the first delivery, and every kind of change as rows of a later one. Does not belong here: drawing them,
expectations.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.deliveries import times
from tests.rulings.world import PROVINCE, Area, Row, World

FIRST = datetime(2026, 1, 10)
# The last month of one year, the first of the next, and one amid: what straddles them crosses months and years.
MONTHS = [(2024, 6), (2024, 12), (2025, 1), (2025, 7)]
COPIED = ["mdtrt_id", "psn_no", "insu_admdvs", "fixmedins_code", "med_type", "vali_flag", "updt_time"]
# Tables of which a delivery holds everything: what it does not repeat is closed.
FULL = ("psn_insu_d", "psn_info_b", "fixmedins_b", "admdvs_dim_a", "insu_emp_info_b")
# Choices that reach facts, cubes or only indicators, with what holds without them.
NATIONAL = {
    "stat_clock": "setl_time",
    "stay_merge": "per_mdtrt",
    "insured_dedup": "employee_first",
    "netting": "link_and_flag",
}
NATIONAL |= {"tier_column": "hosp_lv", "insured_rule": "paid_for_period", "bed_day_rule": "end_minus_begin_min1"}
OTHER_CHOICES = [
    ("stat_clock", "enddate"), ("stay_merge", "per_settlement"), ("insured_dedup", "latest_row"), ("netting", "link_only"),
    ("tier_column", "registry_at_discharge"), ("insured_rule", "open_spell"), ("bed_day_rule", "end_minus_begin_plus1"),
]  # fmt: skip
# When corrections were written: after every row of the first delivery.
CORRECTED = "2026-01-05 00:00:00"


@dataclass
class ChangingWorld:
    """Deliveries of a province, each made from the ones before."""

    world: World = field(default_factory=World)
    batch: str = "b1"
    settled: list[tuple[Area, Row]] = field(default_factory=list)
    moments: dict[str, str] = field(default_factory=dict)
    copies: list[tuple[str, str]] = field(default_factory=list)
    state: dict[str, list[Row]] = field(default_factory=dict)
    # By delivery, everything that the province has decided up to then: switch to year and value.
    choices: dict[str, dict[str, tuple[int, str]]] = field(default_factory=dict)
    last_choices: str = ""

    def __post_init__(self) -> None:
        """The first delivery: two prefectures with people, institutions, outpatient visits and stays."""
        self.moments["b1"] = FIRST.isoformat()
        for name in ("east", "west"):
            area = self.world.area(name)
            for place, (year, month) in enumerate(MONTHS):
                self.settle(area, year, month, fee=100 + place)
                self.settle(area, year, month, fee=900 + place, med_type="21", pay_loc="1")
            for _ in range(3):
                self.world.insure(area, {"years": [2024, 2025]})
            for letter, kind, level in (("H", "1", "02"), ("P", "2", "11")):
                self.world.add("fixmedins_b", institution(area, letter, kind, level), "all", "b1")
        employer = {"emp_no": "E10", "emp_type": "10", "insu_admdvs": f"{PROVINCE[:2]}0101"}
        self.world.add("insu_emp_info_b", employer, "all", "b1")
        self.world.regions()
        for (_, table, _), rows in self.world.rows.items():
            if table in FULL:
                self.state.setdefault(table, []).extend(dict(row) for row in rows)

    def settle(self, area: Area, year: int, month: int, **cells: Any) -> Row:
        """A settlement and its encounter, in the delivery at hand."""
        row = area.settle(batch=self.batch, when=datetime(year, month, 11, 9), **cells)
        self.encounter(row)
        self.split(row)
        self.line(row)
        self.settled.append((area, row))
        return row

    def split(self, row: Row, fund: str = "310100", **cells: Any) -> None:
        """One fund's part of a settlement, in the delivery at hand: all that funds paid for it."""
        part = {"setl_id": row["setl_id"], "fund_pay_type": fund, "updt_time": row["updt_time"]}
        self.world.add("setl_fund_sbit_d", part | {"fund_payamt": row["fund_pay_sumamt"]} | cells, "all", self.batch)

    def line(self, row: Row, number: int = 1, **cells: Any) -> None:
        """One charge line of a settlement, in the delivery at hand: its whole fee."""
        copied = ["setl_id", "mdtrt_id", "psn_no", "fixmedins_code", "med_type", "vali_flag", "updt_time"]
        amounts = ["fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_amt"]
        line = {"bkkp_sn": f"F{row['setl_id']}{number}", "fee_ocur_time": row["setl_time"], "cnt": 1}
        line |= {"hilist_code": "XA02BC", "med_list_codg": "XA02BC0001", "list_type": "101", "hi_nego_drug_flag": "1"}
        line |= {"med_chrgitm_type": "09", "chrgitm_lv": "01", "det_item_fee_sumamt": row["medfee_sumamt"]}
        line |= {name: row[name] for name in [*copied, *amounts]}
        self.world.add("fee_list_d", line | cells, "all", self.batch)

    def encounter(self, row: Row, **cells: Any) -> None:
        """The encounter of a settlement, in the delivery at hand."""
        same = {name: row[name] for name in COPIED} | {"insutype": row["insutype"], "begntime": row["begndate"]}
        self.world.add("mdtrt_d", same | {"endtime": row["enddate"]} | cells, "all", self.batch)

    def decide(self, home: Path, batch: str) -> bool:
        """Write what the province has decided by a delivery; whether that delivery came with a decision."""
        chosen = self.choices.get(batch)
        if chosen:
            lines = [
                f"  {switch}: [{{from: 2000, value: {NATIONAL[switch]}}}, {{from: {year}, value: {value}}}]"
                if year > 2000
                else f"  {switch}: {value}"
                for switch, (year, value) in chosen.items()
            ]
            (home / "provinces").mkdir(parents=True, exist_ok=True)
            text = "name: {zh: 样例省, en: Case province}\ndefinitions:\n" + "\n".join(lines) + "\n"
            (home / "provinces" / f"{PROVINCE}.yml").write_text(text, encoding="utf-8")
        return bool(chosen)

    def deliver(self, changes: list[tuple[str, int, int]]) -> None:
        """One more delivery: each change is its kind and two numbers that pick what and when."""
        self.batch = f"b{len(self.moments) + 1}"
        self.moments[self.batch] = (FIRST + timedelta(days=20 * len(self.moments))).isoformat()
        snapshots: set[str] = set()
        for kind, which, when in changes:
            snapshots |= CHANGES[kind](self, which, MONTHS[when % len(MONTHS)]) or set()
        for table in sorted(snapshots):
            for row in self.state[table]:
                self.world.add(table, dict(row), "all", self.batch)

    def write(self, landing: Path) -> None:
        """All deliveries as files; a re-delivery is a copy of an earlier file under another name."""
        self.world.write(landing, self.moments)
        for number, (source, target) in enumerate(self.copies):
            for path in sorted((landing / source).glob("setl_d_*.csv")):
                (landing / target).mkdir(exist_ok=True)
                shutil.copyfile(path, landing / target / f"{path.stem}_again{number}.csv")
        self.world.rows = {}
        self.world.write(landing, self.moments)  # the manifests, with the copies


def institution(area: Area, letter: str, kind: str, level: str) -> Row:
    """A registry row of an institution of a prefecture."""
    code = f"{letter}{area.county}00001"
    row = {"fixmedins_code": code, "fixmedins_name": code, "fixmedins_type": kind, "hosp_lv": level}
    return row | {"fix_blng_admdvs": area.county, "begntime": "2000-01-01 00:00:00"}


def late_row(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """A row of a month that was delivered before."""
    area, _ = made.settled[which % len(made.settled)]
    made.settle(area, *month, fee=200 + which)


def newer_version(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """A correction of amounts."""
    area, row = made.settled[which % len(made.settled)]
    made.world.add("setl_d", times(row, 2) | {"updt_time": CORRECTED}, area.name, made.batch)


def older_version(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """A version that is older than the one delivered before."""
    area, row = made.settled[which % len(made.settled)]
    made.world.add("setl_d", times(row, 3) | {"updt_time": "2020-01-05 00:00:00"}, area.name, made.batch)


def reversal(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """A reversal in any month, of a row or of a reversal."""
    area, row = made.settled[which % len(made.settled)]
    mirror = area.mirror(row, batch=made.batch, when=datetime(*month, 20, 8))
    made.settled.append((area, mirror))


def further_row(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """One more settlement of a stay, in another month."""
    area, row = made.settled[which % len(made.settled)]
    day = datetime(*month, 25, 8)
    same = {"mdtrt_id": row["mdtrt_id"], "psn_no": row["psn_no"], "med_type": "21", "setl_type": "2"}
    made.settled.append((area, area.settle(batch=made.batch, when=day, fee=300, mid_setl_flag=str(which % 2), **same)))


def unknown_code(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """A code that no set knows: one that is held, or one that is classed as unknown."""
    area, _ = made.settled[which % len(made.settled)]
    cells = {"med_type": "777"} if which % 2 else {"psn_type": f"77{which % 10}7", "hosp_lv": "9" + str(which % 10)}
    area.settle(batch=made.batch, when=datetime(*month, 15, 8), **cells)


def again(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """A file that was delivered before."""
    made.copies.append((list(made.moments)[which % (len(made.moments) - 1)], made.batch))


def closed(made: ChangingWorld, which: int, month: tuple[int, int]) -> set[str]:
    """A register that no longer has a spell."""
    if len(made.state["psn_insu_d"]) > 1:
        made.state["psn_insu_d"].pop(which % len(made.state["psn_insu_d"]))
    return {"psn_insu_d"}


def registry(made: ChangingWorld, which: int, month: tuple[int, int]) -> set[str]:
    """An institution of another level, from some month on."""
    row = made.state["fixmedins_b"][which % len(made.state["fixmedins_b"])]
    changed = row | {"hosp_lv": "05", "begntime": f"{month[0]}-{month[1]:02d}-01 00:00:00"}
    made.state["fixmedins_b"].append(changed)
    return {"fixmedins_b"}


def region(made: ChangingWorld, which: int, month: tuple[int, int]) -> set[str]:
    """A county that goes over to the other prefecture, and a new one."""
    counties = [
        row for row in made.state["admdvs_dim_a"] if row["admdvs_lv"] == "3" and row["admdvs"][:2] == PROVINCE[:2]
    ]
    row = counties[which % len(counties)]
    prefectures = sorted({area.prefecture for area in made.world.areas.values()})
    row["prnt_admdvs"] = prefectures[which % len(prefectures)]
    new = row | {"admdvs": f"{prefectures[0][:4]}{20 + which % 70:02d}", "admdvs_name": f"新县{which % 70}"}
    if new["admdvs"] not in {other["admdvs"] for other in made.state["admdvs_dim_a"]}:
        made.state["admdvs_dim_a"].append(new)
    return {"admdvs_dim_a"}


def split_corrected(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """A correction of the fund split alone, which no longer adds up."""
    _, row = made.settled[which % len(made.settled)]
    made.split(row, fund_payamt=row["fund_pay_sumamt"] + len(made.moments), updt_time=CORRECTED)


def split_mended(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """A correction of the fund split alone, which adds up again."""
    _, row = made.settled[which % len(made.settled)]
    made.split(row, updt_time=CORRECTED.replace("-05", "-06"))


def split_late(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """One fund more in the split of a settlement delivered before."""
    _, row = made.settled[which % len(made.settled)]
    made.split(row, fund="320100", fund_payamt=7)


def line_corrected(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """A correction of a charge line alone: another amount, or no longer valid."""
    _, row = made.settled[which % len(made.settled)]
    made.line(row, det_item_fee_sumamt=row["medfee_sumamt"] + 5, vali_flag=str(which % 2), updt_time=CORRECTED)


def line_late(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """One more charge line of a settlement delivered before."""
    _, row = made.settled[which % len(made.settled)]
    made.line(row, number=2)


def line_moved(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """A charge line that goes over to the settlement of another month."""
    (_, row), (_, other) = (made.settled[number % len(made.settled)] for number in (which, which + 2))
    made.line(row, setl_id=other["setl_id"], updt_time=CORRECTED)


def group_result(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """A later grouping of a settlement, with another outcome."""
    area, row = made.settled[which % len(made.settled)]
    cells = {name: row[name] for name in ("setl_id", "mdtrt_id", "fixmedins_code")}
    cells |= {"run_id": f"{month[0]}{month[1]:02d}", "grp_ver": "CHS-DRG 2.0", "pay_kind": "DRG"}
    cells["case_kind"] = "未入组" if which % 2 == 0 else "正常"
    made.world.add("drg_dip_group_result", cells, area.name, made.batch)


def person(made: ChangingWorld, which: int, month: tuple[int, int]) -> set[str]:
    """A register of persons in which somebody's sex was put right."""
    row = made.state["psn_info_b"][which % len(made.state["psn_info_b"])]
    row |= {"gend": "2" if row["gend"] == "1" else "1", "updt_time": CORRECTED}
    return {"psn_info_b"}


def employer(made: ChangingWorld, which: int, month: tuple[int, int]) -> set[str]:
    """A register of employers in which one is of another kind."""
    made.state["insu_emp_info_b"][0]["emp_type"] = ("10", "50", "80")[which % 3]
    return {"insu_emp_info_b"}


def withdrawn(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """A settlement that turns out not to be valid."""
    area, row = made.settled[which % len(made.settled)]
    made.world.add(
        "setl_d", row | {"vali_flag": "0", "updt_time": CORRECTED.replace("-05", "-07")}, area.name, made.batch
    )


def late_encounter(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """The encounter of a settlement delivered before, which ends later than it had seemed, or is not valid."""
    _, row = made.settled[which % len(made.settled)]
    ends = {"endtime": f"{datetime(*month, 27):%Y-%m-%d}", "updt_time": CORRECTED}
    made.encounter(row, **(ends if which % 2 else {"vali_flag": "0", "updt_time": CORRECTED}))


def ledger(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """A month of the fund's ledger: closed anew where it was delivered before."""
    area = made.settled[which % len(made.settled)][0]
    row = {
        "ym": f"{month[0]}{month[1]:02d}",
        "poolarea_no": area.prefecture,
        "admdvs": area.prefecture,
        "insutype": "310",
    }
    row |= {
        "fund_type": "统筹",
        "item_code": "I01",
        "dirc": "收入",
        "unit": "元",
        "as_of": made.moments[made.batch][:10],
    }
    made.world.add("fund_ledger_m", row | {"amt": 1000 + which + len(made.moments)}, area.name, made.batch)


def choices(made: ChangingWorld, which: int, month: tuple[int, int]) -> None:
    """The province decides otherwise: from some year on, or for all years."""
    switch, value = OTHER_CHOICES[which % len(OTHER_CHOICES)]
    chosen = made.choices.get(made.last_choices, {}) | {switch: (month[0] if which % 2 else 2000, value)}
    made.choices[made.batch] = made.choices.get(made.batch, {}) | chosen
    made.last_choices = made.batch


CHANGES: dict[str, Callable[[ChangingWorld, int, tuple[int, int]], set[str] | None]] = {
    change.__name__: change
    for change in (
        late_row, newer_version, older_version, reversal, further_row, unknown_code, again, closed, registry, region,
        split_corrected, split_mended, split_late, line_corrected, line_late, line_moved, group_result, person, employer,
        withdrawn, late_encounter, ledger, choices,
    )
}  # fmt: skip
