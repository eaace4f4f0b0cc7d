"""The modules that a stage runs: its entry, what that imports, and so on; none is imported here.

Some modules say what settings are called and refuse wrong ones. Almost every stage imports them,
and they import every family, so following them would make every stage depend on all code. They
are left out (``LEFT_OUT``) because nothing they do reaches a result: values of settings are
parameters of the stages, their defaults are in its fingerprint (``stages.code.fingerprint``), and
a stage that was refused leaves nothing.
"""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from stages.code import FIGURES, Entry
from studies import PAPERS

if TYPE_CHECKING:
    from grimp import ImportGraph

OURS = ("stages", "studies", "project", "vqax")
LEFT_OUT = ("project.params", "project.schema", "stages.components", "vqax.errors")
HOW_SETTINGS_ARE_READ = "project.overrides"


def modules(entry: Entry) -> set[str]:
    """Every module that a stage runs; of a family without its members."""
    graph = import_graph(entry.family)
    start = {entry.module, HOW_SETTINGS_ARE_READ}
    for name in entry.of_papers:
        start |= set(in_folders(f"studies.*.{name}").values())
    return start.union(*(graph.find_upstream_modules(module) for module in start))


def members(family: str) -> dict[str, set[str]]:
    """Member of "module:DICT", or paper of a family of papers -> every module that it runs."""
    package, _, name = family.partition(":")
    folders = in_folders(package)
    own = folders
    if name:
        own = {}
        for module in folders.values():
            own |= _named_modules(module, name)
    graph = import_graph(family)
    return {
        member: {module, *graph.find_upstream_modules(module)} for member, module in own.items()
    }


def paper_of_figure() -> dict[str, str]:
    """Figure of a report -> the paper in whose folder it is collected."""
    return {
        figure: paper
        for paper, module in in_folders(FIGURES).items()
        for figure in _entries(_tree(module), "FIGURES")
    }


def in_folders(package: str) -> dict[str, str]:
    """Paper -> its module, of a name with ``*`` for the paper; otherwise the only module."""
    if "*" not in package:
        return {package: package}
    names = {paper: package.replace("*", paper) for paper in PAPERS}
    return {paper: module for paper, module in names.items() if file_of(module).exists()}


def import_graph(family: str | None) -> "ImportGraph":
    """Imports between our modules, also those inside of functions.

    Without those of ``LEFT_OUT``, and of the modules that list the members of ``family``.
    """
    import grimp

    graph = grimp.build_graph(*OURS, cache_dir=None, exclude_type_checking_imports=True)
    package, _, name = (family or "").partition(":")
    lists = in_folders(package).values() if name else ()
    for module in (*LEFT_OUT, *lists):
        for importer in graph.find_modules_that_directly_import(module):
            graph.remove_import(importer=importer, imported=module)
    return graph


@cache
def file_of(module: str) -> Path:
    """Where the module lies."""
    package = Path(_folder(module.partition(".")[0]))
    path = package.joinpath(*module.split(".")[1:])
    package = path / "__init__.py"  # a folder that git left behind may hold byte code alone
    return package if package.exists() else path.with_suffix(".py")


@cache
def _folder(package: str) -> str:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{package}: not installed; pip install -e . in the repository")
    return next(iter(spec.submodule_search_locations))


def _named_modules(module: str, name: str) -> dict[str, str]:
    """Key of the dict ``name`` -> the module that its value is imported from, or stands in."""
    tree = _tree(module)
    imported = dict(_imported_names(tree))
    return {
        key: imported.get(_first_name(value), module) for key, value in _entries(tree, name).items()
    }


def _tree(module: str) -> ast.Module:
    return ast.parse(file_of(module).read_text(encoding="utf-8"))


def _entries(tree: ast.Module, name: str) -> dict[str, ast.expr]:
    """Key of the dict ``name`` -> its value as it is written."""
    for node in tree.body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        if [target.id for target in targets if isinstance(target, ast.Name)] == [name]:
            return {
                key.value: value
                for key, value in zip(node.value.keys, node.value.values, strict=True)
            }
    raise KeyError(f"no dict {name}")


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
