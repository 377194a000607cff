"""Batches against their manifests (S8), as far as that needs no content.

Belongs here: files that are listed and absent, or there and not listed. Does not belong here: reading a manifest
(`manifest.py`), hashes (`source.py`), rows and totals (`decide.py`).
"""

from __future__ import annotations

from pathlib import Path

from dagster_project.ingest.archives import told
from dagster_project.ingest.discover import LandedFile, Landing
from dagster_project.ingest.manifest import Manifest
from dagster_project.ingest.report import Refusal
from dagster_project.language import Text


def refused_batches(found: Landing, landing: Path, loaded: set[str]) -> dict[Path, Text]:
    """Folders of the batches that are refused by their manifest, with the reason; `loaded` are source files."""
    refused = {}
    for manifest in found.manifests:
        mine = [file for file in found.files if file.manifest is not None and file.manifest.folder == manifest.folder]
        try:
            check_listing(manifest, mine, landing, loaded)
        except Refusal as refusal:
            refused[manifest.folder] = refusal.reason
    return refused


def check_listing(manifest: Manifest, files: list[LandedFile], landing: Path, loaded: set[str]) -> None:
    """Compare a manifest's list with its folder (S8); files loaded before do not count.

    Raises Refusal, which holds for every new file of the batch.
    """
    if manifest.problem is not None:
        raise Refusal(manifest.problem)
    if not manifest.files:
        _refuse_without_list([file.source_file for file in files if file.is_data and file.source_file not in loaded])
        return
    here = {told(file.path, manifest.folder) for file in files if file.is_data}
    members = {f"{told(file.path, manifest.folder)}/{file.member}" for file in files if file.member}
    members |= {file.member for file in files if file.member}
    # Loaded files are known by the names that were recorded, as those of a manifest are written.
    folder = Path(told(manifest.folder, landing))
    loaded_here = {
        Path(source).relative_to(folder).as_posix() for source in loaded if Path(source).is_relative_to(folder)
    }
    loaded_here |= {str(Path(name).parent.as_posix()) for name in loaded_here}
    absent = sorted(name for name in manifest.files if name not in here | members | loaded_here)
    if absent:
        raise Refusal(
            Text(
                f"批次清单列出的文件缺失：{'、'.join(absent[:5])}；补齐后整批再入库（S8）。",
                f"The manifest lists files that are absent: {', '.join(absent[:5])}; complete the batch and run again (S8).",
            )
        )
    listed = set(manifest.files)
    unlisted = sorted(
        {
            file.source_file
            for file in files
            if file.is_data
            and file.source_file not in loaded
            and not ({told(file.path, manifest.folder), file.member} & listed)
            and f"{told(file.path, manifest.folder)}/{file.member}" not in listed
        }
    )
    if unlisted:
        raise Refusal(
            Text(
                f"文件未列入批次清单 manifest.json：{'、'.join(unlisted[:5])}；请更正清单（S8）。",
                f"Files not listed in manifest.json: {', '.join(unlisted[:5])}; correct the manifest (S8).",
            )
        )


def _refuse_without_list(new: list[str]) -> None:
    """A manifest that lists nothing, or has no list under the name `files`: each new file of its batch is one too many (S8)."""
    if new:
        raise Refusal(
            Text(
                f"批次清单 manifest.json 没有列出任何文件（缺少 files，或它是空的），{'、'.join(new[:5])} 无从核对，整批未入库；请在 files 里"
                "逐个写明文件；没有清单时删去 manifest.json，由仓库自行记录、待人确认（S8）。",
                f"manifest.json lists no file (`files` is missing or empty), so {', '.join(new[:5])} cannot be compared; the batch was "
                "refused. Name each file in `files`; without a list take manifest.json away: the warehouse then keeps a record of "
                "its own that waits to be confirmed (S8).",
            )
        )
