"""``vqax compare --a FILE… --b FILE…``: trainings of anybody, a file each."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.compare import BETWEEN, joined_lists
from tests.cli.commands import assert_refused, vqax
from tests.cli.test_score_file import Files
from vqax.metrics.calibration import misclassification_auroc
from vqax.stats.compare_methods import compare_methods

QUESTIONS = 40


def training(method: str, seed: int, shift: float) -> pd.DataFrame:
    rng = np.random.default_rng([ord(method), seed])
    accuracy = (rng.normal(size=QUESTIONS) < shift + rng.normal() / 9).astype(float)
    return pd.DataFrame(
        {
            "question_id": np.arange(QUESTIONS),
            "image_id": np.arange(QUESTIONS) // 2,
            "accuracy_official": accuracy,
            "attention_emd": rng.random(QUESTIONS) + shift,
            "entropy": rng.random(QUESTIONS) + (1 - accuracy) / 4,
        }
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four trainings of a and of b, three of c, as CSV and as Parquet; the current folder."""
    monkeypatch.chdir(tmp_path)
    for method, seeds, shift in (("a", 4, 0.9), ("b", 4, -0.9), ("c", 3, 0.0)):
        for seed in range(seeds):
            table = training(method, seed, shift)
            table.to_csv(f"{method}{seed}.csv", index=False)
            table.sample(frac=1, random_state=seed).to_parquet(f"{method}{seed}.parquet")
    return tmp_path


def files(method: str, kind: str = "csv") -> list[str]:
    return sorted(map(str, Path().glob(f"{method}?.{kind}")))


def summary(*arguments: str) -> dict:
    return json.loads(vqax("compare", *arguments, "--json").stdout)


def both(*arguments: str, kind: str = "csv") -> dict:
    return summary("--a", *files("a", kind), "--b", *files("b", kind), *arguments)


@pytest.mark.usefixtures("folder")
def test_two_methods_from_files_are_what_two_tables_give() -> None:
    found = both("--family", *files("c"))
    tables = [
        pd.concat([pd.read_csv(name).assign(seed=name) for name in files(method)]).rename(
            columns={"accuracy_official": "value"}
        )
        for method in "abc"
    ]
    expected = compare_methods(tables[0], tables[1], family=[tables[2]])
    assert (found["estimate"], found["p"]) == pytest.approx((expected.estimate, expected.p))
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((expected.low, expected.high))
    assert found["detectable"] == pytest.approx(expected.detectable)
    assert (found["seeds_a"], found["seeds_b"], found["seed_df"]) == (4, 4, 8)
    assert (found["questions"], found["images"], found["word"]) == (40, 20, "supported")


@pytest.mark.usefixtures("folder")
def test_parquet_in_another_order_gives_the_same() -> None:
    assert both(kind="parquet")["estimate"] == pytest.approx(both()["estimate"])
    assert both(kind="parquet")["p"] == pytest.approx(both()["p"])


@pytest.mark.usefixtures("folder")
def test_the_lines_begin_with_the_sentence() -> None:
    lines = vqax("compare", "--a", *files("a"), "--b", *files("b"), "--data", "Toys").stdout
    assert "\nsentence: A is better than B on accuracy_official: supported on Toys; A sc" in lines


@pytest.mark.usefixtures("folder")
def test_one_training_each_gets_no_word_and_no_number_that_is_unknown() -> None:
    found = summary("--a", "a0.csv", "--b", "b0.csv")
    assert found["word"] is None
    assert found["p"] is None
    assert "does not tell the methods apart" in found["sentence"]
    spread = summary("--a", "a0.csv", "--b", "b0.csv", "--family", *files("c"))
    assert spread["word"] is None
    assert spread["p"] is not None
    assert "trainings differ by" in spread["sentence"]


@pytest.mark.usefixtures("folder")
def test_which_direction_is_better() -> None:
    assert both("--metric", "attention_emd")["word"] == "contradicted"
    assert both("--metric", "attention_emd", "--higher-is-better")["word"] == "supported"
    assert both("--lower-is-better")["word"] == "contradicted"


@pytest.mark.usefixtures("folder")
def test_a_margin_asks_about_a_loss() -> None:
    rotated = summary("--a", *files("b"), "--b", *files("a"), "--margin", "0.99")
    assert rotated["estimate"] < 0
    assert rotated["word"] == "supported"
    assert "worse than B by less than 0.99" in rotated["sentence"]


@pytest.mark.usefixtures("folder")
def test_a_statistic_of_two_columns() -> None:
    found = both("--metric", "auroc_entropy")
    means = [
        np.mean(
            [
                misclassification_auroc(
                    table["entropy"].to_numpy(), table["accuracy_official"].to_numpy() >= 0.5
                )
                for table in map(pd.read_csv, files(method))
            ]
        )
        for method in "ab"
    ]
    assert found["estimate"] == pytest.approx(means[0] - means[1])
    assert found["ci_low"] < found["estimate"] < found["ci_high"]


@pytest.mark.usefixtures("folder")
def test_a_floor_needs_no_second_training() -> None:
    found = summary(
        "--a", *files("a"), "--floor", "b0.csv", "--family", *files("b")[1:], *files("c")
    )
    assert (found["seeds_b"], found["seed_df"]) == (0, 3 + 5)
    assert found["word"] == "supported"


@pytest.mark.usefixtures("folder")
def test_how_many_trainings_an_effect_takes() -> None:
    assert both("--effect", "2")["seeds_needed"] == 4
    assert both("--effect", "0.0001")["seeds_needed"] is None
    assert "seeds_needed" not in both()


