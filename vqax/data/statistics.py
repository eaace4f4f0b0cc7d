"""What a data set is like in numbers: sizes, agreement of people, strength of the priors.

Needs only the official files, so it describes real VQA folders as well as generated ones.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float32
from PIL import Image
from scipy.stats import rankdata

from vqax.data.folder import Version, VqaFolder
from vqax.data.hat import human_map_paths, read_human_map
from vqax.data.records import ANSWERS, Example
from vqax.data.vqa_cp import open_folder
from vqax.text.answers import normalise_answer, soft_scores

SPLITS = ("train2014", "val2014")
GRID = (14, 14)
ALL = "all"


class Row(NamedTuple):
    """One number; ``n`` is over how many questions (for counts: what is counted)."""

    metric: str
    split: str
    group: str
    value: float
    n: int


def statistics(
    root: Path,
    splits: Sequence[str] = SPLITS,
    images: Path | None = None,
    version: Version | None = None,
    *,
    answers: int | None = ANSWERS,
) -> pd.DataFrame:
    """A table with the columns metric, split, group, value, n.

    ``images`` and ``version`` as of ``open_folder``. Each question has ``answers`` answers; None:
    one or more.

    Metrics: ``images``, ``questions``, ``distinct_questions``, ``distinct_answers`` (most common
    ones), ``answer_share`` by answer type; ``human_accuracy`` of one annotator against the other
    nine; ``agreement``, the share of the ten that gave the most common answer, and ``unanimous``;
    ``human_rank_correlation`` between human maps at 14x14; and on every split but the
    first the official accuracy of always giving the first split's most common answer to questions
    of that type (``prior_question_type``) or with those very words (``prior_question``).

    Raises:
        MissingArtefact: a split is not there.
        BadData: a file is cut or inconsistent.
    """
    folders = {split: open_folder(root, split, images, version) for split in splits}
    examples = {split: folder.read(answers=answers).examples for split, folder in folders.items()}
    rows: list[Row] = []
    for split in splits:
        rows += _sizes(split, examples[split])
        rows += _by_answer_type("human_accuracy", split, examples[split], human_accuracy)
        rows += _by_answer_type("agreement", split, examples[split], agreement)
        rows += _by_answer_type("unanimous", split, examples[split], unanimous)
        rows += _rank_correlation(folders[split], examples[split])
    for split in splits[1:]:
        for metric, key in (("prior_question_type", _type), ("prior_question", _text)):
            score = _prior(examples[splits[0]], key)
            rows += _by_answer_type(metric, split, examples[split], score)
    return pd.DataFrame(rows, columns=Row._fields)


def human_accuracy(example: Example) -> float:
    """Mean over annotators of min(1, how many of the others agree / 3).

    Of fewer than three others: / how many there are. NaN for a single answer.
    """
    counts = Counter(map(normalise_answer, example.answers))
    others = len(example.answers) - 1
    if others == 0:
        return float("nan")
    needed = min(3, others)
    return sum(n * min(1.0, (n - 1) / needed) for n in counts.values()) / len(example.answers)


def agreement(example: Example) -> float:
    """Share of the annotators that gave the most common answer."""
    counts = Counter(map(normalise_answer, example.answers))
    return max(counts.values()) / len(example.answers)


def unanimous(example: Example) -> float:
    """1 where all annotators agree, else 0."""
    return float(len(set(map(normalise_answer, example.answers))) == 1)


def map_rank_correlation(maps: Float32[np.ndarray, "k h w"]) -> float:
    """Mean Spearman correlation over all pairs of maps, average ranks for ties."""
    ranks = rankdata(maps.reshape(len(maps), -1), axis=1)
    correlation = np.corrcoef(ranks)
    return float(np.mean([correlation[i, j] for i, j in combinations(range(len(maps)), 2)]))


def _sizes(split: str, examples: Sequence[Example]) -> list[Row]:
    counts = {
        "images": len({example.image_id for example in examples}),
        "questions": len(examples),
        "distinct_questions": len({example.question for example in examples}),
        "distinct_answers": len({_answer(example) for example in examples}),
    }
    rows = [Row(metric, split, ALL, float(count), count) for metric, count in counts.items()]
    types = Counter(example.answer_type for example in examples)
    return rows + [
        Row("answer_share", split, name, count / len(examples), count)
        for name, count in sorted(types.items())
    ]


def _by_answer_type(
    metric: str, split: str, examples: Iterable[Example], score: Callable[[Example], float]
) -> list[Row]:
    """The mean score of all questions and of each answer type."""
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for example in examples:
        value = score(example)
        groups[ALL].append(value)
        groups[example.answer_type].append(value)
    return [
        Row(metric, split, name, float(np.mean(groups[name])), len(groups[name]))
        for name in sorted(groups)
    ]


def _prior(train: Iterable[Example], key: Callable[[Example], str]) -> Callable[[Example], float]:
    """Scores the most common answer of the key, of the type where the key is new."""
    common = _most_common(train, key)
    fallback = _most_common(train, _type)

    def score(example: Example) -> float:
        guess = common.get(key(example), fallback.get(_type(example), "yes"))
        return soft_scores(example.answers).get(guess, 0.0)

    return score


def _most_common(examples: Iterable[Example], key: Callable[[Example], str]) -> dict[str, str]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for example in examples:
        counts[key(example)][_answer(example)] += 1
    return {name: counter.most_common(1)[0][0] for name, counter in counts.items()}


def _rank_correlation(folder: VqaFolder, examples: Iterable[Example]) -> list[Row]:
    asked = {example.question_id for example in examples}
    found = {key: maps for one in folder.human_maps_dirs for key, maps in
             human_map_paths(one).items()}  # fmt: skip
    several = [paths for key, paths in found.items() if key in asked and len(paths) > 1]
    values = [map_rank_correlation(np.stack([_shrunk(path) for path in p])) for p in several]
    if not values:
        return []
    return [Row("human_rank_correlation", folder.split, ALL, float(np.mean(values)), len(values))]


def _shrunk(path: Path) -> Float32[np.ndarray, "h w"]:
    """A human map averaged over the areas of the 14x14 grid."""
    image = Image.fromarray(read_human_map(path))
    return np.asarray(image.resize(GRID[::-1], Image.Resampling.BOX), dtype=np.float32)


def _type(example: Example) -> str:
    return example.question_type


def _text(example: Example) -> str:
    return example.question


def _answer(example: Example) -> str:
    return normalise_answer(example.multiple_choice_answer)
