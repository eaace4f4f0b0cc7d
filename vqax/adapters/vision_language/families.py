"""What each family of vision-language models does its own way; a new family is one entry.

All families of ``transformers`` take ready image features (``mm_encoder_outputs``) and embedded
words. What is left is how features are arranged, where an image token lies in the image, and how
positions are counted.
"""

from collections.abc import Callable, Mapping
from math import isqrt
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

Inputs = Mapping[str, Any]
"""What the processor makes of images of one size: ``pixel_values`` and what belongs to them."""
Boxes = Float[Tensor, "v r c 4"]
"""x1, y1, x2, y2 of each token of a view, as fractions of the image, row by row."""


QUESTION = "which"


def chat(processor: Any) -> tuple[str, str]:
    """The chat template around a question: one turn of an image and a text, then the answer's."""
    turn = [{"type": "image"}, {"type": "text", "text": QUESTION}]
    text: str = processor.apply_chat_template(
        [{"role": "user", "content": turn}], add_generation_prompt=True
    )
    before, _, after = text.rpartition(QUESTION)
    return before, after


def unchanged(processor: Any, text: str) -> str:  # noqa: ARG001
    """The text as it is given to the processor."""
    return text


def only_image(processor: Any) -> tuple[str, str]:
    """PaliGemma has no turns: an image, then the question."""
    return processor.image_token, ""


def as_views(processor: Any, inputs: Inputs) -> Float[Tensor, "v 3 y x"]:  # noqa: ARG001
    """The pixels of all views one after another."""
    pixels: Tensor = inputs["pixel_values"]
    return pixels.flatten(0, -4)


