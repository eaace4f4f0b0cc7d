"""Any image, any question: what of both reaches the model, and what the reader is told."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from project.params import Params, load
from project.plan import FeaturePlan
from stages.explain_one import Model, explain_image
from stages.explain_one.loaded_model import made_with
from stages.explain_one.output import slug
from stages.explain_one.question import index_of
from tests.stages import tiny
from vqax.data.images import load_upright
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.explain import WORD_EXPLAINERS, WordExplainer
from vqax.report.one_image import Explained, method_name, percent
from vqax.report.one_image_figure import draw_one_image, write_one_image
from vqax.report.one_image_html import render_page
from vqax.report.one_image_maps import lay_over
from vqax.report.overlay import overlay
from vqax.text.answers import AnswerVocabulary

SIDES = np.zeros((4, 6, 3), dtype=np.uint8)
SIDES[:, :3], SIDES[:, 3:] = (250, 0, 0), (0, 0, 250)  # red left, blue right


def saved(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path


def test_a_photograph_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90° clockwise to show
    path = saved(Image.fromarray(SIDES), tmp_path / "rotated.png", exif=exif)
    upright = np.asarray(load_upright(path))
    assert upright.shape == (6, 4, 3)
    np.testing.assert_array_equal(upright, np.rot90(SIDES, -1))


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    layer = np.dstack([SIDES, np.array([[255, 255, 255, 0, 0, 0]] * 4, dtype=np.uint8)])
    found = np.asarray(load_upright(saved(Image.fromarray(layer), tmp_path / "layer.png")))
    np.testing.assert_array_equal(found[:, :3], SIDES[:, :3])
    assert (found[:, 3:] == 255).all()
    palette = Image.fromarray(SIDES).quantize(2)
    entry = int(np.asarray(palette)[0, 5])
    path = saved(palette, tmp_path / "palette.png", transparency=entry)
    assert (np.asarray(load_upright(path))[:, 3:] == 255).all()


def test_sixteen_bits_become_eight_without_saturating(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 24).astype(np.uint16).reshape(4, 6)
    found = np.asarray(load_upright(saved(Image.fromarray(ramp), tmp_path / "deep.png")))
    np.testing.assert_array_equal(found, np.rint(ramp / 257.0)[..., None].repeat(3, axis=2))


@pytest.mark.parametrize("mode", ["L", "CMYK", "1", "P", "YCbCr"])
def test_other_modes_are_read(mode: str, tmp_path: Path) -> None:
    ending = "jpg" if mode in ("CMYK", "YCbCr") else "png"
    path = saved(Image.fromarray(SIDES).convert(mode), tmp_path / f"image.{ending}")
    assert np.asarray(load_upright(path)).shape == (4, 6, 3)


def test_what_is_no_usable_picture_is_refused(tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(MissingArtefact, match=r"none\.png"):
        load_upright(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("not an image")
    with pytest.raises(BadData, match=r"text\.png: not a readable image"):
        load_upright(tmp_path / "text.png")
    with pytest.raises(BadData, match=r"cannot be read \(Is a directory\)"):
        load_upright(tmp_path)
    real = saved(Image.fromarray(np.zeros((4, 6), dtype=np.float32)), tmp_path / "real.tiff")
    with pytest.raises(BadData, match="floating-point"):
        load_upright(real)
    large = saved(Image.fromarray(SIDES), tmp_path / "large.png")
    for limit in (20, 10):  # 24 pixels: above the limit Pillow warns, above twice it it refuses
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(BadData, match=r"large\.png: too many pixels.*scale it down"):
            load_upright(large)


def test_an_unknown_answer_names_its_neighbours() -> None:
    answers = AnswerVocabulary(("yes", "yellow", "2", "teddy bear"))
    assert index_of(answers, " Two. ") == 2
    assert index_of(answers, "the teddy-bear") == 3
    with pytest.raises(UsageError, match=r"'yelow': not one of the 4 answers.*yellow"):
        index_of(answers, "yelow")
    with pytest.raises(UsageError, match="no answer comes near"):
        index_of(answers, "qqqq")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("What's on it?", "what_s_on_it"), ("../../etc", "etc"), ("??", "question"), ("猫?", "猫")],
)
def test_a_question_becomes_a_harmless_file_name(text: str, wanted: str) -> None:
    assert slug(text) == wanted
    assert len(slug("word " * 60)) <= 48


def test_there_is_no_detector_behind_imported_regions() -> None:
    plan = SimpleNamespace(name="updn", features=FeaturePlan("boxes", Path("boxes.h5"), None))
    params = SimpleNamespace(imported_regions={"boxes": None})
    with pytest.raises(UsageError, match=r"updn: reads regions that were imported.*boxes"):
        made_with(params, tiny.workspace(Path()), plan, nn.Identity(), None, torch.device("cpu"))


@pytest.fixture
def params(finished: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    monkeypatch.chdir(finished)
    return load()


@pytest.fixture
def make_image(finished: Path) -> Path:
    return min(finished.glob("data/scenes/*/images/*/*"))


def explain(
    params: Params, make_image: Path, out: Path, *questions: str, **options: object
) -> list:
    return explain_image(Model("mcb"), image=make_image, questions=questions, out=out, **options)[
        "questions"
    ]


def position_of_each_word(model, visual, tokens, answer, *, special) -> torch.Tensor:
    return torch.arange(tokens.shape[1]).expand(len(tokens), -1) - 10.0


def test_scores_of_words_belong_to_the_words_in_their_order(
    params, make_image, tmp_path, monkeypatch
) -> None:
    method = WordExplainer(position_of_each_word, frozenset({"gradient"}))
    monkeypatch.setitem(WORD_EXPLAINERS, "position", method)
    found = explain(
        *[params, make_image, tmp_path, "Is it a red cat?", "What color is it"],
        methods=["position", "grad_cam"],
    )
    words = [[entry["word"] for entry in one["words"]["position"]] for one in found]
    scores = [[entry["score"] for entry in one["words"]["position"]] for one in found]
    assert words == [["is", "it", "a", "red", "cat"], ["what", "color", "is", "it"]]
    assert scores == [[-1.0, 0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 3.0]]
    assert list(found[0]["maps"]) == ["grad_cam"]
    assert all(Path(one["files"]["figure"]).is_file() for one in found)


def test_words_the_model_does_not_know_or_read_are_told(params, make_image, tmp_path) -> None:
    most = params.text.max_tokens
    found = explain(
        *[params, make_image, tmp_path, "qwe rty rty", "cat " * 200, "is the qwe red"],
        methods=["grad_cam"],
    )
    assert found[0]["unknown_words"] == ["qwe", "rty"]
    assert "No word of the question is known" in found[0]["notes"][0]
    assert found[1]["words_not_read"] == 200 - most
    assert str(200 - most) in found[1]["notes"][-1]
    assert found[2]["notes"] == ["Words the model does not know: qwe."]


@pytest.mark.parametrize("size", [(1, 1), (300, 3), (3, 300), (150, 90)])
def test_a_picture_of_any_shape_is_explained(params, size, tmp_path) -> None:
    odd = saved(Image.new("RGB", size, "green"), tmp_path / "odd.png")
    (found,) = explain(params, odd, tmp_path, "Is it green?", methods=["grad_cam"], html=True)
    assert found["maps"]["grad_cam"]["shape"] == [14, 14]
    with Image.open(found["files"]["figure"]) as figure:
        width, height = figure.size
    assert 600 < width < 2000
    assert 300 < height < 3000


def sample(**changes: object) -> Explained:
    values = {
        "image": Image.fromarray(SIDES),
        "question": "$a$ <b> 猫?",
        "words": ("a", "<b>"),
        "top5": (("<i>yes</i>", 0.9), ("no", 0.0001)),
        "uncertainties": {"aleatoric": np.nan, "epistemic": 0.1, "predictive": 0.2},
        "explained": "no",
        "probability": 0.0001,
        "maps": {"attention": np.eye(3, 4), "own_method": -np.ones((3, 4))},
        "word_scores": {"own_words": np.array([1.0, -0.5])},
    }
    return Explained(**(values | changes))


def test_the_page_escapes_and_names_what_it_shows() -> None:
    page = render_page([sample()], {"image": "<p>.png", "run": "r"})
    assert "<b>" not in page.split("<h1>")[1].split("</h1>")[0]
    assert "&lt;i&gt;yes&lt;/i&gt;" in page
    assert "&lt;p&gt;.png" in page
    assert "<i>yes</i>" not in page
    assert "own method: nothing stands out" in page
    assert "own words" in page
    assert "Not estimated" in page
    assert page == render_page([sample()], {"image": "<p>.png", "run": "r"})


def test_the_figure_has_a_panel_for_the_picture_and_each_method(tmp_path: Path) -> None:
    figure = draw_one_image(sample())
    titles = [axes.get_title() for axes in figure.get_axes() if axes.get_visible()]
    shown = [title for title in titles if title]
    assert shown == ["image", "attention", "own method: nothing stands out", "own words"]
    assert all(path.stat().st_size for path in write_one_image(sample(), tmp_path / "figure"))


def test_a_map_of_pixels_is_made_legible_and_one_of_cells_is_left_alone() -> None:
    ground = Image.new("RGB", (70, 70), "grey")
    cells = np.random.default_rng(0).random((14, 14)).astype(np.float32)
    assert lay_over(ground, cells).tobytes() == overlay(ground, cells).tobytes()
    pixels = np.full((70, 70), 0.01, dtype=np.float32)
    pixels[10, 10], pixels[40:60, 40:60] = 100.0, 1.0  # one point outshines a whole object
    plain, soft = (np.asarray(f(ground, pixels)).astype(int) for f in (overlay, lay_over))
    contrast = [abs(one[50, 50] - one[25, 60]).sum() for one in (plain, soft)]
    assert contrast[0] < 20 < 60 < contrast[1]


def test_numbers_and_names_are_for_readers() -> None:
    assert [percent(p) for p in (1.0, 0.934, 0.0934, 0.001, 0.0001, 0.0)] == [
        *["100 %", "93 %", "9.3 %", "0.1 %", "< 0.1 %", "0.0 %"]
    ]
    assert method_name("grad_cam") == "Grad-CAM"
    assert method_name("word_occlusion_x") == "word occlusion x"
