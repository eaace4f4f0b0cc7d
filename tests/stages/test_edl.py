"""Classifiers of images through their stages, on 20 images a class."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import cli.edl
from project.claim_sources import collect
from project.params import Params, checked, load
from project.study import Measured
from project.workspace import Workspace
from stages import claims, compare, evaluate, report
from studies import experiments
from studies.edl import overlap, train
from studies.edl.images import out_of_distribution, read_parts
from studies.edl.metric_rows import metrics_table, of_level
from studies.edl.paired_conditions import signed_rank_p
from studies.edl.trained import load_trainings
from tests.stages.tiny import ROOT, write_settings
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.files import read_parquet
from vqax.stats.one_method import Level

TRAINING = {
    "epochs": 2,
    "batch_size": 8,
    "lr": 0.003,
    "weight_decay": 0.0,
    "step_epochs": 7,
    "step_factor": 0.1,
}
IMAGES = {
    "things": {
        "source": "silhouettes",
        "test_share": 0.5,
        "label": "things",
        "options": {"things": ["cat", "key", "clock"], "per_class": 12},
    },
    "noise": {"source": "noise", "label": "noise", "options": {"count": 5}},
}
CLASSIFIERS = {
    "sure": {"images": "things", "network": {"name": "lenet"}, "head": {"name": "softmax"}},
    "edl": {
        "images": "things",
        "network": {"name": "lenet", "answer_bias": 1.0},
        "head": {"name": "evidential"},
        "seeds": [3, 4],
    },
}
BOTH = ["edl", "sure"]
CUT = {"mask": "positive", "scale": "max", "threshold": 0.5}
OPTIONS = {
    "answers": {"classifiers": BOTH, "bins": 5},
    "rotation": {"classifiers": BOTH, "step": 90, "shown": "key", "reported": [0, 90]},
    "out_of_distribution": {"classifiers": BOTH, "kinds": ["noise"], "shown": "noise"},
    "overlap": {"classifiers": BOTH, **CUT, "emd_images": 3, "shown": {"edl": "cat"}},
    "map_kinds": {"classifier": "edl", "images": 4, "masks": 6, **CUT},
}


def settings(**changes) -> Params:
    whole = load(ROOT / "params.yaml")
    sections = {
        "images": IMAGES,
        "classifier_training": TRAINING,
        "classifiers": CLASSIFIERS,
        "experiments": OPTIONS,
        **changes,
    }
    kept = whole.model_dump(mode="json", exclude_unset=True)
    kept["studies"] = {}
    kept["score"]["resamples"] = 50
    return checked({**kept, **sections}, "test")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    place = Workspace(root=tmp_path_factory.mktemp("edl"))
    for name in CLASSIFIERS:
        for seed in settings().classifier_seeds(name):
            train.run(settings(), place, name, seed)
    return place


def test_every_experiment_has_options_here():
    assert OPTIONS.keys() == experiments().keys()


@pytest.mark.parametrize("name", experiments())
def test_an_experiment_writes_tidy_rows_of_its_own(name, workspace):
    evaluate.run(settings(), workspace, name)
    metrics = read_parquet(workspace.analysis(name) / "metrics.parquet")
    assert list(metrics.columns) == list(metrics_table([]).columns)
    assert metrics["run"].str.startswith(f"{name}/").all()
    assert not metrics.duplicated(["run", "metric"]).any()
    images = read_parquet(workspace.analysis(name) / "image_values.parquet")
    assert {"row", "run", "seed", "question_id", "image_id"} <= set(images.columns)
    assert not images.duplicated(["row", "seed", "question_id"]).any()
    seeds = metrics["run"].str.contains("sure").map({True: 1, False: 2})
    assert (metrics["seeds"] == seeds).all()
    assert metrics["by_seed"].map(len).equals(metrics["seeds"])


@pytest.mark.parametrize(
    ("metric", "kind"),
    [
        ("uncertainty", ("fraction", "")),
        ("uncertainty_noise", ("fraction", "")),
        ("uncertainty_object_emd", ("Spearman's rho", "")),
        ("dice_difference", ("fraction", "higher")),
        ("ood_auroc_noise", ("probability", "higher")),
        ("unheard_of", ("", "")),
    ],
)
def test_a_metric_has_the_unit_of_the_longest_name_it_begins_with(metric, kind):
    found = Level(0.5, 0.4, 0.6, 9, 0.01, (0.4, 0.6))
    assert of_level("overlap", "edl", metric, found)[6:8] == kind


def test_means_are_those_of_the_pictures(workspace):
    evaluate.run(settings(), workspace, "overlap")
    out = workspace.analysis("overlap")
    metrics = read_parquet(out / "metrics.parquet").set_index(["run", "metric"])["value"]
    images = read_parquet(out / "image_values.parquet")
    upright, rotated = (images[images["row"] == f"edl_{c}"] for c in ("upright", "rotated"))
    assert metrics["overlap/edl_upright", "dice"] == pytest.approx(upright["dice"].mean())
    gap = rotated["dice"].to_numpy() - upright["dice"].to_numpy()
    found = metrics["overlap/edl_upright_vs_rotated", "dice_difference"]
    assert found == pytest.approx(np.nanmean(gap))
    assert upright["object_emd"].notna().sum() == 2 * 3
    assert len(upright) == 2 * 18  # two trainings, the images that neither learned
    curve = read_parquet(out / "thresholds.parquet")
    half = curve[(curve["row"] == "edl_upright") & (curve["threshold"] == 0.5)]
    assert half["dice"].item() == pytest.approx(metrics["overlap/edl_upright", "dice"])


def test_maps_without_a_positive_value_are_counted(workspace, monkeypatch):
    """Half of the classifier's maps are made negative: they stand in metrics and thresholds."""
    made = overlap.classifier_grad_cam

    def half_negative(*given):
        maps = made(*given)
        maps[::2] = -maps[::2].abs() - 1
        return maps

    monkeypatch.setattr(overlap, "classifier_grad_cam", half_negative)
    evaluate.run(settings(), workspace, "overlap")
    out = workspace.analysis("overlap")
    images = read_parquet(out / "image_values.parquet")
    blank = images.loc[images["row"] == "edl_upright", "blank_map"]
    assert blank.iloc[::2].eq(1).all()
    metrics = read_parquet(out / "metrics.parquet").set_index(["run", "metric"])["value"]
    assert metrics["overlap/edl_upright", "blank_map"] == pytest.approx(blank.mean())
    curve = read_parquet(out / "thresholds.parquet").set_index("row")
    assert curve.loc["edl_upright", "blank_maps"].eq(blank.sum()).all()


