"""Verbs that look after a home: verify, backup, restore.

Belongs here: calling the parts and printing what they found. Does not belong here: the parts (`keeping/`).
"""

from __future__ import annotations

import sys
from pathlib import Path

from dagster_project import run, run_lock
from dagster_project.china_time import shown
from dagster_project.errors import ExitCode
from dagster_project.keeping.backup import backup as make_backup
from dagster_project.keeping.restore import restore as make_home
from dagster_project.keeping.verify import broken, require_warehouse
from dagster_project.keeping.verify import verify as verify_home
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.terminal import say
from dagster_project.verbs.running import require_loaded
from dagster_project.warehouse import connect, is_read_only


def verify(settings: Settings) -> ExitCode:
    """Read everything that a home keeps again and compare it with what was recorded."""
    require_warehouse(settings)
    require_loaded(settings)
    can_write = not is_read_only(settings)
    if can_write:
        run_lock.hold(settings)
    try:
        with connect(settings) as connection:
            if can_write:
                run.end_left(connection, settings)
            found = verify_home(connection, settings, _progress)
    finally:
        run_lock.release(settings)
    for notice in run.take_notices():
        say(notice, settings.language, error=True)
    if found.faults:
        raise broken(settings, found.faults)
    say(
        Text(
            f"与记录一致：{found.files} 个原始与隔离文件（{found.bytes / 1e6:,.1f} MB）、仓库的 {found.tables} 张表、"
            f"{found.frozen} 个定稿版次。",
            f"As recorded: {found.files} raw and quarantine files ({found.bytes / 1e6:,.1f} MB), {found.tables} tables of the "
            f"warehouse, {found.frozen} frozen publications.",
        ),
        settings.language,
    )
    if found.unrecorded:
        say(
            Text(
                f"其中 {len(found.unrecorded)} 个文件由早先版本写入，没有记录 sha256，只核对了行数。",
                f"Of these {len(found.unrecorded)} were written by an earlier version without a hash; their rows were counted.",
            ),
            settings.language,
        )
    return ExitCode.DONE


def backup(settings: Settings, target: Path, landing: bool) -> ExitCode:
    """Make a verified copy of a home below a folder."""
    require_warehouse(settings)
    require_loaded(settings)
    done = make_backup(settings, target, landing, _progress)
    say(
        Text(
            f"备份完成并已逐个核对：{done.folder}（{done.files} 个文件，{done.bytes / 1e6:,.1f} MB）。\n"
            "含仓库、原始数据、出版物、BI 数据库和运行历史，恢复后即可查询；不含密钥"
            f"{'' if landing else '和 landing/'}：密钥请另行保管，丢了它新数据就接不上旧数据。",
            f"Backup made and each copy read back: {done.folder} ({done.files} files, {done.bytes / 1e6:,.1f} MB).\n"
            "With warehouse, raw data, publications, BI database and history of runs, it can be used as soon as it is restored. "
            f"It holds no key{'' if landing else ' and no landing/'}: keep the key elsewhere; without it new data cannot join "
            "the old.",
        ),
        settings.language,
    )
    return ExitCode.DONE


def restore(settings: Settings, source: Path) -> ExitCode:
    """Make a new home from a backup."""
    done = make_home(settings, source, _progress)
    served = Text("BI 数据库和运行历史已在其中。", "BI database and history of runs are there. ")
    if not settings.serving_file.exists():
        served = Text(
            "备份里没有 BI 数据库，用 bulletin serve 生成。",
            "The backup has no BI database; `bulletin serve` makes it. ",
        )
    say(
        Text(
            f"已恢复到 {done.home}：{done.files} 个文件（{done.bytes / 1e6:,.1f} MB），逐个核对无误；备份时间 {shown(done.made_at)}。\n"
            f"{served.zh}继续使用原来的密钥文件（BULLETIN_KEY_FILE）。",
            f"Restored to {done.home}: {done.files} files ({done.bytes / 1e6:,.1f} MB), each as its hash says; backed up "
            f"{shown(done.made_at)} China time.\n{served.en}Go on with the key file of before (BULLETIN_KEY_FILE).",
        ),
        settings.language,
    )
    return ExitCode.DONE


def _progress(done: int, total: int, what: str) -> None:
    """One moving line for a person; nothing for a log."""
    if sys.stdout.isatty():
        end = "\r" if done < total else "\r\x1b[K"
        print(f"\x1b[K{done}/{total} {what}"[:110] if done < total else "", end=end, flush=True)
