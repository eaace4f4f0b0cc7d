"""What the certainty gradient costs: a training step of MCB with each objective, against plain MCB.

Sizes of params.yaml but for the question (512): batch 64, 14 x 14 cells, 112 channels, attention
sketch 512, 120 answers, T = 25. Processor seconds of one thread. The objectives take turns and
every ratio is the median of those within a turn, so that other work on the machine slows both
sides of it alike; beside it stands the ratio of the fastest steps.
"""

import statistics
import time

import torch

from vqax.learning.batches import Batch
from vqax.learning.certainty import CertaintySettings
from vqax.learning.objective import Objective, answer_objective, uncertainty_objective
from vqax.learning.optimiser import build_optimiser
from vqax.learning.processes import keep_freed_memory
from vqax.models import MODELS
from vqax.settings import OptimiserSettings

ROUNDS, WARM_UP = 40, 4
SAMPLES = 25
SIZES = {"words": 200, "answers": 120, "visual_dim": 112, "word_dim": 50, "hidden": 512}
SKETCHES = {"attention_sketch": 512, "attention_hidden": 128, "sketch": 1024, "glimpses": 1}
ASKED = (("P-GCA", "plain", 1.2), ("P-GCA", "P-GCA, T = 1", 1.3))


def batch(size: int = 64, cells: int = 196) -> Batch:
    ids = torch.arange(size)
    visual = torch.randn(size, cells, SIZES["visual_dim"]).relu()
    tokens = torch.randint(2, SIZES["words"], (size, 14))
    return Batch(ids, ids, visual, tokens, torch.rand(size, SIZES["answers"]).softmax(-1))


class Trainer:
    """One model and its optimiser; calling it trains one step and returns the seconds."""

    def __init__(self, objective: Objective, precision: str, variance: str) -> None:
        self.objective, self.bf16 = objective, precision == "bf16"
        self.model = MODELS["mcb"](**SIZES, **SKETCHES, variance=variance)
        self.optimiser = build_optimiser(
            OptimiserSettings("adamw", 1e-3), list(self.model.parameters())
        )

    def __call__(self, examples: Batch, generator: torch.Generator) -> float:
        start = time.process_time()
        self.optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            step = self.objective(self.model, examples, generator)
        step.loss.backward()
        self.optimiser.step()
        return time.process_time() - start


def trainers(precision: str) -> dict[str, Trainer]:
    mask = CertaintySettings()
    objectives = {
        "PUL, no certainty gradient": uncertainty_objective(source="predictive", samples=SAMPLES),
        "A-GCA": uncertainty_objective(source="aleatoric", samples=SAMPLES, certainty=mask),
        "P-GCA": uncertainty_objective(source="predictive", samples=SAMPLES, certainty=mask),
        "P-GCA, T = 1": uncertainty_objective(source="predictive", samples=1, certainty=mask),
    }
    plain = {"plain": Trainer(answer_objective(), precision, "none")}
    return plain | {name: Trainer(one, precision, "scalar") for name, one in objectives.items()}


def turns(every: dict[str, Trainer]) -> list[dict[str, float]]:
    """Seconds of every trainer in each turn; who begins changes from turn to turn."""
    examples, generator, names = batch(), torch.Generator().manual_seed(0), list(every)
    rows = []
    for turn in range(WARM_UP + ROUNDS):
        first = turn % len(names)
        order = names[first:] + names[:first]
        rows.append({name: every[name](examples, generator) for name in order})
    return rows[WARM_UP:]


def ratios(rows: list[dict[str, float]], name: str, peer: str) -> tuple[float, float]:
    """Median of the ratios within a turn, and the ratio of the fastest steps."""
    fastest = [min(row[one] for row in rows) for one in (name, peer)]
    return statistics.median(row[name] / row[peer] for row in rows), fastest[0] / fastest[1]


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    keep_freed_memory()  # as a training does
    for precision in ("fp32", "bf16"):
        every = trainers(precision)
        rows = turns(every)
        for name in every:
            milliseconds = 1e3 * statistics.median(row[name] for row in rows)
            middle, fastest = ratios(rows, name, "plain")
            print(
                f"{precision}  {name:28s} {milliseconds:6.1f} ms  "
                f"{middle:.2f} x plain (fastest {fastest:.2f})"
            )
        for name, peer, limit in ASKED:
            middle, fastest = ratios(rows, name, peer)
            print(
                f"{precision}  {name} with T = {SAMPLES} takes {middle:.2f} x {peer} "
                f"(fastest {fastest:.2f}), asked for at most {limit}"
            )


if __name__ == "__main__":
    main()
