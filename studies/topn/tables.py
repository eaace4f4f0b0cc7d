"""The tables of TopN: those it prints, and those added to them."""

from project.tables import Table

NAME = "TopN"
ENTRIES = {name: name for name in ("dA_dq_top10_value", "dA_dq_top10_index")}
VECTORS = {name: name for name in ("spearman", "shared_of_10")}
ROUTED = {
    name: name
    for name in (
        *("pair_similarity", "own_share", "other_share", "preference"),
        *("shared_share", "rank_correlation"),
    )
}
TABLES = {
    "1": Table(
        (
            "TopN Table 1: the ten entries of the combine layer that depend most on the "
            "question, one question about two images"
        ),
        {**ENTRIES, **VECTORS},
    ),
    "2": Table(
        (
            "TopN Table 2: the ten entries of the combine layer that depend most on the "
            "question, one question about two other images"
        ),
        {**ENTRIES, **VECTORS},
    ),
    "3": Table(
        (
            "TopN Table 3: the ten entries of the combine layer that depend most on the "
            "question, two questions about one image"
        ),
        {**ENTRIES, **VECTORS},
    ),
    "4": Table(
        (
            "TopN Table 4: the ten entries of the combine layer that depend most on the "
            "question, two questions with one answer"
        ),
        {**ENTRIES, **VECTORS},
    ),
    "5": Table(
        ("TopN Table 5: likeness of ∂A/∂q between two questions with one answer about one image"),
        {**ENTRIES, **VECTORS},
    ),
    "6": Table(
        ("TopN Table 6: likeness of ∂A/∂q between two questions with one answer about one image"),
        {**ENTRIES, **VECTORS},
    ),
    "vectors": Table(
        "TopN Tables 1 to 6 for all questions: likeness of ∂A/∂q between two questions", VECTORS
    ),
    "answers": Table(
        "TopN, not in the paper: likeness of Grad-CAM if question or answer changes",
        {"pair_similarity": "pair_similarity"},
    ),
    "sweep": Table(
        (
            "TopN Figures 27 to 77 in numbers: Grad-CAM through the n entries most sensitive "
            "to the question"
        ),
        ROUTED,
    ),
    "controls": Table("TopN, not in the paper: Grad-CAM through n entries drawn at random", ROUTED),
    "future": Table(
        "TopN, future work: n entries that the pair does not share, or by one word", ROUTED
    ),
    "interpretations": Table(
        "TopN, not in the paper: three readings of what the n largest rows are", ROUTED
    ),
    "models": Table("TopN, two models: Grad-CAM and n entries", ROUTED),
}
NOTES = {
    "dA_dq_top10_value": (
        "ours: length of the row of ∂A/∂q, of another question and image than the "
        "printed ones (examples.parquet of the analysis); the paper does not say how the "
        "rows are reduced"
    ),
    "dA_dq_top10_index": "ours: an entry of another model than the printed one",
}
