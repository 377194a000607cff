"""Mistakes on the command line in words: what is wrong, an example of the right line, where help stands.

Belongs here: click's usage errors as errors for people. Does not belong here: the verbs (`cli*.py`), mistakes in what a verb is
asked for, which the verbs tell themselves.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

import click

from dagster_project.errors import UserError
from dagster_project.language import Text

_BOTH = re.compile(r"^(.*[。；])\s*([A-Z`].*)$", re.DOTALL)  # help in Chinese, then in English
_PATHS = {"does not exist": "不存在", "is a file": "是文件，这里要写文件夹", "is a directory": "是文件夹，这里要写文件"}
_SAMPLES = {"year": "2025", "years": "2025", "region": "520100", "by": "张三", "who": "张三", "reason": "写明理由"}
# For placeholders with a stroke, which a shell would take for a pipe.
_EXAMPLES = {"LOAD|FILE": "setl_d_202507.csv", "FILE.xlsx|csv": "报表.xlsx"}


def user_error(error: click.ClickException) -> UserError:
    """The same mistake with exit code 2, Chinese and English apart, a line that would be right and where to read on."""
    context = getattr(error, "ctx", None)
    return UserError(_what(error, context), where=_line(context), todo=_todo(error, context))


def _what(error: click.ClickException, context: click.Context | None) -> Text:
    said = error.format_message()
    if isinstance(error, click.MissingParameter) and error.param is not None:
        kind = (
            Text("没有写选项", "missing option") if isinstance(error.param, click.Option) else Text("没有写", "missing")
        )
        meant = _meant(error.param)
        return Text(
            f"{kind.zh} {_shown(error.param)}{f'（{meant.zh}）' if meant.zh else ''}。",
            f"{kind.en.capitalize()} {_shown(error.param)}{f' ({meant.en})' if meant.en else ''}.",
        )
    if isinstance(error, click.NoSuchOption):
        near = _near(error.option_name, _options(context))
        return Text(f"没有这个选项：{error.option_name}{near.zh}。", f"No such option: {error.option_name}{near.en}.")
    if isinstance(error, click.BadOptionUsage):
        needed = "不带值，只写选项本身" if "does not take a value" in said else "后面要写值"
        return Text(f"选项 {error.option_name} {needed}。", said)
    if isinstance(error, click.BadParameter) and error.param is not None:
        return Text(f"{_shown(error.param)} 的值不对：{_value(error)}。", said)
    if isinstance(error, click.exceptions.NoSuchCommand):
        known = context.command.list_commands(context) if context and isinstance(context.command, click.Group) else []
        near = _near(error.command_name, known)
        return Text(
            f"没有这个命令：{error.command_name}{near.zh}。", f"No such command: {error.command_name}{near.en}."
        )
    if extra := re.fullmatch(r"Got unexpected extra arguments? \((.*)\)", said):
        return Text(f"多写了：{extra.group(1)}。", said + ".")
    return Text("用法有误。", said)


def _value(error: click.BadParameter) -> str:
    """What was given and what may be, of click's own words the parts that are no words."""
    kind = error.param.type if error.param is not None else None
    given = re.match(r"'?(.*?)'? is not", error.message)
    shown = given.group(1) if given else error.message.rstrip(".")
    if isinstance(kind, click.Choice):
        return f"{shown}，可选 {'、'.join(str(one) for one in kind.choices)}"
    if isinstance(kind, click.types.IntRange):
        return (
            f"{shown}，应为 {kind.min} 至 {kind.max} 之间的整数"
            if kind.max is not None
            else f"{shown}，应为不小于 {kind.min} 的整数"
        )
    if isinstance(kind, click.types.FloatParamType | click.types.IntParamType):
        return f"{shown}，应为{'整数' if isinstance(kind, click.types.IntParamType) else '数字'}"
    for words, meant in _PATHS.items():
        if isinstance(kind, click.Path) and (path := re.search(rf"'(.*)' {words}", error.message)):
            return f"{path.group(1)} {meant}"
    return shown


def _meant(param: click.Parameter) -> Text:
    told = (getattr(param, "help", None) or "").strip()
    both = _BOTH.match(told)
    zh, en = both.groups() if both else (told, told)
    return Text(zh.rstrip("。；"), en.rstrip("."))


def _shown(param: click.Parameter) -> str:
    return (
        max(param.opts, key=len)
        if isinstance(param, click.Option)
        else param.make_metavar(click.Context(click.Command("")))
    )


def _options(context: click.Context | None) -> list[str]:
    params = context.command.params if context else []
    return [name for param in params if isinstance(param, click.Option) for name in param.opts]


def _near(name: str, known: Iterable[str]) -> Text:
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return Text(f"；相近的有 {'、'.join(close)}", f"; near it: {', '.join(close)}") if close else Text("", "")


def _line(context: click.Context | None) -> str:
    """The command as it was begun."""
    return context.command_path if context else "bulletin"


def _todo(error: click.ClickException, context: click.Context | None) -> Text:
    path = _line(context)
    example = _example(context) if isinstance(error, click.MissingParameter) else ""
    return Text(
        f"{f'例如 {example}；' if example else ''}全部写法见 {path} --help。",
        f"{f'For instance {example}; ' if example else ''}{path} --help tells all.",
    )


def _example(context: click.Context | None) -> str:
    """The shortest line that has everything that the command wants."""
    if context is None:
        return ""
    parts = [context.command_path]
    for param in context.command.params:
        if isinstance(param, click.Argument) and param.required:
            parts.append(_EXAMPLES.get(_shown(param), _shown(param)))
    for param in context.command.params:
        if isinstance(param, click.Option) and param.required:
            metavar = param.make_metavar(context).strip("[]")
            sample = _SAMPLES.get(param.name or "", _EXAMPLES.get(metavar, metavar))
            parts += [_shown(param), sample]
    return " ".join(parts)
