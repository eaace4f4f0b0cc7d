"""Which explainers of the family a run and its image allow, and their maps."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from stages.explain_one.loaded_model import LoadedModel, as_array
from stages.explain_one.vision import VisualInput
from vqax.adapters.first_pass import check_forward, question_is_read
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS, WORD_EXPLAINERS
from vqax.explain.black_box import ANY_GRID
from vqax.explain.layers import shows_layers
from vqax.explain.relu_rules import Rectifiers
from vqax.models.forward import Forward
from vqax.models.options import known

USUAL = (
    *("attention", "grad_cam", "aleatoric_mask", "predictive_mask"),
    *("guided_backprop", "deconvolution", "guided_grad_cam", "occlusion"),
    *("word_occlusion", "word_gradient_input"),
)
"""What a person sees who names no method; the others take longer or say much the same."""
USUAL_OF_REGIONS = (
    *("attention", "grad_cam", "aleatoric_mask", "predictive_mask"),
    *("region_occlusion", "word_occlusion", "word_gradient_input"),
)
"""The same where a detector hides the pixels from gradients and patches."""


class Methods(NamedTuple):
    """``used`` in the order of the family; ``left_out`` with the needs that are not met."""

    used: tuple[str, ...]
    left_out: Mapping[str, tuple[str, ...]]


class Maps(NamedTuple):
    """Raw maps (h,w) by method, and scores of the question's words by method."""

    maps: dict[str, np.ndarray]
    words: dict[str, np.ndarray]


def check_methods(names: Sequence[str]) -> None:
    """Raise UsageError, which lists the family, for a name that is not in it."""
    for name in names:
        known([*EXPLAINERS, *WORD_EXPLAINERS], name, "--method")


def choose(names: Sequence[str], loaded: LoadedModel, *, usual: Sequence[str] = ()) -> Methods:
    """The methods named, or of the ``usual`` ones all that the model offers what they need.

    Raises:
        UsageError: one that was named needs what the model has not.
    """
    lacking = _lacking(loaded)
    usable = [name for name, needs in lacking.items() if not needs]
    for name in names:
        if lacking[name]:
            raise UsageError(
                f"--method {name}: needs {' and '.join(lacking[name])}, which {loaded.name} "
                f"({loaded.kind}) has not; choose from {', '.join(usable)}"
            )
    usual = usual or (USUAL_OF_REGIONS if loaded.encoder.pixel_model is None else USUAL)
    wanted = names or usual
    used = [name for name in usable if name in wanted]
    left_out = {name: lacking[name] for name in wanted if lacking[name]}
    return Methods(tuple(used), left_out)


def _lacking(loaded: LoadedModel) -> dict[str, tuple[str, ...]]:
    """The needs of each method that the model does not meet; a black box has no cells either."""
    below, above = Rectifiers(), Rectifiers()
    with below:
        cells = loaded.encoder.blank()
    with above:
        forward = _any_forward(loaded, cells)
    pixels, gradient = loaded.encoder.pixel_model is not None, loaded.grid is not None
    there = {
        "pixels": pixels,
        "gradient": gradient,
        "question": not _checked(loaded) or question_is_read(loaded.model, cells, _any(loaded)),
        "layers": shows_layers(loaded.model),
        "rectifier": below.count + above.count > 0,
    }
    lacking = {
        name: explainer.lacks(forward, **there)
        | (frozenset() if gradient or "pixels" in explainer.needs else {"cells"})
        for name, explainer in EXPLAINERS.items()
    }
    words = {
        name: explainer.lacks(forward, gradient=gradient, rectifier=above.count > 0)
        for name, explainer in WORD_EXPLAINERS.items()
    }
    return {name: tuple(sorted(needs)) for name, needs in (lacking | words).items()}


def _any_forward(loaded: LoadedModel, cells: Tensor) -> Forward:
    """What the model returns for any input: it shows what there is to explain it by."""
    with torch.no_grad():
        if _checked(loaded):
            return check_forward(loaded.model, cells, _any(loaded), len(loaded.answers))
        forward: Forward = loaded.model(cells, _any(loaded))
    return forward


def _checked(loaded: LoadedModel) -> bool:
    """Whether a ``Forward`` is somebody else's work; a black box has none of its own."""
    return loaded.prepared is None and loaded.grid is not None


def _any(loaded: LoadedModel) -> Int[Tensor, "1 1"]:
    """A question of one unknown word."""
    return torch.full((1, 1), loaded.special.unknown, device=loaded.place)


def map_each(
    methods: Sequence[str],
    loaded: LoadedModel,
    visual_input: VisualInput,
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    words: Sequence[int],
    progress: Callable[[int, int], None] | None,
) -> list[Maps]:
    """What each method says of every question about one image, all questions at once.

    A method of words gives a row of numbers (b,t): question i has ``words[i]`` of them, at the
    end of its row.
    """
    found = [Maps({}, {}) for _ in words]
    for number, method in enumerate(methods, 1):
        raw = _raw(method, loaded, visual_input, tokens, answer)
        for one, values, count in zip(found, raw, words, strict=True):
            if method in WORD_EXPLAINERS:
                one.words[method] = values[len(values) - count :]
            else:
                one.maps[method] = values
        if progress is not None:
            progress(number, len(methods))
    return found


def _raw(
    method: str, loaded: LoadedModel, visual_input: VisualInput, tokens: Tensor, answer: Tensor
) -> np.ndarray:
    cells = visual_input.cells.expand(len(tokens), *visual_input.cells.shape[1:])
    if method in WORD_EXPLAINERS:
        of_words, special = WORD_EXPLAINERS[method], loaded.special
        return as_array(of_words(loaded.model, cells, tokens, answer, special=special))
    explainer = EXPLAINERS[method]
    if "pixels" in explainer.needs:
        same = torch.zeros(len(tokens), dtype=torch.int64, device=loaded.place)
        model, grid = loaded.encoder.pixel_model, loaded.grid or ANY_GRID
        raw = explainer(model, visual_input.pixels, tokens, answer, grid, image_of=same)
    else:
        raw = visual_input.painted(explainer(loaded.model, cells, tokens, answer, loaded.grid))
    return as_array(raw)
