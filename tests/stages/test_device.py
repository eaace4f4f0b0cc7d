import pytest
import torch

from project.device import checked
from vqax.errors import UsageError


def test_the_processor_is_always_there() -> None:
    assert checked("cpu") == "cpu"


@pytest.mark.parametrize("name", ["tpu", "cuda:", "cuda:x", "CPU", "", "meta"])
def test_names_that_are_no_device(name: str) -> None:
    with pytest.raises(UsageError, match="no such device; choose auto, cpu, mps, cuda or cuda:N"):
        checked(name)


def test_a_card_this_machine_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert checked("cuda:1") == "cuda:1"
    with pytest.raises(UsageError, match=r"cuda:2: this machine has 2 CUDA devices; choose cpu"):
        checked("cuda:2")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(UsageError, match="0 CUDA devices"):
        checked("cuda")


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_is_the_fastest_there_is(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, chosen: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert checked("auto") == chosen
    if not mps:
        with pytest.raises(UsageError, match="--device mps: this machine has none; choose auto"):
            checked("mps")
