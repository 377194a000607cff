"""The settlement files of one delivery: a half-year's batch, a month's in the last year, or the late batch of a half-year.

Belongs here: putting ordinary rows and stories into setl_d, mdtrt_d, setl_fund_sbit_d, acct_pay_detl_d and fee_list_d, chunk by
chunk, and counting them into the truth. Does not belong here: drawing, master data.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dagster_project.contracts import load_contracts
from dagster_project.sample import codes, family_aid, stories
from dagster_project.sample.calendar import add_months
from dagster_project.sample.defects import DEFECTS, break_cells, without_leading_zeros
from dagster_project.sample.fee_lines import count_negotiated, fee_lines, is_asked_for
from dagster_project.sample.files import ParquetTables, TableWriter, TextTables, WrittenFile
from dagster_project.sample.places import kind_position
from dagster_project.sample.settlement_tables import UNIQUE_COLUMNS, encounter_table, fund_split_table, settlement_table
from dagster_project.sample.settlement_truth import SettlementTruth
from dagster_project.sample.story_rows import late_delivery, with_defaults
from dagster_project.sample.visits import BULK, Columns, draw, draw_kinds
from dagster_project.sample.world import World

CHUNK = 131_072
# The longest way of a story's row from its anchor month to its own month.
_LONGEST_STORY = 2


Target = tuple[WrittenFile, TableWriter]


def deliveries(world: World) -> list[int]:
    """Every delivery by its last month (× 10, plus 1 where late): half-years as history, the last year month by month."""
    own = [month * 10 for month in world.months if month // 100 == world.years[-1] or month % 100 in (6, 12)]
    return sorted({*own, *(late_delivery(month) for month in world.months)})


def batch_name(delivery: int) -> str:
    """Folder of a delivery; names sort as deliveries follow each other."""
    return f"b{delivery // 10}_late" if delivery % 10 else f"b{delivery // 10}"


def _months(world: World, delivery: int) -> tuple[int, ...]:
    """Months whose own rows a delivery brings."""
    last = delivery // 10
    if last // 100 == world.years[-1] or delivery % 10:
        return (last,)
    return tuple(add_months(last, back) for back in range(-5, 1))


def write_delivery(world: World, landing: Path, delivery: int) -> tuple[list[WrittenFile], SettlementTruth]:
    """Write one batch's settlement files; returns what was written and what it means."""
    batch = batch_name(delivery)
    folder = landing / batch
    folder.mkdir(parents=True, exist_ok=True)
    truth = SettlementTruth()
    months, late = _months(world, delivery), delivery % 10 == 1
    last = months[-1]
    label = (
        f"{last}_late" if late else str(last) if len(months) == 1 else f"{last // 100}h{1 if last % 100 == 6 else 2}"
    )
    written: list[WrittenFile] = []
    with ExitStack() as stack:

        def target(extract: str, unique: frozenset[str]) -> Target:
            name = f"{extract}_{label}.parquet"
            written.append(WrittenFile(batch, name, extract))
            return written[-1], stack.enter_context(ParquetTables(folder / name, unique))

        def text_target(month: int) -> Target:
            writer, name = _text_writer(world, folder, month)
            written.append(WrittenFile(batch, name, "setl_d"))
            return written[-1], stack.enter_context(writer)

        text = {month: text_target(month) for month in months if not late and stories.is_text_month(world, month)}
        binary = target("setl_d", UNIQUE_COLUMNS) if len(text) < len(months) else None
        encounter = target("mdtrt_d", UNIQUE_COLUMNS)
        split = target("setl_fund_sbit_d", frozenset({"setl_id"}))
        lines = accounts = None

        for month in months:
            settlement = text.get(month) or binary
            assert settlement is not None
            for rows in _rows_of(world, month * 10 + late):
                table = settlement_table(world, rows)
                broken = _count_broken(rows, settlement[0])
                if month in text:
                    table = without_leading_zeros(table, "hosp_lv")
                    table = break_cells(table, rows["defect"]) if broken else table
                _put(settlement, table)
                _put(encounter, encounter_table(world, _encounters(rows)))
                good = _select(rows, (rows["repeat"] == 0) & (rows["defect"] == 0))
                _put(split, fund_split_table(good))
                if (paid := family_aid.settled_payments(world, good)) is not None:
                    accounts = accounts or target("acct_pay_detl_d", family_aid.UNIQUE)
                    _put(accounts, paid)
                asked = good if world.has_lines(month) else _select(good, is_asked_for(good))
                if not late and len(asked["month"]):
                    lines = lines or target("fee_list_d", frozenset({"bkkp_sn", "setl_id", "mdtrt_id"}))
                    _put(lines, fee_lines(world, asked))
                    count_negotiated(world, asked, truth.negotiated_drug)
                truth.add(world, rows)
    truth.merge()
    return written, truth


