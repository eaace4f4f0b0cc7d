"""What each figure of a study is drawn from: frames out of the Parquet files of other stages.

A figure of params.yaml (`studies.NAME.report.figures`) is a name of ``COLLECT`` with the options
of its collector. Drawing them is `stages.figures.draw`: to know the names takes no matplotlib.
"""

from collections.abc import Callable

from studies.attreg import detection_figures as regions
from studies.attreg import figures as attreg
from studies.edl import figures as edl
from studies.interp import figures as interp
from studies.topn import figures as topn
from studies.ucam import figures as numbers
from studies.ucam import map_figures as maps
from vqax.report.frames import Part

COLLECT: dict[str, Callable[..., list[Part]]] = {
    "noise": numbers.noise,
    "variance_inputs": maps.variance_inputs,
    "uncertainty_error": numbers.uncertainty_error,
    "top2_distance": numbers.top2_distance,
    "loss_variance": numbers.loss_variance,
    "mask_comparison": maps.mask_comparison,
    "attention_samples": maps.attention_samples,
    "controls": numbers.controls,
    "training_share": numbers.training_share,
    "importance_maps": interp.importance_maps,
    "word_importance": interp.word_importance,
    "answer_changes": interp.answer_changes,
    "lambda_sweep": attreg.lambda_sweep,
    "choices": attreg.choices,
    "ignored": attreg.ignored,
    "faithfulness": attreg.faithfulness,
    "rotation": edl.rotation,
    "strangers": edl.strangers,
    "honesty": edl.honesty,
    "object_maps": edl.object_maps,
    "overlap_curves": edl.overlap_curves,
    "map_quality": edl.map_quality,
    "detections": regions.detections,
    "topn_sweep": topn.sweep,
    "topn_maps": topn.map_pairs,
}
