"""YAML files in which no key stands twice and nothing is nested or repeated without end.

The standard forbids two equal keys, PyYAML would keep the last. Its parser in C ends the process
where brackets are nested deeper than its stack, so the depth is known before it builds anything.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from vqax.errors import UsageError
from vqax.foreign import reading

# the same in C, several times as fast, wherever PyYAML was built with libyaml
FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

DEEPEST = 100
MOST_VALUES = 200_000
"""Counted with every repetition that aliases stand for; params.yaml has some 7,000."""

INDENTATION = re.compile(r"^[ \t?:-]*", re.MULTILINE)
SAFE_TO_BUILD = 2000
"""Levels that the parser in C can stand many times over."""


class RefusedError(Exception):
    """A YAML file that parses, but is not what a person would write; the text says why."""


def read_yaml(path: Path) -> Any:
    """What ``yaml.safe_load`` reads, if no key stands twice.

    Raises:
        MissingArtefact: there is no such file.
        UsageError: the file is not YAML, a key stands twice (the message says where), it is nested
            more than ``DEEPEST`` levels deep or repeats itself to more than ``MOST_VALUES`` values.
    """
    remedy, absent = (
        "mend the place it names",
        "no such file; run vqax in the folder that holds it, or name one",
    )
    with reading(path, "valid YAML", remedy, absent=absent, error_class=UsageError):
        try:
            return _parsed(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:  # its words show the place on several lines
            raise UsageError(f"{path}: not valid YAML ({error}); {remedy}") from error
        except RefusedError as error:
            raise UsageError(f"{path}: {error}") from error


def _parsed(text: str) -> Any:
    _refuse_depth(text)
    try:
        return _value(text, FAST_LOADER)
    except yaml.YAMLError:
        return _value(text, yaml.SafeLoader)  # slower, but its errors show the line


def _refuse_depth(text: str) -> None:
    """Look at the levels one by one, but only in a text that could have very many.

    A level in brackets costs a bracket, any other a column or a mark at the start of a line.
    """
    columns = max(len(start[0]) for start in INDENTATION.finditer(text))
    if text.count("[") + text.count("{") + 2 * columns <= SAFE_TO_BUILD:
        return
    depth = 0
    for event in yaml.parse(text, Loader=FAST_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise _too_deep(event)


def _line(place: yaml.Event | yaml.Node) -> int:
    return 0 if place.start_mark is None else place.start_mark.line + 1


def _too_deep(place: yaml.Event | yaml.Node) -> RefusedError:
    return RefusedError(
        f"line {_line(place)}: nested more than {DEEPEST} levels deep; no settings are, "
        "mend this line"
    )


def _value(text: str, safe_loader: Any) -> Any:
    """As ``yaml.load``, with a look at sizes and keys between its two steps."""
    loader = safe_loader(text)
    try:
        node = loader.get_single_node()
        _refuse_repetition(node)
        for mapping in _mappings(node, set()):
            _refuse_duplicates(mapping)
        return None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def _refuse_repetition(root: yaml.Node | None) -> None:
    """Count the values below ``root`` as if each alias were written out.

    An alias is the very node that it names, so a few lines can stand for billions of values, and
    a node may even hold itself.
    """
    sizes: dict[int, int] = {}

    def size(node: yaml.Node | None, level: int) -> int:
        if not isinstance(node, yaml.CollectionNode):
            return 1
        if level > DEEPEST:
            raise _too_deep(node)
        if id(node) not in sizes:
            sizes[id(node)] = 1 + sum(size(child, level + 1) for child in _children(node))
        if sizes[id(node)] > MOST_VALUES:
            raise RefusedError(
                f"line {_line(node)}: its aliases stand for more than "
                f"{MOST_VALUES:,} values; write out what is meant"
            )
        return sizes[id(node)]

    size(root, 0)


def _children(node: yaml.CollectionNode) -> Iterator[yaml.Node]:
    for child in node.value:
        yield from child if isinstance(node, yaml.MappingNode) else (child,)


def _mappings(node: yaml.Node | None, seen: set[int]) -> Iterator[yaml.MappingNode]:
    """Every mapping once, those inside of it first; an alias is the very node that it names."""
    if not isinstance(node, yaml.CollectionNode) or id(node) in seen:
        return
    seen.add(id(node))
    for child in _children(node):
        yield from _mappings(child, seen)
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
            raise RefusedError(
                f"line {line}: the key {key.value!r} stands already in line {lines[name]}; "
                "rename or remove one of the two"
            )
        lines[name] = line
