"""The modules that a stage runs: its entry, what that imports, and so on; none is imported here.

Some modules say what settings are called and refuse wrong ones. Almost every stage imports them,
and they import every family, so following them would make every stage depend on all code. They
are left out (``LEFT_OUT``) because nothing they do reaches a result: values of settings are
parameters of the stages, their defaults are in its fingerprint (``stages.code.fingerprint``), and
a stage that was refused leaves nothing. The same holds for what only refuses: errors, locks.
"""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from stages.code import Entry

if TYPE_CHECKING:
    from grimp import ImportGraph

OURS = ("stages", "vqax")
LEFT_OUT = (
    *("stages.params", "stages.sections", "stages.families", "stages.places"),
    *("vqax.errors", "vqax.locks", "vqax.ownership"),
)
HOW_SETTINGS_ARE_READ = "stages.overrides"


def modules(entry: Entry) -> set[str]:
    """Every module that a stage runs; of a family without its members."""
    graph = import_graph(entry.family)
    start = {entry.module, HOW_SETTINGS_ARE_READ}
    return start.union(*(graph.find_upstream_modules(module) for module in start))


def members(family: str) -> dict[str, set[str]]:
    """Member of "module:DICT" -> every module that it runs."""
    package, _, name = family.partition(":")
    graph = import_graph(family)
    return {
        member: {module, *graph.find_upstream_modules(module)}
        for member, module in _named_modules(package, name).items()
    }


def import_graph(family: str | None) -> "ImportGraph":
    """Imports between our modules, also those inside of functions.

    Without those of ``LEFT_OUT``, and of the module that lists the members of ``family``.
    """
    import grimp

    graph = grimp.build_graph(*OURS, cache_dir=None)
    left_out = [*LEFT_OUT, family.partition(":")[0]] if family else LEFT_OUT
    for module in left_out:
        for importer in graph.find_modules_that_directly_import(module):
            graph.remove_import(importer=importer, imported=module)
    return graph


@cache
def file_of(module: str) -> Path:
    """Where the module lies."""
    package = Path(_folder(module.partition(".")[0]))
    path = package.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _folder(package: str) -> str:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{package}: not installed; pip install -e . in the repository")
    return next(iter(spec.submodule_search_locations))


def _named_modules(package: str, name: str) -> dict[str, str]:
    """Key of the dict ``name`` -> the module that its value is imported from."""
    tree = ast.parse(file_of(package).read_text(encoding="utf-8"))
    imported = dict(_imported_names(tree))
    for node in tree.body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        if [target.id for target in targets if isinstance(target, ast.Name)] == [name]:
            return {
                key.value: imported[_first_name(value)]
                for key, value in zip(node.value.keys, node.value.values, strict=True)
            }
    raise KeyError(f"{package}: has no dict {name}")


def _imported_names(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Name -> the module that it is, or comes from."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OURS:
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                module = inside if file_of(inside).exists() else node.module
                yield alias.asname or alias.name, module


def _first_name(value: ast.expr) -> str:
    """``noise`` of ``noise.run``, ``topn`` of ``topn("topn_pythia")``."""
    return next(node.id for node in ast.walk(value) if isinstance(node, ast.Name))
