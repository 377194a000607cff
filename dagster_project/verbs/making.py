"""Verbs that make files: the sample, a trial of one file, documents, frozen vintages, the serving database.

Belongs here: calling the parts and printing what they made. Does not belong here: the parts.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dagster_project import drafts, gate, handing_out, progress, run
from dagster_project.errors import ExitCode, UserError
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.terminal import say
from dagster_project.verbs.running import own_run, reporting, require_loaded

MAX_SCALE = 1.0


def wanted_years(words: Sequence[str]) -> tuple[int, ...]:
    """`2023`, `2024`, `2023-2025` as years; raises UserError (exit 2) for anything else."""
    years: list[int] = []
    for word in words or ("2023-2025",):
        first, _, last = word.partition("-")
        if not (first.isdigit() and (last or first).isdigit()) or not 1990 <= int(first) <= int(last or first) <= 2100:
            raise UserError(
                Text(f"年份无法识别：{word}", f"Not a year: {word}"),
                where="--years",
                todo=Text(
                    "写 1990 至 2100 之间的年份，例如 2024、2023 2024 或 2023-2025。",
                    "Write years between 1990 and 2100, such as 2024, 2023 2024 or 2023-2025.",
                ),
            )
        years += range(int(first), int(last or first) + 1)
    return tuple(sorted(set(years)))


def sample(
    settings: Settings, directory: Path, scale: float, years: Sequence[str], seed: int, province: str | None = None
) -> ExitCode:
    """Write a synthetic province; never into a folder that holds something else."""
    chosen = wanted_years(years)
    if not 0 < scale <= MAX_SCALE:
        raise UserError(
            Text(f"规模应在 0 与 1 之间：{scale}", f"The scale must lie between 0 and 1: {scale}"),
            where="--scale",
            todo=Text(
                "写大于 0、不超过 1 的数，例如 0.001（全省的千分之一）；1 为全省规模。",
                "Write a number above 0 and up to 1, such as 0.001 (a thousandth of the province); 1 is all of it.",
            ),
        )
    from dagster_project.sample import DEFAULT_PROVINCE, write_sample

    begun = time.monotonic()
    write_sample(directory, scale=scale, years=chosen, seed=seed, province=province or DEFAULT_PROVINCE)
    files = [path for path in directory.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    seconds = time.monotonic() - begun
    say(
        Text(
            f"合成数据已写入 {directory}：{len(files)} 个文件，{size:.1f} MB，{seconds:.0f} 秒。",
            f"Synthetic data written to {directory}: {len(files)} files, {size:.1f} MB, {seconds:.0f} seconds.",
        ),
        settings.language,
    )
    return ExitCode.DONE


def try_file(settings: Settings, file: Path, in_full: bool = False) -> ExitCode:
    """Print what intake would make of one file; nothing is loaded."""
    from dagster_project.ingest import try_file as try_landed_file
    from dagster_project.verbs.trial import trial_lines

    report = try_landed_file(settings, file)
    for line in trial_lines(report, in_full):
        say(line, settings.language)
    return ExitCode.BAD_INPUT if report.refused else ExitCode.DONE


def export(settings: Settings, years: Sequence[int], to: Path | None, region: str | None = None) -> ExitCode:
    """Make the documents again from the indicators as they are, of the province or of one prefecture (code or name)."""
    require_loaded(settings)
    place = _prefecture(settings, region) if region else None
    if to is not None:
        handing_out.require_place_of_copies(settings, to, [to / (place or "") / str(year) for year in years])
    with reporting(settings, ["publication", "publication_checks"]), own_run(settings, "bulletin export") as run_id:
        chosen = run.publication_years(settings, years)
        with progress.stage(settings, "publication"):
            made = drafts.publish(settings, chosen, run_id, place)
        gate.run_gate(settings, "publication", run_id)
    for year, folder in zip(chosen, [drafts.place_of(settings, one) for one in made], strict=True):
        if to is not None:
            folder = _copied(settings, folder, to, to / (place or "") / str(year))
        say(Text(f"公报：{folder / 'bulletin.html'}", f"Bulletin: {folder / 'bulletin.html'}"), settings.language)
    return ExitCode.DONE


def _copied(settings: Settings, folder: Path, to: Path, target: Path) -> Path:
    """The copy of a year's documents below `to`; who is told that it failed is told, too, where the documents themselves are."""
    try:
        handing_out.require_place_of_copies(settings, to, [target])
        handing_out.copy_folder(folder, target)
    except UserError as error:
        raise UserError(
            Text(
                f"公报已生成在 {folder}，但没有另存：{error.what.zh}",
                f"The documents were made in {folder}, but not copied: {error.what.en}",
            ),
            where=error.where,
            todo=error.todo,
            code=ExitCode.PARTLY if error.code == ExitCode.BAD_INPUT else error.code,
        ) from error
    return target


