"""``vqax explain`` on an image, or on a table of images, through the real command."""

import json
import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from project.dataset import load_prepared
from project.params import load
from project.resolve import data_plan
from stages.explain_one.methods import USUAL
from tests.browser import opened, screen, violations, width_of
from tests.cli.commands import assert_refused, files, vqax
from tests.stages import tiny
from vqax.data import Example

RUN = "mcb_p_gca"


@pytest.fixture
def asked(finished: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, Example]]:
    """The test questions with their images; the finished workspace is the current folder."""
    monkeypatch.chdir(finished)
    prepared = load_prepared(data_plan(load(), tiny.workspace(Path()), tiny.DATASET))
    return [(prepared.image_path(e.image_id).resolve(), e) for e in prepared.test]


def stage_predictions(run: str) -> pd.DataFrame:
    path = tiny.workspace(Path()).explanation(run) / "predictions.parquet"
    return pd.read_parquet(path).set_index("question_id")


def explained(*arguments: str | Path) -> dict:
    result = vqax("explain", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_picture_gets_answers_uncertainty_maps_and_figures(asked, tmp_path) -> None:
    image, example = asked[0]
    before = files(Path())
    found = explained(
        *[RUN, "--image", image, "--question", example.question, "--out", tmp_path],
        *["--question", "Is there a zyzzyva?", "--html"],
    )
    assert files(Path()) == before
    first, second = found["questions"]
    assert first["question"] == example.question
    assert first["truth"] == example.multiple_choice_answer
    assert first["unknown_words"] == []
    assert second["truth"] is None
    assert second["unknown_words"] == ["zyzzyva"]
    assert "zyzzyva" in second["notes"][0]
    assert {"aleatoric", "epistemic", "predictive"} <= first["uncertainty"].keys()
    assert first["explained"] == {
        "answer": first["answer"],
        "probability": pytest.approx(first["top5"][0]["probability"]),
    }
    assert found["left_out"] == {}
    for question in found["questions"]:
        assert question["maps"].keys() | question["words"].keys() == set(USUAL)
        with h5py.File(question["files"]["maps"]) as maps:
            for method, described in question["maps"].items():
                assert list(maps[method].shape) == described["shape"]
                assert described["highest"] == pytest.approx(float(maps[method][:].max()))
        with Image.open(question["files"]["figure"]) as figure:
            assert figure.width > 600
        assert "<svg" in Path(question["files"]["svg"]).read_text(encoding="utf-8")
    assert Path(found["page"]).is_file()


@pytest.mark.parametrize("run", ["lstm_qi", RUN])
def test_a_table_of_the_test_questions_gives_what_the_stage_gave(asked, run, tmp_path) -> None:
    table = pd.DataFrame([(str(p), e.question) for p, e in asked], columns=["image", "question"])
    table.to_csv(tmp_path / "asked.csv", index=False)
    found = explained(run, "--from", tmp_path / "asked.csv", "--out", tmp_path)
    assert (found["explained"], found["skipped"]) == (len(asked), 0)
    ours = pd.read_parquet(found["predictions"])
    stage = stage_predictions(run).loc[[e.question_id for _, e in asked]]
    assert ours["row"].tolist() == list(range(len(asked)))
    assert ours["truth"].tolist() == [e.multiple_choice_answer for _, e in asked]
    shares = [np.stack(list(frame["top5_probabilities"])) for frame in (ours, stage)]
    np.testing.assert_allclose(*shares, atol=1e-3)
    decided = shares[1][:, 0] - shares[1][:, 1] > 2e-3
    assert decided.mean() > 0.5
    same = ours["answer"].to_numpy() == stage["answer"].to_numpy()
    assert same[decided].all()


def test_the_maps_are_those_of_the_stage(asked, tmp_path) -> None:
    image, example = asked[3]
    stage = stage_predictions(RUN).loc[example.question_id]
    found = explained(
        *[RUN, "--image", image, "--question", example.question, "--out", tmp_path],
        *["--answer", stage["answer"], "--method", "grad_cam", "--method", "attention"],
    )["questions"][0]
    assert list(found["maps"]) == ["attention", "grad_cam"]
    folder = tiny.workspace(Path()).explanation(RUN)
    index = pd.read_parquet(folder / "index.parquet").set_index(["question_id", "method"])
    for method in found["maps"]:
        row = index.loc[(example.question_id, method)]
        with h5py.File(folder / row["file"]) as theirs, h5py.File(found["files"]["maps"]) as ours:
            wanted = theirs["maps"][int(row["row"])]
            np.testing.assert_allclose(ours[method][:], wanted, atol=2e-2 * np.abs(wanted).max())


def test_another_answer_is_explained_if_one_asks_for_it(asked, tmp_path) -> None:
    image, example = asked[0]
    ask = [RUN, "--image", image, "--question", example.question, "--method", "grad_cam"]
    plain = explained(*ask, "--out", tmp_path / "a")["questions"][0]
    other = plain["top5"][3]
    wanted = [*ask, "--answer", f" {other['answer'].upper()}. ", "--out", tmp_path / "b"]
    found = explained(*wanted)["questions"][0]
    assert found["explained"] == pytest.approx(other)
    assert found["answer"] == plain["answer"]
    assert found["maps"]["grad_cam"] != plain["maps"]["grad_cam"]
    known = stage_predictions(RUN).loc[example.question_id, "truth"]
    found = explained(*ask, "--answer", "truth", "--out", tmp_path / "c")["questions"][0]
    assert found["explained"]["answer"] == known
    result = vqax("explain", *wanted)
    assert f"explained: {other['answer']}" in result.stdout


def test_a_question_gets_the_same_numbers_whatever_else_is_asked(asked, tmp_path) -> None:
    image, example = asked[5]
    rest = [x for q in ("Is it red?", example.question) for x in ("--question", q)]
    alone = explained(RUN, "--image", image, *rest[2:], "--out", tmp_path / "a")["questions"]
    both = explained(RUN, "--image", image, *rest, "--out", tmp_path / "b")["questions"]
    assert both[1]["uncertainty"] == pytest.approx(alone[0]["uncertainty"], nan_ok=True)
    for method, described in alone[0]["maps"].items():
        assert both[1]["maps"][method]["highest"] == pytest.approx(described["highest"], rel=1e-2)


def test_a_run_without_attention_and_variance_says_what_it_lacks(asked, tmp_path) -> None:
    ask = ["lstm_qi", "--image", asked[0][0], "--question", "Is it red?", "--out", tmp_path]
    result = vqax("explain", *ask, "--json")
    assert "NaN" not in result.stdout
    found = json.loads(result.stdout)
    assert found["left_out"]["attention"] == ["attention"]
    assert found["left_out"]["aleatoric_mask"] == ["variance"]
    assert "attention" not in found["questions"][0]["maps"]
    assert found["questions"][0]["uncertainty"]["aleatoric"] is None
    assert "left out: attention, needs attention" in vqax("explain", *ask).stdout
    assert_refused(
        vqax("explain", *ask, "--method", "attention"), 2, "needs attention", "lstm_qi", "grad_cam"
    )


def test_bad_requests_are_refused_with_the_remedy(asked, tmp_path) -> None:
    image = asked[0][0]
    ask = ["explain", RUN, "--image", image, "--question", "Is it red?"]
    cut = tmp_path / "cut.png"
    cut.write_bytes(image.read_bytes()[:200])
    (notes := tmp_path / "x.txt").touch()
    before = files(Path())
    for code, words, arguments in [
        (2, ["'lime'", "attention, grad_cam"], [*ask, "--method", "lime"]),
        (2, ["answer 'yess'", "near ones are yes"], [*ask, "--answer", "yess"]),
        (2, ["answer 'truth'", "no question of", "give the answer"], [*ask, "--answer", "truth"]),
        (2, ["question ' ?'", "no word"], [*ask, "--question", " ?"]),
        (2, ["6 runs are trained", "lstm_qi, san"], ["explain", *ask[2:]]),
        (2, ["bert: no such run"], ["explain", "bert", *ask[2:]]),
        (2, ["--question"], ask[:4]),
        (2, ["--image", "--from"], [*ask, "--from", "x.csv"]),
        (2, ["--figures", "--image"], [*ask, "--figures"]),
        (2, ["--panels", "--from"], ["explain", RUN, "--from", "x.csv", "--panels"]),
        (2, ["--method", "--figures"], ["explain", RUN, "--from", "x.csv", "--method", "grad_cam"]),
        (2, ["--question", "--image"], ["explain", RUN, "--question", "Is it red?"]),
        (2, ["RUN", "--image"], ["explain"]),
        (3, ["cut.png", "damaged"], ["explain", RUN, "--image", cut, *ask[4:]]),
        (4, ["none.png", "no such image"], ["explain", RUN, "--image", "none.png", *ask[4:]]),
        (4, ["x.csv", "no such file"], ["explain", RUN, "--from", "x.csv"]),
        (4, ["album: no such file or folder"], ["explain", RUN, "--from", "album"]),
        (2, ["x.txt", ".csv nor .parquet"], ["explain", RUN, "--from", notes]),
    ]:
        assert_refused(vqax(*arguments), code, *words)
    assert files(Path()) == before


def test_the_only_trained_run_need_not_be_named_and_an_untrained_one_cannot(
    workspace: Path, tmp_path: Path
) -> None:
    where = tiny.workspace(Path())
    image = next(Path().glob("data/scenes/*/images/*/*"))
    ask = ["--image", image, "--question", "Is it red?", "--method", "grad_cam"]
    for run in load().runs:
        if run != "san":
            shutil.rmtree(where.run(run))
    assert explained(*ask)["run"] == "san"
    assert [path.name for path in (where.data / "explained/san").iterdir()] == [image.stem.lower()]
    assert_refused(vqax("explain", "mcb", *ask), 4, "mcb: not trained", "trained are san")
    shutil.rmtree(where.run("san"))
    assert_refused(vqax("explain", *ask), 4, "no run is trained yet", "vqax repro train@")


def test_features_of_another_trunk_are_not_mixed(workspace: Path) -> None:
    feature_file = tiny.workspace(Path()).features(tiny.DATASET)
    with h5py.File(feature_file, "r+") as file:
        file.attrs["weight_hash"] = "0123456789abcdef"
    image = next(Path().glob("data/scenes/*/images/*/*"))
    result = vqax("explain", RUN, "--image", image, "--question", "Is it red?")
    assert result.exit_code == 3
    assert "0123456789abcdef" in result.stderr


def test_broken_lines_of_a_table_are_listed_and_the_others_answered(asked, tmp_path) -> None:
    image = asked[0][0]
    shutil.copy(image, tmp_path / "here.png")
    (tmp_path / "cut.png").write_bytes(image.read_bytes()[:200])
    lines = [
        *["answer,question,image", ",Is it red?,here.png", ",,here.png", ",Is it red?,cut.png"],
        *[",Is it red?,none.png", "purpel,Is it red?,here.png", ",Is it red, or not?,here.png"],
        *[",Is it red?,", "truth,Is it red?,here.png", ",None,here.png", "yes,Is it red?,here.png"],
    ]
    (tmp_path / "asked.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    out = tmp_path / "out"
    found = explained(
        *[RUN, "--from", tmp_path / "asked.csv", "--out", out],
        *["--figures", "--method", "grad_cam"],
    )
    assert (found["explained"], found["skipped"]) == (3, 7)
    predictions = pd.read_parquet(found["predictions"])
    assert predictions["row"].tolist() == [0, 7 + 1, 9]
    assert predictions["explained"].tolist()[2] == "yes"
    assert predictions["question"].tolist()[1] == "None"
    assert all(Path(path).is_file() for path in predictions["figure"])
    skipped = pd.read_parquet(found["skipped_list"]).set_index("row")["reason"]
    assert skipped.index.tolist() == [1, 2, 3, 4, 5, 6, 7]
    for row, words in {
        1: "holds no word", 2: "cut.png", 3: "none.png: no such image", 4: "'purpel'",
        5: "more fields", 6: "image: is empty", 7: "'truth'",
    }.items():  # fmt: skip
        assert words in skipped[row]


def test_a_picture_whose_name_is_no_text_is_skipped(asked, tmp_path) -> None:
    for name in ("good.png", os.fsdecode(b"caf\xe9.png")):
        shutil.copy(asked[0][0], tmp_path / name)
    found = explained(
        RUN, "--from", tmp_path, "--question", "Is it red?", "--out", tmp_path / "out"
    )
    assert (found["explained"], found["skipped"]) == (1, 1)
    skipped = pd.read_parquet(found["skipped_list"])
    assert skipped["image"].tolist() == ["caf\\udce9.png"]
    assert skipped["reason"].tolist() == ["image: its name is not UTF-8; rename the file"]


def test_a_table_that_cannot_be_used_is_refused(asked, tmp_path) -> None:
    table = tmp_path / "asked.parquet"
    pd.DataFrame({"file": ["a.png"], "question": ["Is it?"]}).to_parquet(table)
    assert_refused(vqax("explain", RUN, "--from", table), 3, "no column image", "file, question")
    pd.DataFrame({"image": ["a.png", None], "question": ["Is it?", "Is it?"]}).to_parquet(table)
    refused = vqax("explain", RUN, "--from", table, "--out", tmp_path)
    assert_refused(refused, 3, "none of its 2 lines", "a.png: no such image")
    assert len(pd.read_parquet(tmp_path / "skipped.parquet")) == 2
    pd.DataFrame({"image": [], "question": []}).to_parquet(table)
    assert_refused(vqax("explain", RUN, "--from", table), 3, "holds no line")
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"image,question\n\xff\xfe,b\n")
    assert_refused(vqax("explain", RUN, "--from", bad), 3, "bad.csv", "UTF-8")
    table.write_bytes(b"PAR1")
    assert_refused(vqax("explain", RUN, "--from", table), 3, "asked.parquet: not", "mend")


HOSTILE = "Is <script>document.title='owned'</script> <img src=https://x.invalid/a> it $red$?"


def test_the_page_runs_nothing_of_the_question_and_asks_for_nothing(
    asked, browser, tmp_path
) -> None:
    page = explained(
        *[RUN, "--image", asked[0][0], "--question", HOSTILE, "--question", "Is it red?"],
        *["--html", "--out", tmp_path],
    )["page"]
    address = Path(page).as_uri()
    console, requests = opened(browser, address)
    assert console == []
    assert [url for url in requests if url != address and not url.startswith("data:")] == []
    assert browser.title == "2 questions"
    assert browser.find_elements("css selector", "h2")[0].text == HOSTILE
    widths = browser.execute_script("return [...document.images].map((i) => i.naturalWidth)")
    assert len(widths) >= 2 * (2 + 8)
    assert min(widths) > 0
    for width in (1440, 390):
        with screen(browser, width):
            assert width_of(browser) <= width


@pytest.mark.parametrize("questions", [("Is it red?",), ("Is it red?", "What is it?")])
def test_everybody_can_use_the_page_of_one_question_and_of_several(
    asked, browser, tmp_path, questions
) -> None:
    given = [part for question in questions for part in ("--question", question)]
    page = explained(RUN, "--image", asked[0][0], *given, "--html", "--out", tmp_path)["page"]
    for scheme in ("light", "dark"):
        with screen(browser, 1024, scheme=scheme):
            opened(browser, Path(page).as_uri())
            assert len(browser.find_elements("tag name", "h1")) == 1
            assert violations(browser) == []


def test_a_run_alone_still_explains_the_whole_split(workspace: Path) -> None:
    before = stage_predictions("san")
    found = explained("san")
    assert found["questions"] == len(before)
    assert found["maps"] == ["attention", "grad_cam"]
    pd.testing.assert_frame_equal(stage_predictions("san"), before)
    assert_refused(vqax("explain", "san", "--html"), 2, "--html", "--image")