def test_the_same_training_twice_gives_the_same_answers_and_another_seed_others(
    workspace, tmp_path
):
    again = Workspace(root=tmp_path)
    for seed in (3, 4):
        train.run(settings(), again, "edl", seed)
    first, second = (load_trainings(settings(), place, "edl") for place in (workspace, again))
    assert [one.seed for one in first] == [3, 4]
    pixels = first[0].parts.test.pixels
    answers = [
        (one.predict(pixels), two.predict(pixels)) for one, two in zip(first, second, strict=True)
    ]
    for pair in answers:
        for a, b in zip(*pair, strict=True):
            np.testing.assert_array_equal(a, b)
    assert not np.allclose(answers[0][0].probabilities, answers[1][0].probabilities)
    np.testing.assert_array_equal(first[0].parts.test.pixels, first[1].parts.test.pixels)


def test_a_training_needs_a_seed_of_the_settings(tmp_path):
    with pytest.raises(UsageError, match=r"classifiers\.edl\.seeds: has no 5, only 3, 4; add it"):
        train.run(settings(), Workspace(root=tmp_path), "edl", 5)


def test_two_seeds_alike_are_one_too_many():
    twice = {**CLASSIFIERS, "edl": {**CLASSIFIERS["edl"], "seeds": [3, 3]}}
    with pytest.raises(UsageError, match=r"classifiers\.edl.*seeds: one occurs twice"):
        settings(classifiers=twice)


