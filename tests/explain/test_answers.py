"""Every explainer wants one answer of the model for every question."""

import pytest
import torch

from tests.explain.tiny import ANSWERS, GRID, IMAGE, batch, image_encoder, tiny
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS, WORD_EXPLAINERS, PixelModel

pytestmark = pytest.mark.usefixtures("without_type_checks")
FAST = {"rise": {"masks": 2}, "region_rise": {"masks": 2}, "occlusion": {"patches": (2, 2)}}


def call(name, answer):
    """The family's member or, of a name with a star, the function under it."""
    family = WORD_EXPLAINERS if name.strip("*") in WORD_EXPLAINERS else EXPLAINERS
    explain = family[name.strip("*")]
    visual, tokens, _ = batch(4)
    model = tiny()
    if "pixels" in explain.needs:
        model, visual = PixelModel(image_encoder(), model), torch.rand(4, 3, *IMAGE) * 255
    grid = () if family is WORD_EXPLAINERS else (GRID,)
    options = FAST.get(name.strip("*"), {})
    explain = explain.compute if name.endswith("*") else explain
    return explain(model, visual, tokens, answer, *grid, **options)


BOTH = [*EXPLAINERS, *WORD_EXPLAINERS]


@pytest.mark.parametrize("name", [*BOTH, *(f"{name}*" for name in BOTH if name != "attention")])
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (torch.tensor([0, 1, 2]), r"\(3,\) of torch.int64 for 4 questions"),
        (torch.tensor([[0], [1], [2], [0]]), r"\(4, 1\) of torch.int64 for 4 questions"),
        (torch.tensor([0.0, 1.0, 2.0, 0.0]), "torch.float32 for 4 questions"),
    ],
)
def test_one_answer_a_question(name, answer, message):
    with pytest.raises(UsageError, match=f"{message}; give the index of one answer"):
        call(name, answer)


@pytest.mark.parametrize("name", ["grad_cam", "occlusion", "word_gradient", "region_occlusion"])
def test_an_answer_the_model_does_not_have(name):
    with pytest.raises(UsageError, match=f"index {ANSWERS} is none of the {ANSWERS} answers"):
        call(name, torch.tensor([0, 1, ANSWERS, 0]))
