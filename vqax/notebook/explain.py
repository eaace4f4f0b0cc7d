"""One question about one image: the answer, how sure the model is, and maps of why."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vqax.adapters.foreign import Foreign
from vqax.adapters.vision_language import VisionLanguage
from vqax.data.images import as_rgb, load_upright
from vqax.errors import UsageError
from vqax.explain import WORD_EXPLAINERS
from vqax.explain.explainer import Explainer
from vqax.explain.predict import Prediction, predict
from vqax.metrics.prediction_uncertainty import uncertainties_of
from vqax.models.order import likeliest
from vqax.notebook.explanation import Explanation
from vqax.notebook.needs import chosen
from vqax.notebook.question import Question, of_foreign, of_vision_language
from vqax.report.one_image import Explained


def explain(
    model: Foreign | VisionLanguage,
    image: str | Path | Image.Image | np.ndarray,
    question: str,
    methods: Iterable[str] | Mapping[str, Explainer] | None = None,
    *,
    answer: str | None = None,
    choices: Sequence[str] = (),
    samples: int = 25,
    seed: int = 0,
) -> Explanation:
    """Answer ``question`` about ``image`` and say why.

    ``model``: a ``Foreign`` (``vqax.adapters.of_forward``, ``of_function``, ``of_vilt``, …) or a
    ``VisionLanguage``, which chooses among ``choices`` or, without, writes its answer. ``image``: a
    path, a Pillow image, or an array (y,x,3) of 0..255. ``methods``: names of ``EXPLAINERS`` and
    ``WORD_EXPLAINERS``, or explainers of your own by a name; None: a few usual ones that the model
    has what they need for. ``answer``: what to explain instead of the model's own answer.
    ``samples`` dropout passes of the head, where there is one, from ``seed``.

    Raises:
        UsageError: a model of another kind, an answer that the model has not, a question without a
            word it reads, or a method that does not exist or needs what the model has not.
        MissingArtefact: there is no such image.
        BadData: the image cannot be read, or the model's ``Forward`` is wrong.
    """
    query = _posed_question(model, _image(image), question, answer, choices)
    of_image, of_words = chosen(methods, query)
    prediction = predict(query.above, query.cells, query.tokens, samples, seed)
    index = _index(query, answer, prediction)
    given = query.tokens, torch.tensor([index], device=query.tokens.device)
    return Explanation(
        _explained(
            query,
            prediction,
            index,
            maps={name: _map(query, method, *given) for name, method in of_image.items()},
            word_scores={name: _words(query, name, *given) for name in of_words},
        ),
        model.name,
    )


def _posed_question(
    model: Any, image: Image.Image, text: str, answer: str | None, choices: Sequence[str]
) -> Question:
    text = " ".join(text.split())
    if isinstance(model, VisionLanguage):
        return of_vision_language(model, image, text, answer=answer, choices=choices)
    if not isinstance(model, Foreign):
        raise UsageError(
            f"model: {type(model).__name__} is neither a Foreign nor a VisionLanguage; "
            "vqax.adapters.of_forward, of_function, of_vilt and its like make one"
        )
    if choices:
        raise UsageError(
            f"choices: {model.name} has its own {len(model.answers)} answers; leave them out"
        )
    return of_foreign(model, image, text)


def _image(image: str | Path | Image.Image | np.ndarray) -> Image.Image:
    if isinstance(image, str | Path):
        return load_upright(Path(image))
    if isinstance(image, Image.Image):
        return as_rgb(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise UsageError(
            f"image: an array of {image.dtype} {image.shape}; give rows, columns, RGB as uint8"
        )
    return Image.fromarray(image)


def _index(query: Question, answer: str | None, prediction: Prediction) -> int:
    if query.written:
        return 0
    if answer is None:
        return int(likeliest(prediction.forward.logits, 1))
    if answer not in query.answers:
        near = difflib.get_close_matches(answer, query.answers, 5, 0.4)
        raise UsageError(
            f"answer: {answer!r} is not one of the {len(query.answers)} answers of this model; "
            + (f"near are {', '.join(near)}" if near else "none comes near")
        )
    return query.answers.index(answer)


def _map(query: Question, method: Explainer, tokens: Tensor, answer: Tensor) -> np.ndarray:
    model, visual = (
        (query.model, query.pixels) if "pixels" in method.needs else (query.above, query.cells)
    )
    raw = query.on_image(method(model, visual, tokens, answer, query.layout))
    return raw[0].detach().float().cpu().numpy()


def _words(query: Question, name: str, tokens: Tensor, answer: Tensor) -> np.ndarray:
    explainer = WORD_EXPLAINERS[name]
    scores = explainer(query.above, query.cells, tokens, answer, special=query.special)
    return scores[0, -len(query.reading.words) :].detach().float().cpu().numpy()


def _explained(query: Question, prediction: Prediction, index: int, **why: Any) -> Explained:
    logits = prediction.forward.logits.float()
    shares = logits.softmax(dim=1)[0]
    top = [0] if query.written else likeliest(logits, 5)[0].tolist()
    return Explained(
        image=query.image,
        question=query.text,
        words=query.reading.words,
        top5=tuple((query.answers[i], float(shares[i])) for i in top),
        uncertainties=uncertainties_of(prediction),
        explained=query.answers[index],
        probability=float(shares[index]),
        **why,
    )
