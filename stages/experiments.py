"""Classifiers of pictures (EDL): training, and the experiments made with trained ones.

An experiment is a module with ``run(params, workspace, **options) -> summary``; its options stand
in params.yaml under ``experiments``. It leaves Parquet files in data/analyses/NAME, as an
analysis does: metrics.parquet, whose ``run`` is "NAME/row", and pictures.parquet, a row for each
picture and ``row``.
"""

from collections.abc import Callable
from typing import Any

from studies.edl import answers, map_kinds, overlap, rotation
from studies.edl import out_of_distribution as strangers

EXPERIMENTS: dict[str, Callable[..., dict[str, Any]]] = {
    "answers": answers.run,
    "rotation": rotation.run,
    "strangers": strangers.run,
    "overlap": overlap.run,
    "map_kinds": map_kinds.run,
}
