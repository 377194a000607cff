"""Dagster's pages for a home.

Belongs here: starting and stopping its server. Does not belong here: jobs and sensors (`assets/`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from dagster_project.errors import ExitCode
from dagster_project.language import Text
from dagster_project.settings import PROJECT_ROOT, Settings
from dagster_project.terminal import say


def serve_ui(settings: Settings, port: int, watch: bool = False) -> ExitCode:
    """`dagster dev` for this home, until it is stopped; `watch` switches the sensor on the landing folder on."""
    from dagster_project.assets.execute import instance_folder, tidy_instance

    settings.landing.mkdir(parents=True, exist_ok=True)
    for notice in tidy_instance(settings):
        say(notice, settings.language, error=True)
    environment = {
        **os.environ,
        "BULLETIN_HOME": str(settings.home),
        "DAGSTER_HOME": str(instance_folder(settings)),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        # Dagster's advice to its own developers, which nobody who opens a page can follow.
        "PYTHONWARNINGS": "ignore:Function `dev_command` is superseded",
        **({"BULLETIN_WATCH": "1"} if watch else {}),
    }
    say(
        Text(f"Dagster：http://127.0.0.1:{port}（Ctrl+C 停止）", f"Dagster: http://127.0.0.1:{port} (Ctrl+C stops)"),
        settings.language,
    )
    command = [
        sys.executable, "-m", "dagster", "dev", "-w", str(PROJECT_ROOT / "workspace.yaml"),
        "-h", "127.0.0.1", "-p", str(port), "--log-level", "warning",
    ]  # fmt: skip
    with subprocess.Popen(command, env=environment, cwd=PROJECT_ROOT) as server:
        # A service manager stops this process alone; Dagster must not stay behind on the port.
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        code = _until_stopped(server)
    return ExitCode.DONE if code in (0, -signal.SIGINT, -signal.SIGTERM, 130, 143) else ExitCode.BROKEN_INSTALLATION


def _until_stopped(server: subprocess.Popen[bytes]) -> int:
    """Its exit code. Ctrl+C reaches both processes: ours waits until Dagster has put itself away."""
    while True:
        try:
            return server.wait()
        except KeyboardInterrupt:
            continue
