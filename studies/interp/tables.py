"""The tables of Interp: those it prints, and those added to them."""

from project.tables import Table

NAME = "Interp"
WORDS = {
    name: name
    for name in (
        *("most_important_occlusion", "most_important_gradient", "most_important_chance"),
        "flip_rate",
    )
}
CHANGES = {f"flip_rate{of}": f"flip_rate{of}" for of in ("", "_of_right", "_of_wrong")}
TABLES = {
    "1": Table(
        "Interp Table 1: agreement of importance maps with where people looked",
        {"rank_correlation": "rank_correlation", "standard_error": "standard_error"},
    ),
    "words": Table("Interp Figure 3 in numbers: which kinds of words matter most", WORDS),
    "changes": Table(
        "Interp section 4.2: how often hiding a part of the input changes the answer",
        {**CHANGES, "failure_auroc": "failure_auroc"},
    ),
    "failure": Table(
        "Interp section 4.2: how well changing answers foretell right and wrong ones",
        {"failure_accuracy": "failure_accuracy", "failure_auroc": "failure_auroc"},
    ),
}
