"""Command ``regions show``: what the boxes of a feature file are, as a figure and in numbers."""

from typing import Any

from project.params import Params, named
from project.workspace import Workspace
from stages.regions import describe
from studies.attreg.detection_figures import parts
from vqax.files import write_parquet
from vqax.report.figures.write import write_section


def run(params: Params, workspace: Workspace, name: str, *, images: int = 8) -> dict[str, Any]:
    """Draw data/reports/regions/``name``/detections.png and its like; of params.yaml."""
    named(params.regions, name, "region file", "params.yaml: regions")
    folder = workspace.data / "reports" / "regions" / name
    drawn = parts(params, workspace, name, images)
    for part in drawn:
        write_parquet(folder / f"{part.file_name}.parquet", part.frame)
    write_section("detections", drawn, folder)
    scores = {str(row.metric): row.value for part in drawn[1:] for row in part.frame.itertuples()}
    return {
        **describe(workspace.features(name)),
        **scores,
        "figures": [str(folder / f"{part.file_name}.png") for part in drawn],
    }
