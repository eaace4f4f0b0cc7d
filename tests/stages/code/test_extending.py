"""As docs/extending.md says: a member is a file and a line, a paper a folder and a line."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.stages import tiny
from tests.stages.code.copies import edit, shell

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")
EXPLAINER = '''"""How long the vector of each cell is, whatever was asked."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.explain.grid import as_grid


def cell_norm(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
) -> Float[Tensor, "b h w"]:
    """|v_l| of every cell."""
    return as_grid(visual.norm(dim=2), grid)
'''
METRIC = '''"""Cosine of two maps."""

import numpy as np


def cosine(maps: np.ndarray, human: np.ndarray) -> np.ndarray:
    """Σ a b / (|a| |b|) of maps (n,h,w); NaN where one is 0."""
    products = (maps * human).sum(axis=(1, 2))
    lengths = np.sqrt((maps**2).sum(axis=(1, 2)) * (human**2).sum(axis=(1, 2)))
    return np.divide(products, lengths, out=np.full(len(maps), np.nan), where=lengths > 0)
'''


def test_an_explainer_and_a_metric_are_a_file_and_a_line(folder: Path) -> None:
    (folder / "vqax/explain/cell_norm.py").write_text(EXPLAINER, encoding="utf-8")
    edit(
        folder / "vqax/explain/__init__.py",
        "EXPLAINERS: dict[str, Explainer] = {\n",
        "from vqax.explain.cell_norm import cell_norm\n\n"
        'EXPLAINERS: dict[str, Explainer] = {\n    "cell_norm": Explainer(cell_norm),\n',
    )
    (folder / "vqax/metrics/cosine.py").write_text(METRIC, encoding="utf-8")
    edit(
        folder / "vqax/metrics/catalogue/human_attention.py",
        "METRICS = {\n",
        "from vqax.metrics.cosine import cosine\n\nMETRICS = {\n"
        '    "cosine": Metric("cosine", "Of two maps.", "higher", unit="1", compute=cosine),\n',
    )
    settings = folder / "params.yaml"
    edit(settings, "methods:\n", "methods:\n  - cell_norm\n")
    shell(folder, "vqax", "explain", "san")
    scores = json.loads(shell(folder, "vqax", "score", "san", "--json"))
    assert 0 < scores["cell_norm_cosine"] <= 1
    assert 0 < scores["attention_cosine"] <= 1
    label = "from vqax.report.labels import label_of as l; print(l('attention_cosine'))"
    assert "cosine (attention)" in shell(folder, "python", "-c", label)


PAPER = {
    "__init__.py": "",
    "tables.py": '''"""The tables of the study of fusion."""

from project.tables import ACCURACIES, Table

NAME = "Fusion"
TABLES = {"1": Table("Fusion Table 1: accuracy by fusion", ACCURACIES)}
''',
    "claims.py": '''"""The claims about fusion."""

from vqax.claims.rules import ACCURACY, Rule, above, rows

(PRODUCT,) = rows("fusion/1", "product")
RULES = {"F01": Rule(above(ACCURACY, (PRODUCT,), ("san",)))}
''',
    "published/claims.csv": "paper,claim_id,claim,tested_by,direction,kind,status,"
    "reported_evidence,note\n"
    "fusion,F01,A product answers better.,fusion/1,mcb > san,table,holds,,\n",
    "published/table_1.csv": "table,row,dataset,metric,value,std_error,direction,note\n"
    "fusion/1,product,vqa_v1 val,accuracy_all,60.5,,higher,\n"
    "fusion/1,sum,vqa_v1 val,accuracy_all,58.1,,higher,\n",
    "study.yaml": """studies:
  fusion:
    groups: [headline]
    significance: {alpha: 0.05, blocks: [question_type], min_block_questions: 1}
    tables:
      fusion/1: {product: mcb, sum: san}
""",
    "report.yaml": """studies:
  fusion:
    report:
      title: Does a product answer better than a sum?
      research_question: Does MCB answer better than SAN?
      gallery: 2
      comparisons: {mcb: san}
      claims: fusion
""",
}


def test_a_sixth_paper_is_a_folder_and_a_line(folder: Path) -> None:
    for name, text in PAPER.items():
        path = folder / "studies" / "fusion" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    edit(folder / "params.yaml", "folders:\n", "folders:\n- fusion\n")
    shutil.copy(tiny.ROOT / "dvc.yaml", folder)  # a profile's has no part that is written anew
    shell(folder, "vqax", "pipeline")
    todo = json.loads(shell(folder, "vqax", "repro", "report_fusion", "--dry", "--json"))
    assert {"compare_fusion", "claims_fusion", "report_fusion"} <= set(todo["would run"])
    assert not [stage for stage in todo["would run"] if stage.startswith("train")]
    for stage in ("compare", "claims", "report"):
        shell(folder, "vqax", stage, "fusion")
    (claim,) = pd.read_parquet(folder / "results/claims/fusion.parquet").to_dict("records")
    assert (claim["claim_id"], claim["compared"]) == ("F01", 1)
    table = shell(folder, "vqax", "table", "fusion/1", "--study", "fusion")
    assert "Fusion Table 1: accuracy by fusion" in table
    assert "60.5" in table
    page = (folder / "data/reports/fusion/report.html").read_text(encoding="utf-8")
    assert "Fusion Table 1" in page
    assert "A product answers better." in page
