"""Every metric, declared once: what a table, a test of significance or a page says of it is here.

A new metric is its function in a file of `vqax.metrics` and its line in one of these families.
"""

from vqax.metrics.catalogue import (
    answers,
    changes,
    classifiers,
    human_attention,
    regions,
    sensitivity,
    uncertainty,
)
from vqax.metrics.metric import Metric

FAMILIES = (answers, human_attention, regions, uncertainty, classifiers, changes, sensitivity)
METRICS: dict[str, Metric] = {
    name: metric for family in FAMILIES for name, metric in family.METRICS.items()
}
