"""An explorer's content from random but plausible numbers, for tests, the benchmark and the eye."""

import numpy as np
import pandas as pd
from PIL import Image

from tests.report.sample import HOSTILE
from vqax.report.explorer import ExplorerContent, ExplorerRun

THINGS = ("dog", "cup", "kite", "bench", "owl")
TYPES = {"yes/no": "is there", "number": "how many", "other": "what color is the"}
ANSWERS = ("yes", "no", "2", "3", "red", "blue", "green")
GRID, HUMAN = (3, 5), (4, 4)


def explorer_content(
    questions: int = 30,
    runs: int = 3,
    *,
    images: int | None = None,
    size_px: tuple[int, int] = (40, 24),
    grid: tuple[int, int] = GRID,
    human: tuple[int, int] = HUMAN,
    methods: tuple[str, ...] = ("attention", "grad_cam"),
    seed: int = 4,
) -> ExplorerContent:
    """The first question is hostile text; the last has neither a human map nor one of run 0."""
    rng = np.random.default_rng(seed)
    number = images or questions // 2
    described = _questions(rng, questions, number)
    human_maps = rng.random((questions, *human), dtype=np.float32)
    human_maps[-1] = np.nan
    made = tuple(_run(rng, f"run_{i}", questions, grid, methods) for i in range(runs))
    made[0].maps[methods[0]][-1] = np.nan
    return ExplorerContent(
        title="Certainty-guided attention",
        dataset="Scenes v1 test",
        questions=described,
        runs=made,
        open_image=lambda image_id: _image(image_id, size_px),
        human_maps=human_maps,
        pair=("run_1", "run_0") if runs > 1 else None,
    )


def _questions(rng: np.random.Generator, count: int, images: int) -> pd.DataFrame:
    kinds = rng.choice(list(TYPES), count)
    things = rng.choice(THINGS, count)
    texts = [f"{TYPES[kind]} {thing}?" for kind, thing in zip(kinds, things, strict=True)]
    truths = rng.choice(ANSWERS, count)
    return pd.DataFrame(
        {
            "question_id": np.arange(count) + 100,
            "image_id": np.sort(np.arange(count) % images) + 7,
            "question": [HOSTILE, *texts[1:]],
            "question_type": [TYPES[kind] for kind in kinds],
            "answer_type": kinds,
            "truth": truths,
            "human_answers": [(truth,) * 8 + ("maybe",) * 2 for truth in truths],
        }
    )


def _run(
    rng: np.random.Generator,
    name: str,
    count: int,
    grid: tuple[int, int],
    methods: tuple[str, ...],
) -> ExplorerRun:
    aleatoric = rng.random(count) if name != "run_0" else np.full(count, np.nan)
    answers = pd.DataFrame(
        {
            "question_id": np.arange(count) + 100,
            "answer": rng.choice(ANSWERS, count),
            "probability": rng.random(count),
            "accuracy_official": rng.choice([0.0, 0.3, 1.0], count),
            "entropy": rng.random(count),
            "aleatoric": aleatoric,
            "attention_rank_correlation": rng.uniform(-1, 1, count),
        }
    )
    maps = {method: rng.normal(size=(count, *grid)).astype(np.float32) for method in methods}
    return ExplorerRun(name, name.replace("_", " ").capitalize(), answers, maps)


def _image(image_id: int, size_px: tuple[int, int]) -> Image.Image:
    """Noise of a few frequencies: about as hard to compress as a photograph."""
    rng = np.random.default_rng(image_id)
    small = rng.integers(0, 256, (12, 16, 3)).astype(np.uint8)
    base = Image.fromarray(small).resize(size_px, Image.Resampling.BICUBIC)
    fine = rng.normal(0, 12, (size_px[1] // 2, size_px[0] // 2, 3))
    grain = Image.fromarray((np.clip(fine + 128, 0, 255)).astype(np.uint8)).resize(size_px)
    return Image.blend(base, grain, 0.3)
