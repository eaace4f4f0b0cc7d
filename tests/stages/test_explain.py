"""One pass of the image encoder serves the predictions and every map of a batch."""

import shutil
from math import ceil
from pathlib import Path
from typing import Any
from weakref import WeakSet

import h5py
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from project.params import Params, load
from project.resolve import run_plan
from project.trained import Trained, load_trained
from project.workspace import Workspace
from stages import explain, train
from tests.stages import tiny
from vqax.explain import EXPLAINERS
from vqax.explain.predict import Prediction, mc_predict
from vqax.files import read_parquet
from vqax.models.forward import Forward

SHARING = [name for name, explainer in EXPLAINERS.items() if explainer.of_forward is not None]
RUNS = ["lstm_qi", "san", "mcb_p_gca"]


@pytest.fixture
def made(finished: Path, tmp_path: Path) -> tuple[Params, Workspace]:
    """Settings with every method that can share a pass, in a copy of the finished workspace."""
    folder = shutil.copytree(finished, tmp_path / "copy")
    params = load(folder / "params.yaml")
    settings = params.explain.model_copy(update={"methods": SHARING})
    return params.model_copy(update={"explain": settings}), tiny.workspace(folder)


class Graph:
    """What the graphs that are made inside the block keep for their backward passes."""

    def __init__(self) -> None:
        self.alive: WeakSet[Kept] = WeakSet()
        self.seen = 0

    def __enter__(self) -> "Graph":
        self.hooks = torch.autograd.graph.saved_tensors_hooks(self._keep, lambda kept: kept.tensor)
        self.hooks.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.hooks.__exit__(*error)

    def _keep(self, tensor: Tensor) -> "Kept":
        kept = Kept(tensor.detach())
        self.alive.add(kept)
        self.seen += 1
        return kept


class Kept:
    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


@pytest.mark.parametrize("name", RUNS)
def test_one_pass_for_each_batch_and_no_graph_outlives_it(
    made: tuple[Params, Workspace], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    alive: list[int] = []
    graph = Graph()

    def before_a_pass(module: nn.Module, given: Any) -> None:
        alive.append(len(graph.alive))

    def watched(*given: Any, **options: Any) -> Trained:
        loaded = load_trained(*given, **options)
        loaded.model.register_forward_pre_hook(before_a_pass)
        return loaded

    monkeypatch.setattr(explain, "load_trained", watched)
    with graph:
        found = explain.run(*made, name)
    batches = ceil(tiny.TEST_QUESTIONS / made[0].explain.batch_size)
    assert batches > 1
    assert alive == [0] * batches
    assert graph.seen > 0
    assert not graph.alive
    assert {"grad_cam", "region_grad_cam"} <= set(found["maps"]) <= set(SHARING)


@pytest.mark.parametrize("name", RUNS)
def test_the_numbers_are_those_of_methods_that_run_by_themselves(
    made: tuple[Params, Workspace], name: str
) -> None:
    params, where = made
    methods = explain.run(params, where, name)["maps"]
    loaded = load_trained(run_plan(params, where, name))
    size = params.explain.batch_size
    table = read_parquet(where.explanation(name) / "predictions.parquet")
    for start, batch in loaded.batches(size):
        seed = params.seed_of(name) + start
        alone = mc_predict(loaded.model, batch.visual, batch.tokens, params.explain.samples, seed)
        rows, here = table.iloc[start : start + size], slice(start, start + size)
        top = alone.forward.logits.softmax(1).topk(rows["top5_probabilities"].str.len().iloc[0])
        np.testing.assert_allclose(np.stack(rows["top5_probabilities"]), top.values, atol=1e-6)
        assert rows["epistemic"].max() > 0
        mean = alone.probabilities.double().mean(0)
        entropy = torch.special.entr(mean).sum(1)
        np.testing.assert_allclose(rows["entropy"], entropy, atol=1e-5)
        answer = alone.forward.logits.argmax(1)
        for method in methods:
            with h5py.File(where.explanation(name) / f"{method}.h5") as file:
                maps = torch.from_numpy(file["maps"][here])
            given = loaded.model, batch.visual, batch.tokens, answer, loaded.feature_file.grid
            assert torch.equal(maps, EXPLAINERS[method](*given))


def test_a_method_that_needs_passes_of_its_own_has_them(made: tuple[Params, Workspace]) -> None:
    params, where = made
    settings = params.explain.model_copy(update={"methods": ["grad_cam", "topn_grad_cam"]})
    found = explain.run(params.model_copy(update={"explain": settings}), where, "san")
    assert found["maps"] == ["grad_cam", "topn_grad_cam"]


def test_a_transformer_is_explained_by_its_layers(made: tuple[Params, Workspace]) -> None:
    """Methods that others have not the needs of make maps of a run that shows its layers."""
    params, where = made
    by_layers = [name for name, explainer in EXPLAINERS.items() if "layers" in explainer.needs]
    sizes = {"word_dim": 50, "hidden": 8, "heads": 2, "layers": 2}
    spec = params.runs["san"].model_copy(update={"model": "transformer", "sizes": sizes})
    params = params.model_copy(
        update={
            "runs": params.runs | {"san": spec},
            "explain": params.explain.model_copy(update={"methods": by_layers}),
        }
    )
    assert explain.run(params, where, "mcb")["maps"] == []
    train.run(params, where, "san")
    assert explain.run(params, where, "san")["maps"] == by_layers
    for method in by_layers:
        with h5py.File(where.explanation("san") / f"{method}.h5") as file:
            assert file["maps"][:].std(axis=(1, 2)).max() > 0, method


def test_the_answer_of_the_table_is_the_one_that_is_explained() -> None:
    """Softmax may make two logits equal; equals stand in the order of the answers."""
    close = float(np.nextafter(np.float32(30), np.float32(31)))
    logits = torch.tensor([[30.0, 0.0, close, 1.0, 1.0, 1.0, 1.0]])
    nothing = torch.zeros(1, 0)
    forward = Forward(logits, None, nothing[:, None], nothing[:, None], nothing, nothing, None)
    table = explain._rows(Prediction(logits.softmax(1)[None], None, forward), tuple("abcdefg"))
    assert table["answer"].tolist() == ["c"]
    assert table["top5_answers"].tolist() == [["c", "a", "d", "e", "f"]]
