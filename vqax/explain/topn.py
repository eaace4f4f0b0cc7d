"""Question-aware Grad-CAM: gradients flow back through a few entries of the combine layer alone.

Ummettuguli, "Towards visual explanations that ground multiple modalities" (TopN), section 3. A is
``Forward.combined``, where image and question meet, q is ``Forward.question``. The entries of A
are ranked by how much they depend on the question, ∂A/∂q, and Grad-CAM lets only the gradients of
the first n of them through. The paper ranks "the ∂A/∂q vector", but the derivative is a matrix; a
reduction of its rows says how it becomes one number for each entry of A.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.explain.gradient import gradient_at, logit_of
from vqax.explain.grid import as_grid, check_grid
from vqax.explain.state import left_as_found
from vqax.explain.word_gradients import CatchWords
from vqax.learning.regions import features_of
from vqax.models.forward import Forward
from vqax.models.options import option
from vqax.text.tokens import PAD_INDEX

REDUCTIONS: dict[str, Callable[[Float[Tensor, "*s q"]], Float[Tensor, "*s"]]] = {
    "l2": lambda rows: rows.norm(dim=-1),
    "l1": lambda rows: rows.abs().sum(dim=-1),
    "sum": lambda rows: rows.sum(dim=-1),
}
"""A row of ∂A/∂q as one number: its length, the sum of its magnitudes, its (signed) sum."""
DEFAULT_N = 25
"""Of 1024: "in some cases we see the localization around top 25 is good"."""


def topn_grad_cam(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    *,
    n: int = DEFAULT_N,
    reduction: str = "l2",
) -> Float[Tensor, "b h w"]:
    """Grad-CAM of the gradients that pass the ``n`` entries of A most sensitive to the question.

    With at least as many as A has, this is ``grad_cam`` to the bit. Raw and signed, as there.

    Raises:
        UsageError: as ``question_sensitivity``, ``most_sensitive`` and ``routed_grad_cam``.
    """
    check_grid(visual.shape[1], grid)
    sensitivity = question_sensitivity(model, visual, tokens, reduction=reduction)
    allowed = most_sensitive(sensitivity, n, among=entries_read(model, visual, tokens))
    return routed_grad_cam(model, visual, tokens, answer, grid, allowed[None])[0]


def routed_grad_cam(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    allowed: Bool[Tensor, "k b c"],
) -> Float[Tensor, "k b h w"]:
    """Grad-CAM with ∂y/∂A zero outside of ``allowed``, for each of k choices of entries.

    α_k = mean over cells of (allowed ∘ ∂y/∂A) ∂A/∂v_k; map = Σ_k α_k v_k, v = ``Forward.visual``.
    One forward pass serves all choices.

    Raises:
        UsageError: no gradient reaches ``combined``, or ``visual`` from there, or the grid has
            not as many cells as the model saw.
    """
    check_grid(visual.shape[1], grid)
    with left_as_found(model):
        forward = model(visual.detach().clone().requires_grad_(), tokens)
        slope = _slope_at_combined(forward, logit_of(forward.logits, answer), model)
        gradients = (
            gradient_at(
                forward.visual, (slope * one * forward.combined).sum(1), model, retain_graph=True
            )
            for one in allowed
        )
        weights = [features_of(model, one).mean(dim=1, keepdim=True) for one in gradients]
    cells = features_of(model, forward.visual.detach())
    return as_grid(torch.stack([(weight * cells).sum(dim=2) for weight in weights]), grid)


def most_sensitive(
    sensitivity: Float[Tensor, "b c"], n: int, *, among: Bool[Tensor, "b c"] | None = None
) -> Bool[Tensor, "b c"]:
    """The n largest of each row, of equal ones the first; what n allows, n + 1 allows.

    Only entries ``among`` count; all of these if they are fewer than n.

    Raises:
        UsageError: n is below 1.
    """
    if n < 1:
        raise UsageError(f"n: {n} entries let no gradient through; give 1 or more")
    there = torch.ones_like(sensitivity, dtype=torch.bool) if among is None else among
    order = sensitivity.masked_fill(~there, -torch.inf).argsort(dim=1, descending=True, stable=True)
    first = torch.zeros_like(there).scatter(1, order[:, :n], True)
    return first & there


def exclusive(
    first: Bool[Tensor, "*s c"], second: Bool[Tensor, "*s c"]
) -> tuple[Bool[Tensor, "*s c"], Bool[Tensor, "*s c"]]:
    """What each of two questions allows and the other does not (TopN, section 5)."""
    return first & ~second, second & ~first


def question_sensitivity(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    *,
    reduction: str = "l2",
) -> Float[Tensor, "b c"]:
    """One number per entry of A: its row of ∂A/∂q, reduced as ``REDUCTIONS`` says.

    Raises:
        UsageError: as ``question_sensitivities``.
    """
    return question_sensitivities(model, visual, tokens, reductions=(reduction,))[0]


def question_sensitivities(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    *,
    reductions: Sequence[str] = tuple(REDUCTIONS),
) -> Float[Tensor, "r b c"]:
    """``question_sensitivity`` by each of r reductions, from one computation of ∂A/∂q.

    Raises:
        UsageError: a reduction is not known, or ``combined`` does not depend on ``question``
            through differentiable operations.
    """
    reduce = [option(REDUCTIONS, reduction, "reduction") for reduction in reductions]
    with _question_in_graph(model):
        forward = model(visual.detach(), tokens)
        rows = _rows(forward.combined, [forward.question], "question", model)
        return torch.stack([torch.stack([one(row) for one in reduce]) for (row,) in rows], 2)


def word_sensitivity(
    model: nn.Module, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]
) -> Float[Tensor, "b t c"]:
    """|∂A/∂w| of every word w for every entry of A (TopN, section 5); 0 at the padding.

    The words are where the model looks its tokens up; several embeddings of a word add up.

    Raises:
        UsageError: the model looks no tokens up, or ``combined`` does not depend on them.
    """
    caught = CatchWords(tokens)
    with left_as_found(model), torch.backends.cudnn.flags(enabled=False):
        with caught:
            forward = model(visual.detach(), tokens)
        rows = _rows(forward.combined, caught.words, "words", model)
        lengths = [torch.cat(parts, 2).norm(dim=2) for parts in rows]
    return torch.stack(lengths, 2) * (tokens != PAD_INDEX).unsqueeze(2)


def entries_read(
    model: nn.Module, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]
) -> Bool[Tensor, "b c"]:
    """Which entries of A an answer reads: behind them may stand what the variance alone reads.

    Those are where a mixture of all logits has a slope.
    """
    with left_as_found(model):
        forward = model(visual.detach().clone().requires_grad_(), tokens)
        mixture = torch.arange(1.0, forward.logits.shape[1] + 1).to(forward.logits)
        return _slope_at_combined(forward, (forward.logits * mixture).sum(1), model) != 0


def _slope_at_combined(
    forward: Forward, scores: Float[Tensor, "b"], model: nn.Module
) -> Float[Tensor, "b c"]:
    return gradient_at(forward.combined, scores, model, name="combined", retain_graph=True)


@contextmanager
def _question_in_graph(model: nn.Module) -> Iterator[None]:
    """As ``left_as_found``, with weights that require gradients, so that ``question`` does."""
    with left_as_found(model):
        model.requires_grad_()
        yield


def _rows(
    combined: Float[Tensor, "b c"], sources: list[Tensor], name: str, model: nn.Module
) -> Iterator[list[Float[Tensor, "b *n"]]]:
    """∂A_i/∂source of each question for one entry i after the other; zero where there is none.

    A backward pass from A to the source for each entry. Batches of entries under ``vmap`` were
    not faster where the source stands close to A, slower with attention between, and impossible
    with autograd functions that write in place.
    """
    if not combined.requires_grad or not any(one.requires_grad for one in sources):
        raise _unreached(name, model)
    touched = False
    for entry in combined.unbind(1):
        slopes = torch.autograd.grad(
            entry.sum(), sources, retain_graph=True, allow_unused=True, materialize_grads=False
        )
        touched = touched or any(slope is not None for slope in slopes)
        yield [
            torch.zeros_like(one) if slope is None else slope
            for one, slope in zip(sources, slopes, strict=True)
        ]
    if not touched:
        raise _unreached(name, model)


def _unreached(name: str, model: nn.Module) -> UsageError:
    return UsageError(
        f"no gradient reaches the {name} of {type(model).__name__} from its combined vector; "
        f"Forward.combined must be computed from the {name} without detach or no_grad"
    )
