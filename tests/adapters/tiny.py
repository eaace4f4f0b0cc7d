"""ViLT and BLIP of ``transformers`` with random weights, small enough for tests."""

import pytest
import torch

from vqax.adapters import Foreign
from vqax.adapters.blip import of_blip
from vqax.adapters.vilt import of_vilt

transformers = pytest.importorskip("transformers", reason="needs the extra vqax[hf]")

WORDS = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]"]
WORDS += ["is", "the", "ball", "red", "what", "there", "?", "yes", "no", "blue", "dog", "##s"]
ANSWERS = ("yes", "no", "blue dogs")
QUESTIONS = ["Is the ball red?", "What is there"]
SIZE = (48, 64)  # other than the square that the networks are made for
GRID = (3, 4)


def tokenizer(folder):
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    return transformers.BertTokenizer.from_pretrained(str(folder))


def seeded(build):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build().eval()
        for weight in network.parameters():
            if weight.dim() > 1:
                weight.data.normal_(std=0.2)  # random networks are flat: every map must vary
    return network


def vilt_network():
    config = transformers.ViltConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=24, image_size=64, patch_size=16, max_position_embeddings=40,
        id2label=dict(enumerate(ANSWERS)), hidden_act="relu",
    )  # fmt: skip
    return seeded(lambda: transformers.ViltForQuestionAnswering(config))


def blip_network():
    text = {
        "vocab_size": len(WORDS), "hidden_size": 16, "encoder_hidden_size": 16,
        "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24,
        "max_position_embeddings": 40, "bos_token_id": 6, "sep_token_id": 4, "eos_token_id": 4,
        "pad_token_id": 0, "hidden_act": "relu", "projection_dim": 8,
    }  # fmt: skip
    vision = {
        "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
        "num_attention_heads": 2, "image_size": 64, "patch_size": 16, "hidden_act": "relu",
    }  # fmt: skip
    config = transformers.BlipConfig(text_config=text, vision_config=vision)
    return seeded(lambda: transformers.BlipForQuestionAnswering(config))


def vilt(folder, **options) -> Foreign:
    return of_vilt(vilt_network(), tokenizer(folder), **{"size_px": SIZE, **options})


def blip(folder, **options) -> Foreign:
    return of_blip(blip_network(), tokenizer(folder), ANSWERS, **{"size_px": SIZE, **options})


FOREIGN = {"vilt": vilt, "blip": blip}


def images(count: int = 2, size=SIZE):
    return torch.rand(count, 3, *size, generator=torch.Generator().manual_seed(1)) * 255


def tokens(foreign: Foreign, questions=tuple(QUESTIONS)):
    """The questions as a batch, padding on the left."""
    rows = [foreign.read(question).tokens for question in questions]
    longest = max(map(len, rows))
    return torch.tensor([[0] * (longest - len(row)) + list(row) for row in rows])
