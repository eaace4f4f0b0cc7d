"""The processes of one training: a single one, or those ``torchrun`` started.

Also what a process asks of the system: word of SIGTERM, and to keep the memory it frees.
Gradients are averaged by hand after ``backward()``. DistributedDataParallel forwards
``__call__`` alone, and objectives also call ``model.head`` and ``autograd.grad``.
"""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, distributed, nn

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # of malloc.h
KEEP = {M_MMAP_THRESHOLD: 2**30, M_TRIM_THRESHOLD: 2**30, M_TOP_PAD: 2**26}


@dataclass(frozen=True, slots=True)
class Processes:
    """Sums and means over ``world_size`` processes, of which this one is ``rank``."""

    device: torch.device
    rank: int = 0
    world_size: int = 1

    @property
    def writes(self) -> bool:
        """Files are written by one process alone."""
        return self.rank == 0

    def total(self, values: Sequence[float]) -> list[float]:
        """The sums of the values over all processes, in float64."""
        if self.world_size == 1:
            return list(values)
        sums = torch.tensor(values, dtype=torch.float64, device=self.device)
        distributed.all_reduce(sums)
        return sums.tolist()

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in at least one process."""
        return self.total([float(flag)])[0] > 0.0

    def wait(self) -> None:
        """Until every process has come this far."""
        if self.world_size > 1:
            distributed.barrier()

    def mean(self, values: Mapping[str, Tensor], weight: float) -> dict[str, float]:
        """Means of scalars, each process counting by its ``weight``; the weights add up to 1."""
        here = torch.stack([value.detach().float() for value in values.values()]).tolist()
        return dict(zip(values, self.total([weight * value for value in here]), strict=True))

    def average_gradients(self, parameters: Sequence[nn.Parameter], weight: float) -> None:
        """Replace every gradient by its weighted mean over the processes, in one exchange."""
        if self.world_size == 1:
            return
        gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
        flat = torch.cat([gradient.flatten() for gradient in gradients]) * weight
        distributed.all_reduce(flat)
        sizes = [parameter.numel() for parameter in parameters]
        for parameter, part in zip(parameters, flat.split(sizes), strict=True):
            parameter.grad = part.view_as(parameter)

    def copy_from_first(self, model: nn.Module) -> None:
        """Give every process the weights and buffers of the one that writes."""
        if self.world_size > 1:
            for tensor in model.state_dict().values():
                distributed.broadcast(tensor, 0)


def share_of_all(flags: Bool[Tensor, "b"]) -> float:
    """The share of raised flags among the rows of all processes; every process must ask.

    A loss summed over the flagged rows here, divided by all rows here and by this share, is in
    the weighted mean of the processes the mean over the flagged rows of all of them. (A process
    that repeats a row, because a last batch is smaller than the world, counts it once more.)
    """
    counts = torch.stack([flags.sum(), flags.new_full((), len(flags), dtype=torch.int64)]).double()
    if distributed.is_initialized() and distributed.get_world_size() > 1:
        distributed.all_reduce(counts)
    raised, rows = counts.tolist()
    return raised / rows


def mean_over(losses: Float[Tensor, "*b"], counted: Bool[Tensor, "*b"]) -> Float[Tensor, ""]:
    """Mean of the counted losses of all processes, 0 where none is; as ``share_of_all`` says."""
    share = share_of_all(counted.flatten())
    return (losses * counted).mean() / share if share else losses.sum() * 0.0


@contextmanager
def processes(device: torch.device | str) -> Iterator[Processes]:
    """The processes around this one; joins them if ``torchrun`` set WORLD_SIZE above 1.

    Each process of a machine takes the CUDA device of its LOCAL_RANK when ``device`` is "cuda".
    """
    device = torch.device(device)
    if device.type == "cuda" and device.index is None:
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    joined = not distributed.is_initialized() and int(os.environ.get("WORLD_SIZE", "1")) > 1
    if joined:
        if device.type == "cuda":
            torch.cuda.set_device(device)
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        if distributed.is_initialized():
            yield Processes(device, distributed.get_rank(), distributed.get_world_size())
        else:
            yield Processes(device)
    finally:
        if joined:
            distributed.destroy_process_group()


@contextmanager
def stop_requested() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether SIGTERM has arrived since the block was entered.

    The earlier handler is back when the block ends. Python delivers signals to the main thread
    alone; in another one the answer is always no.
    """
    arrived: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: arrived.append(number))
    try:
        yield lambda: bool(arrived)
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def keep_freed_memory() -> bool:
    """Keep the blocks that this process frees, for its next allocations; True if glibc does.

    glibc takes every block of a few megabytes from the system and gives it back when it is freed.
    A training step allocates and frees dozens of them, and each time the system clears all their
    pages: that is a third of the processor time of a training.
    A process then never holds less than it once needed, which suits those that repeat one step.
    It counts for the whole process, so a command asks for it, not the library.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    return min(mallopt(option, value) for option, value in KEEP.items()) == 1
