"""AttReg and what it is compared with, in the loop: fine-tuned, stopped and resumed."""

import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.learning import tiny
from tests.learning.hinted import hinted
from tests.learning.test_comparators import COMPARATORS
from tests.models.small import build
from vqax.errors import Resumable
from vqax.learning import OBJECTIVES
from vqax.learning.loop import train
from vqax.settings import OptimiserSettings, TrainSettings

OPTIONS = {**COMPARATORS, "attreg": {"keep_top": 2, "mask": "random"}}
each = pytest.mark.parametrize("name", OPTIONS)


class Questions:
    """Twelve questions; batches of 5 leave one of two."""

    def __init__(self):
        self.all = hinted(12, dtype=torch.float32)

    def __len__(self):
        return 12

    def batch(self, rows: np.ndarray):
        return self.all.each(lambda part: part[torch.from_numpy(rows)])


def run(folder: Path, objective, *, seed=0, lr=0.01, **options):
    model = build("updn", variance="none", dropout=0.3, attention_dropout=0.2, seed=seed)
    settings = TrainSettings(2, 5, 3, OptimiserSettings("adamax", lr), clip=0.25)
    history = train(model, objective, Questions(), None, settings, checkpoint_dir=folder, **options)
    return dict(model.state_dict()), history


def same(one, other) -> bool:
    return all(torch.equal(value, other[key]) for key, value in one.items())


@each
def test_resumed_after_every_step_is_bit_equal(tmp_path: Path, name: str) -> None:
    objective = OBJECTIVES[name](**OPTIONS[name])
    whole, history = run(tmp_path / "whole", objective)
    assert not same(whole, run(tmp_path / "still", objective, lr=1e-30)[0])
    stops = 0
    while True:
        stopping = tiny.killing(objective, 0, signal.SIGTERM)
        try:
            found, retain_graph = run(tmp_path / "stopped", stopping, seed=stops, resume=True)
            break
        except Resumable:
            stops += 1
    assert stops == 5  # not asked after the last step
    assert same(whole, found)
    assert retain_graph == history


def test_training_goes_on_from_the_weights_it_is_given(tmp_path: Path) -> None:
    """Without memory of an earlier optimiser: two trainings of one epoch are not one of two."""
    objective = OBJECTIVES["attreg"](keep_top=2)
    model = build("updn", variance="none")
    given = {key: value.clone() for key, value in model.state_dict().items()}
    settings = TrainSettings(1, 12, 3, OptimiserSettings("sgd", 1e-30))
    train(model, objective, Questions(), None, settings, checkpoint_dir=tmp_path / "a")
    assert same(given, dict(model.state_dict()))
    moving = TrainSettings(1, 12, 3, OptimiserSettings("adamax", 0.01))
    steps = []
    for folder in ("b", "c"):
        before = model.head.answer.bias.detach().clone()
        train(model, objective, Questions(), None, moving, checkpoint_dir=tmp_path / folder)
        steps.append((model.head.answer.bias - before).abs())
    # the first step of a fresh Adamax is the learning rate, whatever the gradient
    for step in steps:
        torch.testing.assert_close(step, torch.full_like(step, 0.01), atol=1e-5, rtol=1e-3)


def test_history_has_what_figure_5b_shows(tmp_path: Path) -> None:
    objective = OBJECTIVES["attreg"](keep_top=2, weight=0.0)
    _, history = run(tmp_path, objective)
    for metric in ("ignored_key_objects", "key_objects", "curated_share", "answer_loss"):
        assert set(history.curve("train", metric)) == {1, 2}
    assert (
        history.curve("train", "key_objects")[1] > history.curve("train", "ignored_key_objects")[1]
    )
