"""Who is asked: a trained run with what made its features, or a foreign model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from project.dataset import Prepared, load_prepared
from project.device import checked
from project.feature_files import grid_extractor, open_feature_file
from project.models import trained
from project.params import Params
from project.plan import RunPlan
from project.questions import reads_boxes
from project.resolve import run_plan
from project.workspace import Workspace
from stages.explain_one.vision import Boxes, GridEncoder, ImageEncoder, same_features
from stages.regions import region_extractor
from vqax.adapters import Foreign, Reading, reader
from vqax.errors import MissingArtefact, UsageError
from vqax.explain import PixelModel
from vqax.learning.weights import META
from vqax.text.answers import AnswerVocabulary
from vqax.text.tokens import SPECIAL, SpecialTokens
from vqax.vision import FeatureFile

SAMPLES = 25  # of a foreign model's head; those of a run are in params.yaml


@dataclass(frozen=True)
class LoadedModel:
    """A model in evaluation mode; ``samples`` and ``seed`` are of its Monte-Carlo passes.

    ``grid`` is None for a black box. ``facts`` are what a reader needs to find it again,
    ``prepared`` the data set of a trained run.
    """

    name: str
    label: str
    model: nn.Module
    encoder: ImageEncoder
    answers: AnswerVocabulary
    read: Callable[[str], Reading]
    grid: tuple[int, int] | None
    samples: int
    seed: int
    place: torch.device
    facts: Mapping[str, str] = field(default_factory=dict)
    prepared: Prepared | None = None
    special: SpecialTokens = SPECIAL

    @property
    def kind(self) -> str:
        return type(self.model).__name__


def chosen_run(params: Params, workspace: Workspace, name: str | None) -> str:
    """``name`` if it is trained; without a name, the only trained run.

    Raises:
        UsageError: no such run, or several are trained and none was named.
        MissingArtefact: the run, or every run, is yet to be trained.
    """
    there = [run for run in params.runs if (workspace.run(run) / META).is_file()]
    known = f"trained are {', '.join(there)}" if there else "no run is trained yet"
    if name is not None:
        params.run(name)
        if name not in there:
            raise MissingArtefact(
                f"{name}: not trained, {known}; run `vqax train {name}`", output=workspace.run(name)
            )
        return name
    if not there:
        first = next(iter(params.runs), "RUN")
        raise MissingArtefact(
            f"RUN: {known}; train one of `vqax runs`, say `vqax repro train@{first}`"
        )
    if len(there) > 1:
        raise UsageError(f"RUN: {len(there)} runs are trained; name one of {', '.join(there)}")
    return there[0]


EncoderOf = Callable[
    [Params, Workspace, RunPlan, nn.Module, FeatureFile, torch.device], tuple[ImageEncoder, str]
]


def load_run(
    params: Params,
    workspace: Workspace,
    name: str,
    *,
    device: str,
    encoder_of: EncoderOf | None = None,
) -> LoadedModel:
    """Everything that answers questions as run ``name`` does in the pipeline.

    ``encoder_of`` makes what stands between images and the model; None: what made its features.

    Raises:
        UsageError: the run reads imported regions.
        MissingArtefact: an earlier stage was not run, or the image encoder's weights are not there.
        BadData: the weights are of another run, or the image encoder or the detector not the one of
        its
            features.
    """
    plan = run_plan(params, workspace, name)
    prepared, feature_file = load_prepared(plan.data), open_feature_file(plan.features)
    place = torch.device(checked(device))
    model = trained(plan, prepared, feature_file).to(place).eval()
    encoder, seen = (encoder_of or made_with)(params, workspace, plan, model, feature_file, place)
    return LoadedModel(
        name=name,
        label=params.label(name),
        model=model,
        encoder=encoder,
        answers=prepared.answers,
        read=reader(prepared.questions, plan.model.max_tokens),
        grid=feature_file.grid,
        samples=params.explain.samples,
        seed=plan.seed,
        place=place,
        facts={
            "run": f"{params.label(name)} ({name}), {type(model).__name__}",
            "data set": params.run(name).dataset,
            "features": seen,
        },
        prepared=prepared,
    )


def made_with(
    params: Params,
    workspace: Workspace,
    plan: RunPlan,
    model: nn.Module,
    feature_file: FeatureFile,
    place: torch.device,
) -> tuple[ImageEncoder, str]:
    """What made the features of a run, ready for other images, and what a reader is told.

    Raises:
        UsageError: nothing here did: they are imported regions.
        MissingArtefact, BadData: it is not there, or is another one than then.
    """
    name, features = plan.name, plan.features.name
    if features in params.imported_regions:
        raise UsageError(
            f"{name}: reads regions that were imported ({features}), and there is no detector for "
            "other images; name a run that reads a grid or regions found here, or use "
            f"`vqax explain {name}` alone for the images of its data set"
        )
    if features in params.regions:
        extractor = region_extractor(workspace, params.regions[features])
        made = {key: value for key, value in extractor.attributes.items() if key != "class_names"}
        same_features(made, feature_file.attributes, feature_file.path, "regions")
        seen = f"{extractor.boxes} regions of the detector {extractor.name}"
        return Boxes(extractor, reads_boxes(plan), place), seen
    assert plan.features.grid is not None  # neither imported nor found by a detector
    image_encoder = grid_extractor(plan.features.grid)
    same_features(image_encoder.attributes, feature_file.attributes, feature_file.path, "grids")
    (rows, columns), side = feature_file.grid, image_encoder.input_px
    encoder = GridEncoder(
        PixelModel(image_encoder.to(place), model), (side, side), place, stored=True
    )
    return encoder, f"{image_encoder.name}, {side} px, {rows} × {columns} cells"


def loaded_foreign(foreign: Foreign, source: str, *, device: str) -> LoadedModel:
    """A model from elsewhere, named by the function that made it; its head is sampled 25 times."""
    name = source.rpartition(":")[2]
    place = torch.device(checked(device))
    rows, columns = foreign.size_px
    cells = "no cells" if foreign.grid is None else f"{foreign.grid[0]} × {foreign.grid[1]} cells"
    pixel_model = foreign.model.to(place).eval()
    return LoadedModel(
        name=name,
        label=name,
        model=pixel_model.model,
        encoder=GridEncoder(pixel_model, foreign.size_px, place),
        answers=AnswerVocabulary(foreign.answers),
        read=foreign.read,
        grid=foreign.grid,
        samples=SAMPLES,
        seed=0,
        place=place,
        facts={
            "model": f"{foreign.name}, {source}",
            "sees": f"{columns} × {rows} px, {cells}",
        },
        special=foreign.special,
    )


def as_array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().float().cpu().numpy()
