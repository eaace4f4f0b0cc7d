"""Are the maps of a model faithful to it? Measured on images and questions of one's own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from stages.explain_one.asked import Model
from stages.explain_one.eyes import Looked
from stages.explain_one.lines import Line, lines_of
from stages.explain_one.methods import check_methods, choose, look_with
from stages.explain_one.picture import load_upright
from stages.explain_one.question import PREDICTED, TRUTH, Asked, Truths, ask, index_of
from stages.explain_one.subject import Subject
from vqax.data.map_files import read_named_maps
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.evaluation import Faithfulness, Subsets, cascading_randomisation, faithfulness, pooled
from vqax.explain import WORD_EXPLAINERS
from vqax.metrics.resize import resize_area

GIVEN = "given"
"""The method of maps that were made elsewhere."""


@dataclass(frozen=True)
class Options:
    """What is measured and how; see ``vqax.evaluation.faithfulness`` for the meaning of each."""

    methods: Sequence[str] = ()
    unit: str | None = None
    grid: tuple[int, int] = (14, 14)
    baseline: str | None = None
    measures: Sequence[str] = ()
    steps: int = 20
    subsets: int = 100
    share: float = 0.2
    seed: int = 0
    randomise: bool = False
    maps: Path | None = None
    masks: Path | None = None


@dataclass
class Found:
    """What was measured of each line, and what could not be."""

    parts: list[Faithfulness] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    skipped: list[tuple[int, str]] = field(default_factory=list)
    layers: dict[str, dict[str, list[float]]] = field(default_factory=dict)


def run(
    model: Model,
    *,
    source: Path | None = None,
    image: Path | None = None,
    questions: Sequence[str] = (),
    answer: str = PREDICTED,
    options: Options,
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Faithfulness, dict[str, Any]]:
    """Measure the maps of one ``image``, or of every line of ``source`` (as `vqax explain --from`).

    Returns the measures and a summary for JSON. Lines that cannot be used are counted and listed.

    Raises:
        UsageError: an unknown run, method, unit or measure, or one that the model has not.
        MissingArtefact: the run is not trained, or a path is not there.
        BadData: no line can be used.
    """
    check_methods(options.methods)
    lines, folder = _lines(source, image, questions, answer)
    evaluation = _Evaluation(model.load(device), options)
    found = Found()
    for number, line in enumerate(lines, 1):
        try:
            evaluation.measure(line, folder / line.image, found)
        except (BadData, MissingArtefact) as error:
            if image is not None:
                raise
            found.skipped.append((line.row, str(error)))
        if progress is not None:
            progress(number, len(lines))
    if not found.parts:
        raise BadData(
            f"{source}: none of its {len(lines)} lines can be used; {found.skipped[0][1]}"
        )
    result = pooled(found.parts, found.images, seed=options.seed)
    return result, _summary(evaluation, result, found)


def _lines(
    source: Path | None, image: Path | None, questions: Sequence[str], answer: str
) -> tuple[list[Line], Path]:
    """What is asked of which image, and the folder that images are named from."""
    if image is not None:
        asked = [Line(row, image.name, text, answer) for row, text in enumerate(questions)]
        return asked, image.parent
    if source is None:
        raise UsageError("give --image with --question, or --from")
    return lines_of(source, questions, answer), source if source.is_dir() else source.parent


class _Evaluation:
    """A model, the methods it is explained with, and the unit that is hidden from it."""

    def __init__(self, subject: Subject, options: Options) -> None:
        self.subject, self.options, self.truths = subject, options, Truths(subject)
        self.unit = options.unit or ("cells" if subject.eyes.pixel_model is None else "patches")
        self._check_unit()
        own_maps = options.maps is not None and not options.methods
        used = () if own_maps else choose(options.methods, subject).used
        words = self.unit == "words"
        self.methods = [name for name in used if (name in WORD_EXPLAINERS) == words]
        if not self.methods and options.maps is None:
            raise UsageError(f"--unit {self.unit}: no method that was named makes such maps")
        self.maps = _by_name(options.maps)
        self.masks = _by_name(options.masks)

    def measure(self, line: Line, path: Path, found: Found) -> None:
        """Add what is measured of one question about one image to ``found``."""
        subject, options = self.subject, self.options
        looked = subject.eyes.look(path, load_upright(path))
        asked = ask(subject, line.question)
        tokens = torch.tensor([asked.tokens], device=subject.place)
        answer = self._answer(path, asked, line.answer, looked, tokens)
        model, inputs = self._asked_of(looked)
        explain = {name: self._explain(name, looked, tokens, answer) for name in self.methods}
        maps = {name: make(inputs) for name, make in explain.items()}
        given = self._of_line(self.maps, line, "map")
        if given is not None:
            maps[GIVEN] = self._fitted(torch.from_numpy(given[None]))
        masks = self._of_line(self.masks, line, "mask")
        found.parts.append(
            faithfulness(
                model, inputs, maps, tokens=tokens, answer=answer, unit=self.unit,
                grid=options.grid, baseline=options.baseline, measures=options.measures,
                masks=None if masks is None else masks[None],
                explain=explain if "max_sensitivity" in options.measures else None,
                steps=options.steps, seed=options.seed + line.row,
                subsets=Subsets(options.share, options.subsets, options.seed + line.row),
            )
        )  # fmt: skip
        found.images.append(line.image)
        for name, make in explain.items() if options.randomise else ():
            whole = subject.eyes.pixel_model or subject.model
            layers = found.layers.setdefault(name, {})
            for one in cascading_randomisation(
                whole, lambda make=make: make(inputs), seed=options.seed
            ):
                layers.setdefault(one.layer, []).append(float(one.similarity[0]))

    def _check_unit(self) -> None:
        subject = self.subject
        has_cells = subject.grid is not None
        offered = (["patches", "pixels"] if subject.eyes.pixel_model is not None else []) + (
            ["cells", "words"] if has_cells else ["words"]
        )
        if self.unit not in offered:
            raise UsageError(
                f"--unit {self.unit}: {subject.name} ({subject.kind}) offers {', '.join(offered)}"
            )
        if self.options.masks is not None and self.unit in ("words",):
            raise UsageError("--masks: do not go with --unit words; choose patches or pixels")

    def _asked_of(self, looked: Looked) -> tuple[nn.Module, Tensor]:
        """Who is asked without some units, and the inputs that have them."""
        if self.unit in ("patches", "pixels"):
            assert self.subject.eyes.pixel_model is not None  # as checked
            assert looked.pixels is not None
            return self.subject.eyes.pixel_model, looked.pixels
        return self.subject.model, looked.cells

    def _explain(
        self, method: str, looked: Looked, tokens: Tensor, answer: Tensor
    ) -> Callable[[Tensor], Tensor]:
        """The maps of a method for other inputs in the place of those seen."""
        pixel_model = self.subject.eyes.pixel_model

        def explain(inputs: Tensor) -> Tensor:
            seen = looked._replace(cells=inputs, boxes_rel=None)
            if self.unit in ("patches", "pixels"):
                assert pixel_model is not None  # as checked
                with torch.no_grad():
                    seen = seen._replace(cells=pixel_model.trunk(inputs), pixels=inputs)
            words = [int(tokens.shape[1])]
            (one,) = look_with([method], self.subject, seen, tokens, answer, words, None)
            if self.unit == "words":
                return torch.from_numpy(one.words[method][None])
            return self._fitted(torch.from_numpy(one.maps[method][None]))

        return explain

    def _fitted(self, maps: Tensor) -> Tensor:
        """Maps of pixels on the grid of cells, where cells are hidden."""
        grid = self.subject.grid
        if self.unit != "cells" or tuple(maps.shape[1:]) == grid or grid is None:
            return maps
        return torch.from_numpy(resize_area(maps.numpy(), grid))

    def _answer(
        self, path: Path, asked: Asked, wanted: str, looked: Looked, tokens: Tensor
    ) -> Tensor:
        """The index of the answer to explain, (1,)."""
        if wanted == PREDICTED:
            with torch.no_grad():
                logits: Tensor = self.subject.model(looked.cells, tokens).logits
            return logits.argmax(1)
        text = self.truths.demand(path, asked.text) if wanted == TRUTH else wanted
        return torch.tensor([index_of(self.subject.answers, text)], device=self.subject.place)

    def _of_line(
        self, arrays: Mapping[str, np.ndarray], line: Line, what: str
    ) -> np.ndarray | None:
        """The map or mask of a line: named by image and row, or by the image."""
        if not arrays:
            return None
        stem = Path(line.image).stem
        for name in (f"{stem}_{line.row}", stem):
            if name in arrays:
                return arrays[name]
        raise MissingArtefact(f"{line.image}: has no {what}; name one {stem} or {stem}_{line.row}")


def _by_name(source: Path | None) -> dict[str, np.ndarray]:
    if source is None:
        return {}
    return {named.name: named.maps[0] for named in read_named_maps(source)}


def _summary(evaluation: _Evaluation, result: Faithfulness, found: Found) -> dict[str, Any]:
    return {
        "run": evaluation.subject.name,
        "questions": len(found.parts),
        "unit": evaluation.unit,
        "methods": result.summary(),
        "randomisation": {
            method: {layer: float(np.nanmean(values)) for layer, values in layers.items()}
            for method, layers in found.layers.items()
        },
        "skipped": [{"row": row, "reason": reason} for row, reason in found.skipped],
    }
