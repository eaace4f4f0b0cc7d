import pickle
import sys
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file

from vqax.errors import BadData, MissingArtefact
from vqax.vision.weights import optional, read_weights, torchvision_weights, weight_hash

STATE = {"b": torch.arange(6.0).view(2, 3), "a": torch.ones(4)}


def test_both_formats_give_the_same_tensors(tmp_path):
    torch.save(STATE, tmp_path / "w.pth")
    save_file(STATE, tmp_path / "w.safetensors")
    for name in ("w.pth", "w.safetensors"):
        state = read_weights(tmp_path / name)
        assert state.keys() == STATE.keys()
        assert all(torch.equal(state[key], STATE[key]) for key in STATE)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "_orig_mod.module."])
def test_the_prefix_of_a_wrapper_is_left_out_with_a_word(tmp_path, caplog, prefix):
    wrapped = {prefix + name: value for name, value in STATE.items()}
    torch.save(wrapped, tmp_path / "w.pth")
    save_file(wrapped, tmp_path / "w.safetensors")
    for name in ("w.pth", "w.safetensors"):
        state = read_weights(tmp_path / name)
        assert state.keys() == STATE.keys()
        assert weight_hash(state) == weight_hash(STATE)
        assert f"{name}: names begin with {prefix}, as of" in caplog.text


def test_a_prefix_of_some_names_belongs_to_the_network(tmp_path, caplog):
    state = STATE | {"module.more": torch.ones(1)}
    torch.save(state, tmp_path / "w.pth")
    assert read_weights(tmp_path / "w.pth").keys() == state.keys()
    assert not caplog.text


def test_absent_file_names_the_option(tmp_path):
    with pytest.raises(MissingArtefact, match=r"none\.pth.*--weights"):
        read_weights(tmp_path / "none.pth")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("kept", [0, 3, 100])
def test_cut_file(tmp_path, suffix, kept):
    path = tmp_path / f"w{suffix}"
    torch.save(STATE, path) if suffix == ".pth" else save_file(STATE, path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(BadData, match=f"w{suffix}"):
        read_weights(path)


class Touch:
    """Unpickling this writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_code_in_a_file_is_not_run(tmp_path):
    trap = tmp_path / "trap"
    torch.save({"a": Touch(trap)}, tmp_path / "w.pth")
    with pytest.raises(BadData, match=r"w\.pth"):
        read_weights(tmp_path / "w.pth")
    assert not trap.exists()
    pickle.loads(pickle.dumps(Touch(trap)))
    assert trap.exists(), "the trap works where code is run"


@pytest.mark.parametrize("content", [[torch.ones(1)], {"epoch": 3, "state_dict": {}}])
def test_not_a_state_dict(tmp_path, content):
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(BadData, match="state dict"):
        read_weights(tmp_path / "w.pth")


def test_hash_ignores_order_and_precision_of_storage_but_no_value():
    digits = weight_hash(STATE)
    assert len(digits) == 16
    assert digits == weight_hash({"a": STATE["a"].half(), "b": STATE["b"].T.contiguous().T})
    assert digits != weight_hash({**STATE, "a": STATE["a"] * 1.0001})
    assert digits != weight_hash({"a": STATE["a"], "c": STATE["b"]})
    assert digits != weight_hash({**STATE, "b": STATE["b"].view(3, 2)})


def test_missing_package_names_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(MissingArtefact, match=r'torchvision.*pip install "\.\[pipeline\]"'):
        optional("torchvision.models")


def test_failed_download_names_address_and_remedy(tmp_path, monkeypatch):
    pytest.importorskip("torchvision")

    def offline(*_args, **_kwargs):
        raise URLError("no route to host")

    monkeypatch.setattr("torch.hub.urlopen", offline)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(MissingArtefact, match=r"https://\S+resnet18\S+pth.*--weights FILE"):
        torchvision_weights("resnet18")


def test_damaged_download(monkeypatch):
    pytest.importorskip("torchvision")

    def damaged(*_args, **_kwargs):
        raise RuntimeError("invalid hash value")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", damaged)
    with pytest.raises(BadData, match=r"resnet18.*invalid hash value.*--weights FILE"):
        torchvision_weights("resnet18")


def test_download_is_checked_and_never_unpickled(monkeypatch):
    pytest.importorskip("torchvision")
    asked = {}

    def server(url, **options):
        asked.update(options, url=url)
        return STATE

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", server)
    assert torchvision_weights("resnet50") is STATE
    assert asked["weights_only"] is True
    assert asked["check_hash"] is True
    assert asked["url"].endswith("resnet50-0676ba61.pth"), "V1, which the papers used"
