"""What modules inside a network return, read while it runs."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import nn


@contextmanager
def outputs_of(modules: Sequence[nn.Module]) -> Iterator[list[Any]]:
    """What these modules return in passes inside the block, in the order of the pass.

    Of an attention of BERT's kind give its ``dropout``: what that returns are the weights that the
    values are summed by, also where the attention itself does not return them.
    """
    made: list[Any] = []
    with ExitStack() as watches:
        for module in modules:
            watches.enter_context(
                module.register_forward_hook(lambda own, given, out: made.append(out))  # noqa: ARG005
            )
        yield made
