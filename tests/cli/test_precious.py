"""Every setting and option that takes a path is pointed at a precious folder; none changes it.

A user may name any folder, by mistake or for a reason. Whatever a command makes of it, every byte,
name and time in it is afterwards as before.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from PIL import Image

from cli.main import main
from project.places import GENERATED, INPUTS, NAMED
from tests.cli.commands import vqax
from tests.stages import tiny
from tests.stages.test_detector import DETECTOR
from vqax.data.scenes import SceneSettings, generate
from vqax.errors import BadData, MissingArtefact, UsageError

NAME, PRECIOUS = "mine", "precious"
MODEL = """
from vqax.adapters import of_function


def bright():
    def answer(images, questions):
        seen = images.mean((1, 2, 3)) / 255
        return [[float(one), 1 - float(one)] for one in seen]
    return of_function(answer, answers=["yes", "no"], size_px=(16, 24))
"""
SPLITS = ["train2014", "val2014"]
SECTIONS: dict[str, dict[str, Any]] = {
    "scenes": tiny.settings()["scenes"][tiny.DATASET],
    "changing_priors": {"root": "?", "splits": SPLITS, "test_share": 0.4, "seed": 1},
    "datasets": {
        "root": "?", "train": "train2014", "test": "val2014", "validation_share": 0.25,
        "label": "Mine",
    },
    "grids": {
        "root": "?", "splits": ["val2014"], "extractor": "efficientnet_lite0", "input_px": 64,
    },
    "detectors": {**DETECTOR, "root": "?"},
    "coco_detectors": {"network": "fasterrcnn_mobilenet_v3_large_320_fpn", "weights": "?"},
    "regions": {"root": "?", "splits": SPLITS, "detector": NAME, "boxes": 4},
    "imported_regions": {"source": "?"},
    "images": {"source": "image_folder", "folder": "?", "label": "Mine"},
}  # fmt: skip
"""An entry of each section that has a path, which stands where the question marks are."""
COMMANDS = {
    "scenes": [("data", "scenes")],
    "changing_priors": [("data", "make-cp")],
    "datasets": [
        ("data", "scenes"), ("data", "prepare"), ("data", "agreement"), ("data", "statistics"),
    ],
    "grids": [("features", "extract")],
    "detectors": [("regions", "train")],
    "coco_detectors": [("regions", "fetch")],
    "regions": [("regions", "extract"), ("regions", "show")],
    "imported_regions": [("regions", "import")],
    "images": [("edl", "train")],
}  # fmt: skip
"""The commands that read a section, and take the name of its entry."""


def state(folder: Path) -> dict[str, tuple[str, int, int]]:
    """What every file and folder holds, its mode and when it was changed."""

    def content(path: Path) -> str:
        if path.is_dir():
            return " ".join(sorted(one.name for one in path.iterdir()))
        return hashlib.sha256(path.read_bytes()).hexdigest()

    return {
        str(path.relative_to(folder)): (content(path), stat.st_mode, stat.st_mtime_ns)
        for path in [folder, *folder.rglob("*")]
        for stat in [path.lstat()]
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's data set, in which all that a command may look for is there.

    It was copied from a generated one, so even the marker of generated data is in it.
    """
    folder = tmp_path_factory.mktemp("whole") / PRECIOUS
    generate(folder, SceneSettings(**SECTIONS["scenes"]))
    (folder / "params.yaml").write_text("precious: true\n")
    (folder / "tolerances.yaml").write_text("tolerance: {accuracy: 1}\nnotes: [years of work]\n")
    (folder / "answers.json").write_text('[{"question_id": 1, "answer": "yes"}]')
    (folder / "thesis.txt").write_text("years of work")
    shutil.copy(next(folder.glob("images/val2014/*.jpg")), folder / "photo.png")
    for name in ("predictions.parquet", "skipped.parquet", "answers.jsonl", "page.html"):
        (folder / name).write_text("years of work")
    return folder


