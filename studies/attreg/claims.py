"""AttReg's 31 claims (published/claims.csv), each as the rule of its column ``direction``."""

from vqax.claims.measure import BOTH
from vqax.claims.rules import (
    ACCURACY,
    Comparison,
    Role,
    Row,
    Rule,
    Side,
    above,
    falling,
    larger,
    rising,
    rows,
)

TYPES = ("accuracy_yes_no", "accuracy_number", "accuracy_other")
CP2, V2, MEAN = "vqa_cp_v2 test", "vqa_v2 val", "vqa_cp_v2 test + vqa_v2 val"
IN = "vqa_cp_v2 val"


def _on(where: str, *names: str, table: str = "attreg/1") -> tuple[Row, ...]:
    """Rows that are printed for several data sets, those of one."""
    return rows(table, *(f"{name} | {where}" for name in names))


BACKBONES = ("UpDn (2018) [2] (2)", "LMH (2019) [9] (2)")  # the authors' own trainings
OURS = ("UpDn-AttReg (Ours)", "LMH-AttReg (Ours)")
UPDN, LMH = _on(CP2, *BACKBONES)
UPDN_V2, LMH_V2 = _on(V2, *BACKBONES)
UPDN_OURS, LMH_OURS = _on(CP2, *OURS)
UPDN_OURS_V2, LMH_OURS_V2 = _on(V2, *OURS)
SCR, HINT, ALIGN, CSS = (
    "UpDn-SCR (2019) [42]",
    "UpDn-HINT (2019) [38]",
    "UpDn-AttAlign (2019) [38]",
    "LMH-CSS (2020) [7]",
)
CL, SELFSUP = "CL (2020) [27]", "SelfSup (2020) [52]"
LMH_SCR, LMH_HINT = rows("attreg/1", "LMH-SCR (2019) [42]", "LMH-HINT (2019) [38]")
MEASURED_CP2 = (UPDN, LMH, UPDN_OURS, *_on(CP2, SCR, HINT, ALIGN, CSS), LMH_SCR, LMH_HINT)
OTHERS_CP2 = (
    *_on(CP2, "SAN (2016) [46]", "MCB (2016) [13]", "RUBi (2019) [6]", "RandImg (2020) [41]"),
    *_on(CP2, "EraseAtt (2019) [28]", "DecompLR (2020) [21]", SELFSUP, CL),
)
GRADIENT = tuple(
    (Row("attreg/1", f"{name} | {CP2}"), backbone, Row("attreg/1", f"{name} | {V2}"), backbone_v2)
    for name, backbone, backbone_v2 in (
        (SCR, UPDN, UPDN_V2),
        (HINT, UPDN, UPDN_V2),
        (CSS, LMH, LMH_V2),
    )
)
LAMBDAS = (
    "updn_attreg_lambda_05",
    "updn_attreg",
    "updn_attreg_lambda_2",
    "updn_attreg_lambda_5",
    "updn_attreg_lambda_20",
)
TENTHS = {
    kind: tuple(f"faithfulness/{kind}_part_{part}" for part in range(1, 11))
    for kind in ("attention", "region_grad_cam")
}
RANKED = {
    kind: tuple(f"faithfulness/{kind}_rank_{rank}" for rank in range(1, 37))
    for kind in ("attention", "region_grad_cam")
}


def _every(first: Row | str, second: Row | str, role: Role = "required") -> tuple[Comparison, ...]:
    """Larger in accuracy, over all questions and of every type of answer."""
    return tuple(larger(column, first, second, role=role) for column in (ACCURACY, *TYPES))


def _both(first: str, second: str, role: Role = "required") -> Comparison:
    """Larger in the mean of the accuracies on VQA-CP v2 and VQA v2."""
    sides = (*_on(CP2, first), *_on(V2, first), *_on(CP2, second), *_on(V2, second))
    return Comparison(BOTH, tuple(Side(row, ACCURACY) for row in sides), role)


def _domain(name: str) -> tuple[Row, Row]:
    """The rows of table 4 in and out of domain."""
    return (*_on(IN, name, table="attreg/4"), *_on(CP2, name, table="attreg/4"))


NOT_TRAINED = ("domains/random_*", "key_attention/cp_v2*")
"""Rows of analyses that no training made: answers drawn from priors, key objects of questions."""

KEY_OBJECTS = {m: f"lmh_attreg_top_{m}" for m in (1, 2, 3, 4, 6)}
KEPT = {n: f"lmh_attreg_keep_{n}" for n in (25, 14, 4)}
NOT_RUN = (*KEY_OBJECTS.values(), *KEPT.values())
"""Runs of figure 5a, which is of LMH; the settings do not train them."""

LOSS_OF_TOP_FIFTH = 0.0055
UPDN_IN, UPDN_OUT = _domain("UpDn")
AVERAGED = "accuracy_other"

