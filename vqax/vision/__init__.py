"""Images to features, and features on disk."""

from vqax.vision.extract import extract
from vqax.vision.feature_file import FeatureFile
from vqax.vision.grid import GRIDS, GridExtractor, GridSpec, build_extractor
from vqax.vision.rasterise import rasterise
from vqax.vision.region_file import RegionFile, open_feature_file
from vqax.vision.regions import Regions, region_columns
from vqax.vision.resize import preprocess
from vqax.vision.writer import FeatureWriter

__all__ = [
    "GRIDS",
    "FeatureFile",
    "FeatureWriter",
    "GridExtractor",
    "GridSpec",
    "RegionFile",
    "Regions",
    "build_extractor",
    "extract",
    "open_feature_file",
    "preprocess",
    "rasterise",
    "region_columns",
]
