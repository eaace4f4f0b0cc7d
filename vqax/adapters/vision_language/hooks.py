"""``transformers`` sets hooks when hidden states are wanted and leaves them; here they go again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

MARK = "_output_capturing_hooks_installed"


@contextmanager
def hooks_as_found(network: nn.Module) -> Iterator[None]:
    """What a pass inside the block sets is taken off after it, also after an exception."""
    modules: list[Any] = list(network.modules())
    hooks = [(module, dict(module._forward_hooks)) for module in modules]
    marks = [(module, module.__dict__.get(MARK)) for module in modules]
    try:
        yield
    finally:
        for module, kept in hooks:
            for key in module._forward_hooks.keys() - kept.keys():
                del module._forward_hooks[key]
        for module, mark in marks:
            if mark is None:
                module.__dict__.pop(MARK, None)
