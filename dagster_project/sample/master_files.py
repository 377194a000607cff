"""The master batches: one at the end of the base year and of every year, with people, enrolment, ledger and the rest.

Belongs here: what each of them holds and in which form it is written. Does not belong here: the rows themselves.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from dagster_project.sample import (
    benefit_tables,
    enrolment_tables,
    enrolment_truth,
    family_aid,
    file_truth,
    identity_list,
    institution_payments,
    ledger,
    outsiders,
    reference_tables,
    transfers,
)
from dagster_project.sample.cells import Cells
from dagster_project.sample.files import ParquetTables, TextTables, WrittenFile, write_workbook, write_zip
from dagster_project.sample.lives import live
from dagster_project.sample.payments import payments
from dagster_project.sample.people import ACTIVE, NEWBORN, RESIDENT, RETIRED
from dagster_project.sample.settlement_files import group_rows
from dagster_project.sample.world import World

PERSON_CHUNK = 131_072
_PERSON_TABLES = (
    "psn_info_b",
    "psn_insu_d",
    "psn_insu_his_d",
    "staf_psn_clct_detl_d",
    "rsdt_psn_clct_detl_d",
    "psn_idet_info_b",
)
_UNIQUE = frozenset({"psn_no", "certno", "rid", "psn_insu_rlts_id", "emp_no", "idet_id"})


@dataclass
class MasterTruth:
    """What the master batches mean."""

    enrolment: Cells = field(default_factory=enrolment_truth.new_cells)
    subsidy: Cells = field(default_factory=enrolment_truth.new_subsidy_cells)
    files: Cells = field(default_factory=file_truth.new_cells)
    listed: Cells = field(default_factory=identity_list.new_cells)
    allowance: Cells = field(default_factory=benefit_tables.allowance_cells)
    care: Cells = field(default_factory=benefit_tables.care_cells)
    filing: Cells = field(default_factory=benefit_tables.filing_cells)
    transfer: Cells = field(default_factory=transfers.new_cells)
    outsider: Cells = field(default_factory=outsiders.new_cells)
    superseded: dict[str, int] = field(default_factory=dict)

    def replaced(self, extract: str, rows: int) -> None:
        """Count rows of an earlier delivery that a newer version takes over from."""
        if rows:
            self.superseded[extract] = self.superseded.get(extract, 0) + rows

    def absorb(self, other: MasterTruth) -> None:
        """Add another part's sums."""
        self.enrolment.absorb(other.enrolment)
        self.subsidy.absorb(other.subsidy)
        self.files.absorb(other.files)
        self.listed.absorb(other.listed)
        self.allowance.absorb(other.allowance)
        self.care.absorb(other.care)
        self.filing.absorb(other.filing)
        self.transfer.absorb(other.transfer)
        self.outsider.absorb(other.outsider)
        for extract, rows in other.superseded.items():
            self.replaced(extract, rows)


def batch_name(year: int) -> str:
    """Folder of a year's master batch; sorts after the year's months."""
    return f"b{year}12_master"


def write_people(world: World, landing: Path, truth: MasterTruth) -> list[WrittenFile]:
    """People, spells and contributions of all years, in one pass over the people."""
    written: list[WrittenFile] = []
    with ExitStack() as stack:
        targets: dict[tuple[int, str], tuple[WrittenFile, ParquetTables]] = {}
        for year in world.all_years:
            folder = landing / batch_name(year)
            folder.mkdir(parents=True, exist_ok=True)
            for extract in _PERSON_TABLES:
                file = WrittenFile(batch_name(year), f"{extract}_{year}.parquet", extract)
                targets[year, extract] = (file, stack.enter_context(ParquetTables(folder / file.name, _UNIQUE)))
                written.append(file)

        def put(year: int, extract: str, table: pa.Table) -> None:
            file, writer = targets[year, extract]
            file.rows += table.num_rows
            writer.write(table)

        for category in (ACTIVE, RETIRED, RESIDENT, NEWBORN):
            total = world.people.counts[category]
            for start in range(0, total, PERSON_CHUNK):
                rank = np.arange(start, min(start + PERSON_CHUNK, total), dtype=np.int64)
                lives = live(world, category, rank)
                paid = []
                for year in world.all_years:
                    put(year, "psn_info_b", enrolment_tables.person_table(world, lives, year))
                    broken = enrolment_tables.person_defects(lives, year, world.base_year)
                    for rule, count in broken.items():
                        counts = targets[year, "psn_info_b"][0].broken
                        counts[rule] = counts.get(rule, 0) + count
                    current, history, replaced = enrolment_tables.spell_tables(world, lives, year)
                    put(year, "psn_insu_d", current)
                    put(year, "psn_insu_his_d", history)
                    truth.replaced("psn_insu_d", replaced)
                    put(year, "psn_idet_info_b", identity_list.list_table(world, lives, year))
                    died = (lives.death > 0) & (
                        lives.death.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970 == year
                    )
                    truth.replaced("psn_info_b", int((died & (lives.person_defect == 0)).sum()))
                    both = tuple(payments(world, lives, spell, year) for spell in lives.spells)
                    paid.append((both[0], both[1]))
                    for spell, rows in zip(lives.spells, both, strict=True):
                        put(
                            year,
                            "staf_psn_clct_detl_d",
                            enrolment_tables.contribution_table(world, lives, spell, rows, False),
                        )
                        put(
                            year,
                            "rsdt_psn_clct_detl_d",
                            enrolment_tables.contribution_table(world, lives, spell, rows, True),
                        )
                enrolment_truth.count_insured(world, lives, paid, truth.enrolment)
                enrolment_truth.count_subsidised(world, lives, paid, truth.subsidy)
                file_truth.count_files(world, lives, paid, truth.files)
                identity_list.count_listed(world, lives, paid, truth.listed)
    return written


