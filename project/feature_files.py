"""The feature store that a run or an analysis reads, checked against params.yaml."""

from project.params import Params, named
from project.schema import Grid
from project.workspace import Workspace
from vqax.errors import BadData
from vqax.vision import FeatureStore, GridExtractor, build_extractor
from vqax.vision.imported.source import IMPORTED
from vqax.vision.region_store import RegionStore


def open_store(params: Params, workspace: Workspace, name: str) -> FeatureStore:
    """Store ``name``: a ``RegionStore`` where it is one of `regions` or imported.

    Raises:
        UsageError: params.yaml has no such store.
        MissingArtefact: it was not extracted yet.
        BadData: it is damaged, or made by another extractor or detector.
    """
    path = workspace.features(name)
    if name in params.imported_regions:
        return RegionStore(path, extractor=IMPORTED)
    if name in params.regions:
        return RegionStore(path, extractor=params.regions[name].detector)
    return FeatureStore(path, extractor=grid(params, name).extractor)


def grid(params: Params, name: str) -> Grid:
    """The settings of a store of grid features."""
    settings: Grid = named(params.grids, name, "store of features", "params.yaml: grids")
    return settings


def grid_extractor(settings: Grid) -> GridExtractor:
    """The network that made the cells of a store, to be shown other pictures."""
    return build_extractor(settings.extractor, weights=settings.weights, input_px=settings.input_px)


def region_store(store: FeatureStore, asker: str) -> RegionStore:
    """The store, if it holds regions.

    Raises:
        BadData: it holds a grid; ``asker`` is what needs boxes.
    """
    if not isinstance(store, RegionStore):
        raise BadData(
            f"{store.path}: holds a grid, and {asker} needs regions; name one of `regions` in "
            "params.yaml as the features of the run"
        )
    return store
