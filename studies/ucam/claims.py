"""U-CAM's 33 claims (published/claims.csv), each as the rule of its column ``direction``.

A rule names the rows of the paper's tables, and the study says which run measures a row; what
the paper prints no row for is named by its run or analysis. "Attention quality" is the rank
correlation with human maps, the paper's first measure of it. An EMD is better when it is
smaller, so the baseline stands first there.
"""

from vqax.claims.measure import MEAN_RANK
from vqax.claims.rules import (
    ACCURACY,
    CORRELATION,
    EMD,
    Comparison,
    Rule,
    Side,
    above,
    falling,
    larger,
    rising,
    rows,
)
from vqax.claims.sources import HUMANS

LSTM, SAN, LSTM_U, SAN_U, SAN_P = rows(
    "ucam/I",
    *("LSTM Q+I[8]", "SAN [29]", "LSTM Q+I+Uncertainty", "SAN+Uncertainty", "SAN + P-GCA (ours)"),
)
BASE, A, P = rows("ucam/II", "Baseline", "A-GCA (ours)", "P-GCA (ours)")
SINGLE = VE, UDL, AUL, PUL = rows("ucam/II", "VE", "UDL", "AUL", "PUL")
PAIRS = rows("ucam/II", "UDL+VE", "AUL+VE", "PUL+ VE", "AUL +UDL", "PUL + UDL")
PUL_UDL = PAIRS[-1]

MASKS = tuple(
    f"explanation_masks/{method}"
    for method in (
        *("predictive_mask", "aleatoric_mask", "guided_grad_cam", "deconvolution", "grad_cam"),
    )
)
PREDICTIVE, _, GUIDED, DECONVOLUTION, _ = MASKS

# Table IV: attention against people
BASE_IV, A_IV, P_IV = rows("ucam/IV", "Baseline (MCB)", "A-GCA (ours)", "P-GCA (ours)")
SINGLE_IV = rows("ucam/IV", "VE (ours)", "UDL (ours)", "AUL (ours)", "PUL(ours)")
STEPS_IV = (*SINGLE_IV, *rows("ucam/IV", "PUL + VE (ours)", "PUL + UDL(ours)"), A_IV, P_IV)
SAN_IV, *CITED = rows(
    "ucam/IV", *("SAN [34]", "CoAtt-W[27]", "CoAtt-P [27]", "CoAtt-Q[27]", "DVQA(K=1)[31]")
)
CITED_IV = tuple(CITED)

# Table V: the size of the uncertainties
ALEATORIC = VE_V, UDL_V, AUL_V, PUL_V = rows(
    "ucam/V", *(f"Aleatoric (with {loss})" for loss in ("VE", "UDL", "AUL", "PUL"))
)
EPISTEMIC = rows("ucam/V", *(f"Epistemic ({share}% training)" for share in (50, 75, 100)))

# Tables VI and VII: other systems, VQA v2 and v1
SAN_V2, MCB_V2, COUNTER_V2 = (
    rows("ucam/VI", f"P-GCA + {name} (ours)", baseline)
    for name, baseline in (("SAN", "SAN-2[29]"), ("MCB", "MCB [6]"), ("Counter", "Counter[51]"))
)
P_VII, A_VII, MCB_VII = rows("ucam/VII", "P-GCA + MCB (ours)", "A-GCA + MCB (ours)", "MCB [6]")
OTHERS_VII = rows(
    "ucam/VII",
    *("DPPnet [11]", "SMem[[26]]", "SAN [29]", "DMN[52]", "QRU(2)[30]", "HieCoAtt [27]"),
    *("MLB [32]", "DVQA[31]", "P-GCA + SAN (ours)"),
)