def _text_writer(world: World, folder: Path, month: int) -> tuple[TableWriter, str]:
    """May of the middle year is a spreadsheet export in GB18030, February of the last year tab-separated and packed."""
    if month % 100 == 5:
        name = f"setl_d_{month}.csv"
        header = {column.name: column.name_zh for column in load_contracts()["setl_d"].columns}
        return TextTables(folder / name, header, "gb18030"), name
    name = f"setl_d_{month}.txt.gz"
    return TextTables(folder / name, {}, "utf-8", "\t", packed=True), name


def _rows_of(world: World, delivery: int) -> Iterator[Columns]:
    """Chunks of a month's delivery: ordinary rows (not in late batches), then stories by anchor month."""
    month, late = delivery // 10, delivery % 10 == 1
    if not late:
        total = world.rows_of_month(month)
        for start in range(0, total, CHUNK):
            number = np.arange(start, min(start + CHUNK, total), dtype=np.int64)
            yield with_defaults(world, draw(world, month, BULK, number))
    first = add_months(month, -5 - _LONGEST_STORY) if late else add_months(month, -_LONGEST_STORY)
    while first <= month:
        if first in world.months:
            rows = stories.story_rows(world, first)
            chosen = np.flatnonzero(rows["delivery"] == delivery)
            if len(chosen):
                yield {key: values[chosen] for key, values in rows.items()}
        first = add_months(first, 1)


def _select(rows: Columns, where: NDArray[np.bool_]) -> Columns:
    if where.all():
        return rows
    index = np.flatnonzero(where)
    return {key: values[index] for key, values in rows.items()}


def _encounters(rows: Columns) -> Columns:
    """The row of each encounter that carries its mdtrt_d row: the first, or the discharge where that comes later."""
    second = np.isin(rows["stream"], [stories.NAMES.index(name) + 1 for name in ("interim", "mirror_without_original")])
    chosen = _select(rows, (rows["repeat"] == 0) & (rows["role"] == second.astype(np.int64)))
    return chosen | {"begin": chosen["stay_begin"]}


def _count_broken(rows: Columns, file: WrittenFile) -> bool:
    counts = np.bincount(rows["defect"], minlength=len(DEFECTS))
    for position, count in enumerate(counts.tolist()):
        if position and count:
            rule = DEFECTS[position].rule
            file.broken[rule] = file.broken.get(rule, 0) + count
    return bool(counts[1:].any())


def _put(target: Target, table: pa.Table) -> None:
    target[0].rows += table.num_rows
    target[1].write(table)


def group_rows(world: World, month: int) -> Iterator[Columns]:
    """The discharge rows of a month that a grouping run saw, for the yearly results."""
    stay = kind_position(world, "inpatient")
    total = world.rows_of_month(month)
    for start in range(0, total, CHUNK):
        number = np.arange(start, min(start + CHUNK, total), dtype=np.int64)
        number = number[draw_kinds(world, month, BULK, number) == stay]
        rows = draw(world, month, BULK, number)
        yield _select(rows, rows["grouping"] != codes.NO_GROUP)
    for anchor in (add_months(month, -1), month):
        if anchor in world.months:
            rows = stories.story_rows(world, anchor)
            counted = (rows["class"] == codes.LIVE) & (rows["stay"] == 1) & (rows["grouping"] != codes.NO_GROUP)
            here = (
                rows["day"].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * 12
            ) == month // 100 * 12 + month % 100 - 1
            yield _select(rows, counted & here)
