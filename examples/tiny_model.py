"""A tiny random LLaVA with its processor, to try a notebook without a download."""

from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

SPECIAL = ["<pad>", "<s>", "</s>", "<image>"]
WORDS = ["[UNK]", "what", "is", "the", "red", "ball", "?", "yes", "no", "a", "dog", "blue"]
TEMPLATE = (
    "{% for message in messages %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}</s>{% endfor %}"
)


def tiny_llava(folder: Path) -> Path:
    """Write network and processor into ``folder``, as ``save_pretrained`` does."""
    torch.manual_seed(0)
    processor = _processor()
    size = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2,
            "num_attention_heads": 2}  # fmt: skip
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(
            **size, image_size=24, patch_size=4, projection_dim=8
        ),
        text_config=transformers.LlamaConfig(
            **size, vocab_size=len(SPECIAL + WORDS), max_position_embeddings=128,
            pad_token_id=0, bos_token_id=1, eos_token_id=2,
        ),
        image_token_index=SPECIAL.index("<image>"),
    )  # fmt: skip
    network = transformers.LlavaForConditionalGeneration(config)
    for weight in network.parameters():
        if weight.dim() > 1:
            weight.data.normal_(std=0.2)  # as small as they are made, every map would be flat
    network.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _processor() -> transformers.LlavaProcessor:
    """Words between blanks, images of 24 by 24 pixels."""
    inner = Tokenizer(
        models.WordLevel(
            {word: index for index, word in enumerate(SPECIAL + WORDS)}, unk_token="[UNK]"
        )
    )
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.add_special_tokens(SPECIAL)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="[UNK]", pad_token="<pad>", bos_token="<s>",
        eos_token="</s>", padding_side="left",
    )  # fmt: skip
    images = transformers.CLIPImageProcessor(
        size={"shortest_edge": 24}, crop_size={"height": 24, "width": 24}
    )
    return transformers.LlavaProcessor(
        images, tokenizer, patch_size=4, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=TEMPLATE,
    )  # fmt: skip
