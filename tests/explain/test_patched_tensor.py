"""Every operation on windows equals the same operation on all of the images."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from tests.explain.tiny import IMAGE, image_encoder
from vqax.explain.patched_maps import PatchedMaps, ReferenceMaps
from vqax.explain.patched_tensor import PatchedTensor, dense
from vqax.vision import GRIDS

CORNERS = ((0, 0), (5, 9), (2, 4), (0, 7))
SIZE = (3, 3)


def patches(corners=CORNERS, size=SIZE, image=IMAGE, channels=3) -> PatchedTensor:
    source = torch.Generator().manual_seed(5)
    reference = torch.randn(1, channels, *image, generator=source)
    inner = torch.randn(len(corners), channels, *size, generator=source)
    top, left = torch.tensor(corners).T
    return PatchedTensor(PatchedMaps(ReferenceMaps(reference), inner, (top, left)))


def slow_dense(maps: PatchedTensor) -> torch.Tensor:
    """Map by map, pixel by pixel."""
    reference, inner, (top, left) = maps.state
    made = reference.values.expand(len(inner), -1, -1, -1).clone()
    for i, patch in enumerate(inner):
        for y in range(patch.shape[1]):
            for x in range(patch.shape[2]):
                made[i, :, top[i] + y, left[i] + x] = patch[:, y, x]
    return made


@torch.no_grad()
def both(operation, maps=None, stays=True):
    """The operation on windows and on ordinary tensors; ``stays``: the result is windows."""
    maps = patches() if maps is None else maps
    expected = operation(slow_dense(maps))
    found = operation(maps)
    assert isinstance(found, PatchedTensor) == stays
    assert found.shape == expected.shape
    torch.testing.assert_close(dense(found), expected)
    return found


def test_dense_puts_each_window_in_its_place():
    assert torch.equal(dense(patches()), slow_dense(patches()))
    ordinary = torch.randn(2, 3)
    assert dense(ordinary) is ordinary


@settings(max_examples=60, deadline=None)
@given(
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    dilation=st.integers(1, 2),
    size=st.tuples(st.integers(1, 8), st.integers(1, 12)),
    where=st.tuples(st.integers(0, 7), st.integers(0, 11)),
)
def test_a_convolution_whatever_its_numbers(kernel, stride, padding, dilation, size, where):
    corner = tuple(min(a, whole - part) for a, whole, part in zip(where, IMAGE, size, strict=True))
    maps = patches(((0, 0), corner), size)
    weight = torch.randn(4, 3, *kernel, generator=torch.Generator().manual_seed(1))
    both(lambda x: functional.conv2d(x, weight, None, stride, padding, dilation), maps)


@settings(max_examples=40, deadline=None)
@given(kernel=st.integers(1, 4), stride=st.integers(1, 3), share=st.integers(0, 2), data=st.data())
def test_a_maximum_whatever_its_numbers(kernel, stride, share, data):
    corner = data.draw(st.tuples(st.integers(0, 5), st.integers(0, 9)))
    maps = patches(((0, 0), corner))
    both(lambda x: functional.max_pool2d(x, kernel, stride, min(share, kernel // 2)), maps)


SCALE = torch.randn(3, 1, 1, generator=torch.Generator().manual_seed(2))
NORM = nn.BatchNorm2d(3).eval()
NORM.running_mean.copy_(torch.tensor([1.0, -1.0, 0.5]))
STAYS = {
    "relu": torch.relu,
    "relu in place": lambda x: functional.relu(x + 0, inplace=True),
    "relu6": functional.relu6,
    "clamp": lambda x: x.clamp(min=0, max=1),
    "silu": functional.silu,
    "colours": lambda x: (x - SCALE[None]) / SCALE,
    "reflected": lambda x: 1 - x,
    "number": lambda x: x * 2 + torch.tensor(3.0),
    "grouped": lambda x: functional.conv2d(x, SCALE.view(3, 1, 1, 1).expand(3, 1, 3, 3), groups=3),
    "padding": lambda x: functional.pad(x, (1, 2, 0, 3)),
    "padding by a value": lambda x: functional.pad(x, (1, 0, 2, 0), value=-4.0),
    "normalisation": NORM,
    "channels last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "skip": lambda x: (
        x + functional.conv2d(x, SCALE.view(1, 3, 1, 1).expand(3, 3, 3, 3), padding=1)
    ),
    "skip in place": lambda x: functional.conv2d(
        x, SCALE.view(1, 3, 1, 1).expand(3, 3, 3, 3), padding=1
    ).add_(x),
    "double": lambda x: (x.double() * 2).float(),
}


@pytest.mark.parametrize("operation", STAYS.values(), ids=STAYS)
def test_stays_windows(operation):
    found = both(operation)
    assert found.state.size[0] < found.shape[2]


def gated(x):
    """Squeeze and excitation: each image has its own factor."""
    return x * functional.adaptive_avg_pool2d(x, 1).sigmoid()


def in_place_of_a_kind_without_rule(x):
    made = x * 1
    made.cos_()
    return made * 2


LEAVES = {
    "cells": lambda x: x.permute(0, 2, 3, 1).flatten(1, 2),
    "mean": lambda x: x.mean((2, 3)),
    "excitation": gated,
    "attention": lambda x: (x.flatten(2) @ x.flatten(2).transpose(1, 2)).softmax(1),
    "positions": lambda x: x + torch.arange(12.0),
    "other images": lambda x: x + torch.arange(4.0)[:, None, None, None],
    "turned round": lambda x: x.flip(3),
    "transposed": lambda x: functional.conv_transpose2d(x, torch.ones(3, 2, 2, 2), stride=2),
    "average": lambda x: functional.avg_pool2d(x, 2),
    "maximum with an edge": lambda x: functional.max_pool2d(x, 3, 2, ceil_mode=True),
    "cut": lambda x: functional.pad(x, (-1, 0, 0, 0)),
    "number of an image": lambda x: x[:, 0, 0, 0] + x[0, 0, 0, 0].item(),
}


@pytest.mark.parametrize("operation", LEAVES.values(), ids=LEAVES)
def test_anything_else_is_an_ordinary_tensor_and_right(operation):
    both(operation, stays=False)


def test_what_has_no_rule_may_write_in_place():
    found = both(in_place_of_a_kind_without_rule)
    assert found.state.size == IMAGE


def test_writing_in_place_leaves_the_picture_alone():
    maps = patches()
    before = maps.state.reference.values.clone()
    with torch.no_grad():
        maps.relu_()
        maps.cos_()
    assert isinstance(maps, PatchedTensor)
    assert torch.equal(before, patches().state.reference.values)
    torch.testing.assert_close(dense(maps), slow_dense(patches()).relu().cos())


def test_where_a_maximum_was_cannot_be_asked():
    with torch.no_grad():
        pooled, places = functional.max_pool2d(patches(), 2, return_indices=True)
    assert pooled.shape == places.shape
    assert (places == -1).all()


def test_a_whole_trunk():
    both(image_encoder(), stays=False)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet18"])
def test_published_networks_before_their_normalisations_are_folded(name):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = GRIDS[name].image_encoder(32).eval()
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.uniform_(-1, 1)
    found = both(network, patches(((0, 0), (5, 9), (28, 27)), (4, 5), (32, 32)))
    assert dense(found).std() > 0.1


def test_what_surrounds_windows_is_computed_once():
    """Two lots of windows in one image: the second convolves no image of its own."""
    first, made = patches(), image_encoder()
    runs = []
    made.middle.forward = lambda x, conv=made.middle: (
        runs.append(x.state.reference) or functional.conv2d(x, conv.weight, conv.bias, 2)
    )
    second = PatchedTensor(first.state._replace(inner=first.state.inner + 1))
    with torch.no_grad():
        cells = [made(maps) for maps in (first, second)]
        expected = image_encoder()(slow_dense(patches(CORNERS)))
    assert runs[0] is runs[1]
    torch.testing.assert_close(cells[0], expected)
    assert not torch.allclose(cells[0], cells[1])


def test_what_is_remembered_depends_on_the_arguments():
    maps, again = patches(), patches()
    shared = maps.state.reference
    again.state = again.state._replace(reference=shared)
    with torch.no_grad():
        for add in (1.0, 2.0):
            torch.testing.assert_close(dense(again + add), slow_dense(patches()) + add)
        for seed in (1, 2):  # a tensor that is gone by the next turn
            scale = torch.randn(3, 1, 1, generator=torch.Generator().manual_seed(seed))
            torch.testing.assert_close(dense(again * scale), slow_dense(patches()) * scale)
