"""The tables of a study, as its stage compare left them."""

import pandas as pd

from project.workspace import Workspace
from vqax.errors import MissingArtefact
from vqax.files import read_parquet


def read_tables(workspace: Workspace, study: str) -> pd.DataFrame:
    """All tables of a study, one below the other.

    Raises:
        MissingArtefact: there are none.
    """
    paths = sorted(workspace.tables(study).glob("*.parquet"))
    if not paths:
        raise MissingArtefact(
            f"{workspace.tables(study)}: no tables; run `vqax repro compare_{study}`, or give the "
            f"study some in params.yaml: studies.{study} where it has none"
        )
    return pd.concat([read_parquet(path) for path in paths], ignore_index=True)
