"""TopN's 12 claims, each as the rule of its column ``direction``.

The paper shows examples and gives no localisation score; here localisation is the share of a map's
mass in the boxes of the thing that the question names (``own_share``), over pairs of questions
with one answer. Limits that the paper does not state are those of claims.csv, or said to be ours.
"""

from studies.topn import checks as topn_checks
from studies.topn import vectors as topn_vectors
from studies.topn.analyses import SAME_ANSWER
from studies.topn.probes import COLOUR, EXISTENCE
from studies.topn.routing import RANDOM, RANDOM_STEPS, SENSITIVE, name_of
from vqax.claims.rules import Comparison, Rule, Side, larger, within

DEEPER, PYTHIA = "topn_deeper_lstm", "topn_pythia"
PLAIN = f"{DEEPER}/Grad-CAM"
TYPICAL, SMALLER, LARGER = 25, (5, 10), (50, 100, 200, 300)
SAME, OTHER, QUESTION, BOTH, STEPS, WORDS = (
    f"{DEEPER}/{row}"
    for row in (
        *(topn_vectors.SAME, topn_vectors.OTHER),
        *(topn_checks.QUESTION, topn_checks.BOTH),
        *("steps", "words"),
    )
)
AT_RANDOM = f"{DEEPER}/{RANDOM_STEPS}"
P_QUESTION, P_ANSWER = (f"{PYTHIA}/{row}" for row in (topn_checks.QUESTION, topn_checks.ANSWER))
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
    "T02": Rule(
        (larger("pair_similarity", P_QUESTION, P_ANSWER),),
        note="Of Pythia, as the paper shows it; table topn/answers has the deeper LSTM, too.",
    ),
    "T03": Rule(
        (within(P_QUESTION, "sign_change", "sign_change_of_answer", role="beside"),),
        note="True by construction: the combine layer is computed before an answer is chosen, so "
        "another answer changes no sign, and another question changes some in any network. Beside: "
        "share of the entries whose sign another question changes, of Pythia.",
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
            larger("own_share", at(TYPICAL), at(TYPICAL, RANDOM), role="control"),
        ),
        note="At n = 25, where the paper finds most examples good. That the two maps part is no "
        "sign of localisation by itself: those of as many entries at random part, too; so 25 "
        "entries at random are the control. Beside: mass on the thing asked about minus that on "
        "the other one, and the other n.",
    ),
    "T08": Rule(
        (within(QUESTION, 1e-5, "map_difference", role="beside"),),
        note="True by construction: all entries together are Grad-CAM, which the tests ask for to "
        "the bit. Beside: the largest difference of the two maps is below 10⁻⁵ of the largest "
        "value.",
    ),
    "T09": Rule(
        (
            Comparison(
                "gain",
                tuple(
                    Side(source, column)
                    for source in (STEPS, AT_RANDOM)
                    for column in ("best_of_each", "best_of_all")
                ),
            ),
        ),
        note="Localisation at the n that is best for a pair is never below that at the one n which "
        "is best for all. So what it gains has to be more than it gains where the entries are "
        "drawn at random.",
    ),
    "T10": Rule(
        (
            *(larger("own_share", at(n), at(200)) for n in (100, 300)),
            Comparison("mean", (Side(STEPS, "dip"), Side(AT_RANDOM, "dip")), "beside"),
        ),
        note="Over all pairs, as the paper says of one: n = 200 below 100 and 300. Beside: the "
        "largest fall of ten steps that a larger n makes good, which some n always has, against "
        "that of entries at random.",
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
