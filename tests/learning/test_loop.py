"""What the loop optimises, measures, keeps and refuses."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.learning import tiny
from vqax.errors import BadData
from vqax.learning.batches import Batch
from vqax.learning.loop import train
from vqax.learning.objective import Step
from vqax.learning.processes import Processes
from vqax.learning.sampler import Sampler
from vqax.learning.step import soft_accuracy, validate
from vqax.settings import OptimiserSettings

CPU = torch.device("cpu")
PLAIN = {"groups": {}, "clip": None, "warmup_epochs": 0.0, "decay": "none"}


def run(folder: Path, network=None, objective=tiny.plain_objective, held_out=None, **options):
    changes = PLAIN | options.pop("changes", {})
    network = network or tiny.model(dropout=0.0)
    data = options.pop("data", tiny.TinyData(20))
    history = train(
        network,
        objective,
        data,
        held_out,
        tiny.settings(**changes),
        checkpoint_dir=folder,
        **options,
    )
    return network, history


def test_loop_is_the_literal_loop(tmp_path: Path) -> None:
    """The slow twin: SGD by hand, in the sampler's order."""
    rate, decay = 0.05, 0.02
    found, history = run(
        tmp_path,
        changes={
            "optimiser": OptimiserSettings("sgd", rate, weight_decay=decay),
            "clip": 0.4,
            "epochs": 2,
            "decay": "cosine",
        },
    )
    network, data, clipped, losses = tiny.model(dropout=0.0), tiny.TinyData(20), 0, []
    for epoch in range(2):
        for rows in Sampler(20, 8, seed=4).rows(epoch):
            loss = tiny.plain_objective(network, data.batch(rows), torch.Generator()).loss
            gradients = torch.autograd.grad(loss, list(network.parameters()))
            norm = torch.sqrt(sum((gradient**2).sum() for gradient in gradients))
            scale = min(1.0, 0.4 / float(norm))
            now = rate * (1.0 + math.cos(math.pi * len(losses) / 6)) / 2.0
            clipped += scale < 1.0
            losses.append((loss.item(), len(rows)))
            with torch.no_grad():
                for parameter, gradient in zip(network.parameters(), gradients, strict=True):
                    parameter -= now * (gradient * scale + decay * parameter)
    assert 0 < clipped < 6
    for a, b in zip(found.parameters(), network.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-5)
    first = losses[:3]
    assert history.curve("train", "loss")[1] == pytest.approx(
        sum(loss * n for loss, n in first) / 20, rel=1e-4
    )
    assert history.curve("train", "loss_max")[1] == pytest.approx(max(first)[0], rel=1e-4)
    assert history.curve("train", "loss_min")[1] == pytest.approx(min(first)[0], rel=1e-4)


def test_training_learns_and_parts_are_recorded(tmp_path: Path) -> None:
    data = tiny.TinyData(60)
    _, history = run(tmp_path, held_out=data, data=data, changes={"epochs": 15})
    accuracy = history.curve("val", "accuracy")
    assert accuracy[15] > accuracy[1] + 0.2
    assert list(history.curve("train", "variance")) == list(range(1, 16))
    assert {"gradient_norm", "variance_min", "loss_max"} <= set(history.frame()["metric"])


def test_seed_decides_noise_and_dropout(tmp_path: Path) -> None:
    def weights(name: str, seed: int) -> torch.Tensor:
        network = tiny.model()
        run(tmp_path / name, network, tiny.noisy_objective, changes={"seed": seed})
        return network.hidden.weight

    assert torch.equal(weights("a", 1), weights("b", 1))
    assert not torch.equal(weights("c", 1), weights("d", 2))


def test_dropout_and_noise_differ_from_step_to_step(tmp_path: Path) -> None:
    seen = []

    def looking(model, batch: Batch, generator: torch.Generator) -> Step:
        assert model.training
        seen.append((float(torch.rand(())), float(torch.rand((), generator=generator))))
        return tiny.plain_objective(model, batch, generator)

    run(tmp_path, objective=looking, held_out=tiny.TinyData(5))
    assert len({number for pair in seen for number in pair}) == 2 * 9


