"""From exceptions to messages and exit codes: a user never meets a traceback.

Belongs here: the one try block of the command line. Details of what is not the user's fault go to HOME/logs.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable

import duckdb

from dagster_project.errors import ExitCode, UserError, about_memory, of_the_disk
from dagster_project.language import Text
from dagster_project.settings import Settings, now
from dagster_project.terminal import say


def guarded(settings: Settings, action: Callable[[], ExitCode]) -> ExitCode:
    """Run a verb; whatever it raises ends as one message and the exit code that goes with it."""
    warnings.filterwarnings("ignore")
    try:
        return action()
    except UserError as error:
        say(error.message(settings.language), settings.language, error=True)
        return error.code
    except KeyboardInterrupt:
        say(
            Text("已中断；再次运行会从中断处继续。", "Interrupted; the next run goes on from here."),
            settings.language,
            True,
        )
        return ExitCode.PARTLY
    except BrokenPipeError:
        # Whoever read our output, such as `head`, has had enough; nothing went wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except Exception as error:
        return unexpected(settings, error)


def of_older_models(settings: Settings, error: BaseException) -> bool:
    """Whether an error asks for what a warehouse built by an older version lacks: a table, a column, a label of a model."""
    if not isinstance(error, KeyError | duckdb.BinderException | duckdb.CatalogException):
        return False
    from dagster_project.stages import models_changed

    try:
        return settings.warehouse.exists() and models_changed(settings)[0]
    except (UserError, duckdb.Error, OSError):
        return False  # whatever keeps us from asking, the first error is the one to tell


def unexpected(settings: Settings, error: BaseException) -> ExitCode:
    """Write the traceback to HOME/logs/error.log and say in one line what happened."""
    path = settings.home / "logs" / "error.log"
    first = (str(error).strip().splitlines() or [""])[0]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(f"--- {now().isoformat()}\n{''.join(traceback.format_exception(error))}\n")
        where = str(path)
    except OSError:
        where = str(settings.home)
    todo = None
    what = Text(
        f"运行环境出错：{type(error).__name__} {first}", f"The environment failed: {type(error).__name__} {first}"
    )
    refused = of_the_disk(error, settings.home) if isinstance(error, OSError) else None
    if refused is not None:
        what = Text(f"{refused.what.zh}{first}", f"{refused.what.en} {first}")
    elif of_older_models(settings, error):
        what = Text(
            f"这个仓库是用较早（或另一）版本的模型算出的，没有这里要用的表、列或分组：{first}",
            f"This warehouse was built by an older (or another) version of the models and lacks a table, column or label that is "
            f"needed here: {first}",
        )
        todo = Text(
            "先运行 bulletin run，按现在的版本重算一次，再执行本命令；若正是 bulletin run 出错，请附上日志求助。",
            "Run bulletin run once, which computes it anew by this version, then this command again; if it was bulletin run "
            "itself that failed, send the log along.",
        )
    elif about_memory(f"{type(error).__name__} {error}") is not None:
        what = Text(f"内存不足，这一步没有做完：{first}", f"Not enough memory, this step was not completed: {first}")
    message = UserError(
        what,
        where=where,
        todo=todo or advice(error),
        code=ExitCode.BROKEN_INSTALLATION,
    )
    say(message.message(settings.language), settings.language, error=True)
    return message.code


def advice(error: BaseException) -> Text:
    """What to do about the commoner faults of a machine."""
    shown = f"{type(error).__name__} {error}".lower()
    if "no space" in shown or "errno 28" in shown:
        return Text("磁盘已满：腾出空间后重试。", "The disk is full: make room and try again.")
    if isinstance(error, OSError) and (refused := of_the_disk(error, "")) is not None and refused.todo is not None:
        return refused.todo
    if (memory := about_memory(shown)) is not None:
        return memory
    if isinstance(error, ImportError):
        return Text("安装不完整：运行 make environment。", "The installation is incomplete: run make environment.")
    return Text(
        "详情见日志；重试无效时请附上日志求助。", "Details are in the log; send it along when a retry does not help."
    )
