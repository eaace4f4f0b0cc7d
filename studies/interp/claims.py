"""Interp's 6 claims (published/claims.csv), each as the rule of its column ``direction``.

Maps, words and predictors are rows of the analyses ``interp_images`` and ``interp_words``.
A claim that a control explains, which the paper has not, is not testable.
"""

from vqax.claims.rules import ACCURACY, Comparison, Role, Rule, Side, above, larger, rows

RANDOM, OCCLUSION, GUIDED, HUMAN = rows(
    "interp/1", "Random", "Occlusion", "Guided backpropagation", "Human"
)
MAPS = "rank_correlation"
CHANGES = "interp_images/changes"
NEITHER = "interp_images/mean_human_map"
UNLEARNT = "interp_images/guided_backprop_answerer_reinitialised"
UNLEARNT_NOTE = (
    "The control is guided backpropagation of an answerer with new weights: what agrees as well "
    "with people shows the image, not what VQA learnt."
)
NOT_TRAINED = tuple(
    f"interp_images/{row}" for row in ("random", "human", "mean_human_map", "majority", "chance")
)
"""Rows that no training made."""


def likelier(first: str, other: str, method: str, role: Role = "required") -> Comparison:
    """A word of the kind ``first`` is the most important one more often than one of ``other``."""
    source = f"interp_words/{method}"
    columns = [f"{part}_{kind}" for kind in (first, other) for part in ("hits", "words")]
    return Comparison("rate", tuple(Side(source, column) for column in columns), role)


def order_of_kinds(method: str, role: Role = "required") -> tuple[Comparison, ...]:
    """wh-words before adjectives and nouns, both before all other kinds."""
    pairs = [("wh_words", kind) for kind in ("adjectives", "nouns")]
    pairs += [(kind, "all_other_kinds") for kind in ("adjectives", "nouns")]
    return tuple(likelier(first, other, method, role) for first, other in pairs)


RULES: dict[str, Rule] = {
    "I01": Rule(
        (larger(MAPS, GUIDED, OCCLUSION), larger(MAPS, GUIDED, UNLEARNT, role="control")),
        note=UNLEARNT_NOTE,
    ),
    "I02": Rule(
        (
            *above(MAPS, (OCCLUSION, GUIDED), (RANDOM,)),
            larger(MAPS, OCCLUSION, "interp_images/occlusion_of_another_question", role="control"),
            larger(
                MAPS, GUIDED, "interp_images/guided_backprop_of_another_question", role="control"
            ),
            *above(MAPS, (OCCLUSION, GUIDED), (NEITHER,), role="control"),
            larger(MAPS, GUIDED, UNLEARNT, role="control"),
        ),
        note="Chance is a random map, as in the paper. Controls: the map for another question "
        "about the image, and a mean human map, which knows neither image nor question. "
        + UNLEARNT_NOTE,
    ),
    "I03": Rule(above(MAPS, (HUMAN,), (OCCLUSION, GUIDED))),
    "I04": Rule(
        (*order_of_kinds("occlusion"), *order_of_kinds("gradient", "beside")),
        note="The paper does not say by which of its two measures; its examples of important "
        "words are by occlusion. By the gradient is another reading.",
    ),
    "I05": Rule(
        (
            larger("hit", CHANGES, "interp_images/majority"),
            larger("hit", CHANGES, "interp_images/chance"),
            Comparison(
                "separation", (Side(CHANGES, "uncertainty"), Side(CHANGES, ACCURACY)), "beside"
            ),
            larger("hit", CHANGES, "interp_images/confidence", role="beside"),
        ),
        note="The paper names neither predictor nor chance level; here a logistic regression is "
        "fitted on half of the images and asked about the other half. The verdict is about "
        "chance and majority, not about the level of 72 %.",
    ),
    "I06": Rule(
        (
            larger(MAPS, GUIDED, "interp_images/deconvolution"),
            larger(MAPS, GUIDED, UNLEARNT, role="control"),
        ),
        note="The paper cites this of images of what deep layers see; here it is tested by "
        f"alignment with human attention. {UNLEARNT_NOTE}",
    ),
}
