"""The corpus of odd and malformed files: every row read is accepted or held, or the file is refused in words; nothing else happens.

All files are taken in by one run over one landing folder, beside each other, as they come.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from dagster_project.ingest import archives
from dagster_project.ingest.report import FileOutcome
from tests.corpus.cells import cells, numbered
from tests.corpus.columns import columns
from tests.corpus.containers import SMALL, containers
from tests.corpus.manifests import manifests, put_in_place
from tests.corpus.odd import Odd
from tests.corpus.tables import tables
from tests.intake_world import Home

NUMBERS = numbered()
CORPUS = [*tables(NUMBERS), *containers(NUMBERS), *columns(NUMBERS), *cells(NUMBERS), *manifests(NUMBERS)]
# Never fewer: of each kind as many as there were when it was written.
FEWEST = {"accepted": 286, "warned": 13, "doubtful": 3, "quarantined": 92, "refused": 155, "unknown": 5}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with the whole corpus in its landing folder."""
    home = Home(tmp_path_factory.mktemp("corpus") / "home")
    for odd in CORPUS:
        path = home.put(odd.name, odd.content)
        if odd.manifest is not None:
            path.with_name("manifest.json").write_bytes(odd.manifest)
        elif odd.in_its_place:
            put_in_place(path.with_name("manifest.json"), odd.in_its_place)
    return home


@pytest.fixture(scope="module")
def taken(home: Home) -> dict[str, FileOutcome]:
    """What one run makes of it. The bound on unpacking is lowered: a bomb of the test is a small one."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(archives, "_ALWAYS", SMALL)
        report = home.run()
    return {file.source_file: file for file in report.files}


def of(odd: Odd, taken: dict[str, FileOutcome]) -> FileOutcome:
    """The outcome that an odd file is about."""
    for name in (f"{odd.name}/{odd.member}", odd.member, odd.name):
        if name in taken:
            return taken[name]
    raise KeyError(odd.name)


def test_the_corpus_does_not_shrink() -> None:
    assert len({odd.name for odd in CORPUS}) >= 540
    kinds = Counter(odd.kind for odd in CORPUS)
    assert all(kinds[kind] >= fewest for kind, fewest in FEWEST.items()), kinds


def test_every_file_has_the_fate_of_its_kind(taken: dict[str, FileOutcome]) -> None:
    wrong = []
    for odd in CORPUS:
        found = of(odd, taken)
        reason = str(found.reason.en) if found.reason else ""
        status = {"refused": "refused", "unknown": "unknown"}.get(odd.kind, "loaded")
        rows = (found.rows_read, found.rows_accepted, found.rows_quarantined)
        expected = (odd.rows, odd.rows - odd.held, odd.held) if status == "loaded" else (0, 0, 0)
        if (found.status, rows) != (status, expected) or odd.says not in reason:
            wrong.append(f"{odd.operator} ({odd.name}): {found.status} {rows} {reason[:200]}")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_accepted_without_an_account(home: Home, taken: dict[str, FileOutcome]) -> None:
    named = {of(odd, taken).source_file for odd in CORPUS}
    assert set(taken) == named, "every file of the folder is one of the corpus"
    for file in taken.values():
        assert file.rows_read == file.rows_accepted + file.rows_quarantined
        assert file.status == "loaded" or (file.reason and file.reason.zh and "Traceback" not in str(file.reason))
    recorded = dict(home.query("select source_file, status from ops.file"))
    assert recorded == {name: file.status for name, file in taken.items()}
    assert home.value("select count(*) from ops.load where rows_read <> rows_accepted + rows_quarantined") == 0


def test_rows_are_held_by_the_rule_that_they_break(home: Home, taken: dict[str, FileOutcome]) -> None:
    rules: dict[str, set[str]] = {}
    for name, broken in home.query("select source_file, unnest(rule_ids) from quarantine.rejected_row"):
        rules.setdefault(name, set()).add(broken)
    for odd in CORPUS:
        if odd.kind == "quarantined":
            assert odd.rule in rules[of(odd, taken).source_file], (odd.operator, rules[of(odd, taken).source_file])
    held = {of(odd, taken).source_file for odd in CORPUS if odd.kind == "quarantined"}
    assert set(rules) == held


def test_L40_numbers_that_a_spreadsheet_rounded_name_nobody(home: Home, taken: dict[str, FileOutcome]) -> None:
    lost = "regexp_matches({}, '^[0-9.]+[eE]') and contains({}, '+')"
    for name in ("psn_insu_rlts_id", "emp_no"):
        assert home.value(f"select count(*) from raw.psn_insu_d where {lost.format(name, name)}") == 0
    held = home.value(
        "select count(*) from quarantine.rejected_row where list_contains(rule_ids, 'identifier_rounded')"
    )
    assert held == sum(odd.rule == "identifier_rounded" for odd in CORPUS) >= 12
    told = str(of(next(odd for odd in CORPUS if odd.says == "16th digit"), taken).reason)
    assert "psn_insu_rlts_id" in told and "Excel" in told


def test_L42_what_stands_around_a_table_is_passed_over_and_recorded(home: Home, taken: dict[str, FileOutcome]) -> None:
    dialects = dict(home.query("select source_file, dialect from ops.file"))
    told = [odd for odd in CORPUS if odd.operator.endswith(("Ctrl-Z", "sep=", "a title"))]
    for odd in told:
        said = dialects[of(odd, taken).source_file]
        assert said.split(", ", 1)[1] == odd.operator.split(": ", 1)[1], (odd.operator, said)
    assert len(told) >= 12


def test_L35_warnings_and_doubts_are_counted(home: Home, taken: dict[str, FileOutcome]) -> None:
    found: dict[str, set[tuple[str, str]]] = {}
    for name, rule, column in home.query(
        "select source_file, rule_id, column_name from ops.rule_count join ops.load using (load_id) where unexpected > 0"
    ):
        found.setdefault(name, set()).add((rule, column))
    for odd in CORPUS:
        counted = found.get(of(odd, taken).source_file, set())
        if odd.kind == "warned":
            assert odd.rule in {rule for rule, _ in counted}, (odd.operator, counted)
        assert (("form_doubtful", odd.rule) in counted) == (odd.kind == "doubtful"), (odd.operator, counted)
        if odd.kind == "accepted":
            assert not {rule for rule, _ in counted} & {"zero_restored", "code_unknown"}, (odd.operator, counted)


def test_values_stand_in_raw_as_they_were_meant(home: Home, taken: dict[str, FileOutcome]) -> None:
    wrong = []
    tables: dict[str, dict[tuple[str, int], dict[str, Any]]] = {}
    for odd in CORPUS:
        if not odd.raw:
            continue
        file = of(odd, taken)
        assert file.extract is not None
        if file.extract not in tables:
            names = [name for name, *_ in home.query(f"describe raw.{file.extract}")]
            rows = [dict(zip(names, row, strict=True)) for row in home.query(f"select * from raw.{file.extract}")]
            tables[file.extract] = {(row["source_file"], row["source_row"]): row for row in rows}
        for (record, column), value in odd.raw.items():
            row = tables[file.extract].get((file.source_file, record))
            if row is None or row[column] != value:
                wrong.append(f"{odd.operator}: {column} is {row and row[column]!r}, not {value!r}")
    assert not wrong, "\n".join(wrong)


def test_nothing_came_out_of_the_landing_folder(home: Home, taken: dict[str, FileOutcome]) -> None:
    outside = {path.name for path in home.settings.home.parent.iterdir()}
    assert outside <= {home.settings.home.name, home.settings.key_file.name}
    assert not list((home.settings.home / "tmp").glob("intake-*"))
