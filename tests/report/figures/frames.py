"""Small frames for the figures, and readers of what a figure drew."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from vqax.report.content import RANK_COLUMNS
from vqax.report.frames import DETECTION_COLUMNS

RNG = np.random.default_rng(11)
N = 24


def texts(figure: Figure) -> str:
    """All texts of a figure, one a line, after it was laid out."""
    figure.draw_without_rendering()
    found = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
    return "\n".join(found)


def boxes(figure: Figure) -> list:
    """Where every visible text stands, in pixels."""
    figure.draw_without_rendering()
    shown = figure.findobj(lambda artist: hasattr(artist, "get_text") and artist.get_visible())
    return [(text.get_text(), text.get_window_extent()) for text in shown if text.get_text()]


def questions() -> pd.DataFrame:
    """Three runs on 24 questions; the first predicts no uncertainty."""
    frames = []
    for run in ("baseline", "A-GCA", "P-GCA"):
        frames.append(
            pd.DataFrame(
                {
                    "run": run,
                    "question_id": np.arange(100, 100 + N),
                    "question": [f"Is thing {i} red?" for i in range(N)],
                    "answer_type": ["yes/no", "other", "number"] * (N // 3),
                    "accuracy_official": RNG.choice([0.0, 0.3, 0.6, 1.0], N),
                    "predictive": RNG.gamma(2.0, 0.5, N) if run != "baseline" else np.nan,
                    "nll_of_error": RNG.gamma(2.0, 0.3, N),
                    "margin": RNG.uniform(0, 1, N),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def flips() -> pd.DataFrame:
    rows = [
        [run, noise, unit, strength, value, value - 0.02, value + 0.03, N]
        for noise, unit in (("image", "σ of pixels"), ("question", "words replaced"))
        for run, factor in (("baseline", 0.5), ("P-GCA", 0.3))
        for strength in (0.2, 0.1, 0.4)
        for value in [factor * strength]
    ]
    return pd.DataFrame(
        rows,
        columns=["run", "noise", "unit", "strength", "value", "ci_low", "ci_high", "n"],
    )


def top5() -> pd.DataFrame:
    answers = ["cat", "dog", "a very long answer that goes on and on", "$5", "cow"]
    rows = [
        [run, condition, question, "dog", answer, probability]
        for run in ("baseline", "P-GCA")
        for condition, question in (("clean", "What is it?"), ("noise", "What iz it?"))
        for answer, probability in zip(answers, (0.1, 0.4, 0.2, 0.15, 0.05), strict=True)
    ]
    return pd.DataFrame(
        rows, columns=["run", "condition", "question", "truth", "answer", "probability"]
    )


def map_rows() -> pd.DataFrame:
    rows = [
        [7, "Where is it?", "left", "where people looked", "", np.nan],
        [7, "Where is it?", "left", "baseline", "right", -0.25],
        [7, "Where is it?", "left", "P-GCA", "left", 0.5],
    ]
    return pd.DataFrame(
        rows,
        columns=["question_id", "question", "truth", "map", "answer", "rank_correlation"],
    )


def image(size_px: tuple[int, int] = (24, 16)) -> Image.Image:
    return Image.fromarray(RNG.integers(0, 255, (size_px[1], size_px[0], 3), dtype=np.uint8))


def samples() -> pd.DataFrame:
    rows = [
        [0, "What?", "cup", "cup", 0.75, 1.5],
        [1, "What?", "cup", "pen", 0.5, 0.5],
        [2, "What?", "cup", "cup", 0.25, 1.0],
    ]
    return pd.DataFrame(
        rows, columns=["sample", "question", "truth", "answer", "probability", "uncertainty"]
    )


def sample_maps() -> dict[int, np.ndarray]:
    return {i: RNG.random((2, 3)).astype(np.float32) for i in range(3)}


def metrics(runs: tuple[str, ...] = ("baseline", "P-GCA")) -> pd.DataFrame:
    rows = [
        [run, metric, value, value - 0.01, value + 0.02, N, unit]
        for i, run in enumerate(runs)
        for metric, unit in (
            ("accuracy_all", "fraction"),
            ("attention_rank_correlation", "Spearman's rho"),
        )
        for value in [0.5 + 0.01 * i]
    ]
    return pd.DataFrame(rows, columns=["run", "metric", "value", "ci_low", "ci_high", "n", "unit"])


def controls() -> pd.DataFrame:
    rows = [
        ["better", "accuracy_official", 0.03, 0.01, 0.05, N],
        ["worse", "accuracy_official", -0.03, -0.05, -0.01, N],
        ["undecided", "accuracy_official", 0.0, -0.01, 0.01, N],
        ["better", "attention_emd", -0.03, -0.05, -0.01, N],
    ]
    return pd.DataFrame(rows, columns=["run", "metric", "difference", "ci_low", "ci_high", "n"])


def history() -> pd.DataFrame:
    """Two epochs of two runs; only the second has an aleatoric loss."""
    rows = []
    for run, terms in (("MCB", ["variance"]), ("A-GCA", ["variance", "aul", "loss"])):
        for epoch in (2, 1):
            for metric in terms:
                value = 4.0 / epoch**7
                for name, factor in (("", 1.0), ("_min", 0.5), ("_max", 2.0)):
                    rows.append([run, epoch, "train", metric + name, factor * value])
            rows.append([run, epoch, "val", "variance", 99.0])
    return pd.DataFrame(rows, columns=["run", "epoch", "split", "metric", "value"])


def shares() -> pd.DataFrame:
    rows = [
        ["P-GCA", share, metric, value / share, 0.9 * value / share, 1.2 * value / share, N]
        for metric, value in (("mutual_information", 0.1), ("probability_variance", 0.001))
        for share in (1.0, 0.5, 0.75)
    ]
    return pd.DataFrame(rows, columns=["run", "share", "metric", "value", "ci_low", "ci_high", "n"])


def ranks(count: int = 3) -> pd.DataFrame:
    rows = [
        [
            *["all", "accuracy_official", "dataset × answer_type", f"run {i}", i + 1.0],
            *[9, count, 1.5, 12.0, 0.002],
        ]
        for i in range(count)
    ]
    return pd.DataFrame(rows, columns=RANK_COLUMNS)


def detections() -> pd.DataFrame:
    """A right box, a wrong one, and an object that was missed."""
    nan = float("nan")
    rows = [
        [7, 1.0, 1.0, 9.0, 6.0, "cat", 0.91, True],
        [7, 4.0, 2.0, 12.0, 8.0, "dog", 0.62, False],
        [7, 10.0, 5.0, 14.0, 9.0, "star", nan, False],
    ]
    return pd.DataFrame(rows, columns=DETECTION_COLUMNS)


def rotated_example() -> pd.DataFrame:
    """One image at three angles under two runs; answer 6 becomes 9, the others stay low."""
    rows = [
        [run, angle, answer, probability, 0.1 + angle / 200, "6"]
        for run in ("softmax", "evidential")
        for angle, shares in ((0, (0.9, 0.05, 0.05)), (90, (0.4, 0.3, 0.3)), (180, (0.1, 0.8, 0.1)))
        for answer, probability in zip(("6", "9", "1"), shares, strict=True)
    ]
    columns = ["run", "angle", "answer", "probability", "uncertainty", "truth"]
    return pd.DataFrame(rows, columns=columns)


def rotated_curves() -> pd.DataFrame:
    rows = [
        [run, angle, metric, value, value - 0.02, value + 0.02, N]
        for run in ("softmax", "evidential")
        for metric in ("accuracy_all", "uncertainty")
        for angle, value in ((0, 0.9), (90, 0.5), (180, 0.7))
    ]
    columns = ["run", "angle", "metric", "value", "ci_low", "ci_high", "n"]
    return pd.DataFrame(rows, columns=columns)


def out_of_distribution() -> pd.DataFrame:
    rows = [
        [run, kind, value]
        for run in ("softmax", "evidential")
        for kind, centre in (("in_distribution", 0.1), ("noise", 0.8))
        for value in centre + 0.1 * RNG.random(20)
    ]
    return pd.DataFrame(rows, columns=["run", "kind", "uncertainty"])


def reliability() -> pd.DataFrame:
    """The middle bin is empty."""
    rows = [["evidential", 0.0, 0.3, 5, 0.2, 0.4], ["evidential", 0.3, 0.6, 0, np.nan, np.nan]]
    rows += [["evidential", 0.6, 1.0, 15, 0.8, 0.9], ["softmax", 0.6, 1.0, 20, 0.95, 0.9]]
    columns = ["run", "low", "high", "answers", "confidence", "accuracy"]
    return pd.DataFrame(rows, columns=columns)


def rejection() -> pd.DataFrame:
    rows = [
        [run, threshold, threshold, 1 - 0.1 * threshold]
        for run in ("softmax", "evidential")
        for threshold in (0.2, 0.6, 1.0)
    ]
    return pd.DataFrame(rows, columns=["run", "threshold", "coverage", "accuracy"])


def object_maps() -> tuple[pd.DataFrame, dict[tuple[str, int], tuple[np.ndarray, np.ndarray]]]:
    """Two conditions of two images of 6×8 pixels; one map has no positive value."""
    image, heat = np.zeros((6, 8), np.float32), RNG.random((6, 8)).astype(np.float32)
    image[2:4, 3:6] = 1
    maps = {(run, one): (image, heat) for run in ("upright", "rotated") for one in (0, 1)}
    maps["rotated", 1] = (image, -heat)
    rows = [[run, one, 0.3, 0.1] for run, one in maps]
    return pd.DataFrame(rows, columns=["run", "example", "dice", "uncertainty"]), maps


def threshold_curves() -> pd.DataFrame:
    rows = [
        [run, case, threshold, 0.5 - 0.3 * threshold, N]
        for run in ("softmax", "evidential")
        for case in ("upright", "rotated")
        for threshold in (0.0, 0.5, 0.9)
    ]
    return pd.DataFrame(rows, columns=["run", "case", "threshold", "dice", "n"])


def word_kinds() -> pd.DataFrame:
    rows = [
        [kind, method, value, value - 0.05, value + 0.1, 0.2, n]
        for method, factor in (("occlusion", 1.0), ("gradient", 0.5))
        for kind, value, n in (("nouns", 0.3, 1200), ("wh-words", 0.6, 30))
        for value in [factor * value]
    ]
    return pd.DataFrame(
        rows, columns=["kind", "method", "value", "ci_low", "ci_high", "chance", "n"]
    )


def words() -> pd.DataFrame:
    """Two questions, the words of the second out of order."""
    rows = [
        *([3, 0, "is", 0.0, "yes", "no"], [3, 1, "$5", -0.2, "yes", "no"]),
        *([4, 1, "colour", 0.1, "red", "red"], [4, 0, "what", 0.4, "red", "red"]),
    ]
    return pd.DataFrame(rows, columns=["question_id", "place", "word", "drop", "answer", "truth"])


def sweep() -> pd.DataFrame:
    """Two ways to choose, five numbers of entries, two metrics."""
    rows = [
        ["a model", how, metric, entries, value, value - 0.03, value + 0.02]
        for metric, size in (("pair_similarity", 1.0), ("preference", 0.02))
        for how, start in (("most sensitive to the question", 0.2), ("at random", -0.1))
        for place, entries in enumerate((50, 5, 512, 25, 200))
        for value in [size * (start + 0.1 * place)]
    ]
    columns = ["question", "how", "metric", "entries", "value", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)


def curves() -> pd.DataFrame:
    """Two panels, two runs, one of them a level without an interval."""
    nan = float("nan")
    rows = [
        [panel, run, x, value, low, high, "λ", f"accuracy {panel} (%)"]
        for panel in ("out of domain", "in domain")
        for x in (0.5, 1.0, 5.0)
        for run, value, low, high in (("with it", 10 + x, 9.0, 17.0), ("without", 11.0, nan, nan))
    ]
    columns = ["panel", "run", "x", "value", "ci_low", "ci_high", "x_name", "y_name"]
    return pd.DataFrame(rows, columns=columns)
