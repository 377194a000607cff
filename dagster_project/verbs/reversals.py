"""`bulletin reversals`: how each source writes its reversals, area by area and month by month.

Belongs here: printing. Does not belong here: what a reversal is (`settlement_link`), the counts (`reversal_habit`), findings.
"""

from __future__ import annotations

from typing import Any

from dagster_project.errors import ExitCode, UserError
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.terminal import say
from dagster_project.verbs.running import require_loaded
from dagster_project.warehouse import connect

HABITS = {
    "pair_flagged": Text("成对标记", "pair, original flagged"),
    "mirror_only": Text("只发负单、原单不标记", "mirror only, original not flagged"),
    "flag_only": Text("只标记、不发负单", "flag only, no mirror"),
    "mixed": Text("两种写法混用", "both ways"),
    "none": Text("只有找不到原单的负单", "only mirrors without an original"),
}
_COUNTS = (
    "mirror_count", "mirror_fee_yuan", "same_month_count", "other_month_count", "other_year_count", "mirror_only_count",
    "without_original_count", "reversal_reversed_count", "flagged_alone_count",
)  # fmt: skip


def reversals(settings: Settings, year: int | None) -> ExitCode:
    """Print the habits of a year, by default the newest that has a reversal; months that differ are told by themselves."""
    require_loaded(settings)
    sums = ", ".join(f"sum({name})" for name in _COUNTS)
    with connect(settings) as connection:
        built = connection.execute(
            "select count(*) from duckdb_tables() where schema_name = 'core' and table_name = 'reversal_habit'"
        ).fetchone()
        if built == (0,):
            raise UserError(
                Text("核心表还没有生成。", "Core has not been built."),
                where=str(settings.warehouse),
                todo=Text("先运行 bulletin run 或 bulletin build。", "Run bulletin run or bulletin build first."),
            )
        newest = connection.execute("select max(settlement_month) // 100 from core.reversal_habit").fetchone()
        chosen = year or (int(newest[0]) if newest and newest[0] else None)
        areas = connection.execute(
            "select insured_prefecture, (select any_value(region_name) from core.dim_region as place "
            "where place.region_code = insured_prefecture) as name, habit, "
            f"list(settlement_month order by settlement_month), {sums} "
            "from core.reversal_habit where settlement_month // 100 = $1 group by all "
            "order by 1, count(*) desc, habit",
            [chosen],
        ).fetchall()
    if not areas:
        say(Text("没有冲销。", "There is no reversal."), settings.language)
        return ExitCode.DONE
    say(Text(f"{chosen} 年各统筹区的冲销写法：", f"How areas wrote their reversals in {chosen}:"), settings.language)
    above = None
    for region, name, habit, months, *counts in areas:
        if region != above:
            above = region
            say(f"{region or '?'}  {name or ''}", settings.language)
        say(_line(habit, months, dict(zip(_COUNTS, counts, strict=True))), settings.language)
    return ExitCode.DONE


def _line(habit: str, months: list[int], found: dict[str, Any]) -> Text:
    several = len(months) > 1
    span = f"{months[0]}–{months[-1]}" if several else str(months[0])
    zh = [f"同月 {found['same_month_count']:,}", f"跨月 {found['other_month_count']:,}"]
    en = [f"same month {found['same_month_count']:,}", f"other month {found['other_month_count']:,}"]
    for name, in_zh, in_en in (
        ("other_year_count", "跨年", "other year"),
        ("mirror_only_count", "原单未标记", "original not flagged"),
        ("without_original_count", "找不到原单", "without original"),
        ("reversal_reversed_count", "冲销再冲销", "reversal reversed"),
        ("flagged_alone_count", "仅标记", "flag without mirror"),
    ):
        if found[name]:
            zh.append(f"{in_zh} {found[name]:,}")
            en.append(f"{in_en} {found[name]:,}")
    told = HABITS[habit]
    return Text(
        f"  {told.zh}：{span}{f' 中 {len(months)} 个月' if several else ''}，负单 {found['mirror_count']:,} 条 {found['mirror_fee_yuan']:,.2f} 元"
        f"（{'，'.join(zh)}）",
        f"  {told.en}: {f'{len(months)} months of ' if several else ''}{span}, {found['mirror_count']:,} mirrors, {found['mirror_fee_yuan']:,.2f} yuan "
        f"({', '.join(en)})",
    )
