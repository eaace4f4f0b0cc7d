"""What tables and data sets are called: of a table the paper, its number there, and what it has."""

import re

PAPERS = {"ucam": "U-CAM", "attreg": "AttReg", "interp": "Interp", "topn": "TopN", "edl": "EDL"}
CAPTIONS = {
    "ucam/I": "U-CAM Table I: what uncertainty adds to models with and without attention",
    "ucam/II": "U-CAM Table II: ablation of the loss terms, VQA accuracy",
    "ucam/III": "U-CAM Table III: agreement of explanation masks with what people outlined",
    "ucam/IV": "U-CAM Table IV: agreement of attention with where people looked",
    "ucam/V": "U-CAM Table V: uncertainty by loss, and by share of the training data",
    "ucam/VI": "U-CAM Table VI: VQA accuracy on the second data set",
    "ucam/VII": "U-CAM Table VII: VQA accuracy of several models",
    "ucam/controls": "U-CAM, not in the paper: which part of A-GCA and P-GCA does it",
    "ucam/inputs": "U-CAM Figures 5 and 6 in numbers: what the variance head reads",
    "ucam/readings": "U-CAM, not in the paper: what each of its ambiguities changes",
    "attreg/1": "AttReg Table 1: accuracy by type of answer where the priors of answers change "
    "(VQA-CP v2), where they do not (VQA v2), and the mean of both",
    "attreg/2": "AttReg Table 2: accuracy of both backbones with and without AttReg where priors "
    "do not change",
    "attreg/3": "AttReg Table 3: accuracy where priors change, older data set (VQA-CP v1)",
    "attreg/4": "AttReg Table 4: guesses and regularisers without a cue beside AttReg, on held-out "
    "questions with the priors of train (val) and with changed ones (test)",
    "attreg/5": "AttReg Table 5: accuracy if AttReg fine-tunes a trained backbone or trains from "
    "the start (w/o finetuning)",
    "attreg/6": "AttReg Table 6: accuracy over σ, the similarity from which on a region shows a "
    "key object; Ratio is the share of training questions that then have one",
    "attreg/7": "AttReg Table 7: what is lost if attention gives way to the mean of the regions "
    "(w/o VAtt)",
    "attreg/controls": "AttReg, not in the paper: which part of it does it; Δ is against UpDn",
    "attreg/sweeps": "AttReg Figures 4 and 5 a in numbers: weight λ, number M of key objects, how "
    "many attended regions do not count as ignored; and rarer answers left out; Δ is against UpDn",
    "attreg/key_attention": "AttReg Figure 5 b on test questions: attention on key objects, and "
    "how many of them are ignored",
    "interp/1": "Interp Table 1: agreement of importance maps with where people looked",
    "interp/words": "Interp Figure 3 in numbers: which kinds of words matter most",
    "interp/changes": "Interp section 4.2: how often hiding a part of the input changes the answer",
    "interp/failure": "Interp section 4.2: how well changing answers foretell right and wrong ones",
    **{
        f"topn/{number}": f"TopN Table {number}: the ten entries of the combine layer that depend "
        f"most on the question, {of}"
        for number, of in (
            *(
                ("1", "one question about two pictures"),
                ("2", "one question about two other pictures"),
            ),
            *(("3", "two questions about one picture"), ("4", "two questions with one answer")),
        )
    },
    **{
        f"topn/{number}": f"TopN Table {number}: likeness of ∂A/∂q between two questions with one "
        "answer about one picture"
        for number in ("5", "6")
    },
    "topn/vectors": "TopN Tables 1 to 6 for all questions: likeness of ∂A/∂q between two questions",
    "topn/answers": "TopN, not in the paper: likeness of Grad-CAM if question or answer changes",
    "topn/sweep": "TopN Figures 27 to 77 in numbers: Grad-CAM through the n entries most sensitive "
    "to the question",
    "topn/controls": "TopN, not in the paper: Grad-CAM through n entries drawn at random",
    "topn/future": "TopN, future work: n entries that the pair does not share, or by one word",
    "topn/readings": "TopN, not in the paper: three readings of what the n largest rows are",
    "topn/models": "TopN, two models: Grad-CAM and n entries",
    "edl/1": "EDL Table 1: Dice index of Grad-CAM and object, upright and turned",
    "edl/2": "EDL Table 2: IoU of Grad-CAM and object, upright and turned",
    "edl/heads": "EDL sections 2 and 7: four kinds of uncertainty on the same pictures",
    "edl/overlap": "EDL, not in the paper: turned or brighter? and overlaps that forgive a shift",
    "edl/effects": "EDL, not in the paper: difference and effect size of each condition",
    "edl/strangers": "EDL Figures 3 and 4 in numbers: pictures of another kind",
    "edl/rotation": "EDL Figure 2 in numbers: turned pictures",
    "edl/maps": "EDL section 3: Grad-CAM and RISE",
    "edl/vqa": "EDL, not in the paper: evidential answers of VQA models beside the others",
}


def cited(places: str) -> str:
    """``ucam/IV; ucam Fig. 4`` as a reader knows it: ``U-CAM Table IV; U-CAM Fig. 4``."""
    return re.sub(
        rf"\b({'|'.join(PAPERS)})(/(?=\w))?",
        lambda found: PAPERS[found[1]] + (" Table " if found[2] else ""),
        places,
    )


def caption_of(table: str) -> str:
    """The caption of ``paper/name``; one that is not known is called by its paper and name."""
    paper, _, name = table.partition("/")
    return CAPTIONS.get(table, f"{PAPERS.get(paper, paper)} Table {name}".strip())


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
