"""Every verb on a home that can only be read, and on one that is not there: answers go on, the rest says why not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dagster_project.cli import cli
from dagster_project.errors import ExitCode
from dagster_project.settings import Settings
from dagster_project.verbs.running import own_run
from tests.closed_disk import read_only
from tests.conftest import SampleHome
from tests.fault.test_command_faults import contents

YEAR = "2025"
DRAFT = "2026-03-01_draft"
# {file} is a file that is no home's; {backup} a backup.
WRITING = [
    "run", "run --full-refresh", "run --dry-run", "run --as-of 2026-02-20", "ingest", "build", "check", f"export --year {YEAR}",
    f"freeze --year {YEAR}", "unload 1 --reason x --by y", "unload 1 --undo --reason x --by y", "quarantine --take {book}",
    "codes map insutype 888 310 --by y", "codes reread", "waive load_rows_accounted --until 2030-01-01 --reason x --by y",
    "waive --revoke 1 --reason x --by y", "manifest confirm . --by y", "serve",
]  # fmt: skip
READING = [
    f"explain resident_avg_inpatient_cost --year {YEAR}", f"diff --year {YEAR} {DRAFT} {DRAFT} --to {{aside}}/diff.csv", "deliveries",
    "deliveries --files", "deliveries --month 202501 --to {aside}/matrix.csv", "quarantine", "quarantine --export {aside}/held.xlsx", "codes",
    "codes history", "waivers", "manifest", "reversals", "definitions", "verify", "try {file}", "backup {aside}",
]  # fmt: skip


def said(words: str, home: Path, **places: Path) -> Result:
    """What a verb says; {names} in its words are places."""
    told = [word.format(**places) for word in words.split()]
    result = CliRunner().invoke(cli, [*told, "--home", str(home)])
    assert "Traceback" not in result.output, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(autouse=True)
def _key(sample_home: SampleHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BULLETIN_KEY_FILE", str(sample_home.key))
    monkeypatch.setenv("BULLETIN_LANG", "en")


@pytest.fixture(scope="module")
def places(sample_home: SampleHome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Where answers may be written, a file to try and a corrected workbook, while the home can only be read."""
    aside = tmp_path_factory.mktemp("aside")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("BULLETIN_KEY_FILE", str(sample_home.key))
        assert said("quarantine --export {book}", sample_home.home, book=aside / "book.xlsx").exit_code == ExitCode.DONE
    before = contents(sample_home.home)
    with read_only(sample_home.home):
        yield {
            "aside": aside,
            "book": aside / "book.xlsx",
            "file": next(sample_home.landing.rglob("population_ref*")),
            "home": sample_home.home,
        }
    assert contents(sample_home.home) == before, "nothing was written"


@pytest.mark.parametrize("words", WRITING)
def test_a_verb_that_writes_says_that_it_cannot(places: dict[str, Path], words: str) -> None:
    result = said(words, **places)
    assert result.exit_code == ExitCode.BROKEN_INSTALLATION, result.output
    assert "cannot be written to, nothing was done" in result.output and "What to do" in result.output
    assert str(places["home"]) in result.output


@pytest.mark.parametrize("words", READING)
def test_a_verb_that_reads_answers_all_the_same(places: dict[str, Path], words: str) -> None:
    result = said(words, **places)
    assert result.exit_code == ExitCode.DONE, result.output


def test_a_backup_of_it_comes_back_elsewhere_and_not_into_it(places: dict[str, Path], tmp_path: Path) -> None:
    assert said("backup {aside}", places["home"], aside=tmp_path).exit_code == ExitCode.DONE
    (made,) = tmp_path.iterdir()
    refused = said("restore {backup}", places["home"] / "inside", backup=made)
    assert refused.exit_code == ExitCode.BROKEN_INSTALLATION and "Read-only" in refused.output
    assert said("restore {backup}", tmp_path / "home", backup=made).exit_code == ExitCode.DONE
    back = Settings(home=tmp_path / "home")
    assert back.serving_file.exists() and (back.home / "dagster" / "history").is_dir()
    with own_run(back, "test"):
        pass


@pytest.mark.parametrize(
    "words", [*WRITING, *[words for words in READING if words.split()[0] not in ("definitions", "try")]]
)
def test_a_home_that_is_not_there_is_said_and_not_made(places: dict[str, Path], tmp_path: Path, words: str) -> None:
    nowhere = tmp_path / "nowhere"
    result = said(words, **places | {"home": nowhere})
    assert result.exit_code == ExitCode.BAD_INPUT, result.output
    assert str(nowhere) in result.output and not nowhere.exists()
