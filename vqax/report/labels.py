"""How a metric is called and shown to a reader: the words of the catalogue, composed."""

import math
from dataclasses import replace

from vqax.metrics import MAP_METRICS, REGION_METRICS
from vqax.metrics.catalogue import METRICS
from vqax.metrics.metric import Metric
from vqax.report.numbers import SMALLEST, number

MAP_SUFFIXES = sorted((*MAP_METRICS, *REGION_METRICS), key=len, reverse=True)
"""The longest first: one may end in another."""

METHODS = {"attention": "attention", "grad_cam": "Grad-CAM"}


def label_of(metric: str) -> Metric:
    """The label of a metric; ``{method}_rank_correlation`` and the like are put together.

    A metric this module does not know keeps its own name and has no direction.
    """
    if metric in METRICS:
        return METRICS[metric]
    for suffix in MAP_SUFFIXES:
        if metric.endswith(f"_{suffix}"):
            method = metric.removesuffix(f"_{suffix}")
            base = METRICS[suffix]
            return replace(
                base, name=f"{base.name} ({METHODS.get(method, spaced(method))})", short=""
            )
    for suffix, of in OF_TWO.items():
        if metric.endswith(suffix):
            return of(label_of(metric.removesuffix(suffix)))
    for family, name in FAMILIES.items():
        if metric.startswith(f"{family}_"):
            kind = spaced(metric.removeprefix(f"{family}_"))
            return replace(METRICS[family], name=f"{name} ({kind})")
    if metric.startswith("accuracy"):
        return replace(METRICS["accuracy_all"], name=spaced(metric), meaning="", short="")
    return Metric(spaced(metric), "", "neither")


def _gain(base: Metric) -> Metric:
    return replace(base, name=f"gain in {base.name}", short=f"Δ {base.heading}")


def _difference(base: Metric) -> Metric:
    name = f"difference in {base.name}"
    return replace(base, name=name, better="neither", short=f"Δ {base.heading}")


def _effect(base: Metric) -> Metric:
    return Metric(
        f"effect size, {base.name}",
        "Rank-biserial correlation of pairs, from −1 to 1; positive if the second is larger.",
        "neither",
    )


OF_TWO = {"_gain": _gain, "_difference": _difference, "_effect": _effect}
FAMILIES = {
    "auroc": "AUROC of errors",
    "uncertainty_map_correlation": "map quality",
    "ood_auroc": "AUROC of out-of-distribution detection",
}


def explained(metric: str) -> Metric:
    """The label that explains a metric: that of the family where the metric is put together."""
    suffix = next((suffix for suffix in MAP_SUFFIXES if metric.endswith(f"_{suffix}")), metric)
    families = [name for name in FAMILIES if metric.startswith(f"{name}_")]
    return METRICS[families[0]] if families else label_of(suffix)


def spaced(name: str) -> str:
    return name.replace("_", " ")


def reported_number(value: float | int | None, metric: str) -> str:
    """A published number with the digits the paper prints: one for per cent, else 3 or 4."""
    if value is None or not math.isfinite(value):
        return "–"
    digits = label_of(metric).digits
    if 0 < abs(value) < SMALLEST:
        return number(value, digits)
    reported = f"{value:.4f}".rstrip("0").rstrip(".")
    return max(f"{value:.{digits}f}", reported, key=len).replace("-", "−")


def scale_of(metric: str, unit: str | None = None) -> float:
    """What a stored value is multiplied by to be shown; a value stored in per cent stays."""
    return 1.0 if unit in {"percent", "%", "points"} else label_of(metric).scale
