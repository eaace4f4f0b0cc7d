"""Two methods from the per-question values of their trainings: estimate, interval, verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from vqax.errors import BadData, UsageError
from vqax.stats.difference import MethodDifference, method_difference
from vqax.stats.image_variance import Side, Statistic, mean_side, statistic_sides
from vqax.stats.seed_variance import pooled_seed_variance
from vqax.stats.trainings import Trainings, aligned, by_seed
from vqax.stats.words import Hypothesis, Word, sentence, word

OneTrainingEach = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class MethodComparison(MethodDifference):
    """A difference with its ``word`` (None without enough trainings) and ``sentence``.

    ``questions`` counts those that every training has a value for, ``left_out`` the others.
    """

    word: Word | None = None
    sentence: str = ""
    questions: int = 0
    left_out: int = 0


@dataclass(frozen=True)
class Measure:
    """The mean of a column or, with a ``statistic``, statistic(*columns) of each training.

    ``samples`` resamples of the images, drawn with ``seed``, show how far a statistic varies over
    images; 200 are enough for a variance (Efron and Tibshirani 1993, section 6.4), and a mean
    needs none.
    """

    columns: Sequence[str] = ("value",)
    statistic: Statistic | None = None
    samples: int = 200
    seed: int = 0


MEAN = Measure()


def compare_methods(
    a: pd.DataFrame,
    b: pd.DataFrame,
    *,
    family: Sequence[pd.DataFrame] = (),
    measure: Measure = MEAN,
    hypothesis: Hypothesis | None = None,
    trained_b: bool = True,
    level: float = 0.95,
) -> MethodComparison:
    """A minus B from a row per question and seed: question_id, image_id, seed, value.

    ``family`` holds such tables of further configurations of the same kind of model on the same
    questions; they only tell how far trainings differ. A question without a value (NaN) in a
    training of A or B is left out of all. The ``hypothesis`` is "A is better than B" by default.
    If B is not trained (a prior of the answers, another person), its table has one seed.

    Raises:
        BadData: as ``aligned``; fewer than two images have values; a statistic has none.
    """
    others = [by_seed(table, f"family {i}") for i, table in enumerate(family, start=1)]
    return compare_trainings(
        by_seed(a, "a"),
        by_seed(b, "b"),
        family=others,
        measure=measure,
        hypothesis=hypothesis or Hypothesis(),
        trained_b=trained_b,
        level=level,
    )


def compare_trainings(
    a: OneTrainingEach,
    b: OneTrainingEach,
    *,
    family: Sequence[OneTrainingEach] = (),
    measure: Measure = MEAN,
    hypothesis: Hypothesis,
    trained_b: bool = True,
    level: float = 0.95,
) -> MethodComparison:
    """As ``compare_methods``, from a table per training by the name that messages give it."""
    if not trained_b and len(b) > 1:
        raise UsageError(
            f"{next(iter(b))}: is one of {len(b)} tables of a method that is not trained; give one"
        )
    every = aligned([a, b, *family], measure.columns)
    kept = every[0].complete & every[1].complete
    sides = [trainings.on(kept) for trainings in every]
    images = len(np.unique(sides[0].images))
    if images < 2:
        raise BadData(
            f"{next(iter(a))}: {int(kept.sum())} of {len(kept)} questions have a value in every "
            f"training, about {images} image(s); give values for questions about more images"
        )
    values = [_values(side, measure) for side in sides]
    difference = method_difference(
        *_sides(sides[0], sides[1], measure),
        pooled_seed_variance(values),
        images=images,
        trained_b=trained_b,
        null=hypothesis.null,
        level=level,
    )
    return MethodComparison(
        **asdict(difference),
        word=word(difference, hypothesis),
        sentence=sentence(difference, hypothesis),
        questions=int(kept.sum()),
        left_out=int((~kept).sum()),
    )


def _sides(a: Trainings, b: Trainings, measure: Measure) -> tuple[Side, Side]:
    if measure.statistic is None:
        return mean_side(a.columns[0], a.images), mean_side(b.columns[0], b.images)
    first, second = statistic_sides(
        measure.statistic,
        a.columns,
        b.columns,
        images=a.images,
        samples=measure.samples,
        seed=measure.seed,
    )
    return first, second


def _values(trainings: Trainings, measure: Measure) -> Float[np.ndarray, "s"]:
    """The metric of each training, over the questions that it has a value for."""
    statistic = measure.statistic or (lambda column: float(column.mean()))
    values = []
    for name, columns in zip(trainings.names, trainings.columns.swapaxes(0, 1), strict=True):
        valid = ~np.isnan(columns).any(axis=0)
        values.append(statistic(*columns[:, valid]) if valid.any() else np.nan)
        if np.isnan(values[-1]):
            raise BadData(
                f"{name}: the metric has no value on the {len(valid)} questions compared "
                f"({int(valid.sum())} with numbers); leave this training out or give more questions"
            )
    return np.array(values, dtype=np.float64)
