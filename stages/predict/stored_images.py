"""Images as a feature file has them."""

from pathlib import Path

import torch
from PIL import Image

from stages.explain_one.vision import VisualInput
from vqax.errors import BadData
from vqax.vision import FeatureFile
from vqax.vision.region_file import RegionFile

NO_IMAGE = Image.new("RGB", (1, 1))


class StoredImages:
    """Images as a feature file has them, by the id at the end of their name."""

    pixel_model = None

    def __init__(self, features: FeatureFile, boxes: bool, place: torch.device) -> None:
        self._features, self._boxes, self._place = features, boxes, place

    def encode(self, path: Path, image: Image.Image) -> VisualInput:
        ids = [int(path.stem.rpartition("_")[2])]
        features = self._features
        with_boxes = self._boxes and isinstance(features, RegionFile)
        rows = features.batch_with_boxes(ids) if with_boxes else features.batch(ids)
        return VisualInput(path, image, torch.from_numpy(rows).float().to(self._place))

    def blank(self) -> torch.Tensor:
        return torch.zeros_like(
            self.encode(Path(f"_{self._features.image_ids[0]}"), NO_IMAGE).cells
        )


def check_same_kind(feature_file: FeatureFile, own: FeatureFile) -> None:
    """Raise BadData where features are of another extractor or shape than those of the run."""
    there, known = ((one.attributes.get("extractor"), one.width) for one in (feature_file, own))
    if there != known:
        raise BadData(
            f"{feature_file.path}: holds features of {there[0]}, {there[1]} wide, and the run was "
            f"trained on those of {known[0]}, {known[1]} wide; make both with the same extractor"
        )
