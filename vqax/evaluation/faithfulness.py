"""Do maps show what moves the answer? All measures of several maps at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.evaluation.curves import AT_ONCE, STEPS, area, deletion, insertion
from vqax.evaluation.infidelity import infidelity
from vqax.evaluation.inputs import as_array, score_of, units_of, values_at
from vqax.evaluation.max_sensitivity import Explain, max_sensitivity
from vqax.evaluation.measures import OF_SCORES, chosen_measures
from vqax.evaluation.result import RANDOM, Faithfulness, tabulated
from vqax.evaluation.sensitivity_n import sensitivity_n
from vqax.evaluation.subsets import Subsets, attributed, effects
from vqax.evaluation.units import Score, Units
from vqax.metrics.localisation import pointing_game, relevance_mass
from vqax.metrics.resize import resize_area

Maps = Mapping[str, Any]
DRAWS = 4
"""Random maps that stand beside the methods: their mean is what knowing nothing scores."""


def faithfulness(
    model: nn.Module | Callable[[Any], Any],
    inputs: Any,
    maps: Any,
    *,
    answer: Any = None,
    tokens: Any = None,
    unit: str = "patches",
    grid: tuple[int, int] = (14, 14),
    baseline: str | None = None,
    measures: Sequence[str] = (),
    masks: Any = None,
    explain: Mapping[str, Explain] | None = None,
    images: Sequence[Any] | None = None,
    steps: int = STEPS,
    subsets: Subsets | None = None,
    seed: int = 0,
    at_once: int = AT_ONCE,
) -> Faithfulness:
    """Measure maps of b questions, or images, by what the model does without what they point at.

    ``model`` is a function of inputs (n,...) that returns a score each, or scores (n,a) of which
    ``answer`` (b,) is explained; or, with ``tokens`` (b,t) and ``answer``, a module that returns
    ``Forward``. ``inputs`` are images (b,c,y,x), or cells and regions (b,l,d); for ``unit="words"``
    what the model looks at while the words of ``tokens`` are hidden. ``maps`` are (b,h,w) or (b,u)
    of one method, or a mapping of methods to them; images' maps are brought to the units by area
    means. ``unit``: patches (of ``grid``), pixels, cells or words. ``baseline``: mean, blur, zero.

    ``measures`` are names of ``MEASURES``, by default all that can be had: those of masks (b,y,x)
    with ``masks``, max-sensitivity for the methods in ``explain``. ``images`` names the image of
    each question: intervals draw whole images. The row ``random`` is of random maps. Inputs are
    perturbed ``at_once`` at a time; nothing else of that size is kept.

    Raises:
        UsageError: an unknown unit, baseline or measure; tokens or answer are wanting; maps of
            another number of questions or units.
        BadData: a map has a NaN, or the function returns another shape.
    """
    given = torch.as_tensor(inputs)
    by_method = maps if isinstance(maps, Mapping) else {"map": maps}
    chosen = chosen_measures(measures, masks=masks is not None, explain=bool(explain))
    found: dict[str, dict[str, np.ndarray]] = {}
    if set(chosen) & set(OF_SCORES):
        score = score_of(model, inputs, answer, tokens, unit)
        hidden = units_of(given, tokens, unit, grid, baseline)
        rows = {name: values_at(hidden, values, unit, grid) for name, values in by_method.items()}
        drawn = subsets or Subsets(seed=seed)
        found = _of_scores(score, hidden, rows, chosen, steps, drawn, seed, at_once)
    for name, method in (explain or {}).items():
        if "max_sensitivity" in chosen:
            values = max_sensitivity(method, given.float(), seed=seed)
            found.setdefault(name, {})["max_sensitivity"] = values.cpu().numpy()
    if masks is not None:
        where = np.asarray(masks).astype(bool)
        for name, values in by_method.items():
            found.setdefault(name, {}).update(_located(values, where, chosen))
    return tabulated(found, len(given), images, seed=seed)


def _of_scores(
    score: Score,
    hidden: Units,
    rows: Mapping[str, Float[Tensor, "b u"]],
    chosen: Sequence[str],
    steps: int,
    subsets: Subsets,
    seed: int,
    at_once: int,
) -> dict[str, dict[str, np.ndarray]]:
    """The measures that hide units, of every method and of random maps."""
    wanted = [name for name in OF_SCORES if name in chosen]
    random = {f"{RANDOM} {draw}": _random(hidden, seed + draw) for draw in range(DRAWS)}
    every = {**rows, **random}
    curve = {"steps": min(steps, hidden.present.shape[1]), "seed": seed, "at_once": at_once}
    found: dict[str, dict[str, Tensor]] = {name: {} for name in every}
    for measure, compute in (("deletion", deletion), ("insertion", insertion)):
        if measure in wanted:
            for name, maps in every.items():
                found[name][measure] = area(compute(score, hidden, maps, **curve))
    of_subsets = {"sensitivity_n": sensitivity_n, "infidelity": infidelity}
    if of_subsets.keys() & set(wanted):
        moved = effects(score, hidden, subsets, at_once=at_once)
        told = attributed(hidden, torch.stack(list(every.values())), subsets)
        for name, sums in zip(every, told, strict=True):
            found[name] |= {m: f(sums, moved) for m, f in of_subsets.items() if m in wanted}
    arrays = {
        name: {measure: values.double().cpu().numpy() for measure, values in measures.items()}
        for name, measures in found.items()
    }
    drawn = [arrays.pop(name) for name in random]
    arrays[RANDOM] = {m: np.mean([one[m] for one in drawn], axis=0) for m in wanted}
    return arrays


def _random(hidden: Units, seed: int) -> Float[Tensor, "b u"]:
    source = torch.Generator().manual_seed(seed)
    return torch.rand(hidden.present.shape, generator=source).to(hidden.present.device)


def _located(
    values: Any, masks: np.ndarray, chosen: Sequence[str]
) -> dict[str, Float[np.ndarray, "b"]]:
    """The measures of masks, at the size of the masks."""
    maps = as_array(values)
    if maps.ndim != 3 or masks.ndim != 3 or len(maps) != len(masks):
        raise UsageError(
            f"maps of shape {maps.shape} and masks of shape {masks.shape}: give (b,h,w) and (b,y,x)"
        )
    fitted = resize_area(maps, (masks.shape[1], masks.shape[2]))
    compute = {"pointing_game": pointing_game, "relevance_mass": relevance_mass}
    return {name: compute[name](fitted, masks) for name in compute if name in chosen}
