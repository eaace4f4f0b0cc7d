"""Which code and which shared settings a stage of dvc.yaml runs with; docs/pipeline.md explains.

``STAGES`` is the only list kept by hand: the module that the command of a stage calls, and the
settings in params.yaml that all stages of this kind share.
"""

from typing import NamedTuple


class Entry(NamedTuple):
    """Where the code of a stage begins.

    ``settings`` are keys of params.yaml. ``family`` is "module:DICT" if every member has a stage of
    its own, or a share of them: then the code of one member is no part of the code of another, and
    ``models.*`` means the settings of the member alone.
    """

    module: str
    settings: tuple[str, ...] = ()
    family: str | None = None


MODELS = "vqax.models:MODELS"
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
    "analyse": Entry("stages.analyse", ("seed", "score.resamples"), "stages.analyses:ANALYSES"),
    "classify": Entry("stages.edl.train", ("seed",)),
    "examine": Entry("stages.edl.examine", ("seed", "score.resamples"), "stages.edl:EXPERIMENTS"),
    "compare": Entry("stages.compare", ("seed", "score.resamples", "datasets")),
    "claims": Entry("stages.verdicts", ("seed", "score.resamples")),
    "report": Entry("stages.report", OF_REPORTS),
}
