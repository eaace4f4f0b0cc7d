"""What stands between an image and a model: an image encoder or a detector of regions."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from vqax.errors import BadData
from vqax.explain import PixelModel
from vqax.metrics.resize import GRID
from vqax.models.forward import BOX
from vqax.vision.rasterise import rasterise
from vqax.vision.region_extractor import RegionExtractor
from vqax.vision.regions import inside, relative
from vqax.vision.resize import squeezed


class VisualInput(NamedTuple):
    """An image, and what the model is given of it.

    ``cells`` are (1,l,d), for a trained run as a feature file keeps them; of a black box the
    pixels. ``pixels`` (1,3,y,x) in 0..255 are what an image encoder saw, ``boxes_rel`` (1,l,4) the
    regions that a detector found, x1, y1, x2, y2 in fractions of the image.
    """

    path: Path
    image: Image.Image
    cells: Float[Tensor, "1 *cells"]
    pixels: Float[Tensor, "1 3 y x"] | None = None
    boxes_rel: Float[Tensor, "1 l 4"] | None = None

    def painted(self, maps: Float[Tensor, "b h w"]) -> Float[Tensor, "b h w"]:
        """Maps of regions (b,1,l) spread over their boxes, (b,14,14); others as they are."""
        if self.boxes_rel is None:
            return maps
        boxes = self.boxes_rel.to(maps.device).expand(len(maps), -1, -1)
        return rasterise(maps[:, 0], boxes, GRID)


class ImageEncoder(Protocol):
    """How a subject sees images; ``pixel_model`` where gradients and patches reach pixels."""

    @property
    def pixel_model(self) -> PixelModel | None: ...

    def encode(self, path: Path, image: Image.Image) -> VisualInput:
        """See an image, once for all its questions.

        Raises:
            BadData: what it is made into is not finite, or it has too few regions.
        """
        ...

    def blank(self) -> Float[Tensor, "1 *cells"]:
        """Cells of no image."""
        ...


@dataclass(frozen=True)
class GridEncoder:
    """The whole image at ``size_px`` (rows, columns); ``stored``: cells rounded to fp16."""

    pixel_model: PixelModel
    size_px: tuple[int, int]
    place: torch.device
    stored: bool = False

    def encode(self, path: Path, image: Image.Image) -> VisualInput:
        pixels = squeezed(image, self.size_px).to(self.place)
        return VisualInput(path, image, _finite(self._cells(pixels), path), pixels=pixels)

    def blank(self) -> Float[Tensor, "1 *cells"]:
        return self._cells(torch.full((1, 3, *self.size_px), 127.0, device=self.place))

    def _cells(self, pixels: Tensor) -> Tensor:
        with torch.no_grad():
            cells: Tensor = self.pixel_model.image_encoder(pixels)
        return cells.half().float() if self.stored else cells


@dataclass(frozen=True)
class Boxes:
    """The regions that a detector finds; ``shown``: the model is given their boxes as well."""

    extractor: RegionExtractor
    shown: bool
    place: torch.device
    pixel_model: None = None

    def encode(self, path: Path, image: Image.Image) -> VisualInput:
        found = self.extractor(image, str(path))
        boxes = inside(found.boxes_px, found.size_px, str(path))
        boxes_rel = torch.from_numpy(relative(boxes[None], np.array([found.size_px])))
        cells = torch.from_numpy(found.features)[None].half().float()
        if self.shown:
            cells = torch.cat([cells, boxes_rel], dim=2)
        return VisualInput(path, image, _finite(cells, path).to(self.place), boxes_rel=boxes_rel)

    def blank(self) -> Float[Tensor, "1 *cells"]:
        width = self.extractor.width + BOX * self.shown
        return torch.zeros((1, self.extractor.boxes, width), device=self.place)


def same_features(
    made: Mapping[str, object], stored: Mapping[str, object], feature_file: Path, section: str
) -> None:
    """Raise BadData unless what makes features here made those of the file, by its attributes."""
    for key, value in made.items():
        if stored.get(key) != value:
            raise BadData(
                f"{feature_file}: features of {key} {stored.get(key)}, the extractor here has "
                f"{value}; "
                f"set {section} in params.yaml as they were when the features were made"
            )


def _finite(cells: Tensor, path: Path) -> Tensor:
    if not bool(cells.isfinite().all()):
        raise BadData(f"{path}: its features are not finite in fp16; give another image")
    return cells
