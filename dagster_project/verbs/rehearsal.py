"""What `bulletin run --dry-run` prints: new files by extract, months to rebuild and why, models that stand.

Belongs here: wording of the plan. Does not belong here: the plan (`rehearsal.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from dagster_project.contracts import load_contracts
from dagster_project.errors import ExitCode
from dagster_project.language import Text
from dagster_project.preflight import require_ready
from dagster_project.settings import Settings
from dagster_project.terminal import say
from dagster_project.verbs.running import require_home

if TYPE_CHECKING:
    from dagster_project.rehearsal import Plan

SHOWN = 12
REASONS = {
    "delivery": Text("本次交付的行", "rows delivered"),
    "corrected": Text("有行被更正或不再交付", "a row corrected or no longer delivered"),
    "unloaded": Text("撤出或取回了文件", "a file unloaded or taken back"),
    "fund_split": Text("基金分项有新的或更正的行", "rows of the fund split delivered or corrected"),
    "charge_line": Text("费用明细有新的或更正的行", "charge lines delivered or corrected"),
    "account_payment": Text("个人账户支出有新的或更正的行", "account payments delivered or corrected"),
    "link": Text(
        "冲销关系有变化（对方可在另一个月）", "a reversal has changed, by its own month or by a partner in another"
    ),
    "reference": Text("机构、区划或代码表有变化", "institutions, regions or code sets have changed"),
    "definition": Text("统计时点口径有变化", "the definition of the statistics clock has changed"),
    "models": Text("模型已更改，全部重建", "models have changed: everything is rebuilt"),
    "full_refresh": Text("要求全部重建", "a full refresh was asked for"),
}


def dry_run(settings: Settings, years: Sequence[int], full_refresh: bool) -> ExitCode:
    """Tell what a run would do; changes nothing."""
    require_home(settings)
    require_ready(settings, years)
    from dagster_project.rehearsal import rehearse

    plan = rehearse(settings, full_refresh)
    for line in plan_lines(plan):
        say(line, settings.language)
    return ExitCode.PARTLY if any(file.status in ("refused", "unknown") for file in plan.files) else ExitCode.DONE


def plan_lines(plan: Plan) -> list[Text]:
    """The plan as lines in both languages."""
    head = Text("只是预演：没有入库，没有改动任何东西。", "A rehearsal: nothing was taken in and nothing was changed.")
    return [head, *_files(plan), *_months(plan), *_models(plan)]


def _files(plan: Plan) -> list[Text]:
    new = [file for file in plan.files if file.status == "loaded"]
    passed_over = sum(file.status == "duplicate" for file in plan.files)
    lines = [
        Text(
            f"新文件 {len(new)} 个；已入库过、将跳过 {passed_over} 个。",
            f"{len(new)} new files; {passed_over} loaded before, to be passed over.",
        )
    ]
    contracts = load_contracts()
    for extract in sorted({str(file.extract) for file in new}):
        files = [file for file in new if file.extract == extract]
        rows, bad = sum(file.rows_read for file in files), sum(file.rows_quarantined for file in files)
        months = ranges({month for file in files for month in plan.file_months.get(file.source_file, ())} - {"all"})
        spoken_zh, spoken_en = (f"，月份 {months}", f", months {months}") if months else ("", "")
        lines.append(
            Text(
                f"  {extract} {contracts[extract].name_zh}：{len(files)} 个文件，{rows:,} 行，隔离 {bad:,} 行{spoken_zh}",
                f"  {extract} {contracts[extract].name_en}: {len(files)} files, {rows:,} rows, {bad:,} to quarantine{spoken_en}",
            )
        )
    left_out = [file for file in plan.files if file.status in ("refused", "unknown")]
    lines += [
        Text(
            f"  不会入库 {file.source_file}：{file.reason.zh if file.reason else ''}",
            f"  would be left out {file.source_file}: {file.reason.en if file.reason else ''}",
        )
        for file in left_out[:SHOWN]
    ]
    rest = len(left_out) - SHOWN
    return lines + ([Text(f"  ……另有 {rest} 个", f"  … and {rest} more")] if rest > 0 else [])


def _months(plan: Plan) -> list[Text]:
    lines = [Text("没有要重算的结算月份。", "No settlement month is to be rebuilt.")]
    if plan.months:
        head = Text(f"要重算的结算月份 {len(plan.months)} 个：", f"{len(plan.months)} settlement months to be rebuilt:")
        lines = [head, *_by_reason(plan.months)]
    if plan.compared:
        lines.append(
            Text(
                f"结算数字不变、随基金分项和明细重新核对的结算月份 {len(plan.compared)} 个：",
                f"{len(plan.compared)} settlement months to be checked again with split and lines, the figures of settlements stand:",
            )
        )
        lines += _by_reason(plan.compared)
    return lines


def _by_reason(due: Mapping[int, set[str]]) -> list[Text]:
    lines = []
    for reasons in sorted({tuple(sorted(reasons, key=list(REASONS).index)) for reasons in due.values()}):
        months = ranges(str(month) for month, why in due.items() if why == set(reasons))
        lines.append(
            Text(
                f"  {months}：{'；'.join(REASONS[reason].zh for reason in reasons) or '上次运行未完成'}",
                f"  {months}: {'; '.join(REASONS[reason].en for reason in reasons) or 'a run before did not end'}",
            )
        )
    return lines


def _models(plan: Plan) -> list[Text]:
    told = "、".join(plan.due[:SHOWN]) + ("……" if len(plan.due) > SHOWN else "")
    told_en = ", ".join(plan.due[:SHOWN]) + (" …" if len(plan.due) > SHOWN else "")
    return [
        Text(
            f"模型：{len(plan.standing)} 个输入未变、沿用上次结果；{len(plan.due)} 个要计算{f'（{told}）' if told else ''}。",
            f"Models: {len(plan.standing)} with unchanged inputs stand; {len(plan.due)} to be computed"
            f"{f' ({told_en})' if told_en else ''}.",
        )
    ]


def ranges(months: Iterable[str]) -> str:
    """Months as yyyymm in order, runs of consecutive ones as first–last."""
    runs: list[list[int]] = []
    for month in sorted({int(month) for month in months if month.isdigit()}):
        if runs and _follows(runs[-1], month):
            runs[-1].append(month)
        else:
            runs.append([month])
    return ", ".join(_run(run) for run in runs)


def _follows(run: Sequence[int], month: int) -> bool:
    return month == (run[-1] + 1 if run[-1] % 100 < 12 else run[-1] + 89)


def _run(run: Sequence[int]) -> str:
    return str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}"
