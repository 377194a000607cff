"""Small deliveries for the tests of intake: good rows by contract, written in any form.

Belongs here: rows and files. Does not belong here: expectations.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.contracts import load_contracts
from dagster_project.ingest import IngestReport, ingest_landing
from dagster_project.settings import Settings

Row = dict[str, str]
# Values that make a row good; anything else required gets a filler by type.
GOOD: dict[str, dict[str, str]] = {
    "setl_d": {
        "psn_no": "52010000000000000001",
        "insutype": "390",
        "psn_type": "1501",
        "cvlserv_flag": "0",
        "insu_admdvs": "520102",
        "pay_loc": "2",
        "fixmedins_code": "H52010200001",
        "fix_blng_admdvs": "520102",
        "hosp_lv": "02",
        "begndate": "2024-01-05",
        "enddate": "2024-01-05",
        "setl_time": "2024-01-05 10:00:00",
        "updt_time": "2024-01-05 11:00:00",
        "med_type": "11",
        "setl_type": "2",
        "mid_setl_flag": "0",
        "refd_setl_flag": "0",
        "vali_flag": "1",
        "medfee_sumamt": "100.00",
        "inscp_amt": "100.00",
        "hifp_pay": "60.00",
        "fund_pay_sumamt": "60.00",
        "hi_agre_sumfee": "100.00",
        "psn_pay": "40.00",
        "cash_payamt": "40.00",
    },
    "mdtrt_d": {
        "insutype": "390",
        "insu_admdvs": "520102",
        "fixmedins_code": "H52010200001",
        "med_type": "21",
        "begntime": "2024-01-05 10:00:00",
        "endtime": "2024-01-09 10:00:00",
        "vali_flag": "1",
        "updt_time": "2024-01-10 10:00:00",
    },
    "psn_info_b": {"psn_cert_type": "08", "gend": "1", "vali_flag": "1", "updt_time": "2024-01-05 11:00:00"},
    "psn_insu_d": {
        "insutype": "390",
        "psn_type": "1501",
        "psn_insu_stas": "1",
        "crt_insu_date": "2020-01-01",
        "insu_admdvs": "520102",
        "poolarea_no": "520100",
        "updt_time": "2024-01-05 11:00:00",
    },
    "fixmedins_b": {"fixmedins_type": "1", "fix_blng_admdvs": "520102", "hosp_lv": "02", "begntime": "2020-01-01 00:00:00"},
    "fund_ledger_m": {
        "ym": "202401", "poolarea_no": "520100", "admdvs": "520100", "insutype": "310", "fund_type": "统筹",
        "item_code": "I01", "dirc": "收入", "unit": "元", "as_of": "2024-02-01",
    },
    "population_ref": {"year": "2024", "admdvs": "520100", "pop_kind": "resident", "persons": "6000000"},
    "drg_dip_group_result": {"run_id": "202401", "grp_ver": "CHS-DRG 2.0", "pay_kind": "DRG", "case_kind": "正常"},
}  # fmt: skip


def row(extract: str, number: int = 1, **cells: str) -> Row:
    """A good row with some cells changed; keys are numbered."""
    contract = load_contracts()[extract]
    good = GOOD.get(extract, {})
    made: Row = {}
    for column in contract.columns:
        if column.name in good:
            made[column.name] = good[column.name]
        elif column.required:
            filler = {"decimal": "0", "date": "2024-01-01", "timestamp": "2024-01-01 00:00:00"}.get(column.type)
            made[column.name] = filler or (f"{column.name[:3]}{number}" if column.key else "1")
    for column in contract.columns:
        if column.key and column.name not in good and column.type == "varchar":
            made[column.name] = f"{column.name[:3]}{number}"
    return made | cells


def rows(extract: str, count: int, start: int = 1, **cells: str) -> list[Row]:
    """Good rows."""
    return [row(extract, number, **cells) for number in range(start, start + count)]


def text(
    table: Sequence[Mapping[str, str]], separator: str = ",", header: Mapping[str, str] | None = None, tail: str = ""
) -> str:
    """Rows as delimited text; `header` renames columns."""
    names = list(dict.fromkeys(name for line in table for name in line))
    lines = [separator.join((header or {}).get(name, name) for name in names) + tail]
    lines += [separator.join(_quoted(line.get(name, ""), separator) for name in names) + tail for line in table]
    return "\n".join(lines) + "\n"


def _quoted(cell: str, separator: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if separator == "," and (separator in cell or '"' in cell) else cell


def parquet(path: Path, table: Sequence[Mapping[str, str]], types: Mapping[str, str] | None = None) -> None:
    """Rows as Parquet: text columns, or the given types."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(name for line in table for name in line))
    with duckdb.connect() as connection:
        connection.execute(f"create table t ({', '.join(f'{name} varchar' for name in names)})")
        connection.executemany(
            f"insert into t values ({', '.join('?' * len(names))})",
            [[line.get(name) for name in names] for line in table],
        )
        cells = ", ".join(f"cast({name} as {(types or {}).get(name, 'varchar')}) as {name}" for name in names)
        connection.execute(f"copy (select {cells} from t) to '{path}' (format parquet)")


class Home:
    """A home folder in a test, with its own key."""

    def __init__(self, folder: Path, key: Path | None = None, threads: int = 1):
        self.settings = Settings(home=folder, key_file=key or folder.parent / f"{folder.name}.key", threads=threads)
        self.landing = self.settings.landing
        self.landing.mkdir(parents=True, exist_ok=True)
        self.runs = 0

    def put(self, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        """Land a file."""
        path = self.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def put_rows(self, name: str, table: Sequence[Mapping[str, str]], **form: Any) -> Path:
        """Land rows as CSV."""
        return self.put(name, text(table, **form))

    def manifest(self, folder: str, **content: Any) -> None:
        """Land a manifest; without `files` it lists what lies in the folder."""
        here = sorted((self.landing / folder).iterdir()) if (self.landing / folder).is_dir() else []
        content.setdefault("files", [{"file": path.name} for path in here if path.name != "manifest.json"])
        self.put(f"{folder}/manifest.json", json.dumps(content, ensure_ascii=False))

    def copy(self, folder: Path) -> Home:
        """The same home with the same key in another folder, to be changed: what several tests begin from is taken in once."""
        shutil.copytree(self.settings.home, folder)
        shutil.copyfile(self.settings.key_file, folder.parent / f"{folder.name}.key")
        copied = Home(folder, threads=self.settings.threads)
        copied.runs = self.runs
        return copied

    def run(self) -> IngestReport:
        """Take in what has landed."""
        self.runs += 1
        return ingest_landing(self.settings, f"run{self.runs}")

    def outcome(self) -> dict[str, tuple[str, int, int]]:
        """Status, rows read and rows quarantined by file, after a run."""
        return {file.source_file: (file.status, file.rows_read, file.rows_quarantined) for file in self.run().files}

    def reasons(self) -> dict[str, str]:
        """Reason by refused or unknown file, after a run."""
        return {file.source_file: str(file.reason) for file in self.run().files if file.status != "loaded"}

    def query(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Rows of one statement."""
        with duckdb.connect(str(self.settings.warehouse)) as connection:
            return connection.execute(sql, parameters or []).fetchall()

    def value(self, sql: str) -> Any:
        """The only value of a statement."""
        ((found,),) = self.query(sql)
        return found

    def rejected(self) -> dict[int, list[str]]:
        """Rules by record number of the quarantined rows."""
        return {
            number: sorted(rules)
            for number, rules in self.query("select source_row, rule_ids from quarantine.rejected_row order by 1")
        }


def sha256(path: Path) -> str:
    """Hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
