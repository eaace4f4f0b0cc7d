"""Per-question values of several trainings as arrays, with the questions in the same order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Shaped

from vqax.errors import BadData, UsageError

KEYS = ["question_id", "image_id"]


@dataclass(frozen=True)
class Trainings:
    """k columns of s trainings of one configuration on n questions; NaN where there is no value.

    ``names`` are those of the trainings, ``images`` says which image each question is about.
    """

    names: tuple[str, ...]
    columns: Float[np.ndarray, "k s n"]
    questions: Shaped[np.ndarray, "n"]
    images: Shaped[np.ndarray, "n"]

    @property
    def complete(self) -> Bool[np.ndarray, "n"]:
        """The questions for which every training has a value in every column."""
        return ~np.isnan(self.columns).any(axis=(0, 1))

    def on(self, kept: Bool[np.ndarray, "n"]) -> "Trainings":
        return replace(
            self,
            columns=self.columns[:, :, kept],
            questions=self.questions[kept],
            images=self.images[kept],
        )


def by_seed(table: pd.DataFrame, name: str) -> dict[str, pd.DataFrame]:
    """The rows of each training of ``table``, told apart by its column `seed`.

    Raises:
        BadData: there is no such column, or no row.
    """
    if "seed" not in table or table.empty or table["seed"].isna().any():
        lack = "no row" if "seed" in table and table.empty else "no seed in its column seed"
        raise BadData(f"{name}: has {lack}; give a row per question and seed")
    return {f"{name}, seed {seed}": part for seed, part in table.groupby("seed", sort=False)}


def aligned(
    sides: Sequence[Mapping[str, pd.DataFrame]], columns: Sequence[str] = ("value",)
) -> list[Trainings]:
    """The configurations ``sides`` on the same questions, in the order of the first training.

    A side maps the name of a training, for messages, to its rows: question_id, image_id and
    ``columns``.

    Raises:
        BadData: a column is missing, no number or infinite, a question occurs twice, or two
            trainings differ in their questions or in the image of one.
        UsageError: a side has no training.
    """
    if not all(sides):
        raise UsageError("trainings: none is given for one of the methods; give at least one each")
    tables = [{name: _checked(t, name, columns) for name, t in side.items()} for side in sides]
    first, reference = next(iter(tables[0].items()))
    for name, table in (item for side in tables for item in side.items()):
        _same_questions(table, reference, name, first)
    ids, images = reference.index.to_numpy(), reference["image_id"].to_numpy()
    return [
        Trainings(
            tuple(side),
            np.stack([_values(t, ids, columns) for t in side.values()], axis=1),
            ids,
            images,
        )
        for side in tables
    ]


def _values(table: pd.DataFrame, ids: np.ndarray, columns: Sequence[str]) -> np.ndarray:
    """Columns by questions."""
    return table.loc[ids, list(columns)].to_numpy(dtype=np.float64, na_value=np.nan).T


def _checked(table: pd.DataFrame, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """One training by question id."""
    missing = [column for column in (*KEYS, *columns) if column not in table]
    if missing:
        raise BadData(
            f"{name}: has no column {missing[0]}, only {', '.join(map(str, table.columns))}; "
            "name one of these as the metric, or add the column"
        )
    if table.empty or table[KEYS].isna().any(axis=None):
        lack = "has no rows" if table.empty else "has a row without question_id or image_id"
        raise BadData(f"{name}: {lack}; give a row per question with both")
    twice = table["question_id"].duplicated()
    if twice.any():
        raise BadData(
            f"{name}: question_id {table['question_id'][twice].iloc[0]} occurs twice; "
            "give one row per question and training"
        )
    for column in columns:
        _check_numbers(table, name, column)
    return table.set_index("question_id")


def _check_numbers(table: pd.DataFrame, name: str, column: str) -> None:
    kind = pd.api.types
    if not (kind.is_numeric_dtype(table[column]) or kind.is_bool_dtype(table[column])):
        raise BadData(
            f"{name}: column {column} holds {table[column].iloc[0]!r}, which is no number; "
            "give numbers, and leave the field empty where there is no value"
        )
    infinite = np.isinf(table[column].to_numpy(dtype=np.float64, na_value=np.nan))
    if infinite.any():
        raise BadData(
            f"{name}: column {column} is infinite for question_id "
            f"{table['question_id'][infinite].iloc[0]}; give a finite number, or none"
        )


def _same_questions(table: pd.DataFrame, reference: pd.DataFrame, name: str, first: str) -> None:
    for lacking, other, source, against in (
        (table, reference, name, first),
        (reference, table, first, name),
    ):
        absent = other.index.difference(lacking.index, sort=False)
        if len(absent):
            raise BadData(
                f"{source}: lacks {len(absent)} of the {len(other)} questions of {against}, the "
                f"first is question_id {absent[0]}; score all trainings on the same questions"
            )
    images = table["image_id"].reindex(reference.index)
    differ = images.to_numpy() != reference["image_id"].to_numpy()
    if differ.any():
        raise BadData(
            f"{name}: question_id {reference.index[differ][0]} is about image "
            f"{images[differ].iloc[0]}, in {first} about {reference['image_id'][differ].iloc[0]}; "
            "score all trainings on the same data set"
        )
