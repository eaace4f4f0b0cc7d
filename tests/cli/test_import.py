"""``vqax features import``: published regions to a feature file, and what is no such file."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import assert_refused, files, vqax
from tests.stages import tiny
from tests.vision.test_imported import tsv_line


@pytest.fixture(autouse=True)
def tsv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A TSV of two images beside the committed settings."""
    tiny.write_settings(tmp_path, tiny.settings())
    monkeypatch.chdir(tmp_path)
    Path("two.tsv").write_bytes(tsv_line(1) + tsv_line(2))
    return "two.tsv"


def test_a_store_of_ones_own(tsv: str) -> None:
    made = vqax("features", "import", tsv, "--out", "mine", "--boxes", "3", "--json")
    assert made.exit_code == 0, made.output
    said = json.loads(made.stdout)
    assert (said["images"], said["boxes per image"], said["skipped"]) == (2, 3, 0)
    shown = vqax("features", "show", "data/features/mine.h5")
    assert "extractor: imported" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["none.tsv", "--out", "mine"], 4, ["none.tsv: no such file"]),
        (
            ["params.yaml", "--out", "mine"],
            3,
            ["params.yaml: no line can be used", "no line begins with an image_id", "give a TSV"],
        ),
        (["two.tsv", "--out", "../mine"], 2, ["--out: '../mine' cannot be a name", "use 1 to 100"]),
        (["two.tsv", "--out", "mine", "--dataset", "v3"], 2, ["v3: no such data set", "scenes_v1"]),
        (["two.tsv", "--out", "mine", "--vocab", "words"], 2, ["two.tsv", "no classes to name"]),
        (["two.tsv", "--out", "mine"], 3, ["two.tsv", "has 3 boxes, not 36", "--boxes 3"]),
    ],
)
def test_what_cannot_be_imported(arguments: list[str], code: int, words: list[str]) -> None:
    before = files(Path())
    assert_refused(vqax("features", "import", *arguments), code, *words)
    assert {name for name in files(Path()) if not name.endswith(".partial")} == before.keys()
