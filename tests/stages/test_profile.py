"""Profiles: checked as a whole, in a folder of their own, nothing of the default touched."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from project.params import load
from project.settings_files import read_settings, read_whole, split
from stages.code import STAGES
from stages.components import load_whole
from stages.profile import WHOLE_SECTIONS, prepare_profile
from stages.repro.plan import stale
from studies import claim_rules
from tests.cli.commands import files
from tests.stages.tiny import ROOT
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.ownership import mark

PROFILES = sorted(path.stem for path in (ROOT / "profiles").glob("*.yaml"))
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")
CODE = [f"code_{name}" for name in STAGES]
KINDS = ("compare", "claims", "report")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """What a profile sees of the repository."""
    folder = tmp_path / "repository"
    for name in ("profiles", "studies", "stages", "project", "vqax"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("params.yaml", "dvc.yaml", ".dvcignore"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def overlay(repository: Path, name: str, **sections: object) -> None:
    path = repository / "profiles" / f"{name}.yaml"
    path.write_text(yaml.safe_dump(sections), encoding="utf-8")


def test_there_is_the_profile_with_real_pictures() -> None:
    assert "coco_mini" in PROFILES


@pytest.mark.parametrize("name", PROFILES)
def test_every_committed_profile_is_whole(repository: Path, name: str) -> None:
    folder = prepare_profile(repository, name, repository.parent)
    params = load_whole(folder / "params.yaml")
    own = yaml.safe_load((ROOT / "profiles" / f"{name}.yaml").read_text(encoding="utf-8"))
    for section in set(own) & set(WHOLE_SECTIONS) & {"runs", "datasets", "scenes", "studies"}:
        assert getattr(params, section).keys() == own[section].keys()
    for spec in params.datasets.values():
        assert not spec.root.is_absolute()


def test_the_pipeline_of_a_profile_is_complete(repository: Path) -> None:
    (repository.parent / "coco_vqa_v2_mini").mkdir()
    todo = stale(prepare_profile(repository, "coco_mini", repository.parent), ())
    runs = ["san", "mcb", "mcb_p_gca", "updn", "updn_attreg"]
    names = [f"{stage}@{run}" for stage in ("train", "explain", "score") for run in runs]
    assert set(todo) == {
        *names, "prepare@coco_mini", "agreement@coco_mini", "features@coco_mini",
        "coco_detector@coco", "regions@coco_mini_regions", "key_objects@coco_mini",
        "compare_headline", "report_headline", "none", *CODE,
    }  # fmt: skip


def test_the_profile_with_more_seeds_has_every_stage(repository: Path) -> None:
    folder = prepare_profile(repository, "full")
    params = load_whole(folder / "params.yaml")
    assert set(params.runs) > set(load(ROOT / "params.yaml").runs)
    each = {
        **dict.fromkeys(("train", "explain", "score"), params.runs),
        **dict.fromkeys(("prepare", "agreement"), params.datasets),
        "features": params.grids,
        "scenes": params.scenes,
        "changing_priors": params.changing_priors,
        "detector": params.detectors,
        "regions": params.regions,
        "key_objects": params.key_objects,
        "analyse": params.analyses,
        "analyse_regions": params.region_analyses,
        "classify": [
            f"{name}_seed{seed}"
            for name in params.classifiers
            for seed in params.classifier_seeds(name)
        ],
        "evaluate": params.experiments,
    }
    named = {f"{stage}@{name}" for stage, names in each.items() for name in names}
    studies = {f"{stage}_{name}" for stage in ("compare", "report") for name in params.studies}
    tested = {f"claims_{name}" for name, study in params.studies.items() if study.report.claims}
    assert set(stale(folder, ())) == named | studies | tested | {"claims", "none", *CODE}


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_asks_dvc_for_nothing_that_is_not_there(repository: Path, name: str) -> None:
    """DVC refuses to finish a stage with a parameter that no file of settings gives."""
    folder = prepare_profile(repository, name, repository.parent)
    settings, pipeline = read_whole(folder / "params.yaml"), read_settings(folder / "dvc.yaml")
    for stage in pipeline["stages"].values():
        for given in stage.get("params", []) if "foreach" not in stage else ():
            files = {"params.yaml": [given]} if isinstance(given, str) else given
            for file, keys in files.items():
                for key in keys:
                    value = read_settings(folder / file)
                    for part in key.split("."):
                        assert part in value, (file, key)
                        value = value[part]
    originals = {n for n, run in settings["runs"].items() if not run.get("replicate_of")}
    for plot in pipeline["plots"]:
        for drawn in plot.values():
            for source, columns in drawn["y"].items():
                assert source.split("/")[1] in settings["studies"]
                assert set(columns) <= originals
    assert all(path.split("/")[1] in settings["studies"] for path in pipeline["metrics"])


@pytest.mark.parametrize("name", PROFILES)
def test_every_file_of_a_profile_is_read(repository: Path, name: str) -> None:
    """Those of studies it has no more are removed."""
    mark(repository / "work" / name, "profile")
    left = repository / "work" / name / "studies" / "gone" / "runs.yaml"
    left.parent.mkdir(parents=True)
    left.write_text("runs: {}", encoding="utf-8")
    folder = prepare_profile(repository, name, repository.parent)
    there = {path.relative_to(folder) for path in folder.glob("studies/*/*.yaml")}
    settings = read_whole(folder / "params.yaml")
    assert there == split(settings).keys() - {Path("params.yaml")}


def test_what_a_profile_lacks_is_not_in_its_pipeline(repository: Path) -> None:
    studies = read_whole(ROOT / "params.yaml")["studies"]
    overlay(repository, "short", studies={"headline": studies["headline"]})
    short = read_settings(prepare_profile(repository, "short") / "dvc.yaml")["stages"]
    whole = read_settings(ROOT / "dvc.yaml")["stages"]
    others = {f"{kind}_{name}" for kind in KINDS for name in studies if name != "headline"}
    assert whole.keys() - short.keys() == others & whole.keys() | {"claims"}

    untested = {**studies["ucam"], "report": {**studies["ucam"]["report"]}}
    untested["report"].pop("claims")
    overlay(repository, "untested", studies={"ucam": untested})
    stages = read_settings(prepare_profile(repository, "untested") / "dvc.yaml")["stages"]
    others = {f"{kind}_{name}" for kind in KINDS for name in studies if name != "ucam"}
    assert whole.keys() - stages.keys() == (others & whole.keys()) | {"claims_ucam", "claims"}


def test_a_study_without_its_group_or_analyses_depends_on_neither(repository: Path) -> None:
    settings = read_whole(ROOT / "params.yaml")
    runs = {n: run for n, run in settings["runs"].items() if run["group"] == "headline"}
    study = {**settings["studies"]["headline"], "groups": ["headline"]}
    pairs = study["report"]["comparisons"].items()
    kept = {run: other for run, other in pairs if {run, other} <= runs.keys()}
    study["report"] = {**study["report"], "comparisons": kept}
    nothing: dict[str, Any] = {"analyses": {}, "region_analyses": {}}
    overlay(repository, "short", runs=runs, **nothing, studies={"headline": study})
    stages = read_settings(prepare_profile(repository, "short") / "dvc.yaml")["stages"]
    for name, stage in stages.items():
        deps = [dep for dep in stage.get("deps", []) if dep.startswith("data/")]
        assert not [dep for dep in deps if "ucam" in dep or "analyses/" in dep], name


def test_a_profile_leaves_everything_else_as_it_is(repository: Path) -> None:
    (repository / "dvc.lock").write_text("{}", encoding="utf-8")
    before = files(repository)
    folder = prepare_profile(repository, "coco_mini", repository.parent)
    after = {name: stat for name, stat in files(repository).items() if name in before}
    assert after == before
    own = [path for path in folder.rglob("*") if not path.is_symlink() and path.is_file()]
    settings = {f"studies/headline/{one}.yaml" for one in ("runs", "labels", "study", "report")}
    assert {str(path.relative_to(folder)) for path in own} == {
        "params.yaml", "dvc.yaml", ".dvc/config", ".made_by_vqax", *settings,
    }  # fmt: skip


def test_sections_replace_or_merge(repository: Path) -> None:
    overlay(repository, "short", training={"epochs": 1}, labels={"mcb": "the MCB"})
    params = load(prepare_profile(repository, "short") / "params.yaml")
    default = load(ROOT / "params.yaml")
    assert params.training == default.training.model_copy(update={"epochs": 1})
    assert params.labels == {"mcb": "the MCB"}
    assert params.runs == default.runs
    assert params.datasets == default.datasets


def test_seeds_repeat_every_run(repository: Path) -> None:
    overlay(repository, "seeds", seeds=[21, 22])
    params = load(prepare_profile(repository, "seeds") / "params.yaml")
    default = load(ROOT / "params.yaml")
    originals = {name for name, run in default.runs.items() if run.replicate_of is None}
    assert len(params.runs) == 3 * len(originals)
    again = params.runs["mcb_seed22"]
    assert (again.replicate_of, params.seed_of("mcb_seed22")) == ("mcb", 22)
    assert again.model_copy(update={"replicate_of": None, "seed": None}) == default.runs["mcb"]
    assert params.groups["mcb_ve_seed21"] == "ucam"


def test_a_fine_tuned_run_is_repeated_from_the_same_seed_of_its_backbone(repository: Path) -> None:
    overlay(repository, "seeds", seeds={"updn_attreg": [20, 31]})
    params = load(prepare_profile(repository, "seeds") / "params.yaml")
    default = load(ROOT / "params.yaml")
    assert params.runs.keys() - default.runs.keys() == {"updn_attreg_seed31", "updn_seed31"}
    again = params.runs["updn_attreg_seed31"]
    assert (again.backbone, again.replicate_of) == ("cp/updn_seed31", "updn_attreg")
    assert params.seed_of("updn_attreg_seed31") == params.seed_of("updn_seed31") == 31


def test_runs_have_seeds_of_their_own_or_those_of_every_run(repository: Path) -> None:
    overlay(repository, "seeds", seeds={"every": [31], "san": [31, 32], "lstm_qi": []})
    params = load(prepare_profile(repository, "seeds") / "params.yaml")
    repeated = {
        name: [params.seed_of(n) for n, run in params.runs.items() if run.replicate_of == name]
        for name in ("mlb", "san", "lstm_qi")
    }
    assert repeated == {"mlb": [31], "san": [31, 32], "lstm_qi": []}


def test_seeds_of_a_run_that_is_not_there(repository: Path) -> None:
    overlay(repository, "odd", seeds={"mbc": [21]})
    with pytest.raises(
        UsageError, match=r"odd\.yaml: seeds: mbc: no such run; did you mean mlb or mcb"
    ):
        prepare_profile(repository, "odd")


HEADLINE = (
    *("mcb", "mcb_a_gca", "mcb_p_gca", "san", "san_p_gca", "updn", "updn_attreg", "updn_tuned"),
    *("updn_rand_mask", "updn_zero_out", "lmh", "lmh_attreg", "lmh_tuned", "lmh_rand_mask"),
    "lmh_zero_out",
)


def test_the_full_profile_trains_often_enough_for_verdicts(repository: Path) -> None:
    """Five seeds of the headline contrasts and their controls, three of what a claim rests on."""
    params = load(prepare_profile(repository, "full") / "params.yaml")
    seeds: dict[str, set[int]] = {}
    for name, run in params.runs.items():
        seeds.setdefault(run.replicate_of or name, set()).add(params.seed_of(name))
    assert {name for name in HEADLINE if len(seeds[name]) < 5} == set()
    for paper, rules in claim_rules().items():
        rows = params.studies[paper].rows
        for rule in rules.values():
            for side in (side for one in rule.comparisons for side in one.sides):
                source = side.source
                if not isinstance(source, str):
                    row = rows.get(source.table, {}).get(source.row)
                    source = row.run if row else ""
                assert len(seeds.get(source, {20, 21, 22})) >= 3, source


def test_a_repetition_is_not_repeated(repository: Path) -> None:
    runs = read_whole(ROOT / "params.yaml")["runs"]
    runs = {name: run for name, run in runs.items() if "replicate_of" not in run}
    again = {**runs["mcb"], "replicate_of": "mcb", "seed": 7}
    overlay(repository, "seeds", seeds=[21], runs={**runs, "mcb_again": again})
    params = load(prepare_profile(repository, "seeds") / "params.yaml")
    repeated = [name for name, run in params.runs.items() if run.replicate_of == "mcb"]
    assert repeated == ["mcb_again", "mcb_seed21"]
    assert len(params.runs) == 2 * len(runs) + 1


def test_a_second_time_writes_nothing(repository: Path) -> None:
    folder = prepare_profile(repository, "coco_mini", repository.parent)
    before = files(folder)
    assert prepare_profile(repository, "coco_mini", repository.parent) == folder
    assert files(folder) == before


def test_data_lie_where_the_user_says(repository: Path) -> None:
    """In no folder that somebody else does not have."""
    with pytest.raises(UsageError, match=r"its data lie in VQAX_DATA .*; set that variable, or"):
        prepare_profile(repository, "coco_mini")
    elsewhere = repository.parent / "far" / "away"
    folder = prepare_profile(repository, "coco_mini", elsewhere)
    params = load(folder / "params.yaml")
    root = (folder / params.datasets["coco_mini"].root).resolve()
    assert root == elsewhere / "coco_vqa_v2_mini"
    overlay(repository, "mine", datasets={}, grids={}, runs={}, studies={}, analyses={}, labels={},
            detectors={"own": {"root": "VQAX_DATA", "split": "train2014", "val_split": "val2014",
                               "epochs": 1, "batch_size": 1, "lr": 0.1, "weight_decay": 0.0,
                               "clip": 1.0, "precision": "fp32"}})  # fmt: skip
    assert load(prepare_profile(repository, "mine", Path("/far")) / "params.yaml")
    for path in (ROOT / "profiles").glob("*.yaml"):
        assert "../" not in path.read_text(encoding="utf-8")


def test_an_unknown_profile_names_the_known_ones(repository: Path) -> None:
    with pytest.raises(MissingArtefact, match=r"coco_maxi\.yaml: no such profile.*coco_mini"):
        prepare_profile(repository, "coco_maxi")
    with pytest.raises(MissingArtefact, match=r"params\.yaml: no such profile"):
        prepare_profile(repository, "../params")
    assert not (repository / "work").exists()


def test_a_folder_that_is_no_profiles_stays_as_it_is(repository: Path) -> None:
    overlay(repository, "mine", training={"epochs": 1})
    mine = repository / "work" / "mine"
    mine.mkdir(parents=True)
    (mine / "params.yaml").write_text("years of work")
    with pytest.raises(BadData, match=r"work/mine: holds files and no marker .* of profile"):
        prepare_profile(repository, "mine")
    assert [(path.name, path.read_text()) for path in mine.iterdir()] == [
        ("params.yaml", "years of work")
    ]


def test_a_profile_whose_name_leads_elsewhere_is_refused(repository: Path) -> None:
    before = (repository / "params.yaml").read_bytes()
    overlay(repository, "..", training={"epochs": 1})  # its folder would be the repository
    with pytest.raises(UsageError, match=r"--profile: '\.\.' cannot be a name"):
        prepare_profile(repository, "..")
    assert (repository / "params.yaml").read_bytes() == before


def test_names_that_a_profile_gives_are_checked_too(repository: Path) -> None:
    runs = {"../../evil": read_whole(ROOT / "params.yaml")["runs"]["mcb"]}
    overlay(repository, "mine", runs=runs)
    with pytest.raises(UsageError, match=r"runs: '\.\./\.\./evil' cannot be a name"):
        prepare_profile(repository, "mine")
    assert not (repository / "work").exists()


def test_mistakes_in_a_profile_are_listed_before_anything_is_written(repository: Path) -> None:
    overlay(repository, "wrong", training={"epoch": 1}, datasets=7, explain={"methods": ["lime"]})
    with pytest.raises(UsageError, match=r"wrong\.yaml over params\.yaml: \d+ mistake") as caught:
        prepare_profile(repository, "wrong")
    assert all(word in str(caught.value) for word in ("training.epoch", "datasets", "'lime'"))
    assert not (repository / "work").exists()


def test_a_profile_may_only_train(repository: Path) -> None:
    """No study: nothing is compared, drawn or reported."""
    overlay(repository, "train_only", studies={})
    folder = prepare_profile(repository, "train_only")
    todo = stale(folder, ("train",))
    assert "train@mcb" in todo
    pipeline = read_settings(folder / "dvc.yaml")
    assert (pipeline["metrics"], pipeline["plots"]) == ([], [])
    assert not [name for name in pipeline["stages"] if name.startswith(KINDS)]


@pytest.mark.parametrize("seeds", [21, ["a"], [1.5], {"mcb": 1}, [True]])
def test_seeds_that_are_no_whole_numbers(repository: Path, seeds: object) -> None:
    overlay(repository, "odd", seeds=seeds)
    with pytest.raises(UsageError, match=r"odd\.yaml: seeds: .*; list whole numbers"):
        prepare_profile(repository, "odd")


def test_a_mistake_in_a_run_is_not_told_again_for_its_repetitions(repository: Path) -> None:
    runs = read_whole(repository / "params.yaml")["runs"]
    runs["mcb"]["modell"] = "mcb"
    overlay(repository, "odd", seeds=[21, 22], runs=runs)
    with pytest.raises(UsageError, match=r"1 mistake\(s\) to mend:\n  runs\.mcb\.modell"):
        prepare_profile(repository, "odd")