def test_what_the_pipeline_wrote_is_compared_as_it_is(finished: Path) -> None:
    scores = finished / "data/scores/headline"
    runs = [scores / run / "questions.parquet" for run in ("mcb", "mcb_p_gca")]
    found = summary("--a", str(runs[0]), "--b", str(runs[1]))
    a, b = (pd.read_parquet(path)["accuracy_official"].mean() for path in runs)
    assert found["estimate"] == pytest.approx(a - b)
    maps = summary(
        "--a", str(runs[0]), "--b", str(runs[1]), "--metric", "attention_rank_correlation"
    )
    assert maps["questions"] > 0


@pytest.mark.usefixtures("folder")
def test_official_results_are_scored_first(tmp_path: Path) -> None:
    official = Files(tmp_path)
    split = ("--questions", str(official.questions), "--annotations", str(official.annotations))
    right = {10: "yes", 20: "Yes", 30: "2", 40: "Cat."}
    for name, answers in (("x", right), ("y", {**right, 30: "dog", 10: "no"})):
        official.predict(answers)
        official.results.rename(tmp_path / f"{name}.json")
    found = summary("--a", "x.json", "--b", "y.json", *split)
    assert (found["estimate"], found["questions"], found["images"]) == (0.5, 4, 4)
    simple = summary("--a", "x.json", "--b", "y.json", *split, "--metric", "accuracy_simple")
    assert simple["estimate"] == 0.5

    def refused(code: int, *words: str, options: tuple[str, ...] = split) -> None:
        assert_refused(vqax("compare", "--a", "x.json", "--b", "y.json", *options), code, *words)

    refused(2, "x.json", "--questions and --annotations", options=())
    refused(2, "belong together", options=split[:2])
    refused(2, "--metric entropy", "accuracy_official", options=(*split, "--metric", "entropy"))
    official.predict({10: "yes"})
    official.results.rename(tmp_path / "y.json")
    refused(3, "y.json", "3 of 4 questions have no prediction")


def test_results_of_questions_with_one_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    official = Files(tmp_path)
    official.annotate({10: ["yes"], 20: ["no"], 30: ["2"], 40: ["cat"]})
    for name, answer in (("x", "Yes"), ("y", "2")):
        official.predict(dict.fromkeys((10, 20, 30, 40), answer) | {30: "two"})
        official.results.rename(tmp_path / f"{name}.json")
    split = ("--questions", str(official.questions), "--annotations", str(official.annotations))
    found = summary("--a", "x.json", "--b", "y.json", *split, "--metric", "accuracy_exact")
    assert found["estimate"] == 0.25  # of four questions, x has yes and 2 right, y only 2
    refused = vqax("compare", "--a", "x.json", "--b", "y.json", *split)
    assert_refused(refused, 3, "1 answer", "`exact` or `simple`")


@pytest.mark.usefixtures("folder")
def test_files_that_cannot_be_compared() -> None:
    def refused(code: int, *words: str, **sides: str) -> None:
        sides = {"a": "a0.csv", "b": "b0.csv"} | sides
        options = [word for name, value in sides.items() for word in (f"--{name}", value)]
        assert_refused(vqax("compare", *options), code, *words)

    table = training("b", 0, 0.0)
    table.iloc[:-2].to_csv("short.csv", index=False)
    refused(
        3, "short.csv", "lacks 2 of the 40 questions of a0.csv", "question_id 38", b="short.csv"
    )
    table.iloc[[0, *range(QUESTIONS)]].to_csv("twice.csv", index=False)
    refused(3, "twice.csv", "question_id 0 occurs twice", b="twice.csv")
    table.drop(columns="image_id").to_csv("bare.csv", index=False)
    refused(3, "bare.csv", "no column image_id", b="bare.csv")
    refused(3, "a0.csv", "no column f1", "accuracy_official, attention_emd", metric="f1")
    table.assign(accuracy_official="?").to_csv("words.csv", index=False)
    refused(3, "words.csv", "'?'", "no number", b="words.csv")
    Path("cut.parquet").write_bytes(Path("a0.parquet").read_bytes()[:300])
    refused(3, "cut.parquet", "not a readable parquet file", b="cut.parquet")
    Path("empty.csv").write_text("")
    refused(3, "empty.csv", "not a readable csv file", b="empty.csv")
    refused(4, "none.csv", "no such file", b="none.csv")
    refused(2, "b0.txt", "unknown format", b="b0.txt")
    refused(2, "a0.csv", "given twice", b="a0.csv")
    refused(2, "margin", "-1", margin="-1")


@pytest.mark.usefixtures("folder")
def test_mixtures_are_refused_in_one_sentence() -> None:
    def refused(*arguments: str, words: tuple[str, ...]) -> None:
        assert_refused(vqax("compare", *arguments), 2, *words)

    refused("headline", "--a", "a0.csv", "--b", "b0.csv", words=("headline: a study", "leave"))
    refused("headline", "--metric", "entropy", words=("headline: a study", "--metric"))
    refused("--a", "a0.csv", words=("give --a, and one of --b and --floor",))
    refused("--b", "b0.csv", words=("give --a, and one of --b and --floor",))
    refused("--margin", "1", words=("--margin: needs the trainings of two methods",))
    refused(
        "--a", "a0.csv", "--b", "b0.csv", "--floor", "c0.csv", words=("one of --b and --floor",)
    )
    result = vqax("compare", "--a", "--b", "b0.csv")
    assert result.exit_code == 2
    assert "--a: name one or more files" in result.stderr


def test_a_list_of_files_ends_at_the_next_option() -> None:
    joined = joined_lists(["headline", "--a", "x", "y", "--json", "--family", "z", "--family", "w"])
    assert joined == [
        *("headline", "--a", f"x{BETWEEN}y", "--json", "--family", "z", "--family", "w")
    ]
    assert joined_lists(["--margin", "1", "--help"]) == ["--margin", "1", "--help"]
    assert joined_lists([]) == []
