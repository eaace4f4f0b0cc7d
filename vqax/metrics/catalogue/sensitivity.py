"""Sensitivity of a combine layer to the question, and maps through its most sensitive entries."""

from vqax.metrics.metric import Metric

METRICS = {
    "dA_dq_top10_value": Metric(
        "∂A/∂q",
        "How much an entry of the combine layer depends on the question: the length"
        " of its row of ∂A/∂q.",
        "neither",
        digits=4,
    ),
    "dA_dq_top10_index": Metric(
        "entry", "Which entry of the combine layer that is.", "neither", digits=0
    ),
    "shared_of_10": Metric(
        "shared of the first 10",
        "How many of the ten most sensitive entries of two questions are the same.",
        "neither",
        digits=2,
    ),
    "spearman": Metric(
        "Spearman of ∂A/∂q",
        "Rank correlation of the sensitivities of all entries between two questions.",
        "neither",
    ),
    "pair_similarity": Metric(
        "likeness of the two maps",
        "Spearman correlation of the two maps of a pair; a constant map has none.",
        "neither",
    ),
    "own_share": Metric(
        "mass on the thing asked about",
        "Share of the map's positive mass in the boxes of the thing that the question names.",
        "higher",
    ),
    "other_share": Metric(
        "mass on the other thing",
        "Share of the map's positive mass in the boxes of the thing that the other question names.",
        "neither",
    ),
    "preference": Metric(
        "preference",
        "Mass on the thing asked about minus mass on the other thing: 0 is a map "
        "that does not know which of the two was asked about.",
        "higher",
    ),
    "shared_share": Metric(
        "shared entries",
        "Share of the entries that let gradients through which both questions of a pair have.",
        "neither",
    ),
}
