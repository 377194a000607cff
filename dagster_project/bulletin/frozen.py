"""Freezing a vintage: documents and values that nothing changes afterwards.

Belongs here: what is copied, the conditions, read-only files, the append-only Parquet. Does not belong here: making drafts.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from dagster_project.bulletin import folder as folders
from dagster_project.bulletin import release, store
from dagster_project.bulletin.compose import KINDS, compose
from dagster_project.bulletin.publication import disclosed_values, introduction_of, paths_of, write_documents
from dagster_project.bulletin.reading import read_sources
from dagster_project.checks.model import CheckResult
from dagster_project.checks.page import render_checks_page
from dagster_project.checks.store import newest_results
from dagster_project.disclosure import Disclosed, load_parameters
from dagster_project.durable import durable_step
from dagster_project.errors import ExitCode, UserError
from dagster_project.language import Text
from dagster_project.settings import Settings, now
from dagster_project.warehouse import connect

_WORD = "bulletin.docx"
_SHOWN = 10


@dataclass(frozen=True)
class FreezeReport:
    """What was frozen: folder, vintage, rows of values, whether the editor's Word file was taken over, and the findings that
    waivers took as they are (L34), as the descriptor names them."""

    folder: Path
    vintage: str
    year: int
    rows: int
    status: str
    edited_word: bool = False
    paths: dict[str, Path] = field(default_factory=dict)
    waived: tuple[dict[str, Any], ...] = ()


def freeze(settings: Settings, year: int, kind: str, accepted: str = "", region: str | None = None) -> FreezeReport:
    """Freeze the current draft of a year as `<as-of date>_<kind>`.

    The documents are made once more under the frozen vintage's name and status, from the same values as the draft; a Word
    file that was edited in the draft folder is taken over as it is, and so is every file others added there; `checks.html` is
    made anew and shows what the freeze was judged by: the newest result of every check, whatever run judged it (L30).
    Raises UserError when there is no draft of exactly these values and files, when the vintage is frozen already, for kinds
    that go out when a blocking check did not pass, and for the final bulletin when findings hold the release (S1:
    rows held by unknown codes, refused files, missing months) and `accepted` gives no reason for taking them as they are.
    The reason is written into the release descriptor. A finding that a waiver in force covers neither stops nor holds it (L34);
    descriptor and page of checks name it with owner, reason and last day.

    With `region`, the code of a prefecture, it is that place's own bulletin. Its numbers are those of the province's vintage of the same
    day and kind, which has to be frozen before; only the documents are its own.
    """
    if kind not in KINDS:
        raise UserError(
            Text(f"没有这种版次：{kind}", f"No such kind of vintage: {kind}"),
            where="、".join(KINDS),
            todo=Text("请选用上列之一。", "Choose one of these."),
        )
    parameters = load_parameters()
    with connect(settings) as connection:
        cleared = disclosed_values(connection, parameters)
        sources = read_sources(connection, year, parameters, cleared.values, region, cleared.cubes)
    chosen = store.values_of_vintage(cleared.values, year)
    digest = store.digest(chosen)
    draft, descriptor = _draft(settings, year, digest, region)
    vintage = f"{descriptor['as_of']}_{kind}"
    target = folders.place_within(settings.publication, region, year, vintage)
    if region is not None:
        _require_province(settings.publication / str(year) / vintage, digest, region)
    folders.recover(target)
    as_draft = f"{sources.as_of.isoformat()}_draft"
    frozen = release.read(target)
    if frozen.get("frozen") and not _is_complete(settings, target, vintage):
        # An earlier freeze was stopped after its folder stood: what it had not done yet is done now.
        rows = _complete(settings, target, cleared, as_draft)
        return _report(target, year, rows)
    if frozen.get("frozen"):
        raise UserError(
            Text(
                f"版次 {vintage} 已经冻结，不能再写。",
                f"The vintage {vintage} is frozen already and cannot be written again.",
            ),
            where=str(target),
            todo=Text("有新数据时以新的截至日期另行冻结。", "Freeze under a new as-of date when there are new data."),
        )
    with connect(settings) as connection:
        results = newest_results(connection)
    _refuse_failed(kind, [result for result in results if result.blocking])
    _refuse_later_files(descriptor, release.inputs_of(sources))
    held = [result.check_name for result in results if result.holds_release]
    _refuse_held(kind, held, accepted)
    document = compose(sources, vintage, introduction_of(settings, year, region))
    status = "final" if kind == "bulletin" else "provisional"
    with folders.replaced(target) as aside:
        write_documents(aside, document, sources, vintage)
        edited = _take_over(draft, aside, descriptor)
        render_checks_page(settings, aside / "checks.html", is_published=True)
        if region is None:
            frame = _frozen_values(chosen, vintage, status)
            frame.write_parquet(aside / store.FROZEN_FILE, compression="zstd", statistics=False)
        run_id = str(descriptor.get("run_id", ""))
        described = release.describe(sources, document, parameters, vintage, run_id, digest, results)
        described |= {"frozen": True, "frozen_at": now().isoformat() + "Z", "edited_word": edited}
        if held:
            described["accepted_findings"] = {"checks": held, "reason": accepted}
        release.write(aside, described)
        for path in aside.rglob("*"):
            path.chmod(0o444 if path.is_file() else 0o755)
    rows = _complete(settings, target, cleared, as_draft)
    return _report(target, year, rows)


def _report(target: Path, year: int, rows: int) -> FreezeReport:
    told = release.read(target)
    return FreezeReport(
        target, target.name, year, rows, str(told["status"]), bool(told.get("edited_word")), paths_of(target),
        tuple(told["checks"].get("waived", ())),
    )  # fmt: skip


def _complete(settings: Settings, target: Path, cleared: Disclosed, as_draft: str) -> int:
    """Make the folders of a frozen vintage read-only and take its values into the warehouse; returns their number, 0 for a
    prefecture's, which has none of its own."""
    with durable_step("freeze.read_only"):
        for path in [*target.rglob("*"), target]:
            if path.is_dir():
                path.chmod(0o555)
    with connect(settings) as connection:
        store.write_tables(connection, settings.publication, cleared, as_draft)
    values = target / store.FROZEN_FILE
    return int(pl.scan_parquet(values).select(pl.len()).collect().item()) if values.exists() else 0


