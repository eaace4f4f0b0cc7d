"""Are the maps of a model faithful to it? Measured on images and questions of one's own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stages.explain_one.evaluation import Evaluation, Layers, Options
from stages.explain_one.methods import check_methods
from stages.explain_one.model_choice import Model, told_with_its_line
from stages.explain_one.question import PREDICTED
from stages.explain_one.table import Line, lines_of, mistake_of
from vqax.errors import BadData, UsageError, VqaxError
from vqax.evaluation import Faithfulness, pooled

__all__ = ["Options", "run"]


@told_with_its_line
def run(
    model: Model,
    *,
    options: Options,
    image: Path | None = None,
    source: Path | None = None,
    questions: Sequence[str] = (),
    answer: str = PREDICTED,
    device: str = "cpu",
    progress: Any = None,
) -> tuple[Faithfulness, dict[str, Any]]:
    """Measure the maps of one ``image``, or of every line of ``source`` (as `vqax explain --from`).

    Returns the measures and a summary for JSON. Lines that cannot be used are counted and listed.

    Raises:
        UsageError: an unknown run, method, unit or measure, or one that the model has not.
        MissingArtefact: the run is not trained, or a path is not there.
        BadData: no line can be used.
    """
    check_methods(options.methods)
    lines, folder = _lines(image, source, questions, answer)
    evaluation = Evaluation(model.load(device), options)
    parts: list[Faithfulness] = []
    images: list[str] = []
    randomised: list[Layers] = []
    skipped: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            if mistake := mistake_of(line):
                raise BadData(mistake)
            part, layers = evaluation(line, folder / line.image)
        except VqaxError as error:
            if image is not None:
                raise
            skipped.append({"row": line.row, "reason": str(error)})
        else:
            parts.append(part)
            images.append(line.image)
            randomised.append(layers)
        if progress is not None:
            progress(number, len(lines))
    if not parts:
        raise BadData(
            f"{source}: none of its {len(lines)} lines can be used; {skipped[0]['reason']}"
        )
    found = pooled(parts, images, seed=options.seed)
    return found, {
        "run": evaluation.loaded.name,
        "questions": len(parts),
        "unit": evaluation.unit,
        "methods": found.summary(),
        "randomisation": _mean_layers(randomised),
        "skipped": skipped,
    }


def _lines(
    image: Path | None, source: Path | None, questions: Sequence[str], answer: str
) -> tuple[list[Line], Path]:
    """What is asked of which image, and the folder that images are named from."""
    if image is not None:
        return [Line(row, image.name, q, answer) for row, q in enumerate(questions)], image.parent
    if source is None:
        raise UsageError("give --image with --question, or --from")
    return lines_of(source, questions, answer), source if source.is_dir() else source.parent


def _mean_layers(randomised: Sequence[Layers]) -> dict[str, dict[str, float | None]]:
    """The mean over the questions whose maps have ranks; None where no question's has."""
    return {
        method: {layer: _mean([one[method][layer] for one in randomised]) for layer in layers}
        for method, layers in randomised[0].items()
    }


def _mean(values: Sequence[float]) -> float | None:
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else None
