"""What DVC does anew for every stage, done once: reading settings and files, writing dvc.lock.

DVC's own results, found faster. With 447 stages they took most of the time of ``vqax repro``.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, reduce
from operator import getitem
from pathlib import Path
from typing import Any

from stages.warm_start import run_script
from vqax.files import write_text

LOCK_BEGINS = "schema: '2.0'\nstages:\n"


@contextmanager
def read_once() -> Iterator[None]:
    """Settings are parsed and files hashed once, where DVC does it for every stage that asks.

    For a time in which nothing changes, because the repository is locked.
    """
    from dvc.output import Output

    build, parse_again = Output._build, parse_settings_once()
    known: dict[tuple[Any, ...], Any] = {}

    def build_once(output: Any, *arguments: Any, **options: Any) -> Any:
        key = (output.fs_path, output.hash_name, options.get("dry_run"))
        if key not in known:
            known[key] = build(output, *arguments, **options)
        return known[key]

    Output._build = build_once
    try:
        yield
    finally:
        Output._build = build
        parse_again()


def parse_settings_once() -> Callable[[], None]:
    """From now on DVC parses a file of settings when it has changed; call the result to undo it.

    DVC also walks through all settings for each key, because it might be a pattern.
    """
    from dvc.dependency import param

    parse, read = param.load_path, param.read_param_file

    @cache
    def parse_once(path: str, fs: Any, changed: int, **options: Any) -> Any:  # noqa: ARG001
        return parse(path, fs, **options)

    def read_directly(
        fs: Any, path: str, keys: list[str] | None = None, flatten: bool = False, **options: Any
    ) -> Any:
        if flatten and keys:
            settings = parse_once(path, fs, Path(path).stat().st_mtime_ns, **options)
            try:
                return {key: reduce(getitem, key.split("."), settings) for key in keys}
            except (KeyError, TypeError):
                pass
        return read(fs, path, keys, flatten, **options)

    def undo() -> None:
        param.read_param_file = read

    param.read_param_file = read_directly
    return undo


def lock_stage_by_stage() -> None:
    """From now on DVC writes the lines of a finished stage, not all of dvc.lock.

    It parses the whole file and prints it again, six seconds for 447 stages, while every other
    stage waits for the lock of the repository.
    """
    from dvc.dvcfile import Lockfile
    from dvc.stage.serialize import to_lockfile

    dump_whole = Lockfile.dump_stages

    def dump_lines(lock: Any, stages: list[Any], **options: Any) -> None:
        path = Path(lock.path)
        text = path.read_text(encoding="utf-8") if path.exists() else LOCK_BEGINS
        try:
            for stage in stages:
                text = with_lines(text, stage.name, _lines(to_lockfile(stage, **options)))
        except ValueError:
            dump_whole(lock, stages, **options)
        else:
            write_text(path, text)

    Lockfile.dump_stages = dump_lines


def start_warm() -> None:
    """From now on commands of stages that are console scripts of this Python start warm."""
    from dvc.stage import run
    from dvc.stage.exceptions import StageCmdFailedError

    start_cold = run._run

    def start(executable: str, command: str, **options: Any) -> None:
        status = run_script(command, options["env"], options["cwd"])
        if status is None:
            start_cold(executable, command, **options)
        elif status:
            raise StageCmdFailedError(command, status)

    run._run = start


def _lines(entry: dict[str, Any]) -> str:
    """A stage as DVC prints it; without anchors, whose names another stage might have too."""
    from dvc.utils.serialize import dumps_yaml

    unshared = json.loads(json.dumps(entry))
    return dumps_yaml({"stages": unshared}).partition("\n")[2]


def with_lines(lock: str, stage: str, lines: str) -> str:
    """The text of dvc.lock with ``lines`` for ``stage``: in its old place, or at the end.

    Raises:
        ValueError: something other than stages stands in it.
    """
    head, blocks = lock[: len(LOCK_BEGINS)], _blocks(lock[len(LOCK_BEGINS) :])
    if head != LOCK_BEGINS:
        raise ValueError(f"does not begin with {LOCK_BEGINS!r}")
    return head + "".join((blocks | {f"  {stage}:": lines}).values())


def _blocks(stages: str) -> dict[str, str]:
    """First line of a stage -> all its lines."""
    blocks: dict[str, str] = {}
    name = None
    for line in stages.splitlines(keepends=True):
        if not line.startswith("   "):
            name = line.rstrip()
            if not (line.startswith("  ") and name.endswith(":")):
                raise ValueError(f"{line!r} is no stage")
            blocks[name] = ""
        if name is None:
            raise ValueError(f"{line!r} belongs to no stage")
        blocks[name] += line
    return blocks
