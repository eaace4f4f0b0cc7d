"""YAML files in which no key stands twice: the standard says so, PyYAML would keep the last."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from vqax.errors import MissingArtefact, UsageError

# the same in C, several times as fast, wherever PyYAML was built with libyaml
FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DuplicateKeyError(Exception):
    """A mapping of a YAML file gives one key twice."""


def read_yaml(path: Path) -> Any:
    """What ``yaml.safe_load`` reads, if no key stands twice.

    Raises:
        MissingArtefact: there is no such file.
        UsageError: the file is not YAML or a key stands twice; the message says where.
    """
    try:
        text = path.read_text(encoding="utf-8")
        try:
            return _value(text, FAST_LOADER)
        except yaml.YAMLError:
            return _value(text, yaml.SafeLoader)  # slower, but its errors show the line
    except FileNotFoundError as error:
        raise MissingArtefact(
            f"{path}: no such file; run vqax in the folder that holds it"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid YAML ({error}); mend the place it names") from error
    except DuplicateKeyError as error:
        raise UsageError(f"{path}: {error}") from error


def _value(text: str, safe_loader: Any) -> Any:
    """As ``yaml.load``, with a look at the keys between its two steps."""
    loader = safe_loader(text)
    try:
        node = loader.get_single_node()
        for mapping in _mappings(node, set()):
            _refuse_duplicates(mapping)
        return None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def _mappings(node: yaml.Node | None, seen: set[int]) -> Iterator[yaml.MappingNode]:
    """Every mapping once, those inside of it first; an alias is the very node that it names."""
    if not isinstance(node, yaml.CollectionNode) or id(node) in seen:
        return
    seen.add(id(node))
    for child in node.value:
        for part in child if isinstance(node, yaml.MappingNode) else (child,):
            yield from _mappings(part, seen)
    if isinstance(node, yaml.MappingNode):
        yield node


def _refuse_duplicates(mapping: yaml.MappingNode) -> None:
    """Keys are compared as they are written, before ``<<`` merges others in: to override a key is
    what a merge is for.
    """
    lines: dict[tuple[str, str], int] = {}
    for key, _ in mapping.value:
        name, line = (key.tag, str(key.value)), key.start_mark.line + 1
        if name in lines:
            raise DuplicateKeyError(
                f"line {line}: the key {key.value!r} stands already in line {lines[name]}; "
                "rename or remove one of the two"
            )
        lines[name] = line
