import pytest
import torch

from tests.explain.tiny import (
    ANSWERS,
    GRID,
    IMAGE,
    GridEncoder,
    Trace,
    batch,
    image_encoder,
    small,
    tiny,
)
from tests.vision.tiny import extractor
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS
from vqax.explain.pixels import PixelModel, pixel_gradients

IMAGES_OF = torch.tensor([2, 0, 2, 2, 0])  # nobody asks about image 1
PIXELS = [name for name, explain in EXPLAINERS.items() if "pixels" in explain.needs]
ONE_PASS = ["input_gradient", "guided_backprop", "deconvolution", "guided_grad_cam"]


def images(count: int = 3) -> torch.Tensor:
    return torch.randn(count, 3, *IMAGE, generator=torch.Generator().manual_seed(4))


def questions() -> tuple[torch.Tensor, torch.Tensor]:
    _, tokens, _ = batch(5)
    return tokens, torch.tensor([0, 3, 1, 4, 3]) % ANSWERS


def test_is_the_model_on_the_cells_of_the_trunk():
    model, (tokens, _) = PixelModel(image_encoder(), tiny()).eval(), questions()
    forward = model(images(), tokens[:3])
    expected = model.model(model.image_encoder(images()), tokens[:3])
    assert torch.equal(forward.logits, expected.logits)
    assert torch.equal(forward.visual, model.image_encoder(images()))


class Counting(GridEncoder):
    """Notes how many images it computes at a time."""

    seen: tuple[int, ...] = ()

    def forward(self, visual):
        self.seen = (*self.seen, len(visual))
        return super().forward(visual)


def counting() -> Counting:
    made = image_encoder()
    made.__class__ = Counting
    return made


@pytest.mark.parametrize("name", ONE_PASS)
def test_a_picture_is_computed_once(name):
    (tokens, answer), seen = questions(), counting()
    model = PixelModel(seen, tiny())
    EXPLAINERS[name](model, images(), tokens, answer, GRID, image_of=IMAGES_OF)
    assert seen.seen == (2,)  # the image that nobody asks about is left out


@pytest.mark.parametrize("name", PIXELS)
def test_questions_share_a_picture(name):
    explain, (tokens, answer), seen = small(name), questions(), counting()
    model = PixelModel(seen, tiny())
    maps = explain(model, images(), tokens, answer, GRID, image_of=IMAGES_OF)
    shared, seen.seen = sum(seen.seen), ()
    each = explain(model, images()[IMAGES_OF], tokens, answer, GRID)
    torch.testing.assert_close(maps, each)
    assert not torch.allclose(maps[0], maps[2])
    assert 5 * shared == 2 * sum(seen.seen)


@pytest.mark.parametrize("name", ONE_PASS)
def test_a_few_pictures_at_a_time_give_the_same_maps(name):
    explain, (tokens, answer), seen = EXPLAINERS[name], questions(), counting()
    model = PixelModel(seen, tiny())
    together = explain(model, images(), tokens, answer, GRID, image_of=IMAGES_OF)
    seen.seen = ()
    options = {"image_of": IMAGES_OF, "images_at_once": 1}
    torch.testing.assert_close(explain(model, images(), tokens, answer, GRID, **options), together)
    assert seen.seen == (1, 1)


def test_the_cells_are_those_of_each_question():
    model, (tokens, answer) = PixelModel(image_encoder(), tiny()), questions()
    found = pixel_gradients(
        model, images(), tokens, answer, GRID, image_of=IMAGES_OF, images_at_once=2
    )
    torch.testing.assert_close(found.cells, model.image_encoder(images()).detach()[IMAGES_OF])
    assert not found.cells.requires_grad


def test_a_real_extractor_takes_pictures_of_0_to_255():
    grid = extractor(width=4).grid
    model, (tokens, answer) = PixelModel(extractor(width=4), tiny()), questions()
    image = torch.randint(256, (1, 3, 32, 32), generator=torch.Generator().manual_seed(0))
    before = Trace(model)
    maps = EXPLAINERS["guided_grad_cam"](
        model, image.float(), tokens, answer, grid, image_of=torch.zeros(5, dtype=torch.int64)
    )
    assert maps.shape == (5, 32, 32)
    assert maps.sum() > 0
    before.assert_equal(Trace(model))


def test_as_many_pictures_as_questions_unless_said_otherwise():
    model = PixelModel(image_encoder(), tiny())
    with pytest.raises(UsageError, match=r"5 questions about 3 images.*image_of"):
        pixel_gradients(model, images(), *questions(), GRID)


@pytest.mark.parametrize("wrong", [-1, 3])
def test_a_question_without_a_picture_is_refused(wrong):
    which = torch.tensor([0, 1, 2, 0, wrong])
    with pytest.raises(UsageError, match=rf"{wrong}\] names an image that is not among 3"):
        pixel_gradients(
            PixelModel(image_encoder(), tiny()), images(), *questions(), GRID, image_of=which
        )


class Fixed(GridEncoder):
    def forward(self, visual):
        return super().forward(visual).detach()


def test_a_trunk_without_gradient_is_named():
    made = image_encoder()
    made.__class__ = Fixed
    with pytest.raises(UsageError, match="no gradient passes through Fixed to the pixels"):
        pixel_gradients(PixelModel(made, tiny()), images(), *batch()[1:], GRID)


class Fails(GridEncoder):
    def forward(self, visual):
        super().forward(visual)
        raise RuntimeError("broken image encoder")


@pytest.mark.parametrize("name", PIXELS)
def test_left_as_found_when_the_trunk_fails(name):
    made = image_encoder()
    made.__class__ = Fails
    model = PixelModel(made, tiny())
    before = Trace(model)
    with pytest.raises(RuntimeError, match="broken image encoder"):
        small(name)(model, images(), *batch()[1:], GRID)
    before.assert_equal(Trace(model))
