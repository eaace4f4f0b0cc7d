"""Which code and which shared settings a stage of dvc.yaml runs with; docs/pipeline.md explains.

``STAGES`` is the only list kept by hand: the module that the command of a stage calls, and the
settings in params.yaml that all stages of this kind share.
"""

from typing import NamedTuple


class Entry(NamedTuple):
    """Where the code of a stage begins.

    ``settings`` are keys of params.yaml. ``family`` is "module:DICT" if every member has a stage of
    its own, or a share of them: then the code of one member is no part of the code of another, and
    ``models.*`` means the settings of the member alone. A ``*`` in the module stands for every
    paper; without a dict the papers themselves are the members. ``of_papers`` are modules of the
    folder of every paper that the stage runs besides.
    """

    module: str
    settings: tuple[str, ...] = ()
    family: str | None = None
    of_papers: tuple[str, ...] = ()


MODELS = "vqax.models:MODELS"
ANALYSES = "studies.*.analyses:ANALYSES"
EXPERIMENTS = "studies.*.experiments:EXPERIMENTS"
FIGURES = "studies.*.figures"
OF_REPORTS = ("seed", "text", "grids", "models", "training", "explain", "score", "datasets")
STAGES = {
    "scenes": Entry("stages.scenes"),
    "changing_priors": Entry("stages.changing_priors"),
    "prepare": Entry("stages.prepare", ("seed", "text")),
    "agreement": Entry("stages.agreement", ("seed", "score.resamples")),
    "features": Entry("stages.features"),
    "detector": Entry("stages.detector", ("seed", "score.resamples")),
    "regions": Entry("stages.regions"),
    "key_objects": Entry("stages.key_objects", ("text.vectors",)),
    "imported_regions": Entry("stages.import_regions", ("datasets",)),
    "train": Entry("stages.train", ("seed", "text", "training", "models.*"), MODELS),
    "explain": Entry("stages.explain", ("seed", "text", "explain"), MODELS),
    "score": Entry("stages.score", ("seed", "score")),
    "analyse": Entry("stages.analyses", ("seed", "score.resamples"), ANALYSES),
    "classify": Entry("studies.edl.train", ("seed",)),
    "evaluate": Entry("stages.evaluate", ("seed", "score.resamples"), EXPERIMENTS),
    "compare": Entry("stages.compare", ("seed", "score.resamples", "datasets"), None, ("tables",)),
    "claims": Entry("stages.claims", ("seed", "score.resamples"), "studies.*.claims"),
    "report": Entry("stages.report", OF_REPORTS, FIGURES, ("tables",)),
}
