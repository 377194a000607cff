"""The unmapped codes desk (S1): which codes no set knows, what they hold back, and mapping one for the province.

Belongs here: the list, what may be mapped to what. Does not belong here: the file of decisions (`dictionary/code_map.py`), reading
held rows again (`rereading.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import duckdb

from dagster_project.contracts import load_contracts
from dagster_project.desk.quarantine import month_sql
from dagster_project.dictionary import code_map
from dagster_project.dictionary.code_map import TO_GROUP, Mapped, mapped_sets
from dagster_project.dictionary.definitions import CARE_GROUPS, IDENTITY_GROUPS, load_province
from dagster_project.errors import UserError
from dagster_project.ingest.codes import REGIONS, code_sets, known_codes
from dagster_project.ingest.store import get_meta, rejected_rows
from dagster_project.language import Text
from dagster_project.settings import Settings, now

_GROUPS = {"med_type": CARE_GROUPS, "psn_idet_type_group": IDENTITY_GROUPS}
_SHOWN = 30


@dataclass(frozen=True)
class Unmapped:
    """A code outside its set in one extract: rows and money, held back or accepted as `unknown`, and the months it was seen in."""

    code_set: str
    code: str
    extract: str
    column: str
    is_held: bool
    rows: int
    money: Decimal
    first_month: str  # yyyymm, '' where the extract has no months
    last_month: str
    target: str  # what it is mapped to by now, '' while it is not


def list_unmapped(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[Unmapped]:
    """Codes that no set knows, held ones first, the most rows first. Months of accepted rows are those of their files."""
    mapped = mapped_now(settings, get_meta(connection, "province") or "")
    held = (
        "select extract, column_name, code, min(month) as first_month, max(month) as last_month, true as is_held from "
        f"(select extract, {month_sql()} as month, unnest(rule_ids) as rule_id, unnest(columns) as column_name, "
        f"unnest(codes) as code from ({rejected_rows(connection)})) where rule_id = 'code_unknown' group by all"
    )
    rows = connection.execute(
        f"""
        with held as ({held}),
        named as (
            select extract, column_name, code_set, code, sum("rows") as row_count, sum(money) as money
            from ops.unmapped_code group by all having sum("rows") > 0
        ),
        months as (
            select unmapped.extract, column_name, code, min(month) as first_month, max(month) as last_month
            from ops.unmapped_code as unmapped inner join ops.load_month using (load_id)
            where regexp_matches(month, '^[0-9]{{6}}$') group by all
        )
        select code_set, code, extract, column_name, coalesce(is_held, false), row_count, money,
            coalesce(held.first_month, months.first_month, ''), coalesce(held.last_month, months.last_month, '')
        from named left join held using (extract, column_name, code) left join months using (extract, column_name, code)
        order by 5 desc, 6 desc, 1, 2, 3, 4
        """
    ).fetchall()
    return [
        Unmapped(
            code_set=str(code_set), code=str(code), extract=str(extract), column=str(column), is_held=bool(is_held),
            rows=int(count), money=Decimal(money), first_month=str(first), last_month=str(last),
            target=mapped.get(str(code_set), {}).get(str(code), ""),
        )
        for code_set, code, extract, column, is_held, count, money, first, last in rows
    ]  # fmt: skip


def mapped_now(settings: Settings, province: str) -> dict[str, dict[str, str]]:
    """Everything that a province has mapped, in its YAML or at the desk: target by code by set."""
    if not province:
        return {}
    known = load_province(settings, province)
    return {name: getattr(known, yaml_map) for name, yaml_map in TO_GROUP.items()} | known.code_map


def columns_of(code_set: str) -> list[tuple[str, str]]:
    """Extracts and columns whose rows are held for a code outside a set."""
    # A treatment place that is not given is read from the institution's code (S1).
    read_from = [("setl_d", "fixmedins_code")] if code_set == REGIONS else []
    return read_from + [
        (contract.name, column.name)
        for contract in load_contracts().values()
        for column in contract.columns
        if column.code_set == code_set and column.unknown == "quarantine"
    ]


def map_code(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    code_set: str,
    code: str,
    target: str,
    who: str,
    note: str,
) -> Mapped:
    """Map one code for the home's province, from now on. Raises UserError (exit 2), and writes nothing, where that cannot be."""
    province = get_meta(connection, "province")
    if province is None:
        raise _refused(
            Text("还不知道这个家目录属于哪个省。", "The province of this home is not known yet."), "",
            Text("先入库参保或结算数据。", "Take in enrolment or settlements first."),
        )  # fmt: skip
    code_set = _named(code_set)
    if code_set not in mapped_sets():
        raise _refused(
            Text(f"代码集“{code_set}”不能在这里映射。", f"Codes of “{code_set}” cannot be mapped here."), "、".join(mapped_sets()),
            Text(
                "可映射的代码集如上；区划代码请补送区划表 admdvs_dim_a。",
                "Those above can; regions come with the extract admdvs_dim_a.",
            ),
        )  # fmt: skip
    if code in known_codes(code_set):
        raise _refused(
            Text(f"{code} 是全国代码集 {code_set} 里的代码，不能另作映射。", f"{code} is a code of the national set {code_set}."), code,
            Text("含义确有不同时，写入本省 YAML。", "Where a province means otherwise, its YAML says so."),
        )  # fmt: skip
    meant = _target(code_set, target)
    decided = code_map.in_force(settings.provinces, province)[code_set]
    if code not in decided and code in mapped_now(settings, province).get(code_set, {}):
        raise _refused(
            Text(f"{code} 已在本省 YAML 里登记。", f"{code} is declared in the province's YAML already."),
            f"{province}.yml: {TO_GROUP.get(code_set, code_set)}",
            Text("在那里更改；一个代码只在一处登记。", "Change it there; a code is declared in one place."),
        )
    if decided.get(code) == meant:
        raise _refused(
            Text(f"{code} 已经映射为 {meant}。", f"{code} is mapped to {meant} already."), code,
            Text("要再读一次被隔离的行，用 bulletin codes reread。", "To read held rows again, use bulletin codes reread."),
        )  # fmt: skip
    decision = Mapped(code_set, code, meant, now().isoformat(timespec="seconds"), who, note)
    code_map.add_decision(settings, province, decision)
    return decision


def _named(name: str) -> str:
    """The set that a person means, who may name it by a column of it (`emp_type` for `emp_type_group`)."""
    sets = {
        column.code_set
        for contract in load_contracts().values()
        for column in contract.landed
        if column.name == name and column.code_set
    }
    return sets.pop() if name not in code_sets() and len(sets) == 1 else name


def _target(code_set: str, target: str) -> str:
    """What a code may mean: a group of the set, by its own name or by a code that has it; else a code of the set."""
    if code_set not in TO_GROUP:
        allowed = known_codes(code_set)
        if target in allowed:
            return target
    else:
        groups = {row["code"]: row["rollup"] for row in code_sets()[code_set] if row["code"] in known_codes(code_set)}
        meant = groups.get(target, target)
        allowed = [*_GROUPS[code_set], *groups]
        if meant in _GROUPS[code_set]:
            return meant
    raise _refused(
        Text(f"{code_set} 没有 {target}，不能映射到它。", f"{code_set} has no {target} to map to."),
        "、".join(allowed[:_SHOWN]) + (" …" if len(allowed) > _SHOWN else ""),
        Text("从上列中选一个。", "Choose one of these."),
    )


def _refused(what: Text, where: str, todo: Text) -> UserError:
    return UserError(what, where=where, todo=todo)
