"""What is asked of trained runs beyond the maps and scores that every run gets.

An analysis is a module with ``run(params, workspace, **options) -> summary``; its options stand
in params.yaml under ``analyses``. It leaves Parquet files in data/analyses/NAME; one called
metrics.parquet, with ``run`` = "NAME/row", may be a row of a table.
"""

from collections.abc import Callable
from typing import Any

from studies.attreg import domains, faithfulness, key_attention
from studies.interp import images as interp_images
from studies.interp import words as interp_words
from studies.topn.analysis import topn
from studies.ucam import attention_samples, explanation_masks, noise

ANALYSES: dict[str, Callable[..., dict[str, Any]]] = {
    "explanation_masks": explanation_masks.run,
    "noise": noise.run,
    "attention_samples": attention_samples.run,
    "faithfulness": faithfulness.run,
    "domains": domains.run,
    "key_attention": key_attention.run,
    "interp_images": interp_images.run,
    "interp_words": interp_words.run,
    "topn_deeper_lstm": topn("topn_deeper_lstm"),
    "topn_pythia": topn("topn_pythia"),
}
