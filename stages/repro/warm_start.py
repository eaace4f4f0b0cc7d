"""Console scripts that start in no time: from a process that has imported torch already.

The pipeline starts hundreds of commands, and each would spend seconds on the same imports. Nothing
of this repository is imported beforehand, so every command runs the code that lies there now.
"""

import multiprocessing
import os
import shutil
import sys
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

IMPORTED = ["torch", "torch._dynamo", "pandas", "pyarrow.parquet", "h5py", "ot", "pydantic"]
OF_THE_SHELL = set("|&;<>()$`\\\"'*?[]#~=%\n")


def run_script(command: str, environment: dict[str, str], folder: str) -> int | None:
    """Run ``command`` in ``folder``; its exit status.

    None, and nothing done, if it needs a shell, is no console script of this Python, or the
    system cannot fork.
    """
    words = command.split()
    script = None if set(command) & OF_THE_SHELL else _script(words[0], environment.get("PATH"))
    if script is None or "forkserver" not in multiprocessing.get_all_start_methods():
        return None
    process = _server().Process(target=_become, args=(script, words, environment, folder))
    process.start()
    process.join()
    return process.exitcode


@cache
def _server() -> ForkServerContext:
    """Started at the first command, with the environment of this process as it is then."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    return context


@cache
def _script(name: str, path: str | None) -> EntryPoint | None:
    """What ``name`` starts, if a shell would find it beside this Python."""
    found = shutil.which(name, path=path)
    if found is None or Path(found).parent != Path(sys.executable).parent:
        return None
    return next(iter(entry_points(group="console_scripts", name=name)), None)


def _become(script: EntryPoint, words: list[str], environment: dict[str, str], folder: str) -> None:
    """The rest of this process is ``words``."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = words
    main: Any = script.load()
    sys.exit(main())
