"""What papers, their tables and data sets are called."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Captions:
    """Names of papers (``ucam`` -> U-CAM) and captions of tables (``ucam/IV`` -> a sentence).

    A paper or table it does not know is called by its own key.
    """

    papers: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)

    def cited(self, places: str) -> str:
        """``ucam/IV; ucam Fig. 4`` as a reader knows it: ``U-CAM Table IV; U-CAM Fig. 4``."""
        if not self.papers:
            return places
        return re.sub(
            rf"\b({'|'.join(self.papers)})(/(?=\w))?",
            lambda match: self.papers[match[1]] + (" Table " if match[2] else ""),
            places,
        )

    def of_table(self, table: str) -> str:
        """The caption of ``paper/name``."""
        paper, _, name = table.partition("/")
        return self.tables.get(table, f"{self.papers.get(paper, paper)} Table {name}".strip())


DATASETS = {
    "vqa": "VQA",
    "vqa_v1": "VQA v1",
    "vqa_v2": "VQA v2",
    "vqa_cp_v1": "VQA-CP v1",
    "vqa_cp_v2": "VQA-CP v2",
    "vqa_hat": "VQA-HAT",
    "vqa_x": "VQA-X",
    "mnist": "MNIST",
    "fashion_mnist": "Fashion-MNIST",
}


def dataset_name(key: str) -> str:
    """``vqa_hat val`` as a reader knows it, each of a sum ``a + b``; any other name stays."""
    words = key.split(" ")
    starts = [i for i in range(len(words)) if i == 0 or words[i - 1] == "+"]
    return " ".join(
        DATASETS.get(word, word) if i in starts else word for i, word in enumerate(words)
    )