def test_the_best_epoch_is_restored(tmp_path: Path) -> None:
    """Validation answers are those of the model after epoch 2, so that epoch 2 is perfect."""
    kept = {}

    def keep(epoch: int, values: dict[str, float]) -> None:
        kept[epoch] = {k: v.clone() for k, v in network.state_dict().items()}

    network = tiny.model(dropout=0.0)
    changes = {"optimiser": OptimiserSettings("sgd", 3.0), "epochs": 5}
    run(tmp_path / "look", network, on_epoch=keep, changes=changes)
    wanted = tiny.TinyData(40, seed=6)
    network.load_state_dict(kept[2])
    rows = wanted.batch(np.arange(40))
    answers = network(rows.visual, rows.tokens).logits.argmax(1)
    wanted.targets = functional.one_hot(answers, tiny.ANSWERS).float().numpy()
    retain_graph, history = run(tmp_path / "train", held_out=wanted, changes=changes)
    assert history.best_epoch() == 2
    assert history.curve("val", "accuracy")[2] == 1.0 > history.curve("val", "accuracy")[5]
    assert all(torch.equal(v, kept[2][k]) for k, v in retain_graph.state_dict().items())
    assert not retain_graph.training


def test_patience_stops_early(tmp_path: Path) -> None:
    hopeless = tiny.TinyData(9)
    hopeless.targets[:] = 0.0
    _, history = run(tmp_path, held_out=hopeless, changes={"epochs": 30, "patience": 3})
    assert list(history.curve("val", "accuracy")) == [1, 2, 3, 4]


@pytest.mark.parametrize("held_out", [None, tiny.TinyData(0)], ids=["none", "empty"])
def test_without_validation_the_last_epoch_counts(tmp_path: Path, held_out) -> None:
    network, history = run(tmp_path, held_out=held_out, changes={"patience": 1})
    assert not network.training
    assert list(history.curve("train", "loss")) == [1, 2, 3]
    assert history.best_epoch() is None


def test_divergence_names_place_and_parameter(tmp_path: Path) -> None:
    def broken(model, batch: Batch, generator: torch.Generator) -> Step:
        calls.append(1)
        step = tiny.plain_objective(model, batch, generator)
        return step if len(calls) < 5 else Step(step.loss * float("nan"), step.parts)

    calls: list[int] = []
    network = tiny.model()
    with pytest.raises(BadData, match=r"epoch 2, step 2: .*loss nan.*optimiser\.lr \(now 0\.02\)"):
        run(tmp_path, network, broken)
    assert all(torch.isfinite(parameter).all() for parameter in network.parameters())


def test_infinite_gradient_of_a_finite_loss_is_divergence(tmp_path: Path) -> None:
    def steep(model, batch: Batch, generator: torch.Generator) -> Step:
        loss = (model.answer.bias.sum() * 0.0).abs().sqrt()
        return Step(loss, {})

    with pytest.raises(BadData, match=r"epoch 1, step 1: .*gradient_norm nan"):
        run(tmp_path, objective=steep)


def test_an_empty_train_set_is_bad_data(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="no question with features"):
        run(tmp_path, data=tiny.TinyData(0))


def test_bf16_runs_the_model_in_bfloat16(tmp_path: Path) -> None:
    seen = set()

    def looking(model, batch: Batch, generator: torch.Generator) -> Step:
        seen.add(model.hidden(torch.zeros(1, 8)).dtype)
        return tiny.plain_objective(model, batch, generator)

    network, _ = run(tmp_path, objective=looking, changes={"precision": "bf16"})
    assert seen == {torch.bfloat16}
    assert network.hidden.weight.dtype == torch.float32


def test_progress_counts_every_step(tmp_path: Path) -> None:
    calls = []
    run(tmp_path, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(done, 9) for done in range(1, 10)]


def test_soft_accuracy_is_the_score_of_the_answer_given() -> None:
    logits = torch.tensor([[0.1, 3.0, 2.0], [5.0, 0.0, 5.0], [0.0, 0.0, 1.0]])
    targets = torch.tensor([[0.0, 0.6, 1.0], [0.3, 0.0, 0.9], [0.0, 0.0, 0.0]])
    assert soft_accuracy(logits, targets).tolist() == pytest.approx([0.6, 0.3, 0.0])


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_validation_is_the_mean_over_questions(batch_size: int) -> None:
    network, data = tiny.model(), tiny.TinyData(11)
    every = data.batch(np.arange(11))
    network.eval()
    expected = soft_accuracy(network(every.visual, every.tokens).logits, every.targets).mean()
    network.train()
    found = validate(network, data, batch_size, process_group=Processes(CPU))
    assert found == pytest.approx(float(expected), abs=1e-6)