def _is_complete(settings: Settings, target: Path, vintage: str) -> bool:
    """Whether nothing of a freeze is left to do: read-only folders (the outermost comes last), values in the warehouse."""
    if target.stat().st_mode & 0o222:
        return False
    with connect(settings) as connection:
        return store.holds_frozen(connection, vintage)


def _frozen_values(values: pl.DataFrame, vintage: str, status: str) -> pl.DataFrame:
    """Values under the frozen vintage's name; provisional ones become final when the vintage is."""
    settled = pl.when(pl.col("status") == "provisional").then(pl.lit(status)).otherwise(pl.col("status"))
    return values.with_columns(pl.lit(vintage).alias("vintage"), settled.alias("status"))


def _require_province(folder: Path, digest: str, region: str) -> None:
    """A prefecture's bulletin is frozen with the numbers of the province's."""
    told = release.read(folder)
    if not told.get("frozen") or told.get("values_sha256") != digest:
        raise UserError(
            Text(
                f"全省的版次 {folder.name} 还没有按这些数定稿，{region} 的公报不能先定稿。",
                f"The province's {folder.name} is not frozen with these numbers; the bulletin of {region} cannot be frozen before it.",
            ),
            where=str(folder),
            todo=Text(
                "先不带 --region 定稿全省的同一版次，再定稿市州的。",
                "Freeze the province's vintage first, without --region, then the prefecture's.",
            ),
        )


def _draft(settings: Settings, year: int, digest: str, region: str | None) -> tuple[Path, dict[str, Any]]:
    """The newest draft of a year and its descriptor; its values must be those of the warehouse now."""
    place = folders.place_within(settings.publication, region, year, "")
    found = sorted(place.glob("*_draft"))
    for folder in reversed(found):
        descriptor = release.read(folder)
        if descriptor.get("values_sha256") == digest:
            return folder, descriptor
    what = (
        Text("草稿之后数据已有变化，不能冻结。", "The numbers have changed since the draft was made.")
        if found
        else Text(f"还没有 {year} 年的草稿。", f"There is no draft of {year} yet.")
    )
    again = f"bulletin export --year {year} --region {region}" if region else "bulletin run"
    raise UserError(
        what,
        where=str(place),
        todo=Text(f"请先重新运行 {again}，核对草稿后再冻结。", f"Run `{again}`, read the draft, then freeze."),
    )


