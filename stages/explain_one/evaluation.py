"""One question about one image: the maps of a model, and what hiding units does to its answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from stages.explain_one.loaded_model import LoadedModel
from stages.explain_one.methods import choose, map_each
from stages.explain_one.question import PREDICTED, TRUTH, EncodedQuestion, Truths, ask, index_of
from stages.explain_one.table import Line
from stages.explain_one.vision import VisualInput
from vqax.data.images import load_upright
from vqax.data.map_files import read_named_maps
from vqax.errors import MissingArtefact, UsageError
from vqax.evaluation import Faithfulness, Subsets, cascading_randomisation, faithfulness
from vqax.evaluation.inputs import check_baseline
from vqax.evaluation.max_sensitivity import Explain
from vqax.evaluation.measures import chosen_measures
from vqax.explain import EXPLAINERS, WORD_EXPLAINERS
from vqax.metrics.resize import resize_area

GIVEN = "given"
"""The method of maps that were made elsewhere."""
OF_PIXELS = ("patches", "pixels")
Layers = dict[str, dict[str, float]]
"""Method -> layer -> correlation with the map of the model as it was."""


@dataclass(frozen=True)
class Options:
    """What is measured and how; ``vqax.evaluation.faithfulness`` says what each means."""

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


class Evaluation:
    """A model, the methods it is explained with, and the units that are hidden from it.

    Raises:
        UsageError: a method or a unit that the model has not, a measure or a baseline that is not
            known or does not go with them, or no method makes maps of the unit.
        MissingArtefact, BadData: maps or masks are not there, or damaged.
    """

    def __init__(self, loaded: LoadedModel, options: Options) -> None:
        self.loaded, self.options, self.truths = loaded, options, Truths(loaded)
        self.unit = _unit(loaded, options.unit)
        self.methods = _methods(loaded, options, self.unit)
        check_baseline(self.unit, options.baseline)
        chosen_measures(
            options.measures, masks=options.masks is not None, explain=bool(self.methods)
        )
        self.maps, self.masks = _by_name(options.maps), _by_name(options.masks)

    def __call__(self, line: Line, path: Path) -> tuple[Faithfulness, Layers]:
        """The measures of every method for a question about the image at ``path``.

        Raises:
            UsageError: an unknown answer, measure or baseline.
            MissingArtefact: there is no such image, or it has no map or mask.
            BadData: the image cannot be read, or a map has a NaN.
        """
        visual_input = self.loaded.encoder.encode(path, load_upright(path))
        question = ask(self.loaded, line.question)
        tokens = torch.tensor([question.tokens], device=self.loaded.place)
        answer = self._answer(line, path, question, visual_input, tokens)
        model, inputs = self._hidden_from(visual_input)
        explain = {name: self._explain(name, visual_input, tokens, answer) for name in self.methods}
        maps = {name: make(inputs) for name, make in explain.items()}
        given, mask = _of_line(self.maps, line, "map"), _of_line(self.masks, line, "mask")
        if given is not None:
            maps[GIVEN] = self._fitted(given[None])
        options, seed = self.options, self.options.seed + line.row
        found = faithfulness(
            model, inputs, maps, tokens=tokens, answer=answer, unit=self.unit, grid=options.grid,
            baseline=options.baseline, measures=options.measures,
            masks=None if mask is None else mask[None],
            explain=self._of_inputs(explain) if "max_sensitivity" in options.measures else None,
            steps=options.steps, subsets=Subsets(options.share, options.subsets, seed), seed=seed,
        )  # fmt: skip
        return found, self._randomised(model, explain, inputs) if options.randomise else {}

    def _hidden_from(self, visual_input: VisualInput) -> tuple[nn.Module, Tensor]:
        """Who is asked without some units, and the inputs that have them."""
        if self.unit in OF_PIXELS:
            pixel_model = self.loaded.encoder.pixel_model
            assert pixel_model is not None  # or the unit would not be offered
            assert visual_input.pixels is not None
            return pixel_model, visual_input.pixels
        return self.loaded.model, visual_input.cells

    def _explain(
        self, method: str, visual_input: VisualInput, tokens: Tensor, answer: Tensor
    ) -> Callable[[Tensor], Tensor]:
        """The map (1,h,w), or word scores (1,t), of other inputs in the place of those seen."""
        image_encoder = getattr(self.loaded.encoder.pixel_model, "image_encoder", None)

        def explain(inputs: Tensor) -> Tensor:
            seen = visual_input._replace(cells=inputs, boxes_rel=None)
            if self.unit in OF_PIXELS and image_encoder is not None:
                with torch.no_grad():
                    seen = seen._replace(cells=image_encoder(inputs), pixels=inputs)
            (one,) = map_each([method], self.loaded, seen, tokens, answer, [tokens.shape[1]], None)
            if self.unit == "words":
                return torch.from_numpy(one.words[method][None])
            return self._fitted(one.maps[method][None])

        return explain

    def _fitted(self, maps: np.ndarray) -> Tensor:
        """Maps of pixels brought to the grid of cells, where cells are hidden."""
        grid = self.loaded.grid
        if self.unit == "cells" and grid is not None and maps.shape[1:] != grid:
            maps = resize_area(maps, grid)
        return torch.from_numpy(maps)

    def _answer(
        self,
        line: Line,
        path: Path,
        question: EncodedQuestion,
        visual_input: VisualInput,
        tokens: Tensor,
    ) -> Tensor:
        """The index of the answer to explain, (1,)."""
        if line.answer == PREDICTED:
            with torch.no_grad():
                logits: Tensor = self.loaded.model(visual_input.cells, tokens).logits
            return logits.argmax(1)
        text = self.truths.demand(path, question.text) if line.answer == TRUTH else line.answer
        return torch.tensor([index_of(self.loaded.answers, text)], device=self.loaded.place)

    def _of_inputs(self, explain: Mapping[str, Explain]) -> dict[str, Explain]:
        """Those whose maps depend on what is hidden: not maps of pixels, where cells are."""
        if self.unit in OF_PIXELS or self.unit == "words":
            return dict(explain)
        return {name: f for name, f in explain.items() if "pixels" not in EXPLAINERS[name].needs}

    def _randomised(
        self, model: nn.Module, explain: Mapping[str, Explain], inputs: Tensor
    ) -> Layers:
        """What is left of each map when the layers of the model are drawn anew, one by one."""
        found: Layers = {}
        for name, make in explain.items():
            steps = cascading_randomisation(model, partial(make, inputs), seed=self.options.seed)
            found[name] = {step.layer: float(step.similarity[0]) for step in steps}
        return found


def _unit(loaded: LoadedModel, wanted: str | None) -> str:
    """What is hidden, by default the image's patches, or the cells where pixels are not reached."""
    has_pixels, has_cells = loaded.encoder.pixel_model is not None, loaded.grid is not None
    offered = [*(OF_PIXELS if has_pixels else ()), *(("cells",) if has_cells else ()), "words"]
    unit = offered[0] if wanted is None else wanted
    if unit not in offered:
        raise UsageError(
            f"--unit {unit}: {loaded.name} ({loaded.kind}) offers {', '.join(offered)}"
        )
    return unit


def _methods(loaded: LoadedModel, options: Options, unit: str) -> list[str]:
    """Those that make maps of the unit; none by themselves where maps are given."""
    if options.maps is not None and not options.methods:
        return []
    used = choose(options.methods, loaded).used
    methods = [name for name in used if (name in WORD_EXPLAINERS) == (unit == "words")]
    if not methods and options.maps is None:
        raise UsageError(f"--unit {unit}: no method that was named makes such maps; name another")
    return methods


def _by_name(source: Path | None) -> dict[str, np.ndarray]:
    if source is None:
        return {}
    return {named.name: named.maps[0] for named in read_named_maps(source)}


def _of_line(arrays: Mapping[str, np.ndarray], line: Line, what: str) -> np.ndarray | None:
    """The map or mask of a line: named by image and row, or by the image; None if none is given."""
    if not arrays:
        return None
    stem = Path(line.image).stem
    for name in (f"{stem}_{line.row}", stem):
        if name in arrays:
            return arrays[name]
    raise MissingArtefact(f"{line.image}: has no {what}; name one {stem} or {stem}_{line.row}")
