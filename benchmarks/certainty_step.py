"""What the certainty gradient costs: a training step of MCB with each objective, against plain MCB.

Sizes of params.yaml: batch 64, 14 x 14 cells, 112 channels, question 512, attention sketch 512,
T = 25, 120 answers. The objectives take turns, so that a busy machine slows all of them alike.
"""

import statistics
import time

import torch

from vqax.learning.batches import Batch
from vqax.learning.certainty import CertaintySettings
from vqax.learning.objective import Objective, answer_objective, uncertainty_objective
from vqax.models import MODELS

ROUNDS = 30
SIZES = {"words": 200, "answers": 120, "visual_dim": 112, "word_dim": 50, "hidden": 512}
SKETCHES = {"attention_sketch": 512, "attention_hidden": 128, "sketch": 1024, "glimpses": 1}


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
        self.optimiser = torch.optim.AdamW(self.model.parameters(), 1e-3)

    def __call__(self, examples: Batch, generator: torch.Generator) -> float:
        start = time.process_time()
        self.optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            step = self.objective(self.model, examples, generator)
        step.loss.backward()
        self.optimiser.step()
        return time.process_time() - start


def trainers(precision: str) -> dict[str, Trainer]:
    aleatoric = uncertainty_objective(source="aleatoric", certainty=CertaintySettings())
    predictive = uncertainty_objective(source="predictive", certainty=CertaintySettings())
    without = uncertainty_objective(source="predictive")
    return {
        "baseline": Trainer(answer_objective(), precision, "none"),
        "PUL, no certainty gradient": Trainer(without, precision, "scalar"),
        "A-GCA": Trainer(aleatoric, precision, "scalar"),
        "P-GCA": Trainer(predictive, precision, "scalar"),
    }


def main() -> None:
    torch.manual_seed(0)
    examples, generator = batch(), torch.Generator().manual_seed(0)
    for precision in ("fp32", "bf16"):
        every = trainers(precision)
        rows = [
            {name: step(examples, generator) for name, step in every.items()}
            for _ in range(ROUNDS + 3)
        ][3:]
        for name in every:
            ratio = statistics.median(row[name] / row["baseline"] for row in rows)
            milliseconds = 1e3 * statistics.median(row[name] for row in rows)
            print(f"{precision}  {name:28s} {milliseconds:7.1f} ms  {ratio:.2f} x baseline")


if __name__ == "__main__":
    main()
