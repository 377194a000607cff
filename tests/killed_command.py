"""The `bulletin` command in a process that kills itself: `python -m tests.killed_command STEP DELAY_MS WORDS …`.

Belongs here: the kill, right before a durable step or so many milliseconds later, while whatever the step writes is being
written. Does not belong here: where to kill, expectations. STEP is a name, which is the first of that name, `name#n`, which is the
nth of it, or a number, which is the step passed as that one, the many commits of models left out; 0 kills nobody and prints how
many were passed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import Counter

from dagster_project import durable

COMMIT = "dbt.commit"


def main() -> int:
    """Run the command; its exit code, unless killed."""
    wanted, delay, words = sys.argv[1], float(sys.argv[2]) / 1000, sys.argv[3:]
    passed: Counter[str] = Counter()

    def kill() -> None:
        time.sleep(delay)
        os.kill(os.getpid(), signal.SIGKILL)

    def count(step: str, side: str) -> None:
        if side != "before":
            return
        passed[step] += 1
        number = passed.total() - passed[COMMIT]
        if wanted in (step, f"{step}#{passed[step]}") or (wanted == str(number) and step != COMMIT):
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
            print(f"durable steps: {passed.total() - passed[COMMIT]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
