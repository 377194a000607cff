"""Telling somebody that a run failed, was killed or a check blocks: through a command or a web address that the bureau sets.

Belongs here: what an alert says, handing it over. Does not belong here: noticing that something failed (`verbs/running.py`,
`assets/jobs.py`, `run.py` for what was killed).

The hook stands in the environment (BULLETIN_ALERT_COMMAND, BULLETIN_ALERT_WEBHOOK) or in HOME/alerts.json (`command`, `webhook`);
it is given one JSON object, the command on its standard input. An alert names files, checks and counts and never a person: what
went wrong inside the machinery may quote a cell, so of that only the kind of error goes out. A hook that fails breaks nothing; it
is said and stands in HOME/logs/alerts.log.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.china_time import shown
from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.settings import Settings, now

if TYPE_CHECKING:
    from dagster_project.checks.model import CheckResult

FILE = "alerts.json"
SECONDS = 20  # that a hook may take: a run waits for it
_LOOKS_PERSONAL = re.compile(r"(?<![0-9A-Fa-f-])(?:[0-9]{17}[0-9Xx]|[0-9]{15}|1[3-9][0-9]{9}|[0-9]{20})(?![0-9A-Fa-f])")
_told: set[tuple[Path, str]] = set()


@dataclass(frozen=True)
class Hook:
    """Where alerts go; neither is set where nobody wants any."""

    command: tuple[str, ...] = ()
    webhook: str = ""


def hook_of(settings: Settings) -> Hook:
    """The hook of the environment, else that of the home.

    Raises UserError (exit 2) for a file or an address that cannot be one.
    """
    command: Any = os.environ.get("BULLETIN_ALERT_COMMAND", "")
    webhook: Any = os.environ.get("BULLETIN_ALERT_WEBHOOK", "")
    path = settings.home / FILE
    if not command and not webhook and path.exists():
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            command, webhook = content.get("command", ""), content.get("webhook", "")
        except (OSError, ValueError, AttributeError) as error:
            raise _unusable(path, type(error).__name__) from error
    try:
        words = shlex.split(command) if isinstance(command, str) else command
    except ValueError as error:  # a quote that nothing closes
        raise _unusable(path, "command") from error
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise _unusable(path, "command")
    if not isinstance(webhook, str) or (webhook and not webhook.startswith(("http://", "https://"))):
        raise _unusable(path, "webhook")
    return Hook(tuple(words), webhook)


def _unusable(path: Path, why: str) -> UserError:
    return UserError(
        Text(f"告警设置无法使用（{why}）。", f"The alert settings cannot be used ({why})."),
        where=f"BULLETIN_ALERT_COMMAND, BULLETIN_ALERT_WEBHOOK, {path}",
        todo=Text(
            '写成 {"command": ["程序", "参数"]} 或 {"webhook": "https://…"}。',
            'Write {"command": ["program", "argument"]} or {"webhook": "https://…"}.',
        ),
    )


def run_failed(settings: Settings, run_id: str, error: BaseException | None, command: str = "") -> list[Text]:
    """Raise the alert of a run that ended in an error, once a run; returns what to tell whoever watches it."""
    if (settings.home, run_id) in _told:
        return []
    _told.add((settings.home, run_id))
    if isinstance(error, UserError):
        reason, todo = error.what, error.todo
        where = error.where.splitlines()
    else:
        kind = type(error).__name__ if error is not None else "?"
        reason = Text(f"运行环境出错：{kind}", f"The environment failed: {kind}")
        todo = Text("详情见家目录 logs/error.log。", "Details are in logs/error.log of the home.")
        where = []
    return _raise(settings, "run_failed", reason, where, todo, run_id, command)


def run_left(settings: Settings, run_id: str, command: str, since: datetime) -> list[Text]:
    """Raise the alert of a run that was killed and could not say so itself; returns what to tell whoever watches the next one."""
    what = Text(
        f"上一次运行没有结束就中断了（被强行终止、断电或内存不足）：{command}，{shown(since)}（北京时间）开始",
        f"An earlier run ended without a word (killed, power cut, no memory left): {command}, begun {shown(since)} China time",
    )
    todo = Text(
        "已完成的步骤都保留，没有半份的结果；重新运行即从中断处继续。",
        "What it had completed stays and nothing is half done; run again and it goes on from there.",
    )
    where = [f"run {run_id}"]
    return [
        Text(f"{what.zh}。{todo.zh}", f"{what.en}. {todo.en}"),
        *_raise(settings, "run_left", what, where, todo, run_id, command),
    ]


def check_blocked(settings: Settings, run_id: str, held: Sequence[CheckResult], command: str = "") -> list[Text]:
    """Raise the alert of checks that block without ending a run; returns what to tell whoever watches it."""
    if not held or (settings.home, run_id) in _told:
        return []
    _told.add((settings.home, run_id))
    reason = Text(f"{len(held)} 项阻断性检查未通过", f"{len(held)} blocking checks did not pass")
    todo = Text("见家目录下的 checks.html。", "See checks.html in the home.")
    where = [f"{r.stage} · {r.table_name} · {r.check_name} · {r.status} {r.unexpected}/{r.total}" for r in held]
    return _raise(settings, "check_blocked", reason, where, todo, run_id, command)


def _raise(
    settings: Settings, event: str, reason: Text, where: Sequence[str], todo: Text | None, run_id: str, command: str
) -> list[Text]:
    try:
        hook = hook_of(settings)
    except UserError as error:
        return _failed(settings, f"{error.what.zh} / {error.what.en}")
    alert = {
        "event": event, "at": f"{now().isoformat()}Z", "home": str(settings.home), "run_id": run_id, "command": command,
        "reason": {"zh": _masked(reason.zh), "en": _masked(reason.en)}, "where": [_masked(line) for line in where[:20]],
        "todo": {"zh": todo.zh, "en": todo.en} if todo is not None else None,
    }  # fmt: skip
    told: list[Text] = []
    for name, deliver in (("command", _run), ("webhook", _post)):
        if not getattr(hook, name):
            continue
        problem = deliver(hook, json.dumps(alert, ensure_ascii=False))
        if problem:
            told += _failed(settings, f"{name}: {problem}")
        else:
            told.append(Text(f"告警已发出（{name}）。", f"An alert was sent ({name})."))
    return told


def _run(hook: Hook, content: str) -> str:
    try:
        done = subprocess.run(
            hook.command, input=content.encode(), capture_output=True, timeout=SECONDS, check=False
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"still running after {SECONDS} s"
    except (OSError, ValueError) as error:
        return type(error).__name__
    return f"exit {done.returncode}" if done.returncode else ""


def _post(hook: Hook, content: str) -> str:
    request = urllib.request.Request(
        hook.webhook, data=content.encode(), headers={"Content-Type": "application/json; charset=utf-8"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return "" if 200 <= answer.status < 300 else f"HTTP {answer.status}"
    except urllib.error.HTTPError as error:
        return f"HTTP {error.code}"
    except (OSError, ValueError) as error:  # no such host, refused, timed out, an address that is none
        return type(error).__name__


def _failed(settings: Settings, why: str) -> list[Text]:
    """A hook that failed is said, and written down where whoever set it will look; nothing else comes of it."""
    path = settings.home / "logs" / "alerts.log"
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(f"{now().isoformat()}Z {why}\n")
    return [Text(f"告警没有发出：{why}（{path}）", f"The alert was not sent: {why} ({path})")]


def _masked(text: str) -> str:
    """Whatever looks like a number of a person, a certificate or a telephone, masked, wherever it stands."""
    return _LOOKS_PERSONAL.sub("***", text)
