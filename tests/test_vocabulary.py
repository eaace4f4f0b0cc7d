"""The words of docs/glossary.md are the only ones: none of those they replaced comes back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pyarrow.parquet as pq
import pytest
import yaml

from cli.main import main
from project.renamed import RENAMED

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("cli", "stages", "studies", "project", "vqax")
PARTS = frozenset(
    {
        *("picture", "pictures", "trunk", "trunks", "stranger", "strangers", "familiar", "honesty"),
        *("asker", "eyes", "subject", "subjects", "team", "people", "store", "stores", "doubt"),
        *("foretell", "foretold", "surest", "naming", "placing", "colouring", "justifying"),
    }
)
"""Words that no identifier has as a part between underscores or capitals."""
WHOLE = frozenset(
    {
        *("Looked", "looked", "Drops", "Changed", "Unchanged", "Windows", "Asked", "Book", "cast"),
        *("Role", "needed_share", "pointing", "map_quality", "changed_share", "fewer_regions"),
        *("classification_error", "examine", "agreement_with_people", "region_weights", "asked"),
    }
)
"""Identifiers that have another name now."""
PARTICIPLES = frozenset({"found", "asked", "seen", "given", "wanted", "told", "many", "again"})
"""Not what a parameter of a public function holds."""
HELP = re.compile(
    r"\b(pictures?|trunks?|strangers?|honesty|foretell|examine|stores?(?! the)|people's)\b", re.I
)
KEYS = frozenset(RENAMED) | {"needed_share", "map_quality", "changed_share", "strangers", "honesty"}
COLUMNS = KEYS | {"published", "published_dataset", "published_status", "published_evidence"}


def words(name: str) -> list[str]:
    """``_PixelModel`` -> pixel, model; ``image_of`` -> image, of."""
    return [
        word.lower()
        for part in name.split("_")
        for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", part)
    ]


def retired(name: str) -> bool:
    return bool(PARTS.intersection(words(name))) or name.strip("_") in WHOLE


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = node.args
    return [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def identifiers(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of each class, function, parameter and annotated field."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from ((node.lineno, name) for name in parameters(node))
        if isinstance(node, ast.ClassDef):
            yield from (
                (field.lineno, field.target.id)
                for field in node.body
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            )


def modules() -> list[Path]:
    return sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))


def settings_files() -> list[Path]:
    return sorted(ROOT.glob("params.yaml")) + sorted(ROOT.glob("studies/*/*.yaml"))


def keys(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from keys(value)


def helps(command: click.Command, name: str = "vqax") -> Iterator[tuple[str, str]]:
    """Name and text of every help, option and command."""
    yield name, f"{name} {command.help or ''}"
    for option in command.params:
        yield name, f"{' '.join(option.opts)} {getattr(option, 'help', None) or ''}"
    if isinstance(command, click.Group):
        context = click.Context(command)
        for part in command.list_commands(context):
            below = command.get_command(context, part)
            assert below is not None
            yield from helps(below, f"{name} {part}")


def test_words_of_a_name():
    assert words("_PixelModel") == ["pixel", "model"]
    assert words("image_of") == ["image", "of"]
    assert words("RGBPicture") == ["rgb", "picture"]
    assert [name for name in ("restore", "left_as_found", "boxes_per_image") if retired(name)] == []
    assert all(retired(name) for name in ("PICTURES_OF", "FeatureStore", "_asker_of", "Drops"))


def test_no_module_has_a_retired_name():
    assert [str(path) for path in modules() if retired(path.stem)] == []


@pytest.mark.parametrize("layer", LAYERS)
def test_no_identifier_is_a_retired_word(layer):
    left = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sorted((ROOT / layer).rglob("*.py"))
        for line, name in identifiers(ast.parse(path.read_text(encoding="utf-8")))
        if retired(name)
    ]
    assert left == []


def test_no_parameter_of_a_public_function_is_a_participle():
    left = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}({name})"
        for path in modules()
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        for name in parameters(node)
        if name in PARTICIPLES
    ]
    assert left == []


def test_no_help_says_a_retired_word():
    assert [(name, text) for name, text in helps(main) if HELP.search(text)] == []


@pytest.mark.parametrize("path", settings_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_key_of_the_settings_is_a_retired_word(path):
    assert KEYS.intersection(keys(yaml.safe_load(path.read_text(encoding="utf-8")))) == set()


def test_no_column_of_the_results_is_a_retired_word():
    tables = sorted((ROOT / "results").rglob("*.parquet"))
    assert tables
    left = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in tables
        for name in pq.read_schema(path).names
        if name in COLUMNS or retired(name)
    ]
    assert left == []


def test_no_metric_of_the_results_is_a_retired_word():
    left = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / "results").rglob("*.parquet"))
        if "metric" in pq.read_schema(path).names
        for name in set(pq.read_table(path, columns=["metric"])["metric"].to_pylist())
        if name and (retired(name) or name in COLUMNS)
    ]
    assert left == []
