"""The gates between stages: checks run, results told, and nothing passes a failed blocking one.

Belongs here: what follows from results. Does not belong here: rules and judging (`checks/`), Dagster's bridge (`assets/gates.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project import drafts, progress, run
from dagster_project.errors import ExitCode, UserError
from dagster_project.language import Text
from dagster_project.settings import Settings

if TYPE_CHECKING:
    from dagster_project.checks.model import CheckResult, Stage


def judge(settings: Settings, stage: Stage, run_id: str) -> list[CheckResult]:
    """Run the checks of a stage and tell progress how many came to what."""
    from dagster_project.checks import run_stage
    from dagster_project.terminal import STATUS

    results = run_stage(settings, stage, run_id)
    statuses = sorted({result.status for result in results})
    counts = [(STATUS[status], sum(result.status == status for result in results)) for status in statuses]
    progress.conclude(
        Text("，".join(f"{name.zh} {n}" for name, n in counts), ", ".join(f"{name.en} {n}" for name, n in counts))
    )
    return results


def passed(settings: Settings, stage: Stage, run_id: str, results: Sequence[CheckResult]) -> None:
    """The gate with its page, which is written before anything else: it shows the newest results also where a run ends here.

    What the last gate lets pass comes out: the drafts take their place among the publications.
    """
    write_check_pages(settings, run_id)
    require_passed(stage, results)
    if stage == "publication":
        drafts.bring_out(settings)


def require_passed(stage: Stage, results: Sequence[CheckResult]) -> None:
    """The gate: raises UserError (exit 1) when a blocking check of the stage did not pass."""
    held = [result for result in results if result.blocking]
    if not held:
        return
    raise UserError(
        Text(
            f"{progress.STAGES[f'{stage}_checks'].zh}：{len(held)} 项阻断性检查未通过，下游没有执行。",
            f"{progress.STAGES[f'{stage}_checks'].en}: {len(held)} blocking checks did not pass; nothing after them ran.",
        ),
        where="\n".join(f"{r.table_name} · {r.check_name} · {r.status} {r.unexpected}/{r.total}" for r in held),
        todo=Text(
            "说明、样例行与处理办法见家目录下的 checks.html；修正来源数据后重新运行。",
            "See checks.html in the home for sample rows and what to do; correct the source and run again.",
        ),
        code=ExitCode.PARTLY,
    )


def run_gate(settings: Settings, stage: Stage, run_id: str) -> None:
    """Checks and gate of a stage as one step, for everything that is not an asset."""
    with progress.stage(settings, f"{stage}_checks"):
        passed(settings, stage, run_id, judge(settings, stage, run_id))


def write_check_pages(settings: Settings, run_id: str) -> list[Path]:
    """The newest results of all stages: HOME/checks.html with everything, and beside each bulletin that the run made what may
    be published of them (L29)."""
    from dagster_project.checks.page import render_checks_page

    folders = [*run.folders_of_run(settings, run_id), *run.folders_of_run(settings, run_id, settings.unchecked)]
    pages = [render_checks_page(settings, folder / "checks.html", is_published=True) for folder in folders]
    return [render_checks_page(settings, settings.home / "checks.html"), *pages]