def test_an_interval_is_over_trainings_and_images(workspace):
    """Literally: s² of the two trainings halved, and the variance of their mean over images."""
    evaluate.run(settings(), workspace, "overlap")
    out = workspace.analysis("overlap")
    metrics = read_parquet(out / "metrics.parquet").set_index(["run", "metric"])
    images = read_parquet(out / "image_values.parquet")
    upright = images[images["row"] == "edl_upright"]
    values = upright.pivot(index="seed", columns="question_id", values="uncertainty").to_numpy()
    row = metrics.loc[("overlap/edl_upright", "uncertainty")]
    np.testing.assert_allclose(row["by_seed"], values.mean(axis=1))
    half = (row["ci_high"] - row["ci_low"]) / 2
    between = values.mean(axis=1).var(ddof=1) / 2
    assert half >= 1.96 * np.sqrt(between)
    assert row["value"] == pytest.approx(values.mean())
    assert metrics.loc[("overlap/sure_upright", "uncertainty"), "seeds"] == 1


def test_a_moved_map_of_another_image_is_the_next_ones(workspace):
    evaluate.run(settings(), workspace, "overlap")
    images = read_parquet(workspace.analysis("overlap") / "image_values.parquet")
    upright = images[images["row"] == "edl_upright"]
    assert (upright["dice_centred"] != upright["dice_centred_other"]).any()
    blank = upright["blank_map"] == 1
    assert upright.loc[blank, "dice_of_maps"].isna().all()
    kept = upright.loc[~blank]
    assert kept["dice_of_maps"].equals(kept["dice"].rename("dice_of_maps"))


def test_weights_of_other_settings_are_refused(workspace):
    other = settings(classifier_training={**TRAINING, "epochs": 3})
    with pytest.raises(BadData, match=r"training.epochs was 2, is 3.*vqax edl train edl --seed 3"):
        load_trainings(other, workspace, "edl")


def test_an_untrained_classifier_is_missing(tmp_path):
    with pytest.raises(MissingArtefact, match=r"model\.json"):
        load_trainings(settings(), Workspace(root=tmp_path), "edl")


def test_strangers_cannot_be_learned_but_take_any_shape():
    params = settings()
    with pytest.raises(UsageError, match=r"images\.noise: has one class only"):
        read_parts(params, "noise")
    like = read_parts(params, "things").test
    assert out_of_distribution(params, "noise", like).shape == (5, 1, 28, 28)


@pytest.mark.parametrize(
    ("section", "value", "message"),
    [
        ("classifiers", {"a": {**CLASSIFIERS["edl"], "images": "nothing"}}, "'nothing' is not"),
        ("experiments", {"answers": {"classifiers": ["nobody"], "bins": 3}}, "'nobody' is not one"),
        (
            "classifiers",
            {"edl": {**CLASSIFIERS["edl"], "training": {"epochs": 0}}, "sure": CLASSIFIERS["sure"]},
            "classifiers.edl.training.epochs",
        ),
    ],
)
def test_wrong_names_and_numbers_are_listed(section, value, message):
    with pytest.raises(UsageError, match=message):
        settings(**{section: value})


def test_reported_tables_are_of_every_classifier(workspace):
    evaluate.run(settings(), workspace, "answers")
    table = read_parquet(workspace.analysis("answers") / "metrics.parquet")
    assert isinstance(table, pd.DataFrame)
    assert set(table["run"]) == {"answers/edl", "answers/sure"}
    belief = table[table["metric"] == "belief"]
    assert belief["run"].tolist() == ["answers/edl"]


def test_pairs_that_are_equal_but_for_rounding_have_p_1():
    a, b = np.full(8, (0.3 + 0.6) / 2), np.full(8, (0.9 + 0.0) / 2)
    assert (a != b).all()
    assert signed_rank_p(a, b) == 1.0
    uneven = np.array([0.3, 0.1 + 0.2, -0.3, 0.3, 1.0])
    assert signed_rank_p(uneven, np.zeros(5)) == signed_rank_p(uneven.round(9), np.zeros(5))


def test_the_command_makes_every_training_or_the_one_of_a_seed(tmp_path, monkeypatch):
    monkeypatch.setattr(cli.edl, "loaded", lambda **_: (settings(), Workspace(root=tmp_path)))
    one = CliRunner().invoke(cli.edl.edl, ["train", "edl", "--seed", "4", "--json"])
    assert one.exit_code == 0, one.output
    assert json.loads(one.stdout)["seed"] == 4
    made = tmp_path / "data" / "classifiers"
    assert [path.name for path in made.iterdir()] == ["edl_seed4"]
    both = CliRunner().invoke(cli.edl.edl, ["train", "edl", "--json"])
    assert json.loads(both.stdout).keys() == {"seed 3", "seed 4"}
    assert sorted(path.name for path in made.iterdir()) == ["edl_seed3", "edl_seed4"]
    none = CliRunner().invoke(cli.edl.edl, ["train", "edl", "--seed", "9"])
    assert none.exit_code == 2
    assert "classifiers.edl.seeds: has no 9" in none.stderr


