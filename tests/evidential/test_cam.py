"""Grad-CAM of classifiers against loops over cells and channels."""

import pytest
import torch

from tests.evidential.tiny import TinyNet, stripes, tensors
from vqax.errors import UsageError
from vqax.evidential.cam import classifier_grad_cam, enlarge
from vqax.evidential.lenet import LeNet

IMAGES, LABELS = tensors(stripes(5))


def slow_grad_cam(model, image, label):
    """One image; slopes by central differences in double precision."""
    cells = model.features(image[None]).detach()
    _, d, h, w = cells.shape
    result = torch.zeros(h, w, dtype=cells.dtype)
    for k in range(d):
        slopes = []
        for i in range(h):
            for j in range(w):
                step = torch.zeros_like(cells)
                step[0, k, i, j] = 1e-6
                rise = model.classify(cells + step) - model.classify(cells - step)
                slopes.append(rise[0, label].item() / 2e-6)
        result += sum(slopes) / len(slopes) * cells[0, k]
    return result


def test_equals_the_literal_twin():
    torch.manual_seed(0)
    model = TinyNet().double().eval()
    images = IMAGES.double()
    maps = classifier_grad_cam(model, images, LABELS)
    with torch.no_grad():
        slow = [slow_grad_cam(model, *pair) for pair in zip(images, LABELS, strict=True)]
    torch.testing.assert_close(maps, torch.stack(slow), atol=1e-6, rtol=1e-6)


def test_the_highest_logit_is_explained_by_default():
    torch.manual_seed(0)
    model = TinyNet().eval()
    chosen = model(IMAGES).argmax(-1)
    maps = classifier_grad_cam(model, IMAGES)
    torch.testing.assert_close(maps, classifier_grad_cam(model, IMAGES, chosen))


def test_batches_do_not_matter():
    torch.manual_seed(0)
    model = LeNet(3, size=(20, 24))
    images, labels = torch.rand(5, 1, 20, 24), torch.tensor([0, 2, 1, 1, 0])
    whole, parts = (classifier_grad_cam(model, images, labels, batch_size=b) for b in (9, 2))
    torch.testing.assert_close(whole, parts)
    assert whole.shape == (5, 4, 6)


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_left_as_found(fails):
    model = TinyNet().train()
    model.conv.eval()
    model.answer.bias.requires_grad_(False)
    if fails:
        with pytest.raises(UsageError, match="none of the 3 answers"):
            classifier_grad_cam(model, IMAGES, LABELS + 99)
    else:
        classifier_grad_cam(model, IMAGES, LABELS)
    assert (model.training, model.conv.training) == (True, False)
    assert not model.answer.bias.requires_grad
    assert model.answer.weight.requires_grad
    assert model.answer.weight.grad is None


def test_enlarged_maps_are_positive_and_not_shifted():
    maps = torch.zeros(1, 3, 4)
    maps[0, 1, 2], maps[0, 0, 0] = 2.0, -5.0
    large = enlarge(maps, (9, 12))[0]
    assert large.shape == (9, 12)
    assert large.min() == 0
    assert divmod(int(large.argmax()), 12) == (4, 7)  # the centre of cell (1, 2)
