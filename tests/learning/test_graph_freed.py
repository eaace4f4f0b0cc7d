"""A step's graph must go with the step: a cycle would hold its activations until Python's
garbage collector comes by, which counts objects, not megabytes."""

import gc
import weakref

import pytest
import torch

from tests.models.small import build, inputs
from vqax.learning.batches import Batch
from vqax.learning.certainty import CertaintySettings
from vqax.learning.objective import uncertainty_objective
from vqax.learning.sampling import MC_SCOPES


@pytest.mark.parametrize("inject", ["attended", "attention"])
@pytest.mark.parametrize("eta", [1.0, 0.1])
@pytest.mark.parametrize("scope", MC_SCOPES)
def test_the_attended_map_is_freed_without_the_garbage_collector(inject, eta, scope):
    model, seen = build("mcb"), []
    visual, tokens = inputs()
    ids = torch.arange(len(visual))
    targets = torch.rand(len(visual), 5)
    model.register_forward_hook(
        lambda _, __, output: seen.append(weakref.ref(getattr(output, inject)))
    )
    objective = uncertainty_objective(
        source="predictive",
        samples=2,
        eta=eta,
        mc_scope=scope,
        certainty=CertaintySettings(inject=inject),
    )
    gc.disable()
    try:
        step = objective(model, Batch(ids, ids, visual, tokens, targets), torch.Generator())
        step.loss.backward()
        del step
        assert [one() for one in seen] == [None] * len(seen)
    finally:
        gc.enable()
