import torch

from vqax.learning.step import seed_dropout


def test_dropout_is_seeded_as_by_torch_itself():
    with torch.random.fork_rng([]):
        torch.manual_seed(2**40 + 3)
        expected = torch.rand(4)
        seed_dropout(2**40 + 3, torch.device("cpu"))
        assert torch.equal(torch.rand(4), expected)
