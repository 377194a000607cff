"""Mistakes on the command line are told in words, Chinese first, with a line that would be right."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from dagster_project.cli import cli, main
from dagster_project.errors import ExitCode
from dagster_project.usage import user_error


def told(*words: str) -> tuple[str, str]:
    """What a line that is wrong says, in Chinese and in English."""
    with pytest.raises(click.ClickException) as mistake:
        cli(list(words), prog_name="bulletin", standalone_mode=False)
    error = user_error(mistake.value)
    assert error.code == ExitCode.BAD_INPUT
    return error.message("zh"), error.message("en")


@pytest.mark.parametrize(
    ("line", "zh", "en"),
    [
        (["freeze"], ("没有写选项 --year（年份）", "例如 bulletin freeze --year 2025", "bulletin freeze --help"), "Missing option --year (Year)"),
        (["unload", "3"], ("没有写选项 --reason", "例如 bulletin unload", "--reason 写明理由"), "Missing option --reason"),
        (["frese", "--year", "2025"], ("没有这个命令：frese；相近的有 freeze", "bulletin --help"), "No such command: frese; near it: freeze"),
        (["freeze", "--yaer", "2025"], ("没有这个选项：--yaer；相近的有 --year",), "No such option: --yaer; near it: --year"),
        (["freeze", "--year"], ("选项 --year 后面要写值",), "requires an argument"),
        (["freeze", "--year", "20x5"], ("--year 的值不对：20x5，应为 1990 至 2100 之间的整数",), "20x5"),
        (["freeze", "--year", "2025", "--kind", "daily"], ("--kind 的值不对：daily，可选 bulletin、quick_report",), "daily"),
        (["reconcile", "no_such_file.xlsx"], ("no_such_file.xlsx 不存在",), "no_such_file.xlsx"),
        (["reconcile", "."], (". 是文件夹，这里要写文件",), "is a directory"),
        (["backup", __file__], (f"{__file__} 是文件，这里要写文件夹",), "is a file"),
        (["run", "--dry-run=1"], ("选项 --dry-run 不带值，只写选项本身",), "does not take a value"),
        (["explain", "x", "--year", "2025", "--month", "two"], ("--month 的值不对：two，应为整数",), "two"),
        (["sample", "x", "--scale", "big"], ("--scale 的值不对：big，应为数字",), "big"),
        (["serve", "now"], ("多写了：now",), "unexpected extra argument"),
    ],
)  # fmt: skip
def test_a_mistake_on_the_line_says_what_and_how(line: list[str], zh: tuple[str, ...], en: str) -> None:
    in_chinese, in_english = told(*line)
    assert all(part in in_chinese for part in zh), in_chinese
    assert en in in_english, in_english
    assert "Error" not in in_chinese and "Missing" not in in_chinese


DECIDED = ["--reason", "r", "--by", "王敏"]


@pytest.mark.parametrize(
    ("line", "zh", "en"),
    [
        (["codes", "map", "insutype", "888", "310"], ("没有写 --by", "bulletin codes map insutype 888 310 --by 张三"), "Missing --by"),
        (["codes", "map", "insutype"], ("用法有误", "codes map 代码集 代码 目标 --by 姓名"), "codes map SET CODE TARGET --by NAME"),
        (["waive", *DECIDED], ("没有写 检查名称 和 --until", "--until 2026-12-31"), "Missing: the name of the check and --until"),
        (["waive", "no_check", *DECIDED], ("没有写 --until", "--until 2026-12-31"), "Missing: --until"),
        (["waive", "no_check", "--revoke", "3", *DECIDED], ("--revoke 后只写编号", "bulletin waive --revoke 3"), "--revoke takes a number"),
    ],
)  # fmt: skip
def test_what_only_the_desk_can_miss_is_told_with_a_line_that_would_be_right(
    line: list[str],
    zh: tuple[str, ...],
    en: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for left_behind in ("BULLETIN_HOME", "BULLETIN_LANG"):
        monkeypatch.setenv(left_behind, "")
    said = []
    for language in ("zh", "en"):
        with pytest.raises(SystemExit) as ended:
            cli([*line, "--home", str(tmp_path), "--lang", language], prog_name="bulletin", standalone_mode=False)
        assert ended.value.code == ExitCode.BAD_INPUT
        said.append(capsys.readouterr().err)
    assert all(part in said[0] for part in zh), said[0]
    assert en in said[1], said[1]


def test_no_example_holds_what_a_shell_takes_for_a_pipe() -> None:
    for name, command in cli.commands.items():
        if any(param.required for param in command.params):
            example = told(name)[0].split("例如 ")[1].split("；")[0]
            assert example.startswith(f"bulletin {name} ") and "|" not in example, example


@pytest.mark.parametrize("asked", [["--lang", "en"], ["--lang=en"]])
def test_a_mistake_is_told_in_the_language_that_the_line_asks_for(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bulletin", "freeze", *asked])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == ExitCode.BAD_INPUT and "Missing option --year" in capsys.readouterr().err
