"""TopN's 12 claims, each as the rule of its column ``direction``.

The paper shows examples and gives no localisation score; here localisation is the share of a map's
mass in the boxes of the thing that the question names (``own_share``), over pairs of questions
with one answer. Limits that the paper does not state are those of claims.csv, or said to be ours.
"""

from studies.topn import checks as topn_checks
from studies.topn import vectors as topn_vectors
from studies.topn.analyses import SAME_ANSWER
from studies.topn.probes import COLOUR, EXISTENCE
from studies.topn.routing import RANDOM, SENSITIVE, name_of
from vqax.claims.rules import Rule, larger, within

DEEPER, PYTHIA = "topn_deeper_lstm", "topn_pythia"
PLAIN = f"{DEEPER}/Grad-CAM"
TYPICAL, SMALLER, LARGER = 25, (5, 10), (50, 100, 200, 300)
SAME, OTHER, QUESTION, ANSWER, BOTH, STEPS, WORDS = (
    f"{DEEPER}/{row}"
    for row in (
        *(topn_vectors.SAME, topn_vectors.OTHER),
        *(topn_checks.QUESTION, topn_checks.ANSWER, topn_checks.BOTH),
        *("steps", "words"),
    )
)
COLOURS = f"{DEEPER}/{COLOUR}: {name_of(SENSITIVE, TYPICAL)}"


def at(n: int, how: str = SENSITIVE) -> str:
    return f"{DEEPER}/{name_of(how, n)}"


RULES: dict[str, Rule] = {
    "T01": Rule(
        (
            within(QUESTION, "pair_similarity", 0.8),
            larger("pair_similarity", QUESTION, BOTH),
        ),
        note="Likeness is Spearman's ρ of two maps; that of (q₁, a) and (q₂, a) is set against .8, "
        "a limit of ours, and against that of (q₁, a) and (q₂, a').",
    ),
    "T02": Rule((larger("pair_similarity", QUESTION, ANSWER),)),
    "T03": Rule(
        (within(QUESTION, "sign_change", "sign_change_of_answer"),),
        note="Share of the entries of the combine layer whose sign differs. It is computed before "
        "an answer is chosen, so another answer changes none.",
    ),
    "T04": Rule(
        (
            larger("own_share", PLAIN, f"{PYTHIA}/Grad-CAM"),
            larger("preference", PLAIN, f"{PYTHIA}/Grad-CAM", role="beside"),
            larger("rank_correlation", PLAIN, f"{PYTHIA}/Grad-CAM", role="beside"),
        ),
        note="Pythia's combine layer and attention on the same grid features, not the Pythia of "
        "the paper with its detected regions. Beside: mass on the thing asked about minus that on "
        "the other one; rank correlation with human maps.",
    ),
    "T05": Rule((within(SAME, "shared_of_10", 7.0),)),
    "T06": Rule(
        (
            within(OTHER, 5.0, "shared_of_10"),
            larger("shared_of_10", SAME, OTHER),
        ),
        note="Any two questions of one image. Those of our pairs, which ask the same of two "
        "things, share more.",
    ),
    "T07": Rule(
        (
            larger("own_share", at(TYPICAL), PLAIN),
            larger("pair_similarity", PLAIN, at(TYPICAL)),
            larger("preference", at(TYPICAL), PLAIN, role="beside"),
            *(larger("own_share", at(n), PLAIN, role="beside") for n in (*SMALLER, *LARGER)),
            larger("own_share", at(TYPICAL), at(TYPICAL, RANDOM), role="beside"),
        ),
        note="At n = 25, where the paper finds most examples good. That the two maps part is no "
        "sign of localisation by itself: those of as many entries at random part, too. Beside: "
        "mass on the thing asked about minus that on the other one, the other n, and 25 entries "
        "at random.",
    ),
    "T08": Rule(
        (within(QUESTION, 1e-5, "map_difference"),),
        note="The largest difference of the two maps is below 10⁻⁵ of the largest value; the tests "
        "ask for equality to the bit.",
    ),
    "T09": Rule(
        (within(STEPS, "best_of_each", "best_of_all"),),
        note="Localisation at the n that is best for a pair, against that at the one n which is "
        "best for all. The former cannot be smaller, so only the size of the difference tells.",
    ),
    "T10": Rule(
        (
            within(STEPS, "dip", 0.05),
            *(larger("own_share", at(n), at(200), role="beside") for n in (100, 300)),
        ),
        note="The largest fall of the mass on the thing asked about that is made good at a larger "
        "n, against a twentieth of the mass, a limit of ours. Beside: n = 200 below 100 and 300 "
        "over all pairs, as for the paper's sink.",
    ),
    "T11": Rule(
        (
            within(f"{DEEPER}/{COLOUR}: {SAME_ANSWER}", "spearman", 0.8),
            within(f"{DEEPER}/{EXISTENCE}: {SAME_ANSWER}", "spearman", 0.8, role="beside"),
            within(OTHER, "spearman", 0.8, role="beside"),
        ),
        note="Of questions for the colour of two things of an image, as the paper's pairs are. "
        "Beside: whether each of two things is there; any two questions of one image.",
    ),
    "T12": Rule(
        (
            within(WORDS, "colour_word", "object_word"),
            within(COLOURS, "other_share", "own_share", role="beside"),
        ),
        note="Over all colour questions, where the paper says some examples: |∂A/∂w| of the word "
        "color against that of the object's word, over the 25 entries most sensitive to the "
        "question. Beside: mass on the other thing of that colour against mass on the thing asked "
        "about.",
    ),
}