def _prefecture(settings: Settings, asked: str) -> str | None:
    """The code of a prefecture by code or name; None for the province itself, whose bulletin needs no saying."""
    from dagster_project.explain.naming import region_of
    from dagster_project.warehouse import connect

    with connect(settings) as connection:
        code = region_of(connection, asked)
        home = connection.execute("select value from ops.meta where key = 'province'").fetchone()
    return None if home and home[0] == code else code


def freeze(settings: Settings, year: int, kind: str, accept: str, region: str | None = None) -> ExitCode:
    """Make a vintage that nothing changes afterwards, of the province or of one prefecture (code or name), and serve it at once."""
    from dagster_project import bulletin
    from dagster_project.serving import publish_serving

    require_loaded(settings)
    place = _prefecture(settings, region) if region else None
    said = f"bulletin freeze {year} {kind}" + (f" {place}" if place else "")
    with reporting(settings, ["serving"]), own_run(settings, said) as run_id:
        frozen: Any = bulletin.freeze(settings, year, kind, accept, place)
        with progress.stage(settings, "serving"):
            publish_serving(settings, run_id)
    say(Text(f"已定稿：{frozen.folder}", f"Frozen: {frozen.folder}"), settings.language)
    _say_waived(settings, frozen.waived)
    return ExitCode.DONE


def _say_waived(settings: Settings, waived: Sequence[dict[str, Any]]) -> None:
    """Findings that did not stop a freeze because somebody takes them as they are (L34)."""
    if not waived:
        return
    say(
        Text(
            f"定稿时按豁免放行的问题 {len(waived)} 项，检查页和 release.json 写明谁、为何、到何时：",
            f"{len(waived)} findings were let pass by waivers; the page of checks and release.json name who, why and until when:",
        ),
        settings.language,
    )
    for one in waived:
        scope = " ".join(part for part in (one["region"], one["month"]) if part)
        say(
            Text(
                f"  {one['check']}（{one['unexpected']:,}）{scope}  至 {one['until']}，{one['who']}：{one['reason']}",
                f"  {one['check']} ({one['unexpected']:,}) {scope}  until {one['until']}, {one['who']}: {one['reason']}",
            ),
            settings.language,
        )


def serve(settings: Settings) -> ExitCode:
    """Rebuild the database that BI tools open."""
    from dagster_project.serving import publish_serving

    require_loaded(settings)
    with (
        reporting(settings, ["serving"]),
        own_run(settings, "bulletin serve") as run_id,
        progress.stage(settings, "serving"),
    ):
        report = publish_serving(settings, run_id)
    rows = sum(report.tables.values())
    say(
        Text(
            f"BI 数据库：{settings.serving_file}（{len(report.tables)} 张表，{rows:,} 行）",
            f"Serving database: {settings.serving_file} ({len(report.tables)} tables, {rows:,} rows)",
        ),
        settings.language,
    )
    return ExitCode.DONE
