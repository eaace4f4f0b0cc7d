"""A trained run and the test questions it is asked, loaded for every stage that looks into it."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import torch
from torch import nn

from project.dataset import Prepared, load_prepared
from project.device import checked
from project.feature_files import open_feature_file
from project.models import trained
from project.plan import RunPlan
from project.questions import questions_of
from vqax.data import Example
from vqax.errors import BadData
from vqax.learning.batches import Batch, VqaDataset, batches
from vqax.learning.sampler import Sampler
from vqax.vision import FeatureFile


class Trained(NamedTuple):
    """``examples`` and ``questions`` are the same test questions, in the same order."""

    plan: RunPlan
    model: nn.Module
    prepared: Prepared
    feature_file: FeatureFile
    questions: VqaDataset
    examples: list[Example]
    place: torch.device

    @property
    def name(self) -> str:
        return self.plan.name

    def batches(self, size: int) -> Iterator[tuple[int, Batch]]:
        """The questions in order, each batch with the row it starts at."""
        sampler = Sampler(len(self.questions), size, shuffle=False)
        for number, batch in enumerate(batches(self.questions, sampler, workers=1)):
            yield number * size, batch.to(self.place)

    def restricted_to(self, examples: list[Example]) -> "Trained":
        """The same trained run, asked other questions about images that have features."""
        questions = VqaDataset(
            examples,
            self.feature_file,
            self.prepared.questions,
            self.prepared.answers,
            self.questions.tokens.shape[1],
            boxes=getattr(self.model, "reads_boxes", False),
        )
        return self._replace(questions=questions, examples=examples)


def load_trained(
    plan: RunPlan,
    *,
    device: str = "cpu",
    among: frozenset[int] | None = None,
    part: Literal["test", "validation"] = "test",
) -> Trained:
    """The model of a run in evaluation mode; ``among`` keeps only these question ids.

    ``part`` validation asks the questions held out of train, on which its epoch was chosen.

    Raises:
        BadData: no test question (of these) has features, or the weights are of another run.
        MissingArtefact: an earlier stage was not run.
    """
    prepared, feature_file = load_prepared(plan.data), open_feature_file(plan.features)
    place = torch.device(checked(device))
    model = trained(plan, prepared, feature_file).to(place).eval()
    examples = prepared.test if part == "test" else prepared.validation
    asked = [e for e in examples if among is None or e.question_id in among]
    questions = questions_of(plan, asked, prepared, feature_file)
    if len(questions) == 0:
        raise BadData(
            f"{feature_file.path}: no image of the {len(asked)} {part} questions has features; "
            f"run `vqax repro features@{plan.features.name}`",
            output=feature_file.path,
        )
    kept = set(questions.question_ids.tolist())
    examples = [example for example in asked if example.question_id in kept]
    return Trained(plan, model, prepared, feature_file, questions, examples, place)
