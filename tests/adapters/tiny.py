"""Encoders of ``transformers`` with random weights, small enough for tests."""

import pytest
import torch

from vqax.adapters import Foreign
from vqax.adapters.blip import of_blip
from vqax.adapters.clip import of_clip
from vqax.adapters.lxmert import of_lxmert
from vqax.adapters.region_models import ForeignOfRegions
from vqax.adapters.vilt import of_vilt
from vqax.adapters.visual_bert import of_visual_bert

transformers = pytest.importorskip("transformers", reason="needs the extra vqax[hf]")

WORDS = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]"]
WORDS += ["is", "the", "ball", "red", "what", "there", "?", "yes", "no", "blue", "dog", "##s"]
ANSWERS = ("yes", "no", "blue dogs")
QUESTIONS = ["Is the ball red?", "What is there"]
SIZE = (48, 64)  # other than the square that the networks are made for
GRID = (3, 4)
WIDTH = 5  # of the features of a region


def tokenizer(folder):
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    words = transformers.BertTokenizer.from_pretrained(str(folder))
    words.bos_token, words.eos_token = "[CLS]", "[SEP]"  # as CLIP's has them
    return words


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


def clip_network():
    text = {
        "vocab_size": len(WORDS), "hidden_size": 16, "intermediate_size": 24,
        "num_hidden_layers": 2, "num_attention_heads": 2, "max_position_embeddings": 24,
        "bos_token_id": 3, "eos_token_id": 4, "pad_token_id": 0, "hidden_act": "relu",
    }  # fmt: skip
    vision = {
        "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
        "num_attention_heads": 2, "image_size": 64, "patch_size": 16, "hidden_act": "relu",
    }  # fmt: skip
    config = transformers.CLIPConfig(
        text_config=text, vision_config=vision, projection_dim=8, attn_implementation="eager"
    )
    return seeded(lambda: transformers.CLIPModel(config))


def lxmert_network():
    config = transformers.LxmertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_attention_heads=2, intermediate_size=24,
        l_layers=2, x_layers=2, r_layers=1, visual_feat_dim=WIDTH, max_position_embeddings=24,
        num_qa_labels=len(ANSWERS), id2label=dict(enumerate(ANSWERS)), hidden_act="relu",
    )  # fmt: skip
    return seeded(lambda: transformers.LxmertForQuestionAnswering(config))


def visual_bert_network():
    config = transformers.VisualBertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=24, visual_embedding_dim=WIDTH, max_position_embeddings=24,
        id2label=dict(enumerate(ANSWERS)), hidden_act="relu",
    )  # fmt: skip
    return seeded(lambda: transformers.VisualBertForQuestionAnswering(config))


def clip(folder, **options) -> Foreign:
    return of_clip(clip_network(), tokenizer(folder), ANSWERS, **{"size_px": SIZE, **options})


def lxmert(folder, **options) -> ForeignOfRegions:
    return of_lxmert(lxmert_network(), tokenizer(folder), **options)


def visual_bert(folder, **options) -> ForeignOfRegions:
    return of_visual_bert(visual_bert_network(), tokenizer(folder), **options)


def vilt(folder, **options) -> Foreign:
    return of_vilt(vilt_network(), tokenizer(folder), **{"size_px": SIZE, **options})


def blip(folder, **options) -> Foreign:
    return of_blip(blip_network(), tokenizer(folder), ANSWERS, **{"size_px": SIZE, **options})


FOREIGN = {"vilt": vilt, "blip": blip, "clip": clip}
OF_REGIONS = {"lxmert": lxmert, "visual_bert": visual_bert}


def regions(foreign: ForeignOfRegions, count: int = 2):
    """Features of 6 regions of each image, and their boxes where the model reads them."""
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(count, 6, WIDTH, generator=generator)
    corners = torch.rand(count, 6, 2, 2, generator=generator).sort(dim=2).values.flatten(2)
    reads_boxes = getattr(foreign.model, "reads_boxes", False)
    return torch.cat([features, corners], dim=2) if reads_boxes else features


def images(count: int = 2, size=SIZE):
    return torch.rand(count, 3, *size, generator=torch.Generator().manual_seed(1)) * 255


def tokens(foreign: Foreign, questions=tuple(QUESTIONS)):
    """The questions as a batch, padding on the left."""
    rows = [foreign.read(question).tokens for question in questions]
    longest = max(map(len, rows))
    return torch.tensor([[0] * (longest - len(row)) + list(row) for row in rows])