RULES: dict[str, Rule] = {
    "A01": Rule(
        (
            *above(ACCURACY, (LMH_OURS,), MEASURED_CP2),
            *above(ACCURACY, (LMH_OURS,), OTHERS_CP2, role="if measured"),
        )
    ),
    "A02": Rule(
        tuple(larger(column, LMH_OURS, *_on(CP2, CL)) for column in TYPES),
        note="The contrastive method CL is not trained here.",
    ),
    "A03": Rule(
        (
            *(_both(OURS[1], name) for name in (*BACKBONES, OURS[0], SCR, HINT, ALIGN, CSS)),
            *(_both(OURS[1], name, "if measured") for name in (CL, SELFSUP)),
        )
    ),
    "A04": Rule((larger(ACCURACY, UPDN_OURS, UPDN),)),
    "A05": Rule((larger(ACCURACY, LMH_OURS, LMH),)),
    "A06": Rule((*_every(UPDN_OURS_V2, UPDN_V2), *_every(LMH_OURS_V2, LMH_V2))),
    "A07": Rule(
        note="The answers of VQA v2 test-std are not public, and the test part here is that of "
        "A06, which this would repeat.",
    ),
    "A08": Rule(
        (
            larger(ACCURACY, UPDN_OURS, *_on(CP2, ALIGN)),
            larger(ACCURACY, UPDN_OURS_V2, *_on(V2, ALIGN)),
        )
    ),
    "A09": Rule(
        tuple(
            comparison
            for method, backbone, method_v2, backbone_v2 in GRADIENT
            for comparison in (
                larger(ACCURACY, method, backbone),
                larger(ACCURACY, backbone_v2, method_v2),
            )
        ),
        note="“Usually” is read as every one of SCR and HINT on UpDn, and CSS on LMH.",
    ),
    "A10": Rule((*above(ACCURACY, (LMH,), (LMH_SCR, LMH_HINT)), larger(ACCURACY, LMH_OURS, LMH))),
    "A11": Rule((_both(OURS[1], CSS), _both(OURS[0], SCR))),
    "A12": Rule(
        (
            *(
                larger(ACCURACY, *rows("attreg/3", f"{name}-AttReg (Ours)", reported))
                for name, reported in (("UpDn", "UpDn [2]"), ("LMH", "LMH [9]"))
            ),
            *above(
                ACCURACY,
                rows("attreg/3", "LMH-AttReg (Ours)"),
                rows("attreg/3", "UpDn [2]", "LMH-CSS [7]", "UpDn-AttReg (Ours)"),
            ),
            *above(
                ACCURACY,
                rows("attreg/3", "LMH-AttReg (Ours)"),
                rows("attreg/3", "SAN [46]", "MCB [13]", "RUBi [6]", "CL [27]"),
                role="if measured",
            ),
        )
    ),
    "A13": Rule(
        tuple(
            comparison
            for ours, backbone in zip(
                _domain("UpDn-AttReg (Ours)"), (UPDN_IN, UPDN_OUT), strict=True
            )
            for comparison in _every(ours, backbone)
        )
    ),
    "A14": Rule(
        tuple(
            Comparison(
                BOTH,
                tuple(
                    Side(row, AVERAGED) for row in (*_domain("UpDn-AttReg (Ours)"), *_domain(name))
                ),
            )
            for name in (
                *("Random-predictions", "Random-predictions-inverted", "UpDn"),
                *("UpDn-TopAnsMasked", "UpDn-RandImg", "UpDn-SCR", "UpDn-HINT"),
            )
        )
    ),
    "A15": Rule(
        tuple(
            comparison
            for name in ("UpDn-SCR", "UpDn-HINT")
            for inside, outside in (_domain(name),)
            for comparison in (
                larger(ACCURACY, outside, UPDN_OUT),
                larger(ACCURACY, UPDN_IN, inside),
            )
        )
    ),
    "A16": Rule(
        tuple(
            comparison
            for name in ("UpDn-RandImg", "UpDn-TopAnsMasked")
            for inside, outside in (_domain(name),)
            for column in TYPES[:2]
            for comparison in (larger(column, outside, UPDN_OUT), larger(column, UPDN_IN, inside))
        )
    ),
    "A17": Rule(
        tuple(
            larger(column, _domain("Random-predictions-inverted")[1], UPDN_OUT)
            for column in TYPES[:2]
        )
    ),
    "A18": Rule(
        (
            *rising(ACCURACY, *LAMBDAS),
            *falling(ACCURACY, *(f"domains/{name}_in" for name in LAMBDAS)),
            larger(ACCURACY, UPDN_OURS, UPDN),
            larger(ACCURACY, UPDN_OURS_V2, UPDN_V2),
            larger(ACCURACY, "domains/updn_attreg_in", "domains/updn_in"),
        ),
        note="λ is .5, 1, 2, 5, 20. Of figure 4b, λ on VQA v2, only λ = 1 is run.",
    ),
    "A19": Rule(
        (
            *rising(ACCURACY, *(KEY_OBJECTS[m] for m in (1, 2, 3, 4)), "lmh_attreg"),
            larger(ACCURACY, "lmh_attreg", KEY_OBJECTS[6]),
            *rising(
                ACCURACY,
                *("updn_attreg_top_1", "updn_attreg_top_2", "updn_attreg"),
                role="beside",
            ),
            larger(ACCURACY, "updn_attreg", "updn_attreg_top_6", role="beside"),
        ),
        note="Figure 5a is of LMH; M is 1, 2, 3, 4, 5 (the default) and 6. Beside: UpDn, without 3 "
        "and 4.",
    ),
    "A20": Rule(
        (
            *rising(ACCURACY, KEPT[25], KEPT[14], "lmh_attreg", KEPT[4]),
            *rising(
                ACCURACY,
                *("updn_attreg_keep_25", "updn_attreg_keep_14"),
                *("updn_attreg", "updn_attreg_keep_4"),
                role="beside",
            ),
        ),
        note="Figure 5a is of LMH; ignored are all but the 25, 14, 7 (the default) and 4 most "
        "attended of 36 regions. Beside: UpDn.",
    ),
    "A21": Rule(
        tuple(
            comparison
            for name, backbone in (("UpDn", "Updn"), ("LMH", "LMH"))
            for comparison in falling(
                ACCURACY,
                *rows("attreg/5", f"{name}-AttReg (finetuning)", f"{name}-AttReg (w/o finetuning)"),
                *rows("attreg/5", backbone),
            )
        )
    ),
    "A22": Rule(
        tuple(
            comparison
            for name in ("UpDn", "LMH")
            for comparison in falling(
                ACCURACY,
                *rows(
                    "attreg/6", *(f"{name}-AttReg | sigma={one}" for one in ("0.6", "0.8", "1.0"))
                ),
            )
        )
    ),
    "A23": Rule(
        falling(
            "has_key_objects",
            *(f"key_attention/{name}" for name in ("cp_v2", "cp_v2_08", "cp_v2_10")),
        )
    ),
    "A24": Rule(
        tuple(
            larger(
                "ignored_key_objects", f"key_attention/{more}", f"key_attention/{less}", role=role
            )
            for name, role in (("lmh", "required"), ("updn", "beside"))
            for more, less in (
                (name, f"{name}_attreg"),
                (f"{name}_tuned", name),
                (f"{name}_rand_mask", name),
            )
        ),
        note="Figure 5b is of LMH: with AttReg, trained on without it, and with RandMask. Before "
        "against after fine-tuning, on test questions, where the paper counts by epoch while it "
        "trains. Beside: UpDn.",
    ),
    "A25": Rule(
        tuple(
            Comparison(
                "gain",
                tuple(
                    Side(row, ACCURACY)
                    for row in _on(
                        where,
                        *("UpDn-AttReg | Baseline", "UpDn-AttReg | w/o VAtt"),
                        *("UpDn | Baseline", "UpDn | w/o VAtt"),
                        table="attreg/7",
                    )
                ),
            )
            for where in (CP2, V2)
        )
    ),
    "A26": Rule(
        (
            larger("key_share_where_ignored", "key_attention/updn_attreg", "key_attention/updn"),
            larger(
                "key_share_where_ignored",
                "key_attention/updn_attreg",
                "key_attention/updn_tuned",
                role="control",
            ),
        ),
        note="Over the questions of which UpDn ignored a key object before it was trained on. "
        "What was chosen for being low rises by itself, so the control is UpDn trained on without "
        "AttReg.",
    ),
    "A27": Rule(
        (
            Comparison(
                "mean",
                (
                    Side("faithfulness/attention_top_fifth", ACCURACY),
                    Side("faithfulness/attention_all", ACCURACY),
                ),
                margin=LOSS_OF_TOP_FIFTH,
            ),
            larger(
                ACCURACY,
                "faithfulness/attention_top_fifth",
                "faithfulness/attention_rest",
                role="beside",
            ),
        ),
        note="A test of non-inferiority: with the most attended fifth of the regions alone the "
        "accuracy falls by less than the .55 points of the paper. Beside: that fifth against the "
        "other four.",
    ),
    "A28": Rule(falling(ACCURACY, *TENTHS["attention"])),
    "A29": Rule(
        (
            larger(ACCURACY, TENTHS["region_grad_cam"][-1], TENTHS["region_grad_cam"][0]),
            larger(ACCURACY, TENTHS["region_grad_cam"][0], TENTHS["region_grad_cam"][5]),
            larger(ACCURACY, TENTHS["region_grad_cam"][-1], TENTHS["region_grad_cam"][5]),
        )
    ),
    "A30": Rule(falling("tvd", *RANKED["attention"])),
    "A31": Rule(
        (
            larger(
                "tvd_rank_correlation", "faithfulness/attention", "faithfulness/region_grad_cam"
            ),
            larger("tvd_low_ranks", "faithfulness/region_grad_cam", "faithfulness/attention"),
        ),
        note="Per question: Spearman correlation of weight and TVD, the larger the more faithful; "
        "mean TVD of ranks 26 to 36.",
    ),
}
