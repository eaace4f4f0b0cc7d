"""The run that is asked: its model, its vocabularies, and the trunk that made its features."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from stages.device import checked
from stages.models import trained
from stages.params import Params
from stages.prepare import Prepared, load_prepared
from stages.stores import grid, grid_extractor, open_store
from stages.workspace import Workspace
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.explain import PixelModel
from vqax.learning.weights import META
from vqax.vision import FeatureStore, GridExtractor
from vqax.vision.resize import preprocess


class Looked(NamedTuple):
    """A picture, its pixels (1,3,y,x) in 0..255, and its cells (1,l,d) as a store keeps them."""

    path: Path
    picture: Image.Image
    pixels: Float[Tensor, "1 3 y x"]
    cells: Float[Tensor, "1 l d"]


@dataclass(frozen=True)
class Subject:
    """A trained run in evaluation mode; ``samples`` and ``seed`` are of its Monte-Carlo passes."""

    name: str
    label: str
    dataset: str
    model: nn.Module
    trunk: GridExtractor
    prepared: Prepared
    grid: tuple[int, int]
    max_tokens: int
    samples: int
    seed: int
    place: torch.device

    @property
    def pixel_model(self) -> PixelModel:
        return PixelModel(self.trunk, self.model)

    def look(self, path: Path, picture: Image.Image) -> Looked:
        """Run the trunk on a picture, once for all its questions; raises BadData for NaN."""
        pixels = preprocess(picture, self.trunk.input_px)[None].float().to(self.place)
        with torch.no_grad():
            cells = self.trunk(pixels).half().float()
        if not bool(cells.isfinite().all()):
            raise BadData(f"{path}: its features are not finite in fp16; give another picture")
        return Looked(path, picture, pixels, cells)


def chosen_run(params: Params, workspace: Workspace, name: str | None) -> str:
    """``name`` if it is trained; without a name, the only trained run.

    Raises:
        UsageError: no such run, or several are trained and none was named.
        MissingArtefact: the run, or every run, is yet to be trained.
    """
    there = [run for run in params.all_runs if (workspace.run(run) / META).is_file()]
    known = f"trained are {', '.join(there)}" if there else "no run is trained yet"
    if name is not None:
        params.run(name)
        if name not in there:
            raise MissingArtefact(f"{name}: not trained; {known}, run `vqax train {name}`")
        return name
    if not there:
        raise MissingArtefact(f"RUN: {known}; run `vqax repro` or `vqax train RUN`")
    if len(there) > 1:
        raise UsageError(f"RUN: {len(there)} runs are trained, name one of {', '.join(there)}")
    return there[0]


def load_subject(params: Params, workspace: Workspace, name: str, *, device: str) -> Subject:
    """Everything that answers questions as run ``name`` does in the pipeline.

    Raises:
        MissingArtefact: an earlier stage was not run, or the trunk's weights are not there.
        BadData: the weights are of another run, or the trunk is not the one of its features.
    """
    run = params.run(name)
    prepared = load_prepared(params, workspace, run.dataset)
    store = open_store(params, workspace, run.features)
    place = torch.device(checked(device))
    model = trained(params, name, prepared, store, workspace.run(name)).to(place).eval()
    trunk = grid_extractor(grid(params, run.features))
    _same_trunk(trunk, store)
    return Subject(
        name=name,
        label=params.label(name),
        dataset=run.dataset,
        model=model,
        trunk=trunk.to(place),
        prepared=prepared,
        grid=store.grid,
        max_tokens=params.text.max_tokens,
        samples=params.explain.samples,
        seed=params.seed_of(name),
        place=place,
    )


def _same_trunk(trunk: GridExtractor, store: FeatureStore) -> None:
    made_by = {key: store.attributes.get(key) for key in trunk.attributes}
    for key, value in trunk.attributes.items():
        if made_by[key] != value:
            raise BadData(
                f"{store.path}: features of {key} {made_by[key]}, the extractor here has {value}; "
                "set grids in params.yaml as they were when the features were made"
            )


def as_array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().float().cpu().numpy()
