"""The distance between a model's two most likely answers."""

import numpy as np
from jaxtyping import Float


def top2_margin(probabilities: Float[np.ndarray, "n a"]) -> Float[np.ndarray, "n"]:
    """p₍₁₎ - p₍₂₎, the two highest softmax scores of each question, in [0, 1].

    U-CAM never defines the column "CD" of its Table IV; its Fig. 7 uses the letters for the
    distance between the top two softmax scores. That this is the column is an interpretation.
    """
    top = np.partition(probabilities, -2, axis=-1)
    return top[:, -1] - top[:, -2]
