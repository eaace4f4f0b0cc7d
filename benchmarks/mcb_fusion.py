"""Compact bilinear pooling of 196 cells with one question: matrix product against transforms.

Peers, in the same run and in turns: the public PyTorch form (gdlg: question repeated for every
cell, scatter-add, FFT) and our own FFT form (question transformed once, index-add). Forward and
backward; "training" needs no gradient of the cells. CPU seconds of one thread, so that other work
on the machine counts little.
"""

import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from vqax.models.count_sketch import CountSketch, by_fft, by_matmul

BATCH, CELLS, QUESTION, ROUNDS = 64, 196, 512, 9
SIZES = ((112, 512), (112, 1024), (256, 512), (512, 512))
Form = Callable[[Tensor, Tensor, CountSketch, CountSketch], Tensor]


def public(x: Tensor, y: Tensor, sketch_x: CountSketch, sketch_y: CountSketch) -> Tensor:
    """Both inputs of the same leading shape, as in pytorch_compact_bilinear_pooling."""
    y = y.unsqueeze(1).expand(-1, x.shape[1], -1)
    spectra = [torch.fft.rfft(scatter(*pair)) for pair in ((x, sketch_x), (y, sketch_y))]
    return torch.fft.irfft(spectra[0] * spectra[1], n=sketch_x.out)


def scatter(x: Tensor, sketch: CountSketch) -> Tensor:
    zeros = x.new_zeros(*x.shape[:-1], sketch.out)
    return zeros.scatter_add(-1, sketch.place.expand(x.shape), x * sketch.sign)


FORMS: dict[str, Form] = {"public": public, "fft": by_fft, "matmul": by_matmul}


def seconds(form: Form, data: tuple, wanted: tuple[Tensor, ...], precision: str) -> float:
    start = time.process_time()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        fused = form(*data)
    torch.autograd.grad(fused, wanted, torch.ones_like(fused))
    return time.process_time() - start


def compare(width: int, out: int, precision: str, case: str) -> None:
    x, y = torch.randn(BATCH, CELLS, width), torch.randn(BATCH, QUESTION, requires_grad=True)
    x.requires_grad_(case == "all gradients")
    data = (x, y, CountSketch(width, out, seed=0), CountSketch(QUESTION, out, seed=1))
    wanted = (x, y) if x.requires_grad else (y,)
    rows = [
        {name: seconds(form, data, wanted, precision) for name, form in FORMS.items()}
        for _ in range(ROUNDS + 2)
    ][2:]
    times = {name: 1e3 * statistics.median(row[name] for row in rows) for name in FORMS}
    ratios = {name: times[name] / times["matmul"] for name in ("public", "fft")}
    print(
        f"{width:4d} -> {out:5d}  {precision}  {case:13s}  "
        + "  ".join(f"{name} {value:6.1f} ms" for name, value in times.items())
        + f"  matmul is {ratios['public']:.1f} x public, {ratios['fft']:.1f} x fft"
    )


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    for width, out in SIZES:
        for precision in ("fp32", "bf16"):
            for case in ("all gradients", "training"):
                compare(width, out, precision, case)


if __name__ == "__main__":
    main()
