"""What a person asked for, by id, code or name.

Belongs here: finding the indicator and the region, what places are called, and suggestions where there is none. Does not belong here: their values.
"""

from __future__ import annotations

import csv
import difflib
from functools import lru_cache

import duckdb

from dagster_project.dictionary import Indicator, load_indicators
from dagster_project.dictionary.indicators import SEEDS
from dagster_project.errors import UserError
from dagster_project.language import Text

COUNTRY = "100000"
COUNTRY_NAME = Text("全国", "the country")
_SUGGESTED, _ALIKE = 5, 0.5


def indicator_of(asked: str) -> Indicator:
    """The indicator of an id or of a full name, Chinese or English.

    Raises UserError with the closest ids and names, or with the reason when it is not computed.
    """
    indicators = load_indicators()
    name = asked.strip().lower()
    wanted = {name, name.removeprefix(COUNTRY_NAME.zh)}  # L28: no name says 全国, but people do
    named = [one for one in indicators.values() if wanted & {one.name_zh.lower(), one.name_en.lower()}]
    found = indicators.get(asked.strip()) or (named[0] if len(named) == 1 else None)
    if found is None:
        near = suggestions(asked)
        raise UserError(
            Text(f"没有名为 {asked} 的指标。", f"There is no indicator {asked}."),
            todo=Text(
                "相近的指标：" + "；".join(f"{one.indicator_id} {one.name_zh}" for one in near) + "。"
                if near
                else "指标代码与名称见公报工作簿或 BI 库的 indicator_dictionary。",
                "Similar ones: " + "; ".join(f"{one.indicator_id} ({one.name_en})" for one in near) + "."
                if near
                else "Ids and names are in the bulletin's workbook and in indicator_dictionary of the BI database.",
            ),
        )
    if found.kind in ("not_yet", "not_applicable"):
        raise UserError(
            Text(
                f"{found.name_zh}（{found.indicator_id}）目前不计算。",
                f"{found.name_en} ({found.indicator_id}) is not computed yet.",
            ),
            todo=Text(found.reason_zh, found.reason_en),
        )
    return found


def suggestions(asked: str) -> list[Indicator]:
    """The indicators whose id or name is closest to what was asked, the closest first, in the order of the dictionary."""
    wanted = asked.strip().lower()
    indicators = [one for one in load_indicators().values() if one.kind not in ("not_yet", "not_applicable")]
    ranked = sorted(
        ((-max(_alike(wanted, text.lower()) for text in (one.indicator_id, one.name_zh, one.name_en)), place)
         for place, one in enumerate(indicators)),
    )  # fmt: skip
    return [indicators[place] for score, place in ranked if -score >= _ALIKE][:_SUGGESTED]


def _alike(wanted: str, text: str) -> float:
    """From 0 to 1; what was asked standing in the text counts for more than letters in common."""
    ratio = difflib.SequenceMatcher(None, wanted, text, autojunk=False).ratio()
    return (1 + ratio) / 2 if len(wanted) > 1 and wanted in text else ratio


def region_of(connection: duckdb.DuckDBPyConnection, asked: str) -> str:
    """The code of a region given by code or by name (贵阳 or 贵阳市).

    Raises UserError with the regions that have figures when there is none of that name, or more than one.
    """
    if asked.isdigit():
        return asked
    known = figured_regions(connection)
    exact = [code for code, name in known.items() if name == asked]
    found = exact or [code for code, name in known.items() if name.startswith(asked)]
    if len(found) != 1:
        raise UserError(
            Text(f"没有名为 {asked} 的地区。", f"There is no region {asked}.")
            if not found
            else Text(f"有几个地区的名称以 {asked} 开头。", f"Several regions begin with {asked}."),
            todo=Text(f"请用代码或全名：{_listed(known)}。", f"Use a code or the full name: {_listed(known)}."),
        )
    return found[0]


def place_name(code: str, name: str, language: str) -> str:
    """The name of a place: the delivered one, in English that of the shipped list where it knows the place."""
    if code == COUNTRY:
        return COUNTRY_NAME.in_language(language)
    return (_english_places().get(code) if language == "en" else "") or name or code


@lru_cache(maxsize=1)
def _english_places() -> dict[str, str]:
    with (SEEDS / "admdvs.csv").open(encoding="utf-8", newline="") as handle:
        return {row["code"]: row["name_en"] for row in csv.DictReader(handle)}


def figured_regions(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Names of the regions that have figures, by code."""
    rows = connection.execute(
        """
        select v.region_code, coalesce(arg_max(r.region_name, r.valid_from), '')
        from (select distinct region_code from indicator.indicator_value) as v
        left join core.dim_region as r on v.region_code = r.region_code
        group by v.region_code order by v.region_code
        """
    ).fetchall()
    return {str(code): str(name) for code, name in rows}


def _listed(regions: dict[str, str]) -> str:
    return ", ".join(f"{code} {name}".strip() for code, name in regions.items())
