"""SHA-256 of landed files, worked out beside the reading of the file before.

Belongs here: hashing ahead on a thread of its own. Does not belong here: what a hash means (`taking.py`), hashing itself
(`source.py`).

A province's month of settlements takes a second to hash on one core, while reading it keeps both busy but for its ends.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from dagster_project.ingest.discover import LandedFile
from dagster_project.ingest.report import Refusal
from dagster_project.ingest.source import digest
from dagster_project.ingest.steady import size_and_time

Stamp = tuple[int, int]  # size and time of change


class Digests:
    """Hashes of files, at most one of them begun before it is asked for."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="digest")
        self._begun: tuple[str, Future[tuple[Stamp, str]]] | None = None

    def begin(self, file: LandedFile) -> None:
        """Hash a file that will be asked for next."""
        self._begun = (file.source_file, self._pool.submit(_stamped, file))

    def of(self, file: LandedFile, stamp: Stamp) -> str:
        """SHA-256 of a file as it is at a stamp; what was begun of another state of it does not count.

        Raises Refusal for a file that cannot be read.
        """
        begun, self._begun = self._begun, None
        if begun is not None and begun[0] == file.source_file:
            try:
                before, sha = begun[1].result()
                if before == stamp:
                    return sha
            except (Refusal, OSError):
                pass  # asked again below, where the error is the file's own
        return digest(file)[0]

    def close(self) -> None:
        """Wait for what was begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _stamped(file: LandedFile) -> tuple[Stamp, str]:
    stamp = size_and_time(file)
    return stamp, digest(file)[0]
