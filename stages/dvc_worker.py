"""A process in which DVC stays open and runs one stage after another.

Starting DVC and reading a pipeline of hundreds of stages takes longer than many a stage.
"""

import os
import signal
import sys
import threading
import time
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

from stages.dvc_shortcuts import lock_stage_by_stage, parse_settings_once, start_warm

OPENED: dict[str, Any] = {}  # stage -> DVC's object of it, in the process that opened them
RUNNING = threading.Lock()  # held while a stage runs


def open_pipeline(folder: Path, threads: int | None) -> None:
    """Read the pipeline of ``folder``; stages will find our commands, and use ``threads`` cores.

    What stages print goes to stderr: stdout is for the summary of ``vqax repro``.
    """
    from dvc.repo import Repo

    # Ctrl-C reaches the commands themselves; they end, and with them the stage
    signal.signal(signal.SIGINT, lambda *_: None)
    os.dup2(2, 1)
    os.chdir(folder)
    programs = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", "")])
    if threads is not None:
        os.environ["OMP_NUM_THREADS"] = str(threads)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    parse_settings_once()
    lock_stage_by_stage()
    start_warm()
    repo = Repo(str(folder), _wait_for_lock=True)
    with repo.lock:
        OPENED.update({stage.name: stage for stage in repo.index.stages})


def reproduce(name: str, force: bool) -> bool:
    """Bring the stage ``name`` up to date, as ``dvc repro --single-item``; say whether it is."""
    from dvc.exceptions import DvcException

    stage, started = OPENED[name], time.monotonic()
    try:
        with RUNNING, stage.repo.lock:
            if stage.reproduce(force=force):
                stage.dump(update_pipeline=False)
    except DvcException as error:
        sys.stderr.write(f"{name}: {error}\n")
        return False
    sys.stderr.write(f"{name}: {time.monotonic() - started:.1f} s\n")
    return True


def _end_with_parent() -> None:
    """Where ``vqax repro`` was killed, nobody asks for stages: end after the one that runs."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        with RUNNING:
            os._exit(1)
