"""Where the official files come from; sizes as their hosts state them.

Source: the download pages visualqa.org and cocodataset.org, and for VQA-X the README of
github.com/Seth-Park/MultimodalExplanations; state of the links: see note.
"""

from typing import NamedTuple


class Source(NamedTuple):
    """One official archive."""

    file: str
    size: str
    address: str
    note: str = ""


_VQA = "https://s3.amazonaws.com/cvmlp/vqa/mscoco/vqa"
_COCO = "http://images.cocodataset.org/zips"
_VQA_X = "https://drive.google.com/drive/folders/1Cr9JRXDmjks_wmi-a9eIe4SWSwWKcCk7"

OFFICIAL_FILES = (
    Source(
        "v2_Questions_Train_mscoco.zip",
        "443,757 questions",
        f"{_VQA}/v2_Questions_Train_mscoco.zip",
    ),
    Source(
        "v2_Questions_Val_mscoco.zip", "214,354 questions", f"{_VQA}/v2_Questions_Val_mscoco.zip"
    ),
    Source(
        "v2_Annotations_Train_mscoco.zip",
        "4,437,570 answers",
        f"{_VQA}/v2_Annotations_Train_mscoco.zip",
    ),
    Source(
        "v2_Annotations_Val_mscoco.zip",
        "2,143,540 answers",
        f"{_VQA}/v2_Annotations_Val_mscoco.zip",
    ),
    Source(
        "Questions_Train_mscoco.zip (v1)", "248,349 questions", f"{_VQA}/Questions_Train_mscoco.zip"
    ),
    Source(
        "Questions_Val_mscoco.zip (v1)", "121,512 questions", f"{_VQA}/Questions_Val_mscoco.zip"
    ),
    Source(
        "Annotations_Train_mscoco.zip (v1)",
        "2,483,490 answers",
        f"{_VQA}/Annotations_Train_mscoco.zip",
    ),
    Source(
        "Annotations_Val_mscoco.zip (v1)", "1,215,120 answers", f"{_VQA}/Annotations_Val_mscoco.zip"
    ),
    Source("train2014.zip", "82,783 images", f"{_COCO}/train2014.zip"),
    Source("val2014.zip", "40,504 images", f"{_COCO}/val2014.zip"),
    Source(
        "vqahat_train.zip",
        "about 750 MB with val",
        "http://s3.amazonaws.com/vqa-hat/vqahat_train.zip",
    ),
    Source(
        "vqahat_val.zip",
        "1,374 questions, 3 maps each",
        "http://s3.amazonaws.com/vqa-hat/vqahat_val.zip",
    ),
    Source(
        "VQA-X {train,val,test}_exp_anno.json",
        "29,459 + 1,459 + 1,968 questions (v2 ids)",
        _VQA_X,
        "folder; the sentences also in github.com/jialinwu17/self_critical_vqa, data/VQA-X/textual",
    ),
    Source(
        "VQA-X visual/val, visual/test",
        "about 1,000 questions each, 3 maps a file",
        _VQA_X,
        "folder; no maps for train, no mirror known",
    ),
    Source("vqacp_v1, vqacp_v2", "-", "no live link", "the host computing.ece.vt.edu is gone"),
)
