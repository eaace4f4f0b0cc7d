"""Writes the table of methods and models into docs/vision_language.md.

python -m tests.adapters.methods_table
"""

import tempfile
from pathlib import Path

import torch

from tests.adapters import tiny
from tests.adapters.vision_language.tiny import ANSWERS, FAMILIES, adapted, image, tokens
from tests.explain.tiny import Tiny, batch
from tests.models.small import build as small_model
from tests.models.small import inputs as small_inputs
from vqax.adapters.first_pass import question_is_read
from vqax.explain import PixelModel
from vqax.explain.black_box import black_box
from vqax.explain.explainer import offered
from vqax.explain.layers import shows_layers
from vqax.explain.methods_table import methods_table
from vqax.explain.relu_rules import Rectifiers

PAGE = Path(__file__).resolve().parents[2] / "docs" / "vision_language.md"
BEGIN, END = "<!-- methods: written by tests/adapters/methods_table.py -->\n", "<!-- end -->\n"


def of_vision_language(name: str) -> frozenset[str]:
    """What a family offers, of its tiny network."""
    model = adapted(name)
    encoded = model.encode(image())
    listed = model.listed(encoded, ANSWERS)
    return of_model(listed, encoded.cells, tokens(model)[:1])


def of_model(model: PixelModel, cells: torch.Tensor, asked: torch.Tensor) -> frozenset[str]:
    return offers(model.model, cells, asked, pixels=True)


def offers(
    model: torch.nn.Module, cells: torch.Tensor, asked: torch.Tensor, *, pixels: bool
) -> frozenset[str]:
    """The needs that a model of cells meets, and its cells."""
    rectifiers = Rectifiers()
    with torch.no_grad(), rectifiers:
        forward = model(cells, asked)
    there = offered(
        forward,
        pixels=pixels,
        layers=shows_layers(model),
        question=question_is_read(model, cells, asked),
        rectifier=rectifiers.count > 0,
    )
    return there | {"cells"}


def of_encoder(name: str) -> frozenset[str]:
    with tempfile.TemporaryDirectory() as folder:
        foreign = tiny.FOREIGN[name](Path(folder))
        cells = foreign.model.image_encoder(tiny.images()).detach()
        return of_model(foreign.model, cells, tiny.tokens(foreign))


def of_regions(name: str) -> frozenset[str]:
    """What a model of regions offers: no pixels."""
    with tempfile.TemporaryDirectory() as folder:
        foreign = tiny.OF_REGIONS[name](Path(folder))
        return offers(foreign.model, tiny.regions(foreign), tiny.tokens(foreign), pixels=False)


def of_transformer() -> frozenset[str]:
    """The transformer that is trained here, with a head of variance."""
    visual, asked = small_inputs(2)
    return offers(small_model("transformer"), visual, asked, pixels=True)


def of_run() -> frozenset[str]:
    """A trained run with attention and a head of variance, as SAN and MCB may have."""
    visual, asked, _ = batch()
    with torch.no_grad():
        forward = Tiny().eval()(visual, asked)
    return offered(forward, pixels=True) | {"cells"}


def of_black_box() -> frozenset[str]:
    model = black_box(lambda seen, texts: [[0.5, 0.5]] * len(texts), ["", "", "is"])
    forward = model(torch.zeros(1, 3, 4, 4), torch.tensor([[2]]))
    return offered(forward, pixels=True, gradient=False, question=False, rectifier=False)


def table() -> str:
    families = {of_vision_language(name) for name in FAMILIES}
    common = frozenset.intersection(*families)
    assert frozenset.union(*families) - common <= {"rectifier"}, "give families their own columns"
    return methods_table(
        {
            "vision-language models": common,
            "ViLT": of_encoder("vilt"),
            "BLIP": of_encoder("blip"),
            "CLIP": of_encoder("clip"),
            "LXMERT": of_regions("lxmert"),
            "VisualBERT": of_regions("visual_bert"),
            "transformer with a variance": of_transformer(),
            "SAN, MCB … with a variance": of_run(),
            "black box": of_black_box(),
        }
    )


def written(page: str) -> str:
    before, rest = page.split(BEGIN)
    after = rest.split(END, 1)[1]
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