def _refuse_failed(kind: str, failures: list[CheckResult]) -> None:
    """A draft that was made before the home was blocked does not go out either: what blocks is true of its data or follows them."""
    if failures and kind != "draft":
        raise UserError(
            Text(
                "最近一次检查有未通过的阻断性检查，不能冻结。",
                "A blocking check did not pass when last judged; nothing was frozen.",
            ),
            where="\n".join(f"{one.stage}.{one.check_name}（运行 run {one.run_id}）" for one in failures),
            todo=Text("见 checks.html，处理后重新运行。", "See checks.html, put it right and run again."),
            code=ExitCode.PARTLY,
        )


def _refuse_later_files(descriptor: dict[str, Any], inputs: list[dict[str, Any]]) -> None:
    """The descriptor of a vintage lists the files it was made from: none may have come in since the draft was made."""
    drawn_on = {entry.get("sha256") for entry in descriptor.get("inputs", ())}
    later = [str(entry.get("source_file")) for entry in inputs if entry.get("sha256") not in drawn_on]
    if later:
        raise UserError(
            Text(
                f"草稿之后又入库了 {len(later)} 个文件，草稿不含其内容，不能冻结。",
                f"{len(later)} files were taken in after the draft was made, which has nothing of them; nothing was frozen.",
            ),
            where=", ".join(later[:_SHOWN]) + (" …" if len(later) > _SHOWN else ""),
            todo=Text(
                "请先重新运行 bulletin run，核对草稿后再冻结。", "Run `bulletin run`, read the draft, then freeze."
            ),
            code=ExitCode.PARTLY,
        )
    # The same the other way round: what was taken out since is still in the draft's values.
    here = {entry.get("sha256") for entry in inputs}
    gone = [str(entry.get("source_file")) for entry in descriptor.get("inputs", ()) if entry.get("sha256") not in here]
    if gone:
        raise UserError(
            Text(
                f"草稿之后撤出了 {len(gone)} 个文件，草稿里还有其内容，不能冻结。",
                f"{len(gone)} files were unloaded after the draft was made, which still holds them; nothing was frozen.",
            ),
            where=", ".join(gone[:_SHOWN]) + (" …" if len(gone) > _SHOWN else ""),
            todo=Text(
                "请先重新运行 bulletin run，核对草稿后再冻结。", "Run `bulletin run`, read the draft, then freeze."
            ),
            code=ExitCode.PARTLY,
        )


def _refuse_held(kind: str, held: list[str], accepted: str) -> None:
    if kind == "bulletin" and held and not accepted.strip():
        raise UserError(
            Text(
                "还有未了结的数据问题，不能作为正式公报定稿（S1）。",
                "Open findings hold the release as a final bulletin (S1); nothing was frozen.",
            ),
            where=", ".join(held),
            todo=Text(
                "见 checks.html；补送或映射后重新运行，或用 --accept 写明接受的理由（将记入 release.json）。",
                "See checks.html; deliver or map what is missing and run again, or give a reason with --accept; it is recorded.",
            ),
            code=ExitCode.PARTLY,
        )


def _take_over(draft: Path, aside: Path, descriptor: dict[str, Any]) -> bool:
    """Files that others put into the draft folder, and the Word file when it was edited there; True in the latter case."""
    for path in sorted(draft.rglob("*")):
        place = aside / path.relative_to(draft)
        if path.is_file() and path.name != release.FILE and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
    made = {entry["path"]: entry["sha256"] for entry in descriptor.get("files", ())}
    word = draft / _WORD
    if word.exists() and made.get(_WORD) not in (None, release.file_hash(word)):
        shutil.copyfile(word, aside / _WORD)
        return True
    return False
