"""The README's first ten minutes, typed as they stand there."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project.settings import PROJECT_ROOT
from tests.warehouse_api import FIXED_NOW


def commands() -> list[list[str]]:
    """The first block of commands below the heading, without remarks and without what opens a browser."""
    text = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8").split("## 头十分钟")[1]
    lines = text.split("```")[1].strip().splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [line for line in words if line[0] != "open"]


def test_the_first_ten_minutes_name_verbs_and_options_that_exist() -> None:
    from dagster_project.cli import cli

    verbs = [line for line in commands() if line[0] == ".venv/bin/bulletin"]
    assert [line[1] for line in verbs] == ["sample", "run", "try", "run", "explain", "freeze"]
    for line in verbs:
        known = {option for parameter in cli.commands[line[1]].params for option in parameter.opts}
        assert {word for word in line if word.startswith("--")} <= known, line


@pytest.mark.long
def test_the_first_ten_minutes_work_as_they_stand(tmp_path: Path) -> None:
    environment = os.environ | {
        "BULLETIN_KEY_FILE": str(tmp_path / "test.key"), "BULLETIN_NOW": FIXED_NOW, "BULLETIN_LANG": "en",
        "PYTHONPATH": str(PROJECT_ROOT),
    }  # fmt: skip
    said = {}
    for words in commands():
        typed = [sys.executable, "-m", "dagster_project.cli", *words[1:]] if words[0] == ".venv/bin/bulletin" else words
        done = subprocess.run(typed, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
        said[words[1]] = done.stdout
    assert "synthetic data" in said["try"] and "would be loaded" in said["try"]
    assert "loaded 3" in said["run"], "the batch that was kept back"
    assert (tmp_path / "data" / "trial" / "checks.html").is_file()
    assert list((tmp_path / "data" / "trial" / "publication" / "2025").glob("*_quick_report"))
