"""The critical-difference diagram of one row of tests (U-CAM, Fig. 12), saying what a block is."""

import pandas as pd
from matplotlib.figure import Figure

from vqax.report.cd_diagram import draw_cd_diagram
from vqax.report.content import RANK_COLUMNS
from vqax.report.figures.style import drawable, one_of
from vqax.report.labels import label_of, spaced

ALPHA = 0.05


def draw_ranks(frame: pd.DataFrame, alpha: float = ALPHA) -> Figure:
    """Mean ranks of one set of runs by one measure; rows of a ranks.parquet.

    ``run`` is what a reader sees; ``alpha`` is the level ``cd`` was computed for.

    Raises:
        BadData: a column is missing, there is no row, or there are several sets or measures.
    """
    drawable(frame, RANK_COLUMNS, "ranks")
    measure, blocks, _ = (one_of(frame, name, "ranks") for name in ("measure", "block", "set"))
    return draw_cd_diagram(
        frame["mean_rank"].to_numpy(dtype=float),
        list(frame["run"].astype(str)),
        float(frame["cd"].iloc[0]),
        n_blocks=int(frame["n_blocks"].iloc[0]),
        alpha=alpha,
        title=ranks_title(measure, blocks),
    )


def ranks_title(measure: str, blocks: str) -> str:
    """``rank correlation with human maps; a block is one data set × answer type × seed``."""
    words = spaced(blocks).replace("dataset", "data set")
    return f"{label_of(measure).name}; a block is one {words}"
