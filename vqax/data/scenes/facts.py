"""What is known about each question beyond the official files: ``scene_facts.parquet``."""

from collections.abc import Sequence

import pandas as pd

from vqax.data.scenes.questions import SceneQuestion

FACTS = "scene_facts.parquet"


def facts_table(split: str, scene_questions: Sequence[SceneQuestion]) -> pd.DataFrame:
    """One row per question.

    ``truth`` is the answer without noise, ``difficulty`` the share of annotators who hesitate,
    ``relevant_boxes_px`` (x, y, width, height) and ``relevant_categories`` the objects one must see
    (none where the answer is that there is none), ``complement_id`` the other question of a v2
    pair, -1 in v1.
    """
    partners: dict[int, list[int]] = {}
    for one in scene_questions:
        partners.setdefault(one.pair, []).append(one.question_id)
    rows = []
    for one in scene_questions:
        relevant = [one.scene.objects[i] for i in one.truth.relevant]
        other = [q for q in partners[one.pair] if q != one.question_id] if one.pair >= 0 else []
        rows.append(
            {
                "question_id": one.question_id,
                "image_id": one.scene.image_id,
                "split": split,
                "template": one.template,
                "truth": one.truth.answer,
                "difficulty": one.truth.difficulty,
                "relevant_boxes_px": [list(item.box_px) for item in relevant],
                "relevant_categories": [item.name for item in relevant],
                "complement_id": other[0] if other else -1,
            }
        )
    return pd.DataFrame(rows)
