"""Which code a stage of dvc.yaml runs, found from imports; docs/pipeline.md says how it is used.

``STAGES`` is the only list kept by hand: the module that the command of a stage calls.
"""

from typing import NamedTuple


class Entry(NamedTuple):
    """Where the code of a stage begins.

    ``family`` is "module:DICT" if every member has a stage of its own, or a share of them: then
    the code of one member is no part of the code of another.
    """

    module: str
    family: str | None = None


STAGES = {
    "scenes": Entry("stages.scenes"),
    "changing_priors": Entry("stages.changing_priors"),
    "prepare": Entry("stages.prepare"),
    "agreement": Entry("stages.agreement"),
    "features": Entry("stages.features"),
    "detector": Entry("stages.detector"),
    "regions": Entry("stages.regions"),
    "key_objects": Entry("stages.key_objects"),
    "imported_regions": Entry("stages.import_regions"),
    "train": Entry("stages.train", "vqax.models:MODELS"),
    "explain": Entry("stages.explain", "vqax.models:MODELS"),
    "score": Entry("stages.score"),
    "analyse": Entry("stages.analyse", "stages.analyses:ANALYSES"),
    "classify": Entry("stages.edl.train"),
    "examine": Entry("stages.edl.examine", "stages.edl:EXPERIMENTS"),
    "compare": Entry("stages.compare"),
    "claims": Entry("stages.verdicts"),
    "report": Entry("stages.report"),
}
