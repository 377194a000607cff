"""Hashes worked out ahead are those of the file as it is when it is taken."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagster_project.ingest.digests import Digests
from dagster_project.ingest.discover import LandedFile
from dagster_project.ingest.steady import size_and_time


@pytest.fixture
def digests() -> Iterator[Digests]:
    made = Digests()
    yield made
    made.close()


def landed(path: Path, content: bytes) -> LandedFile:
    path.write_bytes(content)
    return LandedFile(path, path.name, "setl_d")


def hash_now(digests: Digests, file: LandedFile) -> str:
    return digests.of(file, size_and_time(file))


def test_begun_or_not_the_hash_is_the_same(digests: Digests, tmp_path: Path) -> None:
    first, second = landed(tmp_path / "setl_d_1.csv", b"one"), landed(tmp_path / "setl_d_2.csv", b"two")
    digests.begin(second)
    assert hash_now(digests, first) == hashlib.sha256(b"one").hexdigest()
    digests.begin(second)
    assert hash_now(digests, second) == hashlib.sha256(b"two").hexdigest()


def test_a_file_that_changed_since_is_hashed_again(digests: Digests, tmp_path: Path) -> None:
    file = landed(tmp_path / "setl_d_1.csv", b"old")
    digests.begin(file)
    digests._pool.submit(lambda: None).result()  # what was begun has ended
    file.path.write_bytes(b"new")
    os.utime(file.path, ns=(1, 1))
    assert hash_now(digests, file) == hashlib.sha256(b"new").hexdigest()


def test_a_file_that_was_away_is_asked_for_again(digests: Digests, tmp_path: Path) -> None:
    file = landed(tmp_path / "setl_d_1.csv", b"here")
    aside = file.path.rename(tmp_path / "aside")
    digests.begin(file)
    digests._pool.submit(lambda: None).result()
    aside.rename(file.path)
    assert hash_now(digests, file) == hashlib.sha256(b"here").hexdigest()