def write_references(world: World, landing: Path, truth: MasterTruth) -> list[WrittenFile]:
    """Regions, institutions, employers, population, returns and benefits of all years."""
    written: list[WrittenFile] = []
    for year in world.all_years:
        folder = landing / batch_name(year)
        folder.mkdir(parents=True, exist_ok=True)

        def text(extract: str, header: Sequence[str], rows: reference_tables.Rows, encoding: str = "utf-8") -> None:
            written.append(_text_file(landing, year, extract, header, rows, encoding))  # noqa: B023

        if year == world.base_year:
            text("admdvs_dim_a", reference_tables.REGION_HEADER, reference_tables.region_rows(world), "gb18030")
            text("insu_emp_info_b", reference_tables.EMPLOYER_HEADER, reference_tables.employer_rows(world))
        institutions, replaced = reference_tables.institution_rows(world, year)
        truth.replaced("fixmedins_b", replaced)
        if institutions:
            text("fixmedins_b", reference_tables.INSTITUTION_HEADER, institutions)
        text("population_ref", reference_tables.POPULATION_HEADER, reference_tables.population_rows(world, year))
        text("adm_return", reference_tables.RETURN_HEADER, reference_tables.return_rows(world, year))
        if year in world.years:
            text("med_dfr_d", institution_payments.HEADER, institution_payments.payment_rows(world, year))
            written += _benefits(world, folder, year, truth)
    return written


def write_ledger(world: World, landing: Path, book: list[ledger.LedgerRow]) -> list[WrittenFile]:
    """fund_ledger_m of all years, once everything that was paid is known: text, the last year a workbook."""
    revised = ledger.revision(world, book)
    written: list[WrittenFile] = []
    for year in world.all_years:
        lines = [row for row in book if row.month // 100 == year] + [row for row in revised if row.month // 100 == year]
        cells = [row.cells() for row in lines]
        if year == world.years[-1]:
            name = f"fund_ledger_m_{year}.xlsx"
            path = landing / batch_name(year) / name
            write_workbook(path, list(ledger.HEADER), cells, date_columns=(len(ledger.HEADER) - 1,))
            written.append(WrittenFile(batch_name(year), name, "fund_ledger_m", len(cells)))
        else:
            encoding = "gb18030" if year % 2 else "utf-8"
            written.append(_text_file(landing, year, "fund_ledger_m", ledger.HEADER, cells, encoding))
    return written


def _text_file(
    landing: Path, year: int, extract: str, header: Sequence[str], rows: reference_tables.Rows, encoding: str
) -> WrittenFile:
    """A small table as text; text that names nobody has no other mark of its own than its name."""
    name = f"{extract}_{year}_synthetic.csv"
    with TextTables(landing / batch_name(year) / name, {}, encoding) as writer:
        writer.write(_table(header, rows))
    return WrittenFile(batch_name(year), name, extract, len(rows))


def _benefits(world: World, folder: Path, year: int, truth: MasterTruth) -> list[WrittenFile]:
    batch = batch_name(year)
    written = []
    for extract, table in (
        ("matn_alwn_crtf_d", benefit_tables.allowances(world, year, truth.allowance)),
        ("ltc_payment", benefit_tables.care_payments(world, year, truth.care)),
        ("rlts_traf_info_d", transfers.transfer_table(world, year, truth.transfer)),
        ("outmed_setl_d", outsiders.outsider_table(world, year, truth.outsider)),
        ("acct_pay_detl_d", family_aid.premium_payments(world, year)),
    ):
        name = f"{extract}_{year}.parquet"
        with ParquetTables(
            folder / name, frozenset({"matn_alwn_reg_id", "rlts_traf_id"}) | outsiders.UNIQUE | family_aid.UNIQUE
        ) as writer:
            writer.write(table)
        written.append(WrittenFile(batch, name, extract, table.num_rows))
    table = benefit_tables.filings(world, year, truth.filing)
    buffer = io.BytesIO()
    member = f"out_appy_d_{year}.csv"
    path = folder / member
    with TextTables(path, {}) as text:
        text.write(table)
    buffer.write(path.read_bytes())
    path.unlink()
    write_zip(folder / f"out_appy_d_{year}.zip", member, buffer.getvalue())
    written.append(WrittenFile(batch, f"out_appy_d_{year}.zip", "out_appy_d", table.num_rows, member=member))
    return written


def write_groups(world: World, landing: Path, year: int) -> WrittenFile:
    """drg_dip_group_result of a year, month by month."""
    folder = landing / batch_name(year)
    folder.mkdir(parents=True, exist_ok=True)
    file = WrittenFile(batch_name(year), f"drg_dip_group_result_{year}.parquet", "drg_dip_group_result")
    with ParquetTables(folder / file.name, frozenset({"setl_id", "mdtrt_id"})) as writer:
        for month in range(1, 13):
            for rows in group_rows(world, year * 100 + month):
                table = benefit_tables.group_table(world, year * 100 + month, rows)
                file.rows += table.num_rows
                writer.write(table)
    return file


def _table(header: Sequence[str], rows: reference_tables.Rows) -> pa.Table:
    columns = list(zip(*rows, strict=True))
    texts = [[None if cell is None else _plain(cell) for cell in column] for column in columns]
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(header, texts, strict=True)})


def _plain(cell: str | float | int) -> str:
    return f"{cell:.2f}" if isinstance(cell, float) else str(cell)
