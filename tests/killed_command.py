"""The `bulletin` command in a process that kills itself: `python -m tests.killed_command STEP DELAY_MS WORDS …`.

Belongs here: the kill, right before a durable step or so many milliseconds later, while whatever the step writes is being
written. Does not belong here: where to kill, expectations. STEP is a name, which is the first of that name, or a number, which is
the step passed as that one; 0 kills nobody and prints how many steps were passed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from dagster_project import durable


def main() -> int:
    """Run the command; its exit code, unless killed."""
    wanted, delay, words = sys.argv[1], float(sys.argv[2]) / 1000, sys.argv[3:]
    passed = 0

    def kill() -> None:
        time.sleep(delay)
        os.kill(os.getpid(), signal.SIGKILL)

    def count(step: str, side: str) -> None:
        nonlocal passed
        passed += side == "before"
        if side == "before" and wanted in (str(passed), step):
            if delay:
                threading.Thread(target=kill, daemon=True).start()
            else:
                kill()

    durable.set_hook(count)
    from dagster_project.cli import main as bulletin

    sys.argv = ["bulletin", *words]
    try:
        bulletin()
    except SystemExit as ended:
        return int(ended.code or 0)
    finally:
        if wanted == "0":
            print(f"durable steps: {passed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
