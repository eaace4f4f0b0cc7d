"""Pictures to features, and features on disk."""

from vqax.vision.extract import extract
from vqax.vision.grid import GRIDS, GridExtractor, GridSpec, build_extractor
from vqax.vision.rasterise import rasterise
from vqax.vision.region_store import RegionStore, open_store
from vqax.vision.regions import Regions, region_columns
from vqax.vision.resize import preprocess
from vqax.vision.store import FeatureStore
from vqax.vision.writer import FeatureWriter

__all__ = [
    "GRIDS",
    "FeatureStore",
    "FeatureWriter",
    "GridExtractor",
    "GridSpec",
    "RegionStore",
    "Regions",
    "build_extractor",
    "extract",
    "open_store",
    "preprocess",
    "rasterise",
    "region_columns",
]
