"""Is a map faithful to the model? Deletion, insertion, sensitivity-n, infidelity and the others."""

from vqax.evaluation.faithfulness import faithfulness
from vqax.evaluation.measures import MEASURES
from vqax.evaluation.randomisation import cascading_randomisation
from vqax.evaluation.result import Faithfulness, pooled
from vqax.evaluation.subsets import Subsets

__all__ = [
    "MEASURES",
    "Faithfulness",
    "Subsets",
    "cascading_randomisation",
    "faithfulness",
    "pooled",
]
