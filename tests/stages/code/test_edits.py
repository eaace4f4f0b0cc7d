"""What an edit of the code makes stale, by DVC's own word, in a copy of the repository."""

from pathlib import Path

import pytest

from tests.stages import pipelines, tiny
from tests.stages.code.copies import edit, shell, would_run

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")
EVALUATED = [f"{stage}@{run}" for stage in ("explain", "score") for run in ("san", "san_p_gca")]
AFTER = ["compare_headline", "report_headline"]


APPEND = "\nADDED = 1\n"


@pytest.mark.parametrize(
    ("file", "code", "stages"),
    [
        ("vqax/report/labels.py", "compare", ["compare_headline"]),
        ("vqax/report/numbers.py", "compare", ["compare_headline"]),
        ("vqax/stats/bootstrap.py", "agreement", ["agreement@scenes_v1", *AFTER]),
        ("vqax/metrics/detection.py", "key_objects", []),
        ("project/maps.py", "score", [f"score@{run}" for run in ("san", "mcb")]),
        ("vqax/models/san.py", "explain", EVALUATED),
        ("vqax/learning/batches.py", "explain", ["explain@mcb", "explain@lstm_qi"]),
    ],
)
def test_an_edit_makes_the_stages_stale_that_run_it(
    folder: Path, file: str, code: str, stages: list[str]
) -> None:
    """The edits after which the pipeline once said that everything was up to date."""
    path = folder / file
    path.write_text(path.read_text(encoding="utf-8") + APPEND, encoding="utf-8")
    assert f"code_{code}:" in pipelines.dvc(folder, "status", f"code_{code}")
    assert set(stages) <= set(would_run(folder))
    shell(folder, "dvc", "repro", "--quiet", "--single-item", f"code_{code}")
    changed = [name for name in stages if pipelines.dvc(folder, "status", name).startswith(name)]
    of_code = [name for name in stages if name.partition("@")[0].partition("_")[0] == code]
    assert changed == of_code


def test_san_alone_is_trained_again_for_its_code(folder: Path) -> None:
    edit(folder / "vqax" / "models" / "san.py", "class San", "EDITED = 1\n\n\nclass San")
    shell(folder, "dvc", "repro", "--quiet", "--single-item", "code_train")
    assert pipelines.dvc(folder, "status", "train@san").startswith("train@san")
    assert "up to date" in pipelines.dvc(folder, "status", "train@mcb")
    trained = [name for name in would_run(folder) if name.startswith("train@")]
    assert trained == ["train@san", "train@san_p_gca"]


def test_a_sentence_runs_no_stage_but_the_one_that_reads_the_code(folder: Path) -> None:
    edit(folder / "vqax" / "stats" / "bootstrap.py", '"""', '"""A better sentence. ')
    assert "code_score" in pipelines.dvc(folder, "status")
    assert all(name.startswith("code_") for name in would_run(folder))
    codes = [f"code_{name}" for name in ("score", "agreement", "compare", "report")]
    shell(folder, "dvc", "repro", "--quiet", "--single-item", *codes)
    assert "up to date" in pipelines.dvc(folder, "status", "compare_headline", "score@san")


def test_a_new_member_is_no_change_for_the_others(folder: Path) -> None:
    """Nor does dvc.yaml have to be written again."""
    ucam = folder / "studies" / "ucam"
    (ucam / "blind.py").write_text("from studies.ucam import noise\n\nrun = noise.run\n")
    edit(ucam / "analyses.py", "attention_samples, ", "attention_samples, blind, ")
    edit(
        ucam / "analyses.py",
        '"noise": noise.run,\n',
        '"noise": noise.run,\n    "blind": blind.run,\n',
    )
    before = {path.name: path.read_bytes() for path in (folder / "data/code/analyse").iterdir()}
    shell(folder, "dvc", "repro", "--quiet", "--single-item", "code_analyse")
    after = {path.name: path.read_bytes() for path in (folder / "data/code/analyse").iterdir()}
    assert after.keys() - before.keys() == {"blind.txt"}
    assert {name: after[name] for name in before} == before
    dvc_yaml = (folder / "dvc.yaml").read_text(encoding="utf-8")
    pipelines.write_settings(folder, tiny.settings())
    assert (folder / "dvc.yaml").read_text(encoding="utf-8") == dvc_yaml
