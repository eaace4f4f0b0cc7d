"""Which methods a model meets the needs of."""

from collections.abc import Iterable, Mapping

import torch

from vqax.adapters.first_pass import check_forward, question_is_read
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS, WORD_EXPLAINERS
from vqax.explain.explainer import Explainer
from vqax.explain.layers import shows_layers
from vqax.explain.relu_rules import Rectifiers
from vqax.models.forward import Forward
from vqax.models.options import known
from vqax.notebook.question import Question

USUAL = ("attention", "grad_cam", "word_occlusion", "word_gradient_input", "occlusion")
"""What is shown to who names no method, where the model has what it needs; the first four of a
vision-language model, whose every patch costs a pass of the encoder."""


def chosen(
    methods: Iterable[str] | Mapping[str, Explainer] | None, question: Question
) -> tuple[dict[str, Explainer], list[str]]:
    """Explainers of the image by name, and names of those of the words.

    Raises:
        UsageError: no such method, or one that was named needs what the model has not.
    """
    own = dict(methods) if isinstance(methods, Mapping) else {}
    names = [] if own else list(methods or ())
    for name in names:
        known([*EXPLAINERS, *WORD_EXPLAINERS], name, "methods")
    lacking = unmet(question)
    for name in names:
        if lacking[name]:
            usable = ", ".join(method for method, needs in lacking.items() if not needs)
            raise UsageError(
                f"methods: {name} needs {' and '.join(sorted(lacking[name]))}, which "
                f"{type(question.above).__name__} has not; choose from {usable}"
            )
    if methods is None:
        usual = USUAL if question.boxes_rel is None else USUAL[:4]
        names = [name for name in usual if not lacking[name]]
    of_image = own | {name: EXPLAINERS[name] for name in names if name in EXPLAINERS}
    return of_image, [name for name in names if name in WORD_EXPLAINERS]


def unmet(question: Question) -> dict[str, frozenset[str]]:
    """The needs of each method that the model does not meet; a black box has no cells either."""
    below, above = Rectifiers(), Rectifiers()
    with torch.no_grad():
        with below:
            question.model.image_encoder(question.pixels)
        with above:
            forward = _forward(question)
    gradient = question.grid is not None
    there = {
        "pixels": True,
        "gradient": gradient,
        "question": gradient and question_is_read(question.above, question.cells, question.tokens),
        "layers": shows_layers(question.above),
        "rectifier": below.count + above.count > 0,
    }
    of_image = {
        name: explainer.lacks(forward, **there)
        | (frozenset() if gradient or "pixels" in explainer.needs else {"cells"})
        for name, explainer in EXPLAINERS.items()
    }
    of_words = {
        name: explainer.lacks(forward, gradient=gradient, rectifier=above.count > 0)
        for name, explainer in WORD_EXPLAINERS.items()
    }
    return of_image | of_words


def _forward(question: Question) -> Forward:
    """A pass, looked at as somebody else's work where it is a model of cells."""
    if question.grid is None:
        black_box: Forward = question.above(question.cells, question.tokens)
        return black_box
    answers = len(question.answers)
    return check_forward(question.above, question.cells, question.tokens, answers)
