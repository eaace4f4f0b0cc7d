"""captum and pytorch-grad-cam in this project's hands, and the other way round."""

from functools import partial

import pytest
import torch
from captum.attr import (
    FeatureAblation,
    InputXGradient,
    IntegratedGradients,
    LayerGradCam,
    LayerIntegratedGradients,
)

from tests.explain.tiny import GRID, IMAGE, Trace, batch, image_encoder, tiny
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS, PixelModel
from vqax.explain.peers import Logits, of_captum, of_grad_cam

published = pytest.importorskip("pytorch_grad_cam", reason="a peer for tests")
GradCAM, ScoreCAM = published.GradCAM, published.ScoreCAM
visual, tokens, answer = batch()
images = torch.randn(3, 3, *IMAGE, generator=torch.Generator().manual_seed(4))
AT_CELLS = {
    "integrated gradients": of_captum(IntegratedGradients, n_steps=4),
    "ablation": of_captum(FeatureAblation, gradient=False),
}
AT_PIXELS = {
    "input times gradient": of_captum(InputXGradient, pixels=True, at_once=2),
    "grad-cam": of_grad_cam(
        GradCAM, "image_encoder", reshape_transform=lambda cells: cells.mT.unflatten(2, GRID)
    ),
}


@pytest.mark.parametrize("name", AT_CELLS | AT_PIXELS)
def test_maps_of_the_right_shape_and_the_model_as_found(name):
    pixels = name in AT_PIXELS
    model, given = (PixelModel(image_encoder(), tiny()), images) if pixels else (tiny(), visual)
    before = Trace(model, given, tokens)
    maps = (AT_CELLS | AT_PIXELS)[name](model, given, tokens, answer, GRID)
    assert maps.shape == (3, *(IMAGE if pixels else GRID))
    assert maps.isfinite().all()
    assert maps.flatten(1).std(1).max() > 0
    before.assert_equal(Trace(model, given, tokens))


@pytest.mark.parametrize("name", AT_CELLS | AT_PIXELS)
def test_also_after_an_exception_the_model_is_as_found(name):
    pixels = name in AT_PIXELS
    model, given = (PixelModel(image_encoder(), tiny()), images) if pixels else (tiny(), visual)
    before = Trace(model, given, tokens)
    with pytest.raises((IndexError, RuntimeError, AssertionError)):
        (AT_CELLS | AT_PIXELS)[name](model, given, tokens, answer + 100, GRID)
    before.assert_equal(Trace(model, given, tokens))


def test_integrated_gradients_of_captum_are_ours():
    maps = of_captum(IntegratedGradients, n_steps=9)(tiny(), visual, tokens, answer, GRID)
    ours = EXPLAINERS["region_integrated_gradients"](tiny(), visual, tokens, answer, GRID, steps=9)
    torch.testing.assert_close(maps.float(), ours, atol=1e-4, rtol=1e-4)


def test_ablation_of_whole_cells_is_occlusion_of_regions():
    cells = torch.arange(6)[None, :, None].expand(1, 6, visual.shape[2])
    ablation = of_captum(FeatureAblation, gradient=False, feature_mask=cells)
    maps = ablation(tiny(), visual, tokens, answer, GRID) / visual.shape[2]
    ours = EXPLAINERS["region_occlusion"](tiny(), visual, tokens, answer, GRID, score="logit")
    torch.testing.assert_close(maps, ours)


def test_grad_cam_of_pytorch_grad_cam_is_ours_cut_and_stretched():
    """Its map at a layer, before it is enlarged to the pixels."""
    model, layer = PixelModel(image_encoder(), tiny()).eval(), AT_PIXELS["grad-cam"]
    maps = layer(model, images, tokens, answer, GRID)
    cells = model.image_encoder(images).detach()
    ours = EXPLAINERS["grad_cam"](model.model, cells, tokens, answer, GRID).relu()
    for made, own in zip(maps, ours, strict=True):
        if own.any():
            highest = divmod(int(made.argmax()), IMAGE[1])
            place = int(own.argmax())
            assert (highest[0] * 2 // 8, highest[1] * 3 // 12) == divmod(place, 3)
            assert 0 <= made.min() < made.max() <= 1


def test_a_method_of_pytorch_grad_cam_without_gradients_works_too():
    of_scores = of_grad_cam(
        ScoreCAM, "image_encoder", reshape_transform=lambda cells: cells.mT.unflatten(2, GRID)
    )
    assert of_scores(PixelModel(image_encoder(), tiny()), images, tokens, answer, GRID).shape[
        1:
    ] == (IMAGE)


def test_a_model_is_what_captum_calls():
    """``Logits`` as forward_func of methods of inputs, layers and embeddings."""
    model = PixelModel(image_encoder(), tiny()).eval()
    logits = Logits(model)
    with torch.no_grad():
        assert torch.equal(logits(images, tokens), model(images, tokens).logits)
    given = {"target": answer, "additional_forward_args": tokens}
    cam = LayerGradCam(logits, model.image_encoder.middle).attribute(images, **given)
    assert cam.shape == (3, 1, 4, 6)
    words = LayerIntegratedGradients(
        lambda asked, seen: logits(seen, asked), model.model.embedding
    ).attribute(
        tokens, torch.zeros_like(tokens), target=answer, additional_forward_args=images, n_steps=3
    )
    assert words.shape[:2] == tokens.shape


def test_what_does_not_fit_is_told():
    with pytest.raises(UsageError, match="Tiny is given cells"):
        AT_PIXELS["input times gradient"](tiny(), visual, tokens, answer, GRID)
    with pytest.raises(UsageError, match=r"'image_encoder.none' is no module of PixelModel"):
        of_grad_cam(GradCAM, "image_encoder.none")(
            PixelModel(image_encoder(), tiny()), images, tokens, answer, GRID
        )
    at_a_layer = partial(
        LayerGradCam, layer=(model := PixelModel(image_encoder(), tiny())).image_encoder.last
    )
    with pytest.raises(UsageError, match=r"LayerGradCam: \(3, 1, 2, 3\) for an input of"):
        of_captum(at_a_layer, pixels=True)(model, images, tokens, answer, GRID)
