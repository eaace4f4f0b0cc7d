"""``vqax.explain`` of one image: every kind of model, what it gives back, what it refuses."""

import json
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import vqax
from tests.adapters.tiny import QUESTIONS, SIZE, clip, vilt
from tests.adapters.vision_language import tiny as vision_language
from tests.explain.tiny import Tiny, Trace, image_encoder
from vqax.adapters import of_forward, of_function
from vqax.errors import MissingArtefact, UsageError
from vqax.explain import EXPLAINERS
from vqax.explain.explainer import Explainer
from vqax.vision.resize import squeezed

ANSWERS = ["yes", "no", "red", "blue", "<two>"]
WORDS = ["<pad>", "<unk>", "is", "the", "ball", "red", "here"]
IMAGE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8))


@pytest.fixture
def foreign():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Tiny().eval()
    return of_forward(
        image_encoder(), model, words=WORDS, answers=ANSWERS, grid=(2, 3), size_px=(8, 12)
    )


def test_an_answer_with_its_maps_its_words_and_how_sure_it_is(foreign):
    before = Trace(foreign.model)
    found = vqax.explain(
        foreign, IMAGE, "Is the ball red?", ["grad_cam", "input_gradient", "word_occlusion"]
    )
    before.assert_equal(Trace(foreign.model))
    pixels = squeezed(IMAGE, (8, 12))
    cells, tokens = (
        foreign.model.image_encoder(pixels).detach(),
        torch.tensor([foreign.read("Is the ball red?").tokens]),
    )
    logits = foreign.model(pixels, tokens).logits
    assert found.answer == ANSWERS[int(logits.argmax())]
    assert {name: values.shape for name, values in found.maps.items()} == {
        "grad_cam": (2, 3), "input_gradient": (8, 12),
    }  # fmt: skip
    expected = EXPLAINERS["grad_cam"](foreign.model.model, cells, tokens, logits.argmax(1), (2, 3))
    np.testing.assert_allclose(found.maps["grad_cam"], expected[0], rtol=1e-5)
    assert [word for word, _ in found.words["word_occlusion"]] == ["is", "the", "ball", "red"]
    assert {"aleatoric", "epistemic", "predictive"} <= set(found.uncertainty)
    assert all(math.isfinite(value) for value in found.uncertainty.values())


def test_the_usual_methods_are_those_that_the_model_has(foreign):
    larger = replace(foreign, size_px=(32, 48), grid=(8, 12))
    found = vqax.explain(larger, IMAGE, "is it here", samples=2)
    assert set(found.maps) == {"attention", "grad_cam", "occlusion"}
    assert set(found.words) == {"word_occlusion", "word_gradient_input"}


def test_another_answer_and_an_explainer_of_ones_own(foreign):
    def own(model, visual, tokens, answer, grid):
        return answer[:, None, None] * torch.ones(1, *grid)

    found = vqax.explain(
        foreign, np.asarray(IMAGE), "is it here", {"mine": Explainer(own)}, answer="blue"
    )
    np.testing.assert_array_equal(found.maps["mine"], np.full((2, 3), 3.0))
    assert found.explained.explained == "blue"
    assert found.words == {}


def test_a_black_box_has_what_needs_its_answers_alone():
    def answer(images, questions):
        red = images[:, 0].mean((1, 2)) / 255
        return torch.stack([red, 1 - red], 1)

    box = of_function(answer, answers=["yes", "no"], size_px=(32, 48))
    found = vqax.explain(box, IMAGE, "is it red")
    assert set(found.maps) == {"occlusion"}
    assert set(found.words) == {"word_occlusion"}
    assert "epistemic" not in found.uncertainty
    with pytest.raises(UsageError, match="grad_cam needs cells and gradient"):
        vqax.explain(box, IMAGE, "is it red", ["grad_cam"])


