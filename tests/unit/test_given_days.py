"""Days and months on the command line: what is none is told in both languages, with exit code 2, before anything else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from dagster_project.cli import cli
from dagster_project.errors import UserError
from dagster_project.given_days import given_day, given_month

# What else each verb needs beside its day or month.
BESIDE = {
    "waive --until": ["some_check", "--reason", "r", "--by", "b"],
    "waive --month": ["some_check", "--reason", "r", "--by", "b", "--until", "2099-12-31"],
}
ASKED = sorted(
    f"{name} {option.opts[0]}"
    for name, command in cli.commands.items()
    for option in command.params
    if isinstance(option, click.Option)
    and ("YYYY" in (option.metavar or "") or (option.opts[0] == "--month" and option.type is click.STRING))
)


def test_every_option_of_a_day_or_month_is_among_the_cases() -> None:
    assert {"run --as-of", "waive --until", "waive --month", "deliveries --month"} <= set(ASKED)


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_wrong_day_or_month_is_told_in_words(tmp_path: Path, asked: str, language: str) -> None:
    verb, option = asked.split()
    home = tmp_path / "home"
    home.mkdir()
    for wrong in ("2025-13-45", "202513", "2025-1-1", "next week"):
        words = [verb, *BESIDE.get(asked, []), option, wrong, "--home", str(home), "--lang", language]
        said = CliRunner(env={"BULLETIN_LANG": language}).invoke(cli, words)  # which puts the environment back
        told = said.output.splitlines()
        assert said.exit_code == 2 and wrong in told[0], said.output
        assert told[0].endswith({"zh": "未做任何改动。", "en": "nothing was done."}[language])
        assert option in told[1] and ("20250" in told[2] or "2025-07-31" in told[2])
        assert "format" not in said.output and not list(home.iterdir())


def test_one_form_of_a_day_and_one_of_a_month() -> None:
    assert given_day("2024-02-29", "--as-of") == date(2024, 2, 29) and given_month("202402", "--month") == "202402"
    for wrong in ("2025-02-29", "20250101", "0001-01-01", "9999-12-31", "", "２０２５-01-01", "2025-01-01 "):
        with pytest.raises(UserError):
            given_day(wrong, "--as-of")
    for wrong in ("2024-2", "202400", "2024 1", "999912", ""):
        with pytest.raises(UserError):
            given_month(wrong, "--month")
