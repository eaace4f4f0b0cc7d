"""Human attention maps in VQA-HAT form: greyscale PNGs named ``{question_id}_{k}.png``.

Das et al., Human Attention in Visual Question Answering (2016): one map per training question
(k = 1), three per validation question (k = 1, 2, 3), each covering the whole image.
"""

import re
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from vqax.data.images import load_image
from vqax.errors import BadData, MissingArtefact
from vqax.files import atomic_path

NAME = re.compile(r"(\d+)_(\d+)\.(png|jpe?g)", re.IGNORECASE)
SUFFIXES = (".png", ".jpg", ".jpeg")
WHITE = {"L": 255.0, "I;16": 65535.0, "I": 65535.0}


def write_human_map(
    folder: Path, question_id: int, k: int, map_uint8: UInt8[np.ndarray, "h w"]
) -> Path:
    """Write map ``k`` (from 1) of a question, 0 not looked at, 255 most; returns its path."""
    path = folder / f"{question_id}_{k}.png"
    with atomic_path(path, flush=False) as temporary:
        # level 1: thousands of small maps are written, speed counts more than size
        Image.fromarray(map_uint8).save(temporary, format="PNG", compress_level=1)
    return path


def human_map_paths(folder: Path) -> dict[int, list[Path]]:
    """The maps in ``folder`` by question_id, each list in the order of ``k``.

    Raises:
        MissingArtefact: there is no such folder.
        BadData: a PNG or JPEG is not named ``{question_id}_{k}.png`` (``.PNG``, ``.jpg`` …), or two
            are the same map.
    """
    if not folder.is_dir():
        raise MissingArtefact(f"{folder}: no such folder; put the VQA-HAT maps there")
    found: dict[int, dict[int, Path]] = {}
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES):
        match = NAME.fullmatch(path.name)
        if match is None:
            raise BadData(f"{path}: is not named question_id_k.png; rename or remove it")
        maps = found.setdefault(int(match[1]), {})
        first = maps.setdefault(int(match[2]), path)
        if first != path:
            raise BadData(
                f"{path}: is map {match[2]} of question_id {match[1]}, and so is {first}; "
                "remove one of them"
            )
    return {question_id: [maps[k] for k in sorted(maps)] for question_id, maps in found.items()}


def read_human_map(
    path: Path, size_px: tuple[int, int] | None = None
) -> Float32[np.ndarray, "h w"]:
    """One map as numbers in [0, 1]; ``size_px`` is the (height, width) it must have.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut, not greyscale, of another size, or constant (a constant map
            has no ranks, so its correlation with anything is undefined).
    """
    image = load_image(path)
    if image.mode not in WHITE:
        raise BadData(f"{path}: has mode {image.mode}, not greyscale; save it as 8-bit grey PNG")
    human = np.asarray(image, dtype=np.float32) / np.float32(WHITE[image.mode])
    if size_px is not None and human.shape != size_px:
        raise BadData(
            f"{path}: is {human.shape[0]}x{human.shape[1]} px (height x width), expected "
            f"{size_px[0]}x{size_px[1]}; fetch the map of this image or resize it"
        )
    if human.min() == human.max():
        raise BadData(f"{path}: is constant ({human.flat[0]:g}); leave this map out")
    return human
