"""Classifiers of images through their stages, on 20 images a class."""

import numpy as np
import pandas as pd
import pytest

from project.params import Params, checked, load
from project.workspace import Workspace
from stages import evaluate
from studies import experiments
from studies.edl import overlap, train
from studies.edl.images import out_of_distribution, read_parts
from studies.edl.metric_rows import metrics_table, of_interval
from studies.edl.paired_conditions import signed_rank_p
from studies.edl.trained import load_classifier
from tests.stages.tiny import ROOT
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.files import read_parquet
from vqax.stats.bootstrap import Interval

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
        train.run(settings(), place, name)
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
    images = read_parquet(workspace.analysis(name) / "images.parquet")
    assert {"row", "question_id", "image_id"} <= set(images.columns)
    assert not images.duplicated(["row", "question_id"]).any()


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
    assert of_interval("overlap", "edl", metric, Interval(0.5, 0.4, 0.6, 9))[-2:] == kind


def test_means_are_those_of_the_pictures(workspace):
    evaluate.run(settings(), workspace, "overlap")
    out = workspace.analysis("overlap")
    metrics = read_parquet(out / "metrics.parquet").set_index(["run", "metric"])["value"]
    images = read_parquet(out / "images.parquet")
    upright, rotated = (images[images["row"] == f"edl_{c}"] for c in ("upright", "rotated"))
    assert metrics["overlap/edl_upright", "dice"] == pytest.approx(upright["dice"].mean())
    gap = rotated["dice"].to_numpy() - upright["dice"].to_numpy()
    found = metrics["overlap/edl_upright_vs_rotated", "dice_difference"]
    assert found == pytest.approx(np.nanmean(gap))
    assert upright["object_emd"].notna().sum() == 3
    assert upright["dice_test"].notna().sum() == 18
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
    images = read_parquet(out / "images.parquet")
    blank = images.loc[images["row"] == "edl_upright", "blank_map"]
    assert blank.iloc[::2].eq(1).all()
    metrics = read_parquet(out / "metrics.parquet").set_index(["run", "metric"])["value"]
    assert metrics["overlap/edl_upright", "blank_map"] == pytest.approx(blank.mean())
    curve = read_parquet(out / "thresholds.parquet").set_index("row")
    assert curve.loc["edl_upright", "blank_maps"].eq(blank.sum()).all()


def test_the_same_training_twice_gives_the_same_answers(workspace, tmp_path):
    again = Workspace(root=tmp_path)
    train.run(settings(), again, "edl")
    first, second = (load_classifier(settings(), place, "edl") for place in (workspace, again))
    pixels = first.parts.test.pixels
    for a, b in zip(first.predict(pixels), second.predict(pixels), strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_of_other_settings_are_refused(workspace):
    other = settings(classifier_training={**TRAINING, "epochs": 3})
    with pytest.raises(BadData, match=r"training.epochs was 2, is 3.*vqax edl train edl"):
        load_classifier(other, workspace, "edl")


def test_an_untrained_classifier_is_missing(tmp_path):
    with pytest.raises(MissingArtefact, match=r"model\.json"):
        load_classifier(settings(), Workspace(root=tmp_path), "edl")


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
