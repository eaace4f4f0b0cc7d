"""``vqax runs``, ``methods`` and ``metrics``."""

import json
from pathlib import Path

import pytest

from project.schema import Member, Run
from stages.catalogue import methods, metrics
from stages.listing import objective_in_words
from tests.cli.commands import assert_refused, vqax
from vqax.explain import EXPLAINERS, WORD_EXPLAINERS
from vqax.metrics.alignment import ALIGNMENT_METRICS
from vqax.metrics.catalogue import METRICS


def test_runs_are_a_table(workspace: Path) -> None:
    lines = vqax("runs").stdout.splitlines()
    assert lines[0].split() == ["run", "group", "data", "model", "objective", "status", "accuracy"]
    (mcb,) = [line.split() for line in lines if line.startswith("mcb ")]
    assert mcb[:6] == ["mcb", "headline", "scenes_v1", "mcb", "answer", "scored"]
    assert mcb[-1] == "%"


def test_the_status_follows_from_the_files(workspace: Path) -> None:
    def status(name: str) -> str:
        return json.loads(vqax("runs", "--json").stdout)[name]["status"]

    assert status("san") == "scored"
    (workspace / "data/scores/headline/san/metrics.parquet").unlink()
    assert status("san") == "explained"
    (workspace / "data/explanations/headline/san/predictions.parquet").unlink()
    assert status("san") == "trained"
    (workspace / "data/runs/headline/san/model.safetensors").unlink()
    assert status("san") == "not trained"


def test_the_main_score_is_that_of_the_study(workspace: Path) -> None:
    metrics = json.loads((workspace / "results/headline/metrics.json").read_text("utf-8"))
    runs = json.loads(vqax("runs", "--json").stdout)
    assert {name: run["accuracy_all"] for name, run in runs.items()} == {
        name: metrics[name]["accuracy_all"] for name in runs
    }


def test_runs_of_a_group_or_a_study(studies: Path) -> None:
    def names(*options: str) -> set[str]:
        return set(json.loads(vqax("runs", *options, "--json").stdout))

    everything = names()
    assert names("--study", "ucam") == everything
    of_headline = names("--group", "headline")
    assert of_headline < everything
    assert names("--study", "headline", "--group", "headline") == of_headline
    assert "no run" in vqax("runs", "--group", "nobody").stdout
    assert_refused(vqax("runs", "--study", "dreams"), 2, "dreams: no such study")


def test_stale_runs_are_those_of_which_dvc_would_run_a_stage(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = {"code_train": set(), "train@mcb": set(), "score@san": set()}
    monkeypatch.setattr("stages.repro.plan.stale", lambda folder, targets: plan)
    assert set(json.loads(vqax("runs", "--stale", "--json").stdout)) == {"mcb", "san"}


def test_all_there_is_to_say_of_a_run(workspace: Path) -> None:
    said = json.loads(vqax("runs", "show", "mcb_p_gca", "--json").stdout)
    assert said["label"] == "MCB + P-GCA"
    assert said["objective"] == "uncertainty (source predictive, certainty: gain 1)"
    assert said["training"]["optimiser"]["name"]
    assert said["studies"] == ["headline"]
    assert [Path(file).name for file in said["files"]] == [
        "model.safetensors",
        "predictions.parquet",
        "metrics.parquet",
    ]
    assert "objective: uncertainty" in vqax("runs", "show", "mcb_p_gca").stdout
    assert_refused(vqax("runs", "show", "mbc"), 2, "mbc: no such run; did you mean mcb")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "answer"),
        ({"loss": "soft_ce"}, "answer (loss soft ce)"),
        ({"terms": ["ve", "udl"], "gain": 0.5}, "answer (terms ve + udl, gain 0.5)"),
        ({"certainty": {"gain": 1.0}, "nothing": None}, "answer (certainty: gain 1)"),
    ],
)
def test_an_objective_in_words(options: dict, words: str) -> None:
    run = Run.model_construct(objective=Member(name="answer", **options))
    assert objective_in_words(run) == words


def test_methods_say_what_they_need_and_where_they_come_from() -> None:
    entries = methods()
    assert list(entries) == [*EXPLAINERS, *WORD_EXPLAINERS]
    assert entries["grad_cam"]["source"] == "Selvaraju et al. 2017"
    assert entries["topn_grad_cam"]["source"] == "TopN"
    assert entries["guided_backprop"]["needs"] == ["gradient", "pixels", "rectifier"]
    assert all(entry["meaning"].endswith(".") for entry in entries.values())
    unnamed = [name for name, entry in entries.items() if not entry["source"]]
    assert unnamed == ["attention", "region_occlusion", "layer_attention"]


def test_methods_can_be_narrowed() -> None:
    words = json.loads(vqax("methods", "--of", "words", "--json").stdout)
    assert list(words) == list(WORD_EXPLAINERS)
    found = json.loads(vqax("methods", "--needs", "variance", "--json").stdout)
    assert set(found) == {"aleatoric_mask", "predictive_mask"}
    assert vqax("methods", "--needs", "luck").stdout == "no method\n"


def test_every_metric_is_listed_with_its_direction() -> None:
    families = metrics()
    listed = {name for entries in families.values() for name in entries}
    assert listed >= {*METRICS, *ALIGNMENT_METRICS}
    entries = [entry for each in families.values() for entry in each.values()]
    assert {entry["better"] for entry in entries} == {"higher", "lower", "neither"}
    assert all(entry["meaning"] for entry in entries)
    assert families["human attention"]["rank_correlation"]["source"] == "Das et al. 2016, VQA-HAT"


def test_metrics_of_a_family() -> None:
    found = json.loads(vqax("metrics", "--family", "alignment", "--json").stdout)
    assert list(found) == ["alignment (vqax align)"]
    assert "nss" in vqax("metrics", "--family", "alignment").stdout
