"""Images as a feature file has them."""

from pathlib import Path

import torch
from PIL import Image

from stages.explain_one.vision import VisualInput
from vqax.errors import BadData
from vqax.vision import FeatureFile
from vqax.vision.region_file import RegionFile

NO_IMAGE = Image.new("RGB", (1, 1))


class StoredEyes:
    """Images as a feature file has them, by the id at the end of their name."""

    pixel_model = None

    def __init__(self, feature_file: FeatureFile, boxes: bool, place: torch.device) -> None:
        self._feature_file, self._boxes, self._place = feature_file, boxes, place

    def look(self, path: Path, image: Image.Image) -> VisualInput:
        ids = [int(path.stem.rpartition("_")[2])]
        with_boxes = self._boxes and isinstance(self._feature_file, RegionFile)
        rows = (
            self._feature_file.batch_with_boxes(ids)
            if with_boxes
            else self._feature_file.batch(ids)
        )
        return VisualInput(path, image, torch.from_numpy(rows).float().to(self._place))

    def blank(self) -> torch.Tensor:
        return torch.zeros_like(
            self.look(Path(f"_{self._feature_file.image_ids[0]}"), NO_IMAGE).cells
        )


def check_same_kind(feature_file: FeatureFile, own: FeatureFile) -> None:
    """Raise BadData where features are of another extractor or shape than those of the run."""
    there, known = ((one.attributes.get("extractor"), one.width) for one in (feature_file, own))
    if there != known:
        raise BadData(
            f"{feature_file.path}: holds features of {there[0]}, {there[1]} wide, and the run was trained "
            f"on those of {known[0]}, {known[1]} wide; make both with the same extractor"
        )
