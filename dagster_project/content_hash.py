"""The hash that says what a file holds.

Belongs here: hashing a file. Does not belong here: which files are hashed, and what a hash is compared with (`ingest/`,
`keeping/`). It lies below both, which know of each other.
"""

from __future__ import annotations

import hashlib
from pathlib import Path


def hash_of(path: Path) -> str:
    """SHA-256 of a file in hexadecimal digits, read in pieces. Raises OSError when it cannot be read."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
