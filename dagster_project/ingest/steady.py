"""Whether a landed file stayed as it was while it was read.

Belongs here: size and time before and after. Does not belong here: whether a file has stopped growing before a run is started
(`landing_watch.py`), what the file holds.

A share on which a copy is still under way shows a file that grows; whoever cleans up takes one away. Either way what was read is
nobody's delivery: the file is refused with the reason, and the next run looks at it anew.
"""

from __future__ import annotations

from dagster_project.ingest.damage import in_words
from dagster_project.ingest.discover import LandedFile
from dagster_project.ingest.report import Refusal
from dagster_project.language import Text


def size_and_time(file: LandedFile) -> tuple[int, int]:
    """Size and time of change in nanoseconds of the file on disk. Raises Refusal when it has gone or cannot be asked."""
    try:
        status = file.path.stat()
    except FileNotFoundError as error:
        raise Refusal(
            Text(
                "文件在读取过程中被移走；放回后再次运行即可。",
                "The file was taken away while it was read; put it back and run again.",
            )
        ) from error
    except OSError as error:
        why = in_words(error)
        raise Refusal(Text(f"文件无法访问：{why.zh}。", f"The file cannot be reached: {why.en}.")) from error
    return status.st_size, status.st_mtime_ns


def require_unchanged(file: LandedFile, size: int, modified_ns: int) -> None:
    """Raises Refusal when a file is no longer what it was when reading began."""
    if size_and_time(file) != (size, modified_ns):
        raise Refusal(
            Text(
                "文件在读取过程中被改动（可能还在拷贝）；未入库，拷贝完成后再次运行即可。",
                "The file changed while it was read, perhaps it is still being copied; it was not taken in, run again once it is "
                "complete.",
            )
        )
