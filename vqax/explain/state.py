"""Look at a model without leaving a trace."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

KEEPS_STATISTICS = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.SyncBatchNorm,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
)


@contextmanager
def left_as_found(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, frozen parameters and gradients enabled inside; everything back after.

    Put back, also after an exception: the training flag of every submodule by itself (a frozen
    image encoder stays frozen), each parameter's ``requires_grad``, and the random state of the CPU
    and of the model's CUDA devices. ``.grad`` is never touched: explainers use
    ``torch.autograd.grad``. Frozen parameters keep the graph small, and keep cuDNN's recurrent
    layers, which refuse a backward pass in evaluation mode, out of it.
    """
    training = [(module, module.training) for module in model.modules()]
    wanted = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    try:
        with torch.random.fork_rng(devices=_cuda_devices(model)), torch.enable_grad():
            model.eval()
            model.requires_grad_(False)
            yield
    finally:
        for module, flag in training:
            module.training = flag
        for parameter, flag in wanted:
            parameter.requires_grad_(flag)


def _cuda_devices(model: nn.Module) -> list[torch.device]:
    return list({parameter.device for parameter in model.parameters() if parameter.is_cuda})


def seed_draws(model: nn.Module, seed: int) -> None:
    """Seed what the model draws from, and nothing else.

    ``torch.manual_seed`` would also reseed every other device, or leave a seed for a CUDA that
    is not started yet; neither could be put back.
    """
    torch.default_generator.manual_seed(seed)
    for device in _cuda_devices(model):
        torch.cuda.default_generators[device.index].manual_seed(seed)


def start_sampling(model: nn.Module) -> None:
    """Training mode without its side effects: normalisation layers keep their statistics.

    Only the flags change here; ``left_as_found`` around it puts them back.
    """
    for module in model.modules():
        module.training = not isinstance(module, KEEPS_STATISTICS)
