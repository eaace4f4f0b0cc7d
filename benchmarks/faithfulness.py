"""Deletion, infidelity and max-sensitivity against Quantus and captum on the same model.

    pip install quantus && python benchmarks/faithfulness.py

Quantus (GPL) is no dependency of vqax; without it its rows are left out.
"""

import warnings
from importlib.util import find_spec
from time import perf_counter

import captum.metrics
import numpy as np
import torch
from torch import nn

from vqax.evaluation.curves import deletion
from vqax.evaluation.infidelity import infidelity
from vqax.evaluation.max_sensitivity import max_sensitivity
from vqax.evaluation.scores import of_function
from vqax.evaluation.subsets import Subsets, attributed, effects
from vqax.evaluation.units import pixels

IMAGES, SIDE, STEPS, SUBSETS = 8, 64, 32, 64


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4),
        nn.Flatten(), nn.Linear(512, 10), nn.Softmax(1),
    ).eval()  # fmt: skip


def timed(compute) -> tuple[float, np.ndarray]:
    """The better time of two calls, in seconds, and the result."""
    times = []
    for _ in range(2):
        start = perf_counter()
        result = compute()
        times.append(perf_counter() - start)
    return min(times), np.asarray(result, dtype=np.float64)


def told(name: str, ours: tuple[float, np.ndarray], peer: tuple[float, np.ndarray]) -> None:
    difference = np.abs(ours[1] / peer[1] - 1).max()
    print(
        f"{name}: vqax {ours[0]:.2f} s, peer {peer[0]:.2f} s, ratio {ours[0] / peer[0]:.2f}, "
        f"largest relative difference {difference:.1e}"
    )


def main() -> None:
    warnings.simplefilter("ignore")
    net, rng = network(), np.random.default_rng(0)
    images = torch.from_numpy(rng.random((IMAGES, 1, SIDE, SIDE), dtype=np.float32))
    maps = torch.from_numpy(rng.random((IMAGES, SIDE, SIDE), dtype=np.float32))
    answer = torch.arange(IMAGES) % 10
    units, score = pixels(images, "zero"), of_function(net, answer, arrays=False)
    flat, subsets = maps.flatten(1), Subsets(0.1, SUBSETS)

    def ours_infidelity() -> torch.Tensor:
        moved = effects(score, units, subsets)
        return infidelity(attributed(units, flat, subsets), moved, scaled=False)

    def captum_infidelity() -> list[float]:
        found = []
        for row in range(IMAGES):
            hidden, number = subsets.of(units, row), torch.full((SUBSETS,), row)
            mask = hidden.float().view(-1, 1, SIDE, SIDE)
            made = (mask, units.hidden(number, hidden))
            found.append(
                captum.metrics.infidelity(
                    net, lambda _, made=made: made, images[row : row + 1],
                    maps[row][None, None], target=int(answer[row]),
                    n_perturb_samples=SUBSETS,
                ).item()
            )  # fmt: skip
        return found

    with torch.no_grad():
        told("infidelity, captum", timed(ours_infidelity), timed(captum_infidelity))
    told(
        "max-sensitivity, captum (other noise)",
        timed(lambda: max_sensitivity(lambda x: x.square().sum(1), images, samples=20)),
        timed(
            lambda: captum.metrics.sensitivity_max(
                lambda x: ((x if torch.is_tensor(x) else x[0]).square().sum(1),),
                images, n_perturb_samples=20,
            )
        ),
    )  # fmt: skip
    if find_spec("quantus") is None:
        print("deletion, Quantus: not installed")
        return
    import quantus

    flipping = quantus.PixelFlipping(
        features_in_step=SIDE * SIDE // STEPS, perturb_baseline=0.0, abs=False, normalise=False,
        disable_warnings=True,
    )  # fmt: skip
    arrays = images.numpy(), answer.numpy(), maps.numpy()[:, None]
    told(
        "deletion, Quantus",
        timed(lambda: deletion(score, units, flat, steps=STEPS)[:, 1:]),
        timed(
            lambda: flipping(
                model=net, x_batch=arrays[0], y_batch=arrays[1], a_batch=arrays[2], softmax=True
            )
        ),
    )


if __name__ == "__main__":
    main()
