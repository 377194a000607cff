"""`bulletin waive` and `bulletin waivers`: known findings taken as they are.

Belongs here: what is printed. Does not belong here: what a waiver covers (`checks/waivers.py`).
"""

from __future__ import annotations

from datetime import date

from dagster_project import gate
from dagster_project.checks.model import CheckResult
from dagster_project.errors import ExitCode
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.terminal import say
from dagster_project.verbs.desk import require_told
from dagster_project.verbs.running import own_run, require_loaded
from dagster_project.warehouse import connect


def waive(settings: Settings, check: str, region: str, month: str, reason: str, who: str, until: date) -> ExitCode:
    """Take the newest finding of a check as it is until a day, and write the page of checks anew."""
    from dagster_project.checks.store import newest_results
    from dagster_project.checks.waivers import make

    require_told(reason, who)
    require_loaded(settings)
    with own_run(settings, f"bulletin waive {check}") as run_id:
        with connect(settings) as connection:
            made = make(connection, check, region, month, reason.strip(), who.strip(), until, run_id)
            (taken,) = [one for one in newest_results(connection) if one.check_name == made.check_name]
        gate.write_check_pages(settings, run_id)
    say(
        Text(
            f"豁免 {made.waiver_id}：{made.check_name}（当时 {made.known:,}）{made.told.zh}。检查页、release.json 和终端照常列出；到期或数目变多即恢复阻断。",
            f"Waiver {made.waiver_id}: {made.check_name} ({made.known:,} then) {made.told.en}. The page of checks, release.json and the "
            "terminal go on telling it; it blocks again after that day, or when it grows.",
        ),
        settings.language,
    )
    say(_meaning(taken), settings.language)
    return ExitCode.DONE


def _meaning(taken: CheckResult) -> Text:
    """What a finding that was waived just now does to runs and freezes until the waiver's day."""
    if taken.blocks == "nothing":
        return Text(
            "这个问题本来就不阻断运行，也不影响定稿；豁免只是记录在案。",
            "This finding stops neither runs nor freezes anyway; the waiver only puts it on record.",
        )
    if not taken.waivers:
        return Text(
            "所写地区、月份之外还有这个问题，仍照常阻断；要全部豁免，其余部分也须写明。",
            "Rows outside that region or month remain, so it goes on blocking; waive those, too, for it to stop.",
        )
    if taken.blocks == "run":
        return Text(
            "在此期间它不阻断运行，也不阻断定稿（各类版次）；定稿的检查页和 release.json 会写明谁、为何、到何时。",
            "Until then it stops neither runs nor freezes of any kind; a frozen bulletin's page of checks and release.json name who, "
            "why and until when.",
        )
    return Text(
        "在此期间正式公报可以定稿，不必再用 --accept；定稿的检查页和 release.json 会写明谁、为何、到何时。",
        "Until then a final bulletin can be frozen without --accept; its page of checks and release.json name who, why and until "
        "when.",
    )


def revoke(settings: Settings, waiver_id: int, reason: str, who: str) -> ExitCode:
    """End a waiver before its day."""
    from dagster_project.checks import waivers

    require_told(reason, who)
    require_loaded(settings)
    with own_run(settings, f"bulletin waive --revoke {waiver_id}") as run_id:
        with connect(settings) as connection:
            ended = waivers.revoke(connection, waiver_id, reason.strip(), who.strip())
        gate.write_check_pages(settings, run_id)
    say(
        Text(f"豁免 {waiver_id}（{ended.check_name}）已撤销。", f"Waiver {waiver_id} ({ended.check_name}) is revoked."),
        settings.language,
    )
    return ExitCode.DONE


def listed(settings: Settings) -> ExitCode:
    """Print every waiver that was ever made, and how it stands."""
    from dagster_project.checks.waivers import all_waivers, is_in_force

    require_loaded(settings)
    with connect(settings) as connection:
        found = all_waivers(connection)
    if not found:
        say(Text("没有豁免。", "There is no waiver."), settings.language)
    for one in found:
        if is_in_force(one):
            state = Text("生效", "in force")
        elif one.revoked_at is None:
            state = Text("已到期", "run out")
        else:
            state = Text(
                f"已撤销（{one.revoked_by}：{one.revoked_reason}）", f"revoked ({one.revoked_by}: {one.revoked_reason})"
            )
        say(
            Text(
                f"  {one.waiver_id}  {one.check_name}  {one.told.zh}  当时 {one.known:,}  {state.zh}",
                f"  {one.waiver_id}  {one.check_name}  {one.told.en}  {one.known:,} then  {state.en}",
            ),
            settings.language,
        )
    return ExitCode.DONE
