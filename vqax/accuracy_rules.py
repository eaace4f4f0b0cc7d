"""The rules by which answers are scored: their names, and how many annotators each compares.

Apart from the functions (``vqax.metrics.accuracy``), so that settings and the command line know the
names without numpy.
"""

from typing import Literal

Mode = Literal["official", "always", "simple", "exact"]
ANNOTATORS = 10
OF_TEN: tuple[Mode, ...] = ("official", "always")
"""The rules that leave one of ten annotators out; the others compare any number, also one."""
RULES: dict[str, str] = {
    "official": "the official rule: min(1, matches among the other people / 3), averaged over ten",
    "always": "the official rule, unanimous answers normalised too",
    "simple": "min(1, matches / 3), normalised",
    "exact": "1 if the answer is one of those given, normalised",
}
"""Each rule in words."""


def answers_per_question(mode: Mode) -> int | None:
    """How many answers a question must have under a rule; None for one or more."""
    return ANNOTATORS if mode in OF_TEN else None
