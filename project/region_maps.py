"""What falls on each region: kept as it is, and spread over a grid to be compared with people."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from project.region_relevance import write_region_maps
from vqax.metrics.resize import GRID
from vqax.vision.rasterise import rasterise
from vqax.vision.region_file import RegionFile
from vqax.vision.regions import relative


class RegionMaps:
    """The weights (n,l) of every method, beside boxes in pixels and sizes of the images."""

    def __init__(
        self, feature_file: RegionFile, question_ids: np.ndarray, image_ids: np.ndarray
    ) -> None:
        self.question_ids = question_ids
        self.boxes, self.sizes = feature_file.boxes(image_ids), feature_file.sizes(image_ids)
        self.weights: dict[str, np.ndarray] = {}

    def on_grid(self, method: str, start: int, raw: Tensor) -> Tensor:
        """Keep raw weights (b,1,l) of the questions from ``start`` on; (b,14,14) maps of them.

        The weight of a region is spread evenly over its box.
        """
        rows = slice(start, start + len(raw))
        weights = raw.detach().float().cpu()[:, 0]
        own = self.weights.setdefault(method, np.full(self.boxes.shape[:2], np.nan, np.float32))
        own[rows] = weights.numpy()
        fractions = relative(self.boxes[rows], self.sizes[rows])
        return rasterise(weights, torch.from_numpy(fractions), GRID)

    def write(self, folder: Path) -> None:
        """Leave the weights, beside boxes and sizes, where the stage ``score`` reads them."""
        write_region_maps(folder, self.question_ids, self.boxes, self.sizes, self.weights)