def square(network: Any, inputs: Inputs, tokens: int) -> tuple[int, int]:
    """As many rows as columns in each view."""
    side = isqrt(tokens // len(as_views(network, inputs)))
    return side, side


def one_after_another(network: Any, inputs: Inputs, boxes: Boxes) -> Float[Tensor, "l 4"]:  # noqa: ARG001
    """The tokens of one view behind those of another."""
    return boxes.flatten(0, 2)


def counted(
    network: Any,  # noqa: ARG001
    ids: Int[Tensor, "b n"],  # noqa: ARG001
    mask: Int[Tensor, "b n"],
    types: Inputs,  # noqa: ARG001
    inputs: Inputs,  # noqa: ARG001
) -> Int[Tensor, "b n"]:
    """0, 1, 2 … over the tokens that are read."""
    return (mask.cumsum(1) - 1).clamp(min=0)


def counted_from_one(
    network: Any, ids: Int[Tensor, "b n"], mask: Int[Tensor, "b n"], types: Inputs, inputs: Inputs
) -> Int[Tensor, "b n"]:
    """1, 2, 3 … over the tokens that are read."""
    return counted(network, ids, mask, types, inputs) + 1


def by_time_row_and_column(
    network: Any, ids: Int[Tensor, "b n"], mask: Int[Tensor, "b n"], types: Inputs, inputs: Inputs
) -> Int[Tensor, "3 b n"]:
    """Positions of M-RoPE (Wang et al. 2024, Qwen2-VL)."""
    found: Tensor = network.model.get_rope_index(
        ids,
        image_grid_thw=inputs["image_grid_thw"].to(ids.device).repeat(len(ids), 1),
        attention_mask=mask,
        mm_token_type_ids=types["mm_token_type_ids"],
    )[0]
    return found


def patches_put_together(processor: Any, inputs: Inputs) -> Float[Tensor, "1 3 y x"]:
    """The image that Qwen's processor cut into patches, block by block of merged ones."""
    cutter = processor.image_processor
    (_, rows, columns), m, p = (
        inputs["image_grid_thw"][0].tolist(),
        cutter.merge_size,
        cutter.patch_size,
    )
    patches = inputs["pixel_values"].view(rows // m, columns // m, m, m, 3, -1, p, p)[
        :, :, :, :, :, 0
    ]
    return patches.permute(4, 0, 2, 5, 1, 3, 6).reshape(1, 3, rows * p, columns * p)


def merged(network: Any, inputs: Inputs, tokens: int) -> tuple[int, int]:  # noqa: ARG001
    """Rows and columns of Qwen's merged patches."""
    m = network.config.vision_config.spatial_merge_size
    _, rows, columns = inputs["image_grid_thw"][0].tolist()
    return rows // m, columns // m


def patches(network: Any, inputs: Inputs, tokens: int) -> tuple[int, int]:  # noqa: ARG001
    """All patches of a view, whatever becomes of them after."""
    vision = network.config.vision_config
    side = vision.image_size // vision.patch_size
    return side, side


def packed(network: Any, inputs: Inputs, boxes: Boxes) -> Float[Tensor, "l 4"]:
    """LLaVA-OneVision's order: the whole image, then all tiles row by row without padding.

    The same function as for features arranges the boxes. Ends of rows (``image_newline``) have no
    place. Where tiles are shrunk to fewer tokens, each token takes so much more room.
    """
    newline = boxes.new_full((4,), torch.nan)
    pack, sizes = network.model.pack_image_features, inputs["image_sizes"]
    (arranged,), _ = pack([boxes.flatten(1, 2)], sizes, image_newline=newline)
    return _spaced(arranged, boxes[0].numel() // 4)


def _spaced(boxes: Float[Tensor, "l 4"], first: int) -> Float[Tensor, "l 4"]:
    """Boxes behind the ``first`` so large that neighbours touch."""
    tiles = boxes[first:]
    ends = tiles.isnan().any(1).nonzero()[:, 0]
    if not len(ends):
        return boxes
    width = int(ends[0]) + 1
    rows = tiles.view(-1, width, 4)[:, :-1]
    centre = (rows[..., :2] + rows[..., 2:]) / 2
    step = torch.stack(
        [
            _step(centre[0, :, 0], rows[0, :, 2] - rows[0, :, 0]),
            _step(centre[:, 0, 1], rows[:, 0, 3] - rows[:, 0, 1]),
        ]
    )
    spaced = torch.cat([centre - step / 2, centre + step / 2], dim=2)
    ending = boxes.new_full((len(rows), 1, 4), torch.nan)
    return torch.cat([boxes[:first], torch.cat([spaced, ending], 1).flatten(0, 1)])


def _step(centres: Float[Tensor, "n"], widths: Float[Tensor, "n"]) -> Float[Tensor, ""]:
    return (centres[-1] - centres[0]) / (len(centres) - 1) if len(centres) > 1 else widths[0]


def with_start_and_end(processor: Any, text: str) -> str:
    """PaliGemma's processor sets a start token behind the image and ends the line."""
    image: str = processor.image_token
    return text.replace(image, image + processor.tokenizer.bos_token) + "\n"


class Family(NamedTuple):
    """How one family differs from the others.

    ``listed``: features are a list of images, otherwise one tensor of (images, tokens, width).
    ``nested``: the image processor takes a list of images for each text. ``answer_type`` is the
    token type of an answer. ``prompt`` gives the text
    before and after the question; ``tokenised`` is that text as the processor changes it for the
    tokeniser. ``views`` are the images that the encoder sees, ``grid`` the rows and columns of
    tokens of each, ``order`` the boxes of tokens as the language model gets them. ``positions``
    counts the tokens of a prompt.
    """

    listed: bool
    nested: bool = False
    answer_type: int = 0
    prompt: Callable[[Any], tuple[str, str]] = chat
    tokenised: Callable[[Any, str], str] = unchanged
    views: Callable[[Any, Inputs], Tensor] = as_views
    grid: Callable[[Any, Inputs, int], tuple[int, int]] = square
    order: Callable[[Any, Inputs, Boxes], Tensor] = one_after_another
    positions: Callable[..., Tensor] = counted


QWEN = Family(
    listed=True,
    views=patches_put_together,
    grid=merged,
    positions=by_time_row_and_column,
)
FAMILIES: dict[str, Family] = {
    "llava": Family(listed=True),
    "llava_onevision": Family(listed=True, grid=patches, order=packed),
    "qwen2_vl": QWEN,
    "qwen2_5_vl": QWEN,
    "qwen3_vl": QWEN,
    "internvl": Family(listed=False),
    "paligemma": Family(
        listed=False,
        prompt=only_image,
        answer_type=1,
        tokenised=with_start_and_end,
        positions=counted_from_one,
    ),
    "idefics3": Family(listed=True, nested=True),
    "smolvlm": Family(listed=True, nested=True),
    "gemma3": Family(listed=False, nested=True),
}
"""By ``config.model_type``."""