def test_the_page_says_how_the_classifiers_are_trained():
    params = load(ROOT / "params.yaml")
    training = params.classifier_training
    lines = (ROOT / "studies" / "edl" / "README.md").read_text(encoding="utf-8").splitlines()
    said = {
        line.split(" | ")[0].strip("| "): line.rsplit(" | ", 1)[1]
        for line in lines
        if " | " in line
    }
    decay = f"{training.weight_decay:g}" if training.weight_decay >= 1e-3 else ".0001"
    assert training.weight_decay == float(decay)
    rate = f"{training.lr:.0e}".replace("e-0", "e-")
    when = f"after {training.step_epochs} of {training.epochs} epochs"
    assert (
        f"Adam {rate}, decay {decay}, ·.1 {when}, batch {training.batch_size} " in said["optimiser"]
    )
    annealing = params.classifier("edl_mnist").head.options["annealing"]
    assert annealing == params.classifier("edl_fashion").head.options["annealing"]
    largest = f"{(training.epochs - 1) / annealing:.2f}".lstrip("0")
    assert said["annealing"].startswith(f"{annealing} epochs")
    assert f"stays ≤ {largest}" in said["annealing"]


STUDY = {
    "groups": [],
    "significance": None,
    "tables": {
        "edl/accuracy": {"MNIST": "answers/edl"},
        "edl/1": {
            "DSC Normal | mnist": "overlap/edl_upright",
            "DSC Rotated | mnist": "overlap/edl_rotated",
            "DSC Normal vs DSC Rotated | mnist": {
                "run": "overlap/edl_upright_vs_rotated",
                "metrics": {"p_value": "p_dice"},
            },
        },
    },
    "report": {
        **{
            "title": "T",
            "research_question": "?",
            "gallery": 0,
            "comparisons": {},
            "claims": "edl",
        },
        "figures": {
            "rotation": {"classifiers": BOTH, "curves": BOTH},
            "out_of_distribution": {"classifiers": BOTH, "example": BOTH},
            "object_maps": {"classifier": "edl", "examples": 2},
            "overlap_curves": {"classifiers": BOTH},
        },
    },
}


def test_a_study_of_classifiers_has_tables_with_seeds_claims_and_a_report(workspace):
    params = settings(studies={"edl": STUDY}, labels={"edl": "evidential", "sure": "softmax"})
    whole = params.model_dump(mode="json", exclude_unset=True)
    write_settings(workspace.root, {**whole, "folders": []})
    for name in experiments():
        evaluate.run(params, workspace, name)
    compare.run(params, workspace, "edl")
    tables = read_parquet(workspace.tables("edl") / "edl_1.parquet").set_index(["row", "metric"])
    upright = tables.loc[("DSC Normal | mnist", "dice")]
    assert (upright["seeds"], upright["n"]) == (2, 18)
    assert "by seed: " in upright["note"]
    assert upright["dataset"] == "things"
    p = tables.loc[("DSC Normal vs DSC Rotated | mnist", "p_value")]
    assert 0 <= p["value"] <= 1
    assert p["note"].count(", ") >= 1  # that of each training over images alone
    sources = collect(Measured(params, workspace, "edl"), pd.DataFrame())
    rotated = [name for name in sources.values if name.startswith("rotation/edl_")]
    assert all(sources.family(name) == [name] for name in rotated)
    assert {sources.run_of(name) for name in rotated} == {"edl"}
    assert {sources.trainings(name) for name in rotated} == {2}
    claims.run(params, workspace, "edl")
    found = read_parquet(workspace.claims_of("edl")).set_index("claim_id")
    assert found.loc["E03", "verdict"] == "not testable here"
    report.run(params, workspace, "edl")
    page = workspace.report("edl").read_text(encoding="utf-8")
    assert "evidential" in page
