import pytest
import torch

from tests.models.small import build, inputs
from vqax.errors import UsageError
from vqax.learning.batches import Batch
from vqax.learning.sampling import MC_SCOPES, one_pass, sample_noise


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_noise_of_a_question_does_not_depend_on_the_batch():
    ids, like = torch.tensor([5, 262148000, 9]), torch.zeros(3, 4)
    together = sample_noise(generator(), ids, 6, like)
    assert together.shape == (6, 3, 4)
    for k in range(3):
        alone = sample_noise(generator(), ids[k : k + 1], 6, like[:1])
        assert torch.equal(alone[:, 0], together[:, k])


def test_noise_is_standard_normal_and_new_for_every_question_and_step():
    source, ids, like = generator(), torch.arange(100), torch.zeros(100, 50)
    first, second = (sample_noise(source, ids, 20, like) for _ in range(2))
    assert first.mean().abs() < 5 / first.numel() ** 0.5
    assert abs(first.std() - 1) < 0.01
    rows = torch.cat([first.transpose(0, 1).flatten(1), second.transpose(0, 1).flatten(1)])
    correlation = torch.corrcoef(rows) - torch.eye(200)
    assert correlation.abs().max() < 6 / 1000**0.5


def test_noise_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    sample_noise(generator(), torch.arange(3), 2, torch.zeros(3, 4))
    assert torch.equal(torch.get_rng_state(), state)


def test_noise_is_at_least_fp32():
    like = torch.zeros(3, 4, dtype=torch.bfloat16)
    assert sample_noise(generator(), torch.arange(3), 2, like).dtype == torch.float32


@pytest.mark.parametrize("scope", MC_SCOPES)
def test_passes_without_dropout_repeat_the_forward_pass(scope):
    model, batch = build("mcb"), a_batch()
    output = model(batch.visual, batch.tokens)
    passes = MC_SCOPES[scope](model, batch, output, 3)
    torch.testing.assert_close(passes.logits, output.logits.expand(3, -1, -1))
    torch.testing.assert_close(passes.variance, output.variance.expand(3, -1, -1))


@pytest.mark.parametrize("scope", MC_SCOPES)
def test_passes_with_dropout_differ(scope):
    model, batch = build("mcb", dropout=0.5), a_batch()
    passes = MC_SCOPES[scope](model, batch, model(batch.visual, batch.tokens), 3)
    assert passes.logits.std(0).min() > 0


def test_only_full_passes_draw_another_attention():
    model, batch = build("mcb", dropout=0.5), a_batch()
    output = model(batch.visual, batch.tokens)
    assert MC_SCOPES["head"](model, batch, output, 3).outputs == (output,)
    outputs = MC_SCOPES["full"](model, batch, output, 3).outputs
    assert len(outputs) == 4
    assert not torch.equal(outputs[1].attention, outputs[2].attention)


@pytest.mark.parametrize("run", [one_pass, *MC_SCOPES.values()])
def test_a_model_without_variance_is_named(run):
    model, batch = build("mcb", variance="none"), a_batch()
    with pytest.raises(UsageError, match="variance"):
        run(model, batch, model(batch.visual, batch.tokens), 3)


def a_batch():
    visual, tokens = inputs()
    ids = torch.arange(4)
    return Batch(ids, ids, visual, tokens, torch.rand(4, 5, generator=generator(3)))


def test_the_head_reads_what_its_matrix_products_would_make_of_it():
    model, batch = build("mcb"), a_batch()
    seen = []
    model.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].dtype))
    output = model(batch.visual, batch.tokens)
    MC_SCOPES["head"](model, batch, output, 3)
    with torch.autocast("cpu", torch.bfloat16):
        MC_SCOPES["head"](model, batch, output, 3)
    assert seen[1:] == [torch.float32, torch.bfloat16]
