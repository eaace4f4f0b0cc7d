"""Run by torchrun on two processes: gradients averaged over ranks equal those of one process.

Rank r takes the rows r, r + 2, …; noise is keyed by question, so it is the same either way.
"""

import sys

import torch
from torch import distributed

from tests.learning.test_objective import a_batch, generator, rows
from tests.models.small import build
from vqax.learning.certainty import CertaintySettings
from vqax.learning.objective import uncertainty_objective


def gradient(batch):
    model = build("mcb").double()
    certainty = CertaintySettings(gain=50.0)
    objective = uncertainty_objective(source="predictive", samples=4, certainty=certainty)
    objective(model, batch, generator()).loss.backward()
    return torch.cat([value.grad.flatten() for value in model.parameters()])


def main():
    distributed.init_process_group("gloo")
    batch = a_batch(8)
    mine = gradient(rows(batch, torch.arange(distributed.get_rank(), 8, 2)))
    distributed.all_reduce(mine)
    difference = (mine / 2 - gradient(batch)).abs().max().item()
    distributed.destroy_process_group()
    sys.stdout.write(f"difference {difference:.3e}\n")
    sys.exit(0 if difference < 1e-6 else 1)


if __name__ == "__main__":
    main()