@pytest.fixture
def precious(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder beside an empty workspace, which is the current folder; checked at the end."""
    folder, workspace = tmp_path / PRECIOUS, tmp_path / "workspace"
    shutil.copytree(whole, folder)
    workspace.mkdir()
    monkeypatch.chdir(workspace)
    before = state(folder)
    yield folder
    assert state(folder) == before


def settings(**sections: Any) -> None:
    kept = ("seed", "text", "models", "training", "explain", "score")
    value = {name: deepcopy(part) for name, part in tiny.settings().items() if name in kept}
    value |= {name: {} for name in ("scenes", "datasets", "grids", "runs", "analyses", "studies")}
    Path("params.yaml").write_text(yaml.safe_dump({**value, **sections}), encoding="utf-8")


def entry(section: str, path: str, key: str | None = None) -> dict[str, Any]:
    """An entry of a section with this path, or a usual one where it is another that matters."""
    filled = {k: path if v == "?" else v for k, v in SECTIONS[section].items()}
    return filled if key is None else {**filled, key: path}


def attempt(*arguments: str | Path) -> None:
    """A command that may do its work or refuse, by one of the documented exit codes."""
    codes = {0, UsageError.exit_code, BadData.exit_code, MissingArtefact.exit_code}
    result = vqax(*arguments)
    assert result.exit_code in codes, result.output


def ways(folder: Path) -> list[str]:
    """The ways to write a path to the folder; the second goes through a link in the workspace."""
    Path("link").symlink_to(folder)
    return [f"../{PRECIOUS}", "link"]


@pytest.mark.parametrize(("section", "key"), [(s, k) for s, keys in INPUTS.items() for k in keys])
def test_every_path_of_the_settings(precious: Path, section: str, key: str) -> None:
    for path in ways(precious):
        settings(**{section: {NAME: entry(section, path, key)}})
        for command in COMMANDS[section]:
            attempt(*command, NAME)


def test_a_generated_data_set_whose_root_it_is(precious: Path) -> None:
    for path in [*ways(precious), str(precious), ".", ".."]:
        settings(
            scenes={NAME: SECTIONS["scenes"]},
            changing_priors={"cp": entry("changing_priors", path)},
            datasets={name: entry("datasets", path) for name in (NAME, "cp")},
        )
        for command in (("data", "scenes", NAME), ("data", "make-cp", "cp"), ("repro",)):
            assert vqax(*command).exit_code in (2, 4)


def test_word_vectors(precious: Path) -> None:
    for path in ways(precious):
        text = {**tiny.settings()["text"], "vectors": f"{path}/thesis.txt"}
        settings(text=text, datasets={NAME: entry("datasets", path)})
        attempt("data", "prepare", NAME)


@pytest.mark.parametrize("section", NAMED)
def test_every_name_that_would_lead_there(precious: Path, section: str) -> None:
    for name in (f"../../../{PRECIOUS}", "..", ""):
        spec = entry(section, str(precious)) if section in SECTIONS else {}
        settings(**{section: {name: spec}})
        for command in {*COMMANDS.get(section, []), ("data", "prepare"), ("repro", "--profile")}:
            assert vqax(*command, name).exit_code in (2, 4)


@pytest.mark.parametrize("kind", GENERATED)
def test_it_stands_where_a_data_set_would_be_generated(
    whole: Path, precious: Path, kind: str
) -> None:
    place = Path(GENERATED[kind]) / NAME
    place.parent.mkdir(parents=True)
    root = str(place) if kind == "scenes" else "data/scenes/other"
    sections = {kind: {NAME: entry(kind, root)}, "datasets": {NAME: entry("datasets", str(place))}}
    settings(**sections)
    place.symlink_to(precious)
    attempt(*COMMANDS[kind][0], NAME)
    place.unlink()
    shutil.copytree(whole, place, ignore=shutil.ignore_patterns(".made_by_vqax"))
    before = state(place)
    attempt(*COMMANDS[kind][0], NAME)
    assert state(place) == before


def options_with_paths(command: click.Command, name: tuple[str, ...] = ()) -> Iterator[str]:
    """``data verify root`` and so on: all arguments and options that take a path."""
    if isinstance(command, click.Group):
        for child in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), child)
            assert found is not None
            yield from options_with_paths(found, (*name, child))
    for parameter in command.params:
        if isinstance(parameter.type, click.Path):
            yield " ".join([*name, parameter.name or ""])


def attempts(at: str) -> dict[str, list[Sequence[str]]]:
    """Commands by the path that they are given, ``at`` a folder."""
    ask = ["--question", "Is it red?"]
    explain = ["explain", "--model", "mine.py:bright", *ask]
    image = f"{at}/photo.png"
    scored = ["score", "--questions", f"{at}/answers.json", "--annotations", f"{at}/answers.json"]
    listed = [f"{at}/predictions.parquet", f"{at}/answers.json"]
    imported = ["features", "import", f"{at}/thesis.txt", "--out", "fresh"]
    aligned = ["align", "--maps", "maps", "--human", "maps", "--metric", "cc"]
    faithful = ["faithfulness", "--model", "mine.py:bright", *ask, "--grid", "2x2"]
    measured = [*faithful, "--image", "one/photo.png"]
    tables = [at, image, f"{at}/predictions.parquet", f"{at}/table.parquet"]
    predict = ["predict", "--model", "mine.py:bright", "--split", "val2014"]
    return {
        "align maps": [["align", "--maps", path, "--human", "maps"] for path in (at, image)],
        "align human": [["align", "--maps", "maps", "--human", path] for path in (at, image)],
        "align images": [[*aligned, "--images", path] for path in (at, listed[1])],
        "align out": [[*aligned, "--out", path] for path in tables],
        "align out_questions": [[*aligned, "--out-questions", path] for path in tables],
        "faithfulness image": [[*faithful, "--image", path] for path in (at, image)],
        "faithfulness source": [[*faithful, "--from", f"{at}/images/val2014"]],
        "faithfulness maps": [[*measured, "--maps", path] for path in (at, image)],
        "faithfulness masks": [[*measured, "--masks", path] for path in (at, image)],
        "faithfulness out": [[*measured, "--out", path] for path in tables],
        "data import out": [
            ["data", "import", "table.csv", "--images", "one", "--out", path]
            for path in (at, image)
        ],
        "data import images": [
            ["data", "import", "table.csv", "--images", path, "--out", "fresh"]
            for path in (at, f"{at}/images/val2014")
        ],
        "predict data": [[*predict, "--data", at, "--out", "fresh.json"]],
        "predict out": [
            [*predict, "--data", at, "--out", path]
            for path in (at, f"{at}/answers.json", f"{at}/thesis.json")
        ],
        "findings page": [["findings", "--page", path] for path in (at, f"{at}/thesis.txt", image)],
        "init folder": [["init", at], ["init", image]],
        "data verify data_root": [["data", "verify", "--profile", "own", "--data-root", at]],
        "repro data_root": [["repro", "--profile", "own", "--data-root", at]],
        "data make-cp out": [["data", "make-cp", at, at], ["data", "make-cp", at, image]],
        "data priors root": [["data", "priors", at]],
        "data verify root": [["data", "verify", at]],
        "data contact-sheet path": [
            ["data", "contact-sheet", NAME, path] for path in (at, image, f"{at}/images")
        ],
        "features extract weights": [["features", "extract", NAME, "--weights", at]],
        "features import source": [imported, ["features", "import", at, "--out", "fresh"]],
        "features import ids": [[*imported, "--ids", at]],
        "features import vocabulary": [[*imported, "--vocab", at]],
        "features show path": [["features", "show", at], ["features", "show", image]],
        "explain image": [[*explain, "--image", at], [*explain, "--image", image]],
        "explain source": [[*explain, "--from", f"{at}/images/val2014"]],
        "explain out": [
            [*explain, "--image", image, "--html", "--out", at],
            [*explain, "--image", image, "--out", image],
            [*explain, "--from", f"{at}/images/val2014", "--out", at],
            [*explain, "--from", "one", "--figures", "--out", at],
        ],
        "score questions": [[*scored, "--results", f"{at}/answers.json"]],
        "score annotations": [[*scored, "--results", at]],
        "score results": [[*scored, "--results", f"{at}/answers.json", "--mode", "simple"]],
        "compare floor": [["compare", "--a", *listed, "--floor", path] for path in (at, image)],
        "compare questions": [["compare", "--a", *listed, "--b", at, "--questions", at]],
        "compare annotations": [["compare", "--a", at, "--b", at, "--annotations", at]],
        "check tolerances": [
            ["check", "--tolerances", path, *write]
            for path in (at, f"{at}/params.yaml", f"{at}/thesis.txt", image)
            for write in ([], ["--write"])
        ],
    }


WRITES_BESIDE = (
    *("explain out", "align out", "align out_questions", "faithfulness out"),
    "predict out",
)


def test_every_option_that_takes_a_path_is_tried() -> None:
    assert set(options_with_paths(main)) == attempts("").keys()


@pytest.mark.parametrize("option", attempts(""))
def test_every_path_on_the_command_line(precious: Path, option: str) -> None:
    settings(
        scenes={NAME: SECTIONS["scenes"]},
        datasets={NAME: entry("datasets", f"data/scenes/{NAME}")},
        grids={NAME: entry("grids", f"../{PRECIOUS}")},
    )
    Path("mine.py").write_text(MODEL, encoding="utf-8")
    Path("results/headline").mkdir(parents=True)
    Path("results/headline/metrics.json").write_text('{"mcb": {"accuracy": 0.5}}')
    if option == "data contact-sheet path":
        Path("data/scenes").mkdir(parents=True)
        shutil.copytree(precious, f"data/scenes/{NAME}")
    Path("one").mkdir()
    shutil.copy(precious / "photo.png", "one")
    Path("table.csv").write_text("image,question,answer\nphoto.png,Is it red?,yes\n")
    Path("profiles").mkdir()
    Path("profiles/own.yaml").write_text(f"datasets: {{{NAME}: {{root: VQAX_DATA/images}}}}\n")
    Path("maps").mkdir()
    for name in ("1.png", "2.png"):
        Image.linear_gradient("L").resize((6, 4)).save(Path("maps", name))
    if option in WRITES_BESIDE:  # new files may come beside those of the user, none may change
        mine = precious.parent / "out"
        shutil.copytree(precious, mine)
        before = state(mine)
        for command in attempts(str(mine))[option]:
            attempt(*command)
        after = state(mine)
        files = [name for name in before if not (mine / name).is_dir()]
        assert {name: after[name] for name in files} == {name: before[name] for name in files}
        return
    for path in ways(precious):
        for command in attempts(path)[option]:
            attempt(*command)


def test_the_guard_of_these_tests_sees_a_change(precious: Path) -> None:
    before = state(precious)
    thesis = precious / "thesis.txt"
    times = thesis.stat()
    for change in (
        lambda: thesis.write_text("years of play"),
        lambda: (precious / "more").touch(),
        lambda: thesis.unlink(),
    ):
        change()
        assert state(precious) != before
    (precious / "more").unlink()
    thesis.write_text("years of work")
    os.utime(thesis, ns=(times.st_atime_ns, before["thesis.txt"][2]))
    os.utime(precious, ns=(times.st_atime_ns, before["."][2]))
