"""Who is asked: a trained run with the trunk that made its features, or a foreign model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
from vqax.adapters import Foreign, Reading, reader
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.explain import PixelModel
from vqax.learning.weights import META
from vqax.text.answers import AnswerVocabulary
from vqax.vision import FeatureStore, GridExtractor

SAMPLES = 25  # of a foreign model's head; those of a run are in params.yaml


class Looked(NamedTuple):
    """A picture, its pixels (1,3,y,x) in 0..255, and what the model is given of it.

    ``cells`` are (1,l,d), for a trained run as a store keeps them; of a black box the pixels.
    """

    path: Path
    picture: Image.Image
    pixels: Float[Tensor, "1 3 y x"]
    cells: Float[Tensor, "1 *cells"]


@dataclass(frozen=True)
class Subject:
    """A model in evaluation mode; ``samples`` and ``seed`` are of its Monte-Carlo passes.

    ``grid`` is None for a black box. ``size_px`` are rows and columns of the pictures it sees,
    ``facts`` what a reader needs to find it again. ``prepared`` is the data set of a trained run,
    whose features are ``stored`` in fp16.
    """

    name: str
    label: str
    pixel_model: PixelModel
    answers: AnswerVocabulary
    read: Callable[[str], Reading]
    grid: tuple[int, int] | None
    size_px: tuple[int, int]
    samples: int
    seed: int
    place: torch.device
    facts: Mapping[str, str] = field(default_factory=dict)
    prepared: Prepared | None = None
    stored: bool = False

    @property
    def model(self) -> nn.Module:
        return self.pixel_model.model

    @property
    def kind(self) -> str:
        return type(self.model).__name__

    def look(self, path: Path, picture: Image.Image) -> Looked:
        """Run the trunk on a picture, once for all its questions; raises BadData for NaN."""
        pixels = squeezed(picture, self.size_px).to(self.place)
        with torch.no_grad():
            cells = self.pixel_model.trunk(pixels)
        if self.stored:
            cells = cells.half().float()
        if not bool(cells.isfinite().all()):
            raise BadData(f"{path}: its features are not finite in fp16; give another picture")
        return Looked(path, picture, pixels, cells)


def squeezed(picture: Image.Image, size_px: tuple[int, int]) -> Float[Tensor, "1 3 y x"]:
    """The whole picture at (rows, columns), by the rule of ``vqax.vision.preprocess``."""
    rows, columns = size_px
    small = picture.convert("RGB").resize((columns, rows), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1)[None].float()


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
        UsageError: the run reads regions.
        MissingArtefact: an earlier stage was not run, or the trunk's weights are not there.
        BadData: the weights are of another run, or the trunk is not the one of its features.
    """
    run = params.run(name)
    if run.features in params.regions:
        raise UsageError(
            f"{name}: reads the regions that a detector found ({run.features}), and there is no "
            "detector for other pictures; name a run that reads a grid, or use `vqax explain "
            f"{name}` alone for the pictures of its data set"
        )
    prepared = load_prepared(params, workspace, run.dataset)
    store = open_store(params, workspace, run.features)
    place = torch.device(checked(device))
    model = trained(params, name, prepared, store, workspace.run(name)).to(place).eval()
    trunk = grid_extractor(grid(params, run.features))
    _same_trunk(trunk, store)
    rows, columns = store.grid
    return Subject(
        name=name,
        label=params.label(name),
        pixel_model=PixelModel(trunk.to(place), model),
        answers=prepared.answers,
        read=reader(prepared.questions, params.text.max_tokens),
        grid=store.grid,
        size_px=(trunk.input_px, trunk.input_px),
        samples=params.explain.samples,
        seed=params.seed_of(name),
        place=place,
        facts={
            "run": f"{params.label(name)} ({name}), {type(model).__name__}",
            "data set": run.dataset,
            "features": f"{trunk.name}, {trunk.input_px} px, {rows} × {columns} cells",
        },
        prepared=prepared,
        stored=True,
    )


def foreign_subject(foreign: Foreign, source: str, *, device: str) -> Subject:
    """A model from elsewhere, named by the function that made it; its head is sampled 25 times."""
    name = source.rpartition(":")[2]
    place = torch.device(checked(device))
    rows, columns = foreign.size_px
    cells = "no cells" if foreign.grid is None else f"{foreign.grid[0]} × {foreign.grid[1]} cells"
    return Subject(
        name=name,
        label=name,
        pixel_model=foreign.model.to(place).eval(),
        answers=AnswerVocabulary(foreign.answers),
        read=foreign.read,
        grid=foreign.grid,
        size_px=foreign.size_px,
        samples=SAMPLES,
        seed=0,
        place=place,
        facts={
            "model": f"{foreign.name}, {source}",
            "sees": f"{columns} × {rows} px, {cells}",
        },
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
