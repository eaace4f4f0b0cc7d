"""Pictures to features, and features on disk."""

from vqax.vision.extract import extract
from vqax.vision.grid import GRIDS, GridExtractor, GridSpec, build_extractor
from vqax.vision.resize import preprocess
from vqax.vision.store import FeatureStore
from vqax.vision.writer import FeatureWriter

__all__ = [
    "GRIDS",
    "FeatureStore",
    "FeatureWriter",
    "GridExtractor",
    "GridSpec",
    "build_extractor",
    "extract",
    "preprocess",
]
