"""A model comes from a folder without a connection, or from the hub with a clear word if not."""

import socket

import pytest
import torch

from tests.adapters.vision_language.tiny import (
    ANSWERS,
    FAMILIES,
    QUESTIONS,
    adapted,
    image,
    tokens,
    transformers,
)
from vqax.adapters.vision_language import load_vision_language
from vqax.errors import BadData, MissingArtefact
from vqax.explain import EXPLAINERS

every = pytest.mark.parametrize("name", FAMILIES)


def saved(name, folder):
    network, processor = FAMILIES[name]()
    network.save_pretrained(folder)
    processor.save_pretrained(folder)
    return str(folder)


@pytest.fixture
def no_connection(monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no connection in this test")

    monkeypatch.setattr(socket, "socket", refuse)


@every
def test_a_folder_answers_as_what_was_saved(name, tmp_path, no_connection):
    loaded, model = load_vision_language(saved(name, tmp_path)), adapted(name)
    results = []
    for one in (loaded, model):
        encoded = one.encode(image())
        with torch.no_grad():
            results.append(one.listed(encoded, ANSWERS).model(encoded.cells, tokens(one)[:1]))
    torch.testing.assert_close(results[0].logits, results[1].logits)
    assert results[0].attention is not None


@every
def test_half_precision_is_explained_in_single_precision(name, tmp_path):
    model = load_vision_language(saved(name, tmp_path), dtype=torch.bfloat16)
    encoded = model.encode(image())
    listed = model.listed(encoded, ANSWERS)
    given = listed.model, encoded.cells, tokens(model, QUESTIONS[:1]), torch.tensor([2])
    forward = listed.model(*given[1:3])
    assert next(model.network.parameters()).dtype == torch.bfloat16
    assert encoded.cells.dtype == forward.logits.dtype == torch.float32
    for method in ("attention", "grad_cam", "region_gradient"):
        maps = EXPLAINERS[method](*given, encoded.grid)
        assert maps.dtype == torch.float32
        assert maps.isfinite().all()
    full = adapted(name)
    whole = full.encode(image())
    with torch.no_grad():
        expected = full.listed(whole, ANSWERS).model(whole.cells, tokens(full)[:1]).logits
    torch.testing.assert_close(forward.logits.detach(), expected, atol=0.5, rtol=0.1)


@pytest.mark.parametrize("name", ["llava", "qwen3_vl"])
def test_a_model_may_be_shared_among_devices(name, tmp_path):
    pytest.importorskip("accelerate", reason="needs the extra vqax[hf]")
    folder = saved(name, tmp_path)
    shared = load_vision_language(folder, device_map={"": "cpu"})
    alone = load_vision_language(folder)
    results = []
    for model in (shared, alone):
        encoded = model.encode(image())
        listed = model.listed(encoded, ANSWERS)
        results.append(
            EXPLAINERS["grad_cam"](
                listed.model, encoded.cells, tokens(model)[:1], torch.tensor([1]), encoded.grid
            )
        )
    torch.testing.assert_close(*results)


def test_what_cannot_be_loaded_is_named_with_what_to_do(tmp_path, monkeypatch, no_connection):
    with pytest.raises(MissingArtefact, match=r"no folder with a config.json.*hf:ORG/NAME"):
        load_vision_language(str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(MissingArtefact, match=r"hf:no/such: cannot be downloaded .*connection"):
        load_vision_language("hf:no/such")
    text = transformers.LlamaConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=1)
    text.save_pretrained(tmp_path)
    with pytest.raises(BadData, match="no image-text-to-text model can be made of it"):
        load_vision_language(str(tmp_path))


def test_a_folder_without_its_processor_is_no_whole_model(tmp_path):
    FAMILIES["llava"]()[0].save_pretrained(tmp_path)
    with pytest.raises((MissingArtefact, BadData), match=str(tmp_path)):
        load_vision_language(str(tmp_path))
