"""A tiny random network and a processor of every family of vision-language models."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image

from tests.adapters.tiny import seeded
from vqax.adapters.vision_language import VisionLanguage

transformers = pytest.importorskip("transformers", reason="needs the extra vqax[hf]")
tokenizers = pytest.importorskip("tokenizers", reason="needs the extra vqax[hf]")

WORDS = ["[UNK]", "User", "Assistant", ":", "what", "is", "the", "ball", "red", "?", "there"]
WORDS += ["yes", "no", "blue", "dog", "dogs", "a", "cat", "on"]
SPECIAL = ["<pad>", "<s>", "</s>", "<image>", "<video>", "<|vision_start|>", "<|vision_end|>"]
SPECIAL += ["<start_image>", "<end_image>", "<fake_token_around_image>", "<global-img>"]
SPECIAL += ["<end_of_utterance>"]
SPECIAL += [f"<row_{row}_col_{column}>" for row in range(1, 4) for column in range(1, 4)]
VOCABULARY = len(WORDS) + len(SPECIAL)
QUESTIONS = ["is the ball red ?", "what is there"]
ANSWERS = ("yes", "no", "blue dogs")
TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}User : {% else %}Assistant : "
    "{% endif %}{% for part in message['content'] %}{% if part['type'] == 'image' %}IMAGE"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}</s>{% endfor %}"
    "{% if add_generation_prompt %}Assistant :{% endif %}"
)
TEXT = {
    "vocab_size": VOCABULARY, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
    "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 256,
    "head_dim": 8, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
VISION = {
    "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2,
    "image_size": 16, "patch_size": 4,
}  # fmt: skip


class Tiny(NamedTuple):
    """A network in evaluation mode and its processor."""

    network: Any
    processor: Any


def id_of(token: str) -> int:
    return (SPECIAL + WORDS).index(token)


def tokenizer(**named: str) -> Any:
    """Words between blanks; ``named`` are the special tokens that a family asks for by name."""
    vocabulary = {word: index for index, word in enumerate(SPECIAL + WORDS)}
    inner = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    inner.add_special_tokens(SPECIAL)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="[UNK]", pad_token="<pad>", bos_token="<s>",
        eos_token="</s>", extra_special_tokens=named, padding_side="left",
    )  # fmt: skip


def template(image: str) -> str:
    return TEMPLATE.replace("IMAGE", image)


def llava() -> Tiny:
    vision = transformers.CLIPVisionConfig(**VISION, projection_dim=8)
    config = transformers.LlavaConfig(
        vision_config=vision, text_config=transformers.LlamaConfig(**TEXT),
        image_token_index=id_of("<image>"), vision_feature_layer=-2,
        vision_feature_select_strategy="default",
    )  # fmt: skip
    images = transformers.CLIPImageProcessor(
        size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}
    )
    processor = transformers.LlavaProcessor(
        images, tokenizer(), patch_size=4, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=template("<image>"),
    )  # fmt: skip
    return Tiny(seeded(lambda: transformers.LlavaForConditionalGeneration(config)), processor)


def llava_onevision() -> Tiny:
    pinpoints = [[16, 16], [16, 32], [32, 16], [32, 32], [16, 48]]
    vision = transformers.SiglipVisionConfig(**VISION, vision_use_head=False)
    config = transformers.LlavaOnevisionConfig(
        vision_config=vision, text_config=transformers.Qwen2Config(**TEXT),
        image_token_index=id_of("<image>"), video_token_index=id_of("<video>"),
        image_grid_pinpoints=pinpoints, vision_feature_layer=-1,
    )  # fmt: skip
    images = transformers.LlavaOnevisionImageProcessor(
        size={"height": 16, "width": 16}, image_grid_pinpoints=pinpoints
    )
    processor = transformers.LlavaOnevisionProcessor(
        images, tokenizer(), transformers.LlavaOnevisionVideoProcessor(), num_image_tokens=16,
        vision_feature_select_strategy="full", chat_template=template("<image>"),
    )  # fmt: skip
    return Tiny(
        seeded(lambda: transformers.LlavaOnevisionForConditionalGeneration(config)), processor
    )


ROPE = {"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 10000.0}


def qwen_processor(kind: str) -> Any:
    images = transformers.Qwen2VLImageProcessor(
        patch_size=4, merge_size=2, size={"shortest_edge": 8 * 8, "longest_edge": 24 * 40}
    )
    videos = "Qwen3VLVideoProcessor" if kind == "Qwen3VL" else "Qwen2VLVideoProcessor"
    return getattr(transformers, f"{kind}Processor")(
        images, tokenizer(image_token="<image>", video_token="<video>",
                          vision_bos_token="<|vision_start|>", vision_eos_token="<|vision_end|>"),
        getattr(transformers, videos)(patch_size=4),
        chat_template=template("<|vision_start|> <image> <|vision_end|> "),
    )  # fmt: skip


def qwen_tokens() -> dict[str, int]:
    return {
        "image_token_id": id_of("<image>"), "video_token_id": id_of("<video>"),
        "vision_start_token_id": id_of("<|vision_start|>"),
        "vision_end_token_id": id_of("<|vision_end|>"),
    }  # fmt: skip


def qwen2_vl() -> Tiny:
    config = transformers.Qwen2VLConfig(
        text_config={**TEXT, "rope_parameters": ROPE},
        vision_config={"depth": 2, "embed_dim": 16, "hidden_size": 16, "num_heads": 2,
                       "patch_size": 4, "mlp_ratio": 2},
        **qwen_tokens(),
    )  # fmt: skip
    network = seeded(lambda: transformers.Qwen2VLForConditionalGeneration(config))
    return Tiny(network, qwen_processor("Qwen2VL"))


def qwen2_5_vl() -> Tiny:
    config = transformers.Qwen2_5_VLConfig(
        text_config={**TEXT, "rope_parameters": ROPE},
        vision_config={"depth": 2, "hidden_size": 16, "intermediate_size": 24, "num_heads": 2,
                       "patch_size": 4, "window_size": 16, "out_hidden_size": 16,
                       "fullatt_block_indexes": [1]},
        **qwen_tokens(),
    )  # fmt: skip
    network = seeded(lambda: transformers.Qwen2_5_VLForConditionalGeneration(config))
    return Tiny(network, qwen_processor("Qwen2_5_VL"))


def qwen3_vl() -> Tiny:
    config = transformers.Qwen3VLConfig(
        text_config={**TEXT, "rope_parameters": {**ROPE, "mrope_interleaved": True}},
        vision_config={"depth": 3, "hidden_size": 16, "intermediate_size": 24, "num_heads": 2,
                       "patch_size": 4, "out_hidden_size": 16, "num_position_embeddings": 36,
                       "deepstack_visual_indexes": [0, 1]},
        **qwen_tokens(),
    )  # fmt: skip
    network = seeded(lambda: transformers.Qwen3VLForConditionalGeneration(config))
    return Tiny(network, qwen_processor("Qwen3VL"))


def internvl() -> Tiny:
    config = transformers.InternVLConfig(
        vision_config={**VISION, "image_size": [16, 16], "patch_size": [4, 4]},
        text_config=transformers.Qwen2Config(**TEXT).to_dict(), image_token_id=id_of("<image>"),
    )  # fmt: skip
    images = transformers.GotOcr2ImageProcessor(size={"height": 16, "width": 16}, max_patches=3)
    named = {
        "start_image_token": "<start_image>", "end_image_token": "<end_image>",
        "context_image_token": "<image>", "video_token": "<video>",
    }  # fmt: skip
    processor = transformers.InternVLProcessor(
        images, tokenizer(**named), transformers.InternVLVideoProcessor(), image_seq_length=4,
        chat_template=template("<image>"),
    )  # fmt: skip
    return Tiny(seeded(lambda: transformers.InternVLForConditionalGeneration(config)), processor)


def paligemma() -> Tiny:
    config = transformers.PaliGemmaConfig(
        vision_config=transformers.SiglipVisionConfig(**VISION, vision_use_head=False),
        text_config=transformers.GemmaConfig(**{**TEXT, "vocab_size": PALIGEMMA}),
        image_token_index=id_of("<image>"), projection_dim=16,
    )  # fmt: skip
    images = transformers.SiglipImageProcessor(size={"height": 16, "width": 16})
    images.image_seq_length = 16
    processor = transformers.PaliGemmaProcessor(images, tokenizer(image_token="<image>"))
    return Tiny(seeded(lambda: transformers.PaliGemmaForConditionalGeneration(config)), processor)


PALIGEMMA = VOCABULARY + 1024 + 128  # its processor adds tokens for boxes and masks


def idefics_processor(kind: str) -> Any:
    images = getattr(transformers, f"{kind}ImageProcessor")(
        size={"longest_edge": 32}, max_image_size={"longest_edge": 16}
    )
    words = tokenizer(
        image_token="<image>", fake_image_token="<fake_token_around_image>",
        global_image_token="<global-img>", end_of_utterance_token="<end_of_utterance>",
    )  # fmt: skip
    more = () if kind == "Idefics3" else (transformers.SmolVLMVideoProcessor(),)
    return getattr(transformers, f"{kind}Processor")(
        images, words, *more, image_seq_len=4, chat_template=template("<image>")
    )


def idefics3() -> Tiny:
    config = transformers.Idefics3Config(
        vision_config=VISION, text_config=transformers.LlamaConfig(**TEXT),
        image_token_id=id_of("<image>"), scale_factor=2, pad_token_id=0,
    )  # fmt: skip
    network = seeded(lambda: transformers.Idefics3ForConditionalGeneration(config))
    return Tiny(network, idefics_processor("Idefics3"))


def smolvlm() -> Tiny:
    config = transformers.SmolVLMConfig(
        vision_config=VISION, text_config=transformers.LlamaConfig(**TEXT),
        image_token_id=id_of("<image>"), scale_factor=2, pad_token_id=0,
    )  # fmt: skip
    network = seeded(lambda: transformers.SmolVLMForConditionalGeneration(config))
    return Tiny(network, idefics_processor("SmolVLM"))


def gemma3() -> Tiny:
    text = transformers.Gemma3TextConfig(
        **TEXT, sliding_window=8, query_pre_attn_scalar=8,
        layer_types=["sliding_attention", "full_attention"],
    )  # fmt: skip
    config = transformers.Gemma3Config(
        text_config=text, vision_config={**VISION, "vision_use_head": False},
        mm_tokens_per_image=4, image_token_index=id_of("<image>"),
        boi_token_index=id_of("<start_image>"), eoi_token_index=id_of("<end_image>"),
    )  # fmt: skip
    images = transformers.Gemma3ImageProcessor(size={"height": 16, "width": 16})
    named = {
        "boi_token": "<start_image>", "eoi_token": "<end_image>", "image_token": "<image>"
    }  # fmt: skip
    processor = transformers.Gemma3Processor(
        images, tokenizer(**named), image_seq_length=4, chat_template=template("<start_image>")
    )
    return Tiny(seeded(lambda: transformers.Gemma3ForConditionalGeneration(config)), processor)


FAMILIES: dict[str, Callable[[], Tiny]] = {
    "llava": llava,
    "llava_onevision": llava_onevision,
    "qwen2_vl": qwen2_vl,
    "qwen2_5_vl": qwen2_5_vl,
    "qwen3_vl": qwen3_vl,
    "internvl": internvl,
    "paligemma": paligemma,
    "idefics3": idefics3,
    "smolvlm": smolvlm,
    "gemma3": gemma3,
}


SIZES = [(20, 36), (50, 24)]


def image(size: tuple[int, int] = SIZES[0]) -> Image.Image:
    """An image of (rows, columns), smooth enough that resizing does not wash it out."""
    rough = np.random.default_rng(0).integers(0, 256, (*(side // 4 + 1 for side in size), 3))
    return Image.fromarray(rough.astype(np.uint8)).resize(size[::-1], Image.Resampling.BILINEAR)


def adapted(name: str, *, attention: str = "eager", **options: Any) -> VisionLanguage:
    network, processor = FAMILIES[name]()
    network.set_attn_implementation(attention)
    return VisionLanguage(network, processor, name, **options)


def tokens(model: VisionLanguage, questions: Sequence[str] = tuple(QUESTIONS)) -> torch.Tensor:
    """The questions as a batch, padding on the left."""
    rows = [model.prompt(question).tokens for question in questions]
    longest = max(map(len, rows))
    return torch.tensor([[0] * (longest - len(row)) + list(row) for row in rows])


def prompt_inputs(model: VisionLanguage, photograph: Image.Image, question: str) -> dict[str, Any]:
    """What the network's own forward takes, made as its documentation says."""
    processor, content = model.processor, [{"type": "image"}, {"type": "text", "text": question}]
    text = f"<image>{question}"
    if processor.chat_template:
        turn = [{"role": "user", "content": content}]
        text = processor.apply_chat_template(turn, add_generation_prompt=True)
    with warnings.catch_warnings():  # PaliGemma's makes an array of a tensor in the old way
        warnings.simplefilter("ignore", DeprecationWarning)
        made = processor(images=[photograph], text=[text], return_tensors="pt")
    aside = ("labels", "rows", "cols", "num_patches", "num_crops", "batch_num_images")
    return {name: value for name, value in made.items() if name not in aside}


def log_tokens(model: VisionLanguage, inputs: dict[str, Any], answer: Sequence[int]) -> list[float]:
    """log p of each token of an answer by the network's own forward, without a cache."""
    written = torch.tensor([list(answer)])
    given = {**inputs, "input_ids": torch.cat([inputs["input_ids"], written], 1)}
    given["attention_mask"] = torch.ones_like(given["input_ids"])
    for name in ("token_type_ids", "mm_token_type_ids"):
        if name in inputs:
            kind = int(model.name == "paligemma")  # its words of an answer read what is before them
            given[name] = torch.cat([inputs[name], torch.full_like(written, kind)], 1)
    with torch.no_grad():
        scores = model.network(**given).logits[0].float().log_softmax(1)
    first = inputs["input_ids"].shape[1] - 1
    return [scores[first + place, index].item() for place, index in enumerate(answer)]
