"""The feature file that a run or an analysis reads, checked against its plan."""

from project.plan import FeaturePlan
from project.schema import Grid
from vqax.errors import BadData
from vqax.vision import FeatureFile, GridExtractor, build_extractor
from vqax.vision.imported.source import IMPORTED
from vqax.vision.region_file import RegionFile


def open_feature_file(plan: FeaturePlan) -> FeatureFile:
    """The file: a ``RegionFile`` where it is one of `regions` or imported.

    Raises:
        MissingArtefact: it was not extracted yet.
        BadData: it is damaged, or made by another extractor or detector.
    """
    kind = RegionFile if plan.grid is None else FeatureFile
    return kind(plan.path, extractor=plan.extractor or IMPORTED)


def grid_extractor(settings: Grid) -> GridExtractor:
    """The network that made the cells of a feature file, to be shown other images."""
    return build_extractor(settings.extractor, weights=settings.weights, input_px=settings.input_px)


def region_file(feature_file: FeatureFile, answerer: str) -> RegionFile:
    """The feature file, if it holds regions.

    Raises:
        BadData: it holds a grid; ``answerer`` is what needs boxes.
    """
    if not isinstance(feature_file, RegionFile):
        raise BadData(
            f"{feature_file.path}: holds a grid, and {answerer} needs regions; name one of "
            "`regions` in params.yaml as the features of the run"
        )
    return feature_file