RULES: dict[str, Rule] = {
    "U01": Rule(
        (
            Comparison("correlation", (Side(P, "predictive"), Side(P, "nll_of_error"))),
            Comparison("separation", (Side(P, "predictive"), Side(P, ACCURACY))),
        ),
        note="The classification error is −log of the top probability, so its correlation with "
        "the uncertainty is positive almost by construction; the AUROC uses whether the answer "
        "is wrong, which the claim speaks of.",
    ),
    "U02": Rule((larger(CORRELATION, P_IV, BASE_IV), larger(EMD, BASE_IV, P_IV))),
    "U03": Rule((larger(CORRELATION, A_IV, BASE_IV), larger(EMD, BASE_IV, A_IV))),
    "U04": Rule((larger(CORRELATION, P_IV, A_IV), larger(ACCURACY, P, A), larger(EMD, A_IV, P_IV))),
    "U05": Rule(
        (
            *above(CORRELATION, (P_IV,), (SAN_IV, BASE_IV, *STEPS_IV[:-1])),
            *above(CORRELATION, (P_IV,), CITED_IV, role="if measured"),
        ),
    ),
    "U06": Rule(rising(CORRELATION, *STEPS_IV)),
    "U07": Rule(falling(EMD, BASE_IV, *STEPS_IV)),
    "U08": Rule(above(CORRELATION, SINGLE_IV, (BASE_IV,))),
    "U09": Rule((*falling("margin", P, A, PUL, AUL, UDL, VE), larger("margin", P, BASE))),
    "U10": Rule(
        (
            *above(CORRELATION, (HUMANS,), (SAN_IV, BASE_IV, *STEPS_IV)),
            *above(CORRELATION, (HUMANS,), CITED_IV, role="if measured"),
        ),
    ),
    "U11": Rule(
        note="Needs a saliency model trained on eye tracking; there is none here, and .49 is a "
        "number the paper takes from elsewhere."
    ),
    "U12": Rule(falling(ACCURACY, P, A, BASE)),
    "U13": Rule(above(ACCURACY, (*SINGLE, *PAIRS, A, P), (BASE,))),
    "U14": Rule(above(ACCURACY, (PUL,), (AUL, UDL, VE, BASE))),
    "U15": Rule(above(ACCURACY, (PUL_UDL,), PAIRS[:-1])),
    "U16": Rule(above(ACCURACY, (A, P), PAIRS)),
    "U17": Rule((larger(ACCURACY, LSTM_U, LSTM),)),
    "U18": Rule(
        (Comparison("gain", tuple(Side(row, ACCURACY) for row in (SAN_U, SAN, LSTM_U, LSTM))),)
    ),
    "U19": Rule(falling(ACCURACY, SAN_P, SAN_U, SAN)),
    "U20": Rule(
        (
            *falling("probability_variance", *EPISTEMIC),
            *falling("epistemic", *EPISTEMIC),
            *falling("epistemic", *EPISTEMIC, statistic="spread", role="beside"),
        ),
        note="Variance of the Monte-Carlo probabilities, and mutual information.",
    ),
    "U21": Rule(
        tuple(
            Comparison("mean", (Side(first, "aleatoric"), Side(second, "probability_variance")))
            for first in ALEATORIC
            for second in EPISTEMIC
        ),
        note="Squared logits are set against squared probabilities, as the paper does; the "
        "units differ, so the sign says little.",
    ),
    "U22": Rule(
        (
            *rising("aleatoric", PUL_V, AUL_V, VE_V, UDL_V),
            *rising("aleatoric", PUL_V, AUL_V, VE_V, UDL_V, statistic="spread", role="beside"),
        ),
        note="The paper does not say of what its variance is; ours is the mean predicted variance.",
    ),
    "U23": Rule(
        (*falling("rank_correlation", *MASKS), *rising("emd", *MASKS)),
        note="Against VQA-X masks; baseline is Grad-CAM of the baseline model.",
    ),
    "U24": Rule(
        above(ACCURACY, (P,), (BASE, *SINGLE, *PAIRS, A), statistic=MEAN_RANK, role="if measured"),
        note="The interval is ± Nemenyi's critical difference. The paper does not say what it "
        "ranked; here it is accuracy, and a block is a question type. Its own test, six systems in "
        "four blocks, could not decide: two mean ranks differ by 3 at most there, and the critical "
        "difference is 3.77.",
    ),
    "U25": Rule(
        (
            larger(ACCURACY, *SAN_V2),
            larger(ACCURACY, *MCB_V2),
            larger(ACCURACY, *COUNTER_V2),
        )
    ),
    "U26": Rule(note="Needs BAN, which does not run here; Counter with P-GCA stands in table VI."),
    "U27": Rule(
        (
            larger(ACCURACY, P_VII, A_VII),
            larger(ACCURACY, A_VII, MCB_VII),
            *above(ACCURACY, (A_VII,), OTHERS_VII, role="if measured"),
        ),
        note="DVQA itself, the claim's main comparator, has no run here: this tests only that the "
        "two are first among the systems that were run.",
    ),
    "U28": Rule(
        (
            *above(CORRELATION, (P_IV,), ("mcb_p_gca_image", "mcb_p_gca_question")),
            *above(CORRELATION, ("mcb_p_gca_image", "mcb_p_gca_question"), (BASE_IV,)),
        ),
        note="What the variance head reads: both, the image alone, the question alone.",
    ),
    "U29": Rule(
        (
            larger("entropy", "attention_samples/wrong", "attention_samples/right"),
            larger(
                "aleatoric",
                "attention_samples/wrong",
                "attention_samples/right",
                role="beside",
            ),
        ),
        note="Within questions that have both right and wrong samples, so that easy questions "
        "do not decide.",
    ),
    "U30": Rule(
        (
            *above("entropy", (A, AUL, PUL), (P,)),
            *above("entropy", (BASE,), (A, AUL, PUL)),
            *above("aleatoric", (A, AUL, PUL), (P,)),
            *above("aleatoric", (BASE,), (A, AUL, PUL), role="if measured"),
        ),
        note="Over all test questions, where the paper shows examples; the baseline predicts no "
        "variance, so its aleatoric uncertainty cannot be compared.",
    ),
    "U31": Rule(
        (
            larger(CORRELATION, P_IV, BASE_IV),
            *above("rank_correlation", (PREDICTIVE,), (GUIDED, DECONVOLUTION)),
        ),
        note="Attention against people's attention for the baseline; the predictive mask of "
        "P-GCA against VQA-X masks for the two others.",
    ),
    "U32": Rule(
        (
            Comparison(
                "mean", (Side(BASE_IV, "grad_cam_rank_correlation"), Side(BASE_IV, CORRELATION))
            ),
        )
    ),
    "U33": Rule(
        tuple(
            larger("flipped", f"noise/{kind}/mcb", f"noise/{kind}/mcb_p_gca")
            for kind in ("image", "question")
        ),
        note="At the least strength of noise that was tried.",
    ),
}
