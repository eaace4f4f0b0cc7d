"""One training step of UpDn against the plain published form, at the published sizes.

36 regions of 2048 channels, hidden 1024, 3,129 answers, batch 512, 14 words of which the front is
padding as in VQA v2 (6.2 words on average), BCE, Adamax, clip .25. The plain form is the model of
Anderson et al. 2018 as it is mostly written: weights recomputed by torch.nn.utils, every layer on
its own, fp32. Processor seconds of one thread; the trainers take turns and every ratio is the
median of those within a turn. AttReg's step has two forward passes, the
second of the samples with an ignored key object, here nearly all.
"""

import statistics
import sys
import time

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils import clip_grad_norm_
from torch.nn.utils.parametrizations import weight_norm

from vqax.learning import OBJECTIVES
from vqax.learning.batches import Batch
from vqax.learning.objective import Objective, answer_objective
from vqax.learning.processes import keep_freed_memory
from vqax.models import MODELS

BATCH, REGIONS, CHANNELS, HIDDEN, ANSWERS, WORDS, TOKENS = 512, 36, 2048, 1024, 3129, 15000, 14
SIZES = {"words": WORDS, "answers": ANSWERS, "visual_dim": CHANNELS}
ASKED = {"ours, fp32": 1.0, "ours, bf16": 0.5}


def normed(width: int, out: int) -> nn.Module:
    return weight_norm(nn.Linear(width, out), dim=None)


class Plain(nn.Module):
    """The published form: attention after a ReLU layer of each, product, dropout, softmax."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 300, padding_idx=0)
        self.gru = nn.GRU(300, HIDDEN, batch_first=True)
        self.v_proj = nn.Sequential(normed(CHANNELS, HIDDEN), nn.ReLU())
        self.q_proj = nn.Sequential(normed(HIDDEN, HIDDEN), nn.ReLU())
        self.dropout = nn.Dropout(0.2)
        self.linear = normed(HIDDEN, 1)
        self.q_net = nn.Sequential(normed(HIDDEN, HIDDEN), nn.ReLU())
        self.v_net = nn.Sequential(normed(CHANNELS, HIDDEN), nn.ReLU())
        self.classifier = nn.Sequential(
            normed(HIDDEN, 2 * HIDDEN), nn.ReLU(), nn.Dropout(0.5), normed(2 * HIDDEN, ANSWERS)
        )

    def forward(self, visual: Tensor, tokens: Tensor) -> Tensor:
        question = self.gru(self.embedding(tokens))[0][:, -1]
        projected = self.q_proj(question).unsqueeze(1).repeat(1, visual.shape[1], 1)
        joint = self.dropout(self.v_proj(visual) * projected)
        attention = self.linear(joint).softmax(1)
        image = (attention * visual).sum(1)
        return self.classifier(self.q_net(question) * self.v_net(image))


class Trainer:
    """One model and its optimiser; calling it trains one step and returns the seconds."""

    def __init__(self, model: nn.Module, objective: Objective | None, *, bf16: bool) -> None:
        self.model, self.objective, self.bf16 = model, objective, bf16
        self.parameters = list(model.parameters())
        self.optimiser = torch.optim.Adamax(self.parameters, 2e-3)

    def __call__(self, batch: Batch, generator: torch.Generator) -> float:
        start = time.process_time()
        self.optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            loss = self.loss(batch, generator)
        loss.backward()
        clip_grad_norm_(self.parameters, 0.25)
        self.optimiser.step()
        return time.process_time() - start

    def loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
        if self.objective is not None:
            return self.objective(self.model, batch, generator).loss
        logits = self.model(batch.visual, batch.tokens)
        return binary_cross_entropy_with_logits(logits, batch.targets) * ANSWERS


def a_batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(2, WORDS, (BATCH, TOKENS), generator=generator)
    words = torch.randint(3, 11, (BATCH, 1), generator=generator).clamp(max=TOKENS)
    tokens[torch.arange(TOKENS) < TOKENS - words] = 0
    targets = torch.zeros(BATCH, ANSWERS)
    right = torch.randint(ANSWERS, (BATCH, 3), generator=generator)
    targets.scatter_(1, right, torch.tensor([1.0, 0.6, 0.3]).expand(BATCH, 3))
    visual = torch.rand(BATCH, REGIONS, CHANNELS, generator=generator)
    similar = torch.rand(2, BATCH, REGIONS, generator=generator)
    hints = (similar[0] < 0.1) * (0.6 + 0.4 * similar[1])  # 3.6 key objects
    ids = torch.arange(BATCH)
    return Batch(ids, ids, visual, tokens, targets, hints=hints)


def trainers() -> dict[str, Trainer]:
    torch.manual_seed(0)
    every = {
        "plain, fp32": Trainer(Plain(), None, bf16=False),
        "ours, fp32": Trainer(MODELS["updn"](**SIZES), answer_objective(loss="bce"), bf16=False),
        "ours, bf16": Trainer(MODELS["updn"](**SIZES), answer_objective(loss="bce"), bf16=True),
    }
    if "attreg" in OBJECTIVES:
        for precision in ("fp32", "bf16"):
            objective = OBJECTIVES["attreg"](loss="bce")
            model = MODELS["updn"](**SIZES)
            every[f"AttReg, {precision}"] = Trainer(model, objective, bf16=precision == "bf16")
    return every


def main(rounds: int = 6) -> None:
    torch.set_num_threads(1)
    keep_freed_memory()  # as a training does
    every, batch, generator = trainers(), a_batch(), torch.Generator().manual_seed(0)
    rows = [{name: one(batch, generator) for name, one in every.items()} for _ in range(rounds + 1)]
    rows = rows[1:]
    for name in every:
        seconds = statistics.median(row[name] for row in rows)
        ratio = statistics.median(row[name] / row["plain, fp32"] for row in rows)
        limit = f", asked for at most {ASKED[name]}" if name in ASKED else ""
        print(f"{name:14s} {seconds:6.2f} s  {ratio:.2f} x plain{limit}")
    for precision in ("fp32", "bf16"):
        if f"AttReg, {precision}" in every:
            ratio = statistics.median(
                row[f"AttReg, {precision}"] / row[f"ours, {precision}"] for row in rows
            )
            print(f"AttReg, {precision}: {ratio:.2f} x UpDn, asked for at most 2.1")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