@pytest.mark.parametrize("make", [vilt, clip])
def test_encoders_of_transformers(make, tmp_path):
    found = vqax.explain(make(tmp_path, size_px=SIZE), IMAGE, QUESTIONS[0], ["relevance"])
    assert found.maps["relevance"].shape == (3, 4)


def test_a_vision_language_model_writes_or_chooses():
    model, image = vision_language.adapted("llava_onevision"), vision_language.image()
    methods = ["grad_cam", "word_occlusion"]
    wrote = vqax.explain(model, image, "is the ball red ?", methods)
    assert wrote.explained.explained == wrote.answer
    assert wrote.maps["grad_cam"].shape == (image.height, image.width)
    named = vqax.explain(model, image, "is the ball red ?", methods, answer="blue dogs")
    assert named.explained.explained == "blue dogs"
    assert not np.array_equal(named.maps["grad_cam"], wrote.maps["grad_cam"])
    listed = vqax.explain(model, image, "what is there", methods, choices=["yes", "a dog"])
    assert listed.answer in ("yes", "a dog")
    assert math.isclose(sum(share for _, share in listed.explained.top5), 1, rel_tol=1e-5)


def test_what_is_saved_and_what_a_notebook_shows(foreign, tmp_path):
    found = vqax.explain(
        foreign, IMAGE, "Is <b> it here?", ["grad_cam", "word_occlusion"], answer="<two>"
    )
    folder = found.save(tmp_path / "new" / "folder")
    saved = np.load(folder / "maps.npz")
    np.testing.assert_array_equal(saved["grad_cam"], found.maps["grad_cam"])
    summary = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    assert summary["explained"] == "<two>"
    assert summary["answer"] == found.answer
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "Is &lt;b&gt; it here?" in page
    assert "60 × 40 px" in page
    shown = found._repr_html_()
    assert shown.count("data:image/webp") == 1
    assert "&lt;two&gt;" in shown
    assert "<two>" not in shown
    assert "<b> it" not in shown
    assert "grad_cam" in repr(found)
    assert found.overlay("grad_cam").size[0] / found.overlay("grad_cam").size[1] == 1.5


def test_what_does_not_fit_is_told(foreign, tmp_path, without_type_checks):
    with pytest.raises(UsageError, match="Linear is neither a Foreign nor a VisionLanguage"):
        vqax.explain(nn.Linear(1, 1), IMAGE, "is it")
    with pytest.raises(UsageError, match=r"answer: 'rad' is not one of the 5.*near are red"):
        vqax.explain(foreign, IMAGE, "is it", answer="rad")
    with pytest.raises(UsageError, match="reads no word"):
        vqax.explain(foreign, IMAGE, "?")
    with pytest.raises(UsageError, match="methods: 'gradcam' is not known; did you mean"):
        vqax.explain(foreign, IMAGE, "is it", ["gradcam"])
    with pytest.raises(UsageError, match=r"array of float64 \(4, 4, 3\)"):
        vqax.explain(foreign, np.zeros((4, 4, 3)), "is it")
    with pytest.raises(UsageError, match="has its own 5 answers"):
        vqax.explain(foreign, IMAGE, "is it", choices=["a"])
    with pytest.raises(MissingArtefact, match=r"none\.png"):
        vqax.explain(foreign, tmp_path / "none.png", "is it")


def test_the_public_names_are_functions_and_cost_nothing_before_they_are_used():
    code = (
        "import sys, vqax\n"
        "assert vqax.__all__ == ['align', 'compare', 'explain', 'faithfulness'], vqax.__all__\n"
        "assert set(vqax.__all__) <= set(dir(vqax))\n"
        "assert 'torch' not in sys.modules and 'pandas' not in sys.modules\n"
        "assert all(callable(getattr(vqax, name)) for name in vqax.__all__)\n"
        "from vqax.explain import EXPLAINERS\n"
        "assert vqax.explain.EXPLAINERS is EXPLAINERS\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
