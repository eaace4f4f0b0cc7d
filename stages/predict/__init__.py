"""``vqax predict``: an answer to every question of a split whose right answers may be secret."""

import json
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import torch

from project.feature_files import open_feature_file
from project.params import Params, load
from project.plan import RunPlan
from project.questions import reads_boxes
from project.resolve import feature_plan
from project.workspace import Workspace
from stages.explain_one.journal import Journal
from stages.explain_one.loaded_model import LoadedModel, chosen_run, load_run
from stages.explain_one.model_choice import Model, told_with_its_line
from stages.explain_one.vision import ImageEncoder
from stages.explain_one.vision_language import answerer_of
from stages.predict.answers import Answers, answers_to, by_image
from stages.predict.stored_images import StoredImages, check_same_kind
from vqax.data import VqaFolder, read_questions, write_results
from vqax.data.vqa_cp import open_folder
from vqax.errors import BadData, UsageError, listed
from vqax.files import atomic_path
from vqax.ownership import OwnFiles
from vqax.vision import FeatureFile
from vqax.vision.weights import weight_hash

JOURNAL = ".answers.jsonl"
JSON, ZIP = ".json", ".zip"


class Asking(NamedTuple):
    """Which questions are answered, and what of them is read.

    ``data``: their folder in the official layout; None: that of the run's data set. ``features``:
    a feature file of their images, which then need not be there; None: the images themselves.
    ``fill``: the answer to questions whose image cannot be used; None: they are an error.
    """

    split: str
    data: Path | None = None
    features: str | None = None
    fill: str | None = None


@told_with_its_line
def run(
    model: Model, *, asking: Asking, out: Path, device: str = "cpu", progress: Any = None
) -> dict[str, Any]:
    """Write [{question_id, answer}, …] to ``out``; as .zip under the name that servers take.

    Answers are kept as they come: started again after a kill, it goes on.

    Raises:
        UsageError: an unknown run; a model from elsewhere without ``data``, or with ``features``.
        MissingArtefact: the run is not trained; no questions file, or no such feature file.
        BadData: an image cannot be used and there is no ``fill``; ``out`` is not ours to replace.
    """
    folder, loaded = _folder(model, asking.data, asking.split), _loaded(model, asking, device)
    questions = read_questions(folder.questions_path)
    answerer = answerer_of(loaded, (), maps=False)
    OwnFiles(out.parent).claim(out)
    with Journal(out.with_name(f".{out.name}{JOURNAL}"), _identity(loaded)) as journal:
        answers, unusable = answers_to(answerer, by_image(folder, questions), journal, progress)
        if unusable and asking.fill is None:
            raise BadData(
                f"{folder.questions_path}: {len(unusable)} of {len(questions)} questions cannot be "
                f"answered, question_id {listed(list(unusable), 3)}; the first: "
                f"{next(iter(unusable.values()))}; mend that, or answer them all alike by --fill"
            )
        every = {q.question_id: answers.get(q.question_id, asking.fill or "") for q in questions}
        write(out, every, f"{_prefix(folder)}OpenEnded_mscoco_{asking.split}_{loaded.name}")
        journal.finish()
    return {
        "model": loaded.name,
        "questions": len(questions),
        "filled": len(unusable),
        "results": str(out),
    }


def _folder(model: Model, data: Path | None, split: str) -> VqaFolder:
    if data is not None:
        return open_folder(data, split)
    if model.source is not None:
        raise UsageError(f"--model {model.source}: give the folder of the questions by --data")
    params = load()
    workspace = Workspace(groups=params.groups)
    spec = params.datasets[params.run(chosen_run(params, workspace, model.run)).dataset]
    return open_folder(spec.root, split, spec.images, spec.version)


def _loaded(model: Model, asking: Asking, device: str) -> LoadedModel:
    if asking.features is None:
        return model.load(device)
    if model.source is not None:
        raise UsageError(
            f"--model {model.source}: reads images and no feature files; leave out --features"
        )
    params = load()
    workspace = Workspace(groups=params.groups)
    feature_file = open_feature_file(feature_plan(params, workspace, asking.features))

    def of_feature_file(
        _: Params, __: Workspace, plan: RunPlan, ___: Any, own: FeatureFile, place: torch.device
    ) -> tuple[ImageEncoder, str]:
        check_same_kind(feature_file, own)
        return StoredImages(feature_file, reads_boxes(plan), place), str(feature_file.path)

    name = chosen_run(params, workspace, model.run)
    return load_run(params, workspace, name, device=device, encoder_of=of_feature_file)


def _identity(loaded: LoadedModel) -> dict[str, Any]:
    """What answers depend on beside the questions and images."""
    weights = weight_hash(loaded.model.state_dict())
    return {"model": [loaded.name, dict(loaded.facts), weights]}


def _prefix(folder: VqaFolder) -> str:
    return "v2_" if folder.questions_path.name.startswith("v2_") else "vqa_"


def write(out: Path, answers: Answers, name: str) -> None:
    """The results file, or a zip that holds it as ``name``_results.json.

    Raises:
        BadData: it cannot be written.
    """
    if out.suffix == JSON:
        write_results(out, answers)
        return
    entries = [{"question_id": key, "answer": answer} for key, answer in answers.items()]
    with atomic_path(out) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(f"{name}_results.json", json.dumps(entries))
