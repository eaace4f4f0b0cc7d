"""The feature store that a run or an analysis reads, checked against params.yaml."""

from stages.params import Grid, Params, named
from stages.workspace import Workspace
from vqax.vision import FeatureStore, GridExtractor, build_extractor


def open_store(params: Params, workspace: Workspace, name: str) -> FeatureStore:
    """Store ``name``, made by the extractor that params.yaml asks for.

    Raises:
        UsageError: params.yaml has no such store.
        MissingArtefact: it was not extracted yet.
        BadData: it is damaged, or made by another extractor.
    """
    return FeatureStore(workspace.features(name), extractor=grid(params, name).extractor)


def grid(params: Params, name: str) -> Grid:
    """The settings of a store of grid features."""
    settings: Grid = named(params.grids, name, "store of features", "params.yaml: grids")
    return settings


def grid_extractor(settings: Grid) -> GridExtractor:
    """The network that made the cells of a store, to be shown other pictures."""
    return build_extractor(settings.extractor, weights=settings.weights, input_px=settings.input_px)
