"""Run by torchrun on two processes: gradients averaged over ranks equal those of one process.

Rank r takes the rows r, r + 2, …; noise is keyed by question, so it is the same either way. Of
the curated samples one rank has more than the other.
"""

import sys

import torch
from torch import distributed

from tests.learning.hinted import hinted
from tests.learning.test_objective import a_batch, generator, rows
from tests.models.small import build
from vqax.learning.att_align import att_align_objective
from vqax.learning.attreg import attreg_objective
from vqax.learning.certainty import CertaintySettings
from vqax.learning.css import css_objective
from vqax.learning.hint import hint_objective
from vqax.learning.objective import uncertainty_objective
from vqax.learning.scr import scr_objective
from vqax.learning.zero_out import zero_out_objective

UNCERTAINTY = uncertainty_objective(
    source="predictive", samples=4, certainty=CertaintySettings(gain=50.0)
)
CASES = [
    ("mcb", UNCERTAINTY, a_batch(8)),
    ("san", attreg_objective(keep_top=2, mask="random"), hinted(8)),
    ("san", attreg_objective(keep_top=2), hinted(8)),
    ("updn", att_align_objective(), hinted(8)),
    ("updn", hint_objective(), hinted(8)),
    ("updn", scr_objective(weight=3.0, criticism=5.0, proposals=2, answers=3), hinted(8)),
    ("updn", css_objective(questions=10), hinted(8)),
    ("updn", css_objective(questions=0, candidates=3), hinted(8)),
    ("updn", zero_out_objective(), hinted(8)),
]


def gradient(name, objective, batch):
    model = build(name).double()
    objective(model, batch, generator()).loss.backward()
    grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in model.parameters()]
    return torch.cat([value.flatten() for value in grads])


def difference(name, objective, batch):
    mine = gradient(name, objective, rows(batch, torch.arange(distributed.get_rank(), 8, 2)))
    distributed.all_reduce(mine)
    return (mine / 2 - gradient(name, objective, batch)).abs().max().item()


def main():
    distributed.init_process_group("gloo")
    largest = max(difference(*case) for case in CASES)
    distributed.destroy_process_group()
    sys.stdout.write(f"difference {largest:.3e}\n")
    sys.exit(0 if largest < 1e-6 else 1)


if __name__ == "__main__":
    main()
