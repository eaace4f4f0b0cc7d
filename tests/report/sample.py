"""A whole report's content from random but plausible numbers, for tests and for looking at."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFilter

from vqax.report.cd_diagram import draw_cd_diagram, write_figure
from vqax.report.content import (
    HISTORY_COLUMNS,
    METRIC_COLUMNS,
    PAIR_COLUMNS,
    RANK_COLUMNS,
    Comparison,
    Provenance,
    Reference,
    ReportContent,
    ResearchQuestion,
    RunDescription,
)
from vqax.report.gallery import GalleryItem, RunAnswer, select
from vqax.report.tables import join_published, published_table

PUBLISHED = Path(__file__).resolve().parents[2] / "studies" / "ucam" / "published"
DATASET = "Scenes v1, validation"
HOSTILE = (
    "Is <script>document.title='owned'</script>"
    "<img src=x onerror=\"document.title='owned'\"> &amp; red?"
)
COLOURS = {"red": "#c8372d", "blue": "#2f66c4", "green": "#3d9a4e", "yellow": "#e3bd35"}
THINGS = ("dog", "cup", "kite", "bench")
RUNS = (
    RunDescription(
        "lstm_qi", "LSTM Q+I", "Question and whole-image feature, no attention.", DATASET
    ),
    RunDescription("san", "SAN", "Two layers of stacked attention.", DATASET),
    RunDescription(
        "mcb", "MCB", "Bilinear pooling with attention; the baseline of Table II.", DATASET
    ),
    RunDescription("mcb_aul", "MCB + AUL", "Adds the aleatoric uncertainty loss.", DATASET),
    RunDescription("mcb_agca", "A-GCA", "Aleatoric losses and the certainty gradient.", DATASET),
    RunDescription("mcb_pgca", "P-GCA", "Predictive losses and the certainty gradient.", DATASET),
)
SKILL = {
    "lstm_qi": 0.47,
    "san": 0.52,
    "mcb": 0.57,
    "mcb_aul": 0.575,
    "mcb_agca": 0.585,
    "mcb_pgca": 0.59,
}
REPORTED_ROWS = {
    "ucam/I": {"LSTM Q+I[8]": "lstm_qi", "SAN [29]": "san"},
    "ucam/II": {
        "Baseline": "mcb",
        "AUL": "mcb_aul",
        "A-GCA (ours)": "mcb_agca",
        "P-GCA (ours)": "mcb_pgca",
    },
    "ucam/IV": {
        "SAN [34]": "san",
        "Baseline (MCB)": "mcb",
        "AUL (ours)": "mcb_aul",
        "A-GCA (ours)": "mcb_agca",
        "P-GCA (ours)": "mcb_pgca",
    },
}
METRICS_OF = {
    "ucam/I": ("accuracy_all", "accuracy_yes_no", "accuracy_number", "accuracy_other"),
    "ucam/II": ("accuracy_all", "accuracy_yes_no", "accuracy_number", "accuracy_other"),
    "ucam/IV": ("rank_correlation", "emd", "top2_distance"),
}


def sample_content(
    *, questions: int = 8, seed: int = 3, size_px: tuple[int, int] = (224, 224)
) -> ReportContent:
    """Six runs, three printed tables, and a gallery whose first question is hostile text."""
    rngs = [np.random.default_rng([seed, part]) for part in range(6)]
    gallery, rule = _gallery(rngs[0], questions, size_px)
    ranks = _ranks(rngs[1])
    return ReportContent(
        title="Certainty-guided attention, measured again",
        research_question="Does training with uncertainty losses and the certainty gradient "
        "(P-GCA, A-GCA) "
        "make a VQA model answer better and look where people look?",
        dataset=DATASET,
        dataset_description="Scenes: 400 generated images of two to five coloured things with "
        "1,500 questions in the official VQA v1 format, ten simulated answers each and simulated "
        "maps of where people looked.",
        runs=RUNS,
        headline=_headline(rngs[2]),
        metrics=_metrics(rngs[3]),
        ranks=ranks,
        pairs=_pairs(rngs[4]),
        history=_history(rngs[5]),
        provenance=Provenance(
            date="2025-11-21",
            command="vqax repro && vqax report",
            seed=20,
            versions={"vqax": "0.1.0", "torch": "2.14.0", "python": "3.11.9"},
            parameters={"seed": 20, "training": {"epochs": 8, "lr": 0.001}, "note": "<b>ε·σ</b>"},
        ),
        comparisons=(
            Comparison(
                "mcb_pgca",
                "mcb",
                (
                    ("ucam/II", "P-GCA (ours)", "Baseline"),
                    ("ucam/IV", "P-GCA (ours)", "Baseline (MCB)"),
                ),
            ),
            Comparison("mcb_agca", "mcb", (("ucam/II", "A-GCA (ours)", "Baseline"),)),
        ),
        questions=(
            ResearchQuestion("Does it answer better?", ("accuracy_official",)),
            ResearchQuestion("Does it look where people look?", ("attention_rank_correlation",)),
        ),
        references=(
            Reference(DATASET, "question-type prior", "accuracy_all", 0.43, "floor"),
            Reference(DATASET, "random", "rank_correlation", 0.0, "floor"),
            Reference(DATASET, "inter-annotator", "rank_correlation", 0.62, "ceiling"),
        ),
        explorers={run.name: "browse/scenes_v1.html" for run in RUNS},
        row_runs={(t, row): run for t, rows in REPORTED_ROWS.items() for row, run in rows.items()},
        cd_diagrams={"all/accuracy_official": _diagram(ranks)},
        gallery=gallery,
        gallery_rule=rule,
        caveats=(
            "The images are generated and the people simulated: nothing here speaks about "
            "photographs.",
        ),
    )


def _headline(rng: np.random.Generator) -> pd.DataFrame:
    files = {"ucam/I": "I", "ucam/II": "II", "ucam/IV": "IV"}
    joined = [
        join_published(_measured(rng, table), published_table(PUBLISHED / f"table_{n}.csv"))
        for table, n in files.items()
    ]
    return pd.concat(joined, ignore_index=True)


def _measured(rng: np.random.Generator, table: str) -> pd.DataFrame:
    rows = []
    for row, run in REPORTED_ROWS[table].items():
        for metric in METRICS_OF[table]:
            value = SKILL[run] * {"accuracy_yes_no": 1.3, "accuracy_number": 0.8, "emd": 0.4}.get(
                metric, 1
            )
            value += rng.normal(0, 0.005)
            half = 0.024 if metric != "accuracy_all" else 0.018
            n = {"accuracy_yes_no": 611, "accuracy_number": 302, "accuracy_other": 587}.get(
                metric, 1500
            )
            rows.append(
                [table, row, metric, DATASET, value, value - half, value + half, n, 1, "fraction"]
            )
    columns = [
        "table",
        "row",
        "metric",
        "dataset",
        "value",
        "ci_low",
        "ci_high",
        "n",
        "seeds",
        "unit",
    ]
    return pd.DataFrame(rows, columns=columns)


def _metrics(rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for run in RUNS:
        values = {
            "accuracy_official": SKILL[run.name],
            "attention_rank_correlation": 0.2 + rng.normal(0.1, 0.05),
            "grad_cam_rank_correlation": 0.15 + rng.normal(0.1, 0.05),
            "aleatoric": 0.8 + rng.normal(0, 0.1),
            "epistemic": 0.12 + rng.normal(0, 0.02),
            "predictive": 1.6 + rng.normal(0, 0.1),
            "auroc_predictive": 0.72 + rng.normal(0, 0.03),
            "ece": 0.06 + rng.normal(0, 0.01),
            "brier": 0.5 + rng.normal(0, 0.03),
        }
        if run.name in ("lstm_qi", "san", "mcb"):
            values["aleatoric"] = np.nan
        if run.name == "lstm_qi":
            values["attention_rank_correlation"] = np.nan
        for metric, value in values.items():
            unit = "fraction" if metric.startswith("accuracy") else ""
            rows.append([run.name, metric, value, value - 0.03, value + 0.03, 1500, unit, "higher"])
    return pd.DataFrame(rows, columns=METRIC_COLUMNS)


def _ranks(rng: np.random.Generator) -> pd.DataFrame:
    mean_ranks = sorted(rng.uniform(1.5, 5.2, 6), reverse=True)
    mean_ranks = np.array(mean_ranks) * 21 / np.sum(mean_ranks)
    rows = [
        ["all", "accuracy_official", "question_type", run.name, rank, 14, 6, 2.01, 31.2, 8.5e-6]
        for run, rank in zip(RUNS, mean_ranks, strict=True)
    ]
    return pd.DataFrame(rows, columns=RANK_COLUMNS)


def _diagram(ranks: pd.DataFrame) -> str:
    names = [next(run.label for run in RUNS if run.name == name) for name in ranks["run"]]
    figure = draw_cd_diagram(
        ranks["mean_rank"].to_numpy(), names, float(ranks["cd"][0]), n_blocks=14, alpha=0.05
    )
    with tempfile.TemporaryDirectory() as folder:
        _, svg = write_figure(figure, Path(folder) / "cd.svg")
        return svg.read_text(encoding="utf-8")


def _pairs(rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    spread = {
        "accuracy_official": 0.016,
        "attention_rank_correlation": 0.02,
        "attention_emd": 0.01,
        "margin": 0.02,
        "predictive": 0.1,
    }
    for metric, half in spread.items():
        for i, a in enumerate(RUNS):
            for b in RUNS[:i]:
                value = SKILL[a.name] - SKILL[b.name] + rng.normal(0, half / 3)
                value *= -0.3 if metric == "attention_emd" else 1
                effect = float(np.clip(2 * value, -1, 1))
                p = float(np.clip(np.exp(-abs(value) * 90), 0, 1))
                rows.append(
                    [metric, a.name, b.name, value, value - half, value + half, 1500, effect, p]
                )
    return pd.DataFrame(rows, columns=PAIR_COLUMNS)


def _history(rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for run in RUNS:
        parts = ["loss", "answer_loss"]
        if run.name.startswith("mcb_"):
            parts += ["uncertainty_loss", "udl", "variance"]
        for epoch in range(1, 9):
            for split, gap in (("train", 0.0), ("val", 0.15)):
                for i, part in enumerate(parts):
                    value = 3.2 * np.exp(-epoch / 4) / (i + 1) + gap + rng.normal(0, 0.02)
                    rows.append([run.name, epoch, split, part, value])
                accuracy = (
                    SKILL[run.name] * (1 - np.exp(-epoch / 2.2)) - gap / 4 + rng.normal(0, 0.005)
                )
                rows.append([run.name, epoch, split, "accuracy", accuracy])
    return pd.DataFrame(rows, columns=HISTORY_COLUMNS)


def _gallery(
    rng: np.random.Generator, count: int, size_px: tuple[int, int]
) -> tuple[tuple[GalleryItem, ...], str]:
    predictions = pd.DataFrame(
        {
            "question_id": np.arange(1000, 1200),
            "accuracy_official": rng.choice([0.0, 0.3, 0.6, 0.9, 1.0], 200),
            "predictive": rng.gamma(2.0, 0.6, 200),
        }
    )
    chosen = select(
        predictions, count=count, seed=20, run_label="P-GCA", among="the 1,500 validation questions"
    )
    items = [
        _item(rng, question_id, reason, size_px)
        for question_id, reason in zip(chosen.question_ids, chosen.reasons, strict=True)
    ]
    if items:
        items[0] = _hostile(items[0])
    return tuple(items), chosen.rule


def _hostile(item: GalleryItem) -> GalleryItem:
    fields = {name: getattr(item, name) for name in item.__dataclass_fields__}
    return GalleryItem(**(fields | {"question": HOSTILE, "human_answers": ("<b>no</b>",) * 10}))


def _item(
    rng: np.random.Generator, question_id: int, reason: str, size_px: tuple[int, int]
) -> GalleryItem:
    colour, thing = str(rng.choice(list(COLOURS))), str(rng.choice(THINGS))
    image, centre = _image(rng, colour, size_px)
    others = [name for name in COLOURS if name != colour]
    human_maps = [colour] * 7 + [str(rng.choice(others)) for _ in range(3)]
    return GalleryItem(
        question_id=question_id,
        question=f"What colour is the {thing} that lies on the left of the bench?",
        question_type="what color is the",
        answer_type=str(rng.choice(["other", "number", "yes/no"])),
        reason=reason,
        image=image,
        truth=colour,
        human_answers=tuple(human_maps),
        human_map=_map(rng, (28, 28), centre, 0.08, noise=0.0),
        answers=tuple(_answer(rng, run.name, colour, others, centre) for run in RUNS),
    )


def _answer(
    rng: np.random.Generator, run: str, colour: str, others: list[str], centre: tuple[float, float]
) -> RunAnswer:
    right = rng.random() < SKILL[run]
    names = [colour, *others, "a very long answer indeed"] if right else [*others, colour, "brown"]
    probabilities = np.sort(rng.dirichlet(np.ones(6) * 0.5))[::-1][:5]
    method = "grad_cam" if run == "lstm_qi" else "attention"
    has_variance = run.startswith("mcb_")
    return RunAnswer(
        run=run,
        answer=names[0],
        top5=tuple((name, float(p)) for name, p in zip(names, probabilities, strict=True)),
        accuracy=float(right) if rng.random() > 0.2 else 0.6,
        aleatoric=float(rng.gamma(2, 0.4)) if has_variance else float("nan"),
        epistemic=float(rng.gamma(2, 0.05)),
        predictive=float(rng.gamma(2, 0.6)),
        method=method,
        raw_map=_map(
            rng, (14, 14), centre if right else (rng.random(), rng.random()), 0.12, noise=0.15
        ),
    )


def _map(
    rng: np.random.Generator,
    shape: tuple[int, int],
    centre: tuple[float, float],
    width: float,
    *,
    noise: float,
) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    y, x = (y + 0.5) / shape[0], (x + 0.5) / shape[1]
    bump = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * width**2))
    return np.asarray(bump + noise * rng.normal(size=shape), dtype=np.float32)


def _image(
    rng: np.random.Generator, colour: str, size_px: tuple[int, int]
) -> tuple[Image.Image, tuple[float, float]]:
    """A textured ground with four things; the centre of the one that is asked about."""
    width, height = size_px
    texture = Image.fromarray(rng.integers(150, 235, (height // 4, width // 4, 3), dtype=np.uint8))
    image = texture.resize(size_px).filter(ImageFilter.GaussianBlur(3))
    draw = ImageDraw.Draw(image)
    centre = (0.5, 0.5)
    for name in [*rng.permutation([c for c in COLOURS if c != colour]), colour]:
        centre = (float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.2, 0.8)))
        x, y, r = centre[0] * width, centre[1] * height, 0.13 * min(size_px)
        shape = str(rng.choice(["ellipse", "rectangle", "triangle"]))
        if shape == "triangle":
            draw.polygon([(x, y - r), (x - r, y + r), (x + r, y + r)], fill=COLOURS[str(name)])
        else:
            getattr(draw, shape)([x - r, y - r, x + r, y + r], fill=COLOURS[str(name)])
    return image, centre


def sample_claims() -> pd.DataFrame:
    """Six claims of which each verdict has one at least; one text is hostile."""
    rng = np.random.default_rng(5)
    texts = (
        (
            "U02",
            "P-GCA attention agrees better with people than that of the baseline.",
            "supported",
        ),
        ("U06", "Rank correlation rises step by step from the losses to P-GCA.", "contradicted"),
        ("U12", "The full models beat the baseline by more than two points.", "contradicted"),
        ("U14", "PUL is the best loss used alone.", "inconclusive"),
        ("U20", "Epistemic uncertainty falls as the training set grows. <i id=evil>", "supported"),
        ("U11", "A saliency model agrees better with people than P-GCA.", "not testable here"),
    )
    rows = []
    for claim_id, text, verdict in texts:
        measured = verdict != "not testable here"
        sign = {"supported": 1.0, "contradicted": -1.0}.get(verdict, 0.0)
        value = sign * float(rng.uniform(0.05, 0.1)) if measured else np.nan
        compared = (7 if claim_id == "U06" else 1) if measured else 0
        rows.append(
            {
                **{"paper": "ucam", "claim_id": claim_id, "claim": text, "kind": "table"},
                **{"tested_by": "ucam/IV", "direction": "a > b", "comparison": "a > b"},
                **{"difference": value, "ci_low": value - 0.03, "ci_high": value + 0.03},
                **{"n": 1500 if measured else 0, "seeds": 1 if measured else None},
                **{"held": int(verdict == "supported") * compared, "compared": compared},
                **{"verdict": verdict, "reported_status": "supported"},
                "reason": "" if measured else "No saliency model is trained here.",
                "deciding": "P-GCA > baseline" if measured else "",
                "metric": "attention_rank_correlation" if measured else "",
                "statistic": "mean" if measured else "",
                **{"p": 0.001 if measured else np.nan, "p_holm": 0.02 if measured else np.nan},
                "reported_evidence": "0.3341 vs 0.2790",
            }
        )
    return pd.DataFrame(rows)
