"""``vqax align`` on folders that a person may have, against a script of scipy alone."""

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.stats import entropy, pearsonr, spearmanr, wasserstein_distance, zscore
from scipy.stats import wasserstein_distance_nd as transport
from sklearn.metrics import roc_auc_score

from tests.alignment.gaze import blobs, human_maps
from tests.cli.commands import assert_refused, vqax

QUESTIONS, HUMANS, SIZE = 20, 3, (56, 84)
FIRST = 262144000


@pytest.fixture(scope="module")
def gaze(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """maps/ID.png of a model, human/ID_k.png of three people, as VQA-HAT names them; 56×84 px."""
    folder = tmp_path_factory.mktemp("gaze")
    rng = np.random.default_rng(11)
    (folder / "maps").mkdir()
    (folder / "human").mkdir()
    for number in range(QUESTIONS):
        where = blobs(rng, size=SIZE)
        save(folder / "maps" / f"{FIRST + number}.png", where + 0.3 * blobs(rng, size=SIZE))
        for k, one in enumerate(human_maps(rng, where, HUMANS), 1):
            save(folder / "human" / f"{FIRST + number}_{k}.png", one)
    return folder


def save(path: Path, values: np.ndarray) -> None:
    Image.fromarray((255 * values / values.max()).astype(np.uint8)).save(path)


def aligned(*arguments: str | Path) -> dict:
    result = vqax("align", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def grey(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(float)


def on_14x14(image: np.ndarray) -> np.ndarray:
    return image.reshape(14, 4, 14, 6).mean((1, 3)).ravel()


def on_64x64(image: np.ndarray) -> np.ndarray:
    small = Image.fromarray(image.astype(np.float32)).resize((64, 64), Image.Resampling.BILINEAR)
    return np.asarray(small).astype(float).ravel()


def of_scipy(model: np.ndarray, human: np.ndarray) -> dict[str, float]:
    """The metrics that scipy and scikit-learn have, of one map and one person's."""
    a, b = on_14x14(model), on_14x14(human)
    p, q = on_64x64(model), on_64x64(human)
    visual_input = q > np.quantile(q, 0.8) * (1 + 1e-6)  # by more than rounding
    return {
        "rank_correlation": spearmanr(a, b).statistic,
        "histogram_emd": wasserstein_distance((a - a.min()) / np.ptp(a), (b - b.min()) / np.ptp(b)),
        "cc": pearsonr(p, q).statistic,
        "kl": entropy(q, p + 2.0**-52 * p.sum()),
        "sim": np.minimum(p / p.sum(), q / q.sum()).sum(),
        "nss": zscore(p)[visual_input].mean(),
        "auc_judd": roc_auc_score(visual_input, p),
    }


def test_twenty_maps_score_as_in_a_script_of_scipy(gaze: Path) -> None:
    found = aligned("--maps", gaze / "maps", "--human", gaze / "human")
    assert (found["questions"], found["human_maps"]) == (QUESTIONS, QUESTIONS * HUMANS)
    scores = []
    for path in sorted((gaze / "maps").iterdir()):
        each = [
            of_scipy(grey(path), grey(gaze / "human" / f"{path.stem}_{k}.png"))
            for k in range(1, HUMANS + 1)
        ]
        scores.append(pd.DataFrame(each).mean())
    for name, value in pd.DataFrame(scores).mean().items():
        assert found["metrics"][name]["value"] == pytest.approx(value, abs=1e-6), name


def test_the_distance_of_twenty_maps_is_that_of_scipy_s_transport(gaze: Path) -> None:
    rule = ["--grid", "2x3", "--kernel", "area", "--metric", "emd"]
    found = aligned("--maps", gaze / "maps", "--human", gaze / "human", *rule)
    places = np.argwhere(np.ones((2, 3)))
    scores = []
    for path in sorted((gaze / "maps").iterdir()):
        for k in range(1, HUMANS + 1):
            masses = [
                grey(source).reshape(2, 28, 3, 28).mean((1, 3)).ravel()
                for source in (path, gaze / "human" / f"{path.stem}_{k}.png")
            ]
            scores.append(transport(places, places, *masses) / np.hypot(2, 3))
    assert found["metrics"]["emd"]["value"] == pytest.approx(np.mean(scores), abs=1e-6)


def test_the_same_maps_in_other_files_score_the_same(gaze: Path, tmp_path: Path) -> None:
    maps = {path.stem: grey(path) for path in sorted((gaze / "maps").iterdir())}
    human = {
        key: np.stack([grey(gaze / "human" / f"{key}_{k}.png") for k in (1, 2, 3)]) for key in maps
    }
    np.savez(tmp_path / "maps.npz", **maps)
    (tmp_path / "human").mkdir()
    for key, values in human.items():
        np.savez(tmp_path / "human" / f"{key}.npz", values)
    with h5py.File(tmp_path / "human.h5", "w") as file:
        file["question_ids"] = np.repeat([int(key) for key in human], HUMANS)
        file["maps"] = np.concatenate(list(human.values()))
    (tmp_path / "arrays").mkdir()
    for key, values in maps.items():
        np.save(tmp_path / "arrays" / f"{key}.npy", values)
    some = ["--metric", "cc", "--metric", "shuffled_auc"]
    expected = aligned("--maps", gaze / "maps", "--human", gaze / "human", *some)
    for source, target in [
        ("maps.npz", "human"),
        ("arrays", "human.h5"),
    ]:
        found = aligned("--maps", tmp_path / source, "--human", tmp_path / target, *some)
        for name, row in expected["metrics"].items():
            for key, value in row.items():
                assert found["metrics"][name][key] == (
                    pytest.approx(value, abs=1e-6) if isinstance(value, float) else value
                )


def test_fixations_are_read_from_lists(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    lines = ["question_id,annotator,x,y,width,height"]
    (tmp_path / "maps").mkdir()
    for question in range(6):
        centre = rng.uniform(0.2, 0.8, 2) * (96, 64)
        for person in "ab":
            for x, y in rng.normal(centre, 4, (8, 2)).round(1):
                lines.append(f"{question},{person},{x},{y},96,64")
        y, x = np.mgrid[:64, :96]
        bump = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 200)
        save(tmp_path / "maps" / f"{question}.png", bump)
    lines.append("5,b,-3,70,96,64")
    table = tmp_path / "fixations.csv"
    table.write_text("\n".join(lines))
    found = aligned("--maps", tmp_path / "maps", "--human", table)
    assert (found["questions"], found["human_maps"]) == (6, 12)
    assert found["fixations_outside"] == 1
    assert found["metrics"]["nss"]["value"] > 2
    assert found["metrics"]["auc_judd"]["value"] > 0.9
    wide = aligned("--maps", tmp_path / "maps", "--human", table, "--blur", "0.2")
    assert wide["metrics"]["nss"]["value"] == found["metrics"]["nss"]["value"]
    assert wide["metrics"]["cc"]["value"] != found["metrics"]["cc"]["value"]


def test_questions_about_one_image_are_drawn_together(gaze: Path, tmp_path: Path) -> None:
    asked = [
        {"question_id": FIRST + number, "image_id": number // 5, "question": "What?"}
        for number in range(QUESTIONS)
    ]
    (tmp_path / "questions.json").write_text(json.dumps({"questions": asked}))
    pd.DataFrame(asked).to_csv(tmp_path / "images.csv", index=False)
    paths = ["--maps", gaze / "maps", "--human", gaze / "human", "--metric", "cc"]
    alone = aligned(*paths)
    found = aligned(*paths, "--images", tmp_path / "questions.json")
    assert (alone["images"], found["images"]) == (20, 4)
    assert found["metrics"]["cc"]["value"] == alone["metrics"]["cc"]["value"]
    assert found["metrics"]["cc"]["ci_low"] != alone["metrics"]["cc"]["ci_low"]
    assert found == aligned(*paths, "--images", tmp_path / "images.csv")


def test_a_person_reads_a_table_and_may_write_it(gaze: Path, tmp_path: Path) -> None:
    paths = ["--maps", gaze / "maps", "--human", gaze / "human", "--metric", "nss"]
    save(tmp_path / "7.png", np.eye(4))
    out, questions = tmp_path / "table.parquet", tmp_path / "questions.parquet"
    result = vqax("align", *paths, "--out", out, "--out-questions", questions)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "20 questions on 20 images, 60 human maps"
    assert "bilinear 64x64" in result.stdout
    assert pd.read_parquet(out)["metric"].tolist() == ["nss"]
    assert pd.read_parquet(questions)["nss"].mean() == pytest.approx(
        pd.read_parquet(out)["value"][0]
    )


def test_json_holds_null_where_nothing_is_defined(gaze: Path, tmp_path: Path) -> None:
    for path in (gaze / "human").glob("*_1.png"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    found = aligned("--maps", gaze / "maps", "--human", tmp_path, "--metric", "cc")
    assert found["metrics"]["cc"]["ceiling"] is None
    assert found["metrics"]["cc"]["share"] is None


def test_what_cannot_be_scored_is_refused(gaze: Path, tmp_path: Path) -> None:
    maps, human = ["--maps", gaze / "maps"], ["--human", gaze / "human"]
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    save(tmp_path / "other" / "cat.png", np.eye(5))
    (tmp_path / "bad.csv").write_text("x,y\n1,2\n")
    (tmp_path / "images.csv").write_text("question_id,image_id\n1,1\n")
    (tmp_path / "mine.csv").write_text("years of work")
    (tmp_path / "images.json").write_text('[{"question_id": 1}]')
    for code, words, arguments in [
        (4, ["nowhere: no such file or folder"], ["--maps", tmp_path / "nowhere", *human]),
        (4, ["nowhere.csv: no such file"], [*maps, "--human", tmp_path / "nowhere.csv"]),
        (3, ["empty: holds no map", ".png"], ["--maps", tmp_path / "empty", *human]),
        (3, ["empty: holds no map"], [*maps, "--human", tmp_path / "empty"]),
        (3, ["none of the 20 maps", "cat", "same ids"], [*maps, "--human", tmp_path / "other"]),
        (3, ["bad.csv: has no column width"], [*maps, "--human", tmp_path / "bad.csv"]),
        (2, ["metric 'auc'", "auc_judd"], [*maps, *human, "--metric", "auc"]),
        (2, ["kernel 'cubic'", "nearest"], [*maps, *human, "--kernel", "cubic"]),
        (2, ["blur -1.0"], [*maps, *human, "--blur", "-1"]),
        (2, ["20 of 20 questions have none"], [*maps, *human, "--images", tmp_path / "images.csv"]),
        (
            3,
            ["no question_id or no image_id"],
            [*maps, *human, "--images", tmp_path / "images.json"],
        ),
        (4, ["none.csv: no such file"], [*maps, *human, "--images", tmp_path / "none.csv"]),
        (3, ["mine.csv: stands there already"], [*maps, *human, "--out", tmp_path / "mine.csv"]),
        (
            2,
            ["table.xlsx: does not end in .parquet or .csv"],
            [*maps, *human, "--out", tmp_path / "table.xlsx"],
        ),
    ]:
        assert_refused(vqax("align", *arguments), code, *words)
    for wrong in ("14", "0x3", "axb"):
        assert vqax("align", *maps, *human, "--grid", wrong).exit_code == 2


def test_no_settings_and_no_torch_are_needed(gaze: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom cli.main import main\n"
        f"main(['align', '--maps', {str(gaze / 'maps')!r}, '--human', {str(gaze / 'human')!r}],"
        "standalone_mode=False)\nsys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    assert done.returncode == 0


def test_the_package_is_light_and_its_names_come_when_they_are_used() -> None:
    code = (
        "import sys, vqax\nheavy = {'numpy', 'torch', 'pandas'} & set(sys.modules)\n"
        "from vqax import align\nimport vqax.alignment\n"
        "assert vqax.align is align is vqax.alignment.align and 'align' in dir(vqax)\n"
        "sys.exit(bool(heavy) or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
