"""The feature file that a run or an analysis reads, checked against params.yaml."""

from project.params import Params, named
from project.schema import Grid
from project.workspace import Workspace
from vqax.errors import BadData
from vqax.vision import FeatureFile, GridExtractor, build_extractor
from vqax.vision.imported.source import IMPORTED
from vqax.vision.region_file import RegionFile


def open_feature_file(params: Params, workspace: Workspace, name: str) -> FeatureFile:
    """Store ``name``: a ``RegionFile`` where it is one of `regions` or imported.

    Raises:
        UsageError: params.yaml has no such store.
        MissingArtefact: it was not extracted yet.
        BadData: it is damaged, or made by another extractor or detector.
    """
    path = workspace.features(name)
    if name in params.imported_regions:
        return RegionFile(path, extractor=IMPORTED)
    if name in params.regions:
        return RegionFile(path, extractor=params.regions[name].detector)
    return FeatureFile(path, extractor=grid(params, name).extractor)


def grid(params: Params, name: str) -> Grid:
    """The settings of a feature file of grid features."""
    settings: Grid = named(params.grids, name, "store of features", "params.yaml: grids")
    return settings


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
