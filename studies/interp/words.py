"""Interp, figure 3: which kinds of words matter most to the answer?

The importance of a word is the drop of the answer's probability without it, or the length of the
gradient of that probability at it. Kinds of words are Penn tags joined (``vqax.text.word_groups``).
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import torch

from project.metric_rows import column_mean, write_metrics
from project.params import Params
from project.resolve import run_plan
from project.trained import Trained, load_trained
from project.workspace import Workspace
from vqax.explain.word_gradients import word_gradient
from vqax.explain.word_occlusion import occluded_words
from vqax.files import write_parquet
from vqax.metrics.word_importance import by_chance, most_important
from vqax.text.pos import pos_tags
from vqax.text.tokens import PAD_INDEX
from vqax.text.word_groups import KIND_OF, KINDS, frequent_tags

NAME = "interp_words"
BATCH = 64
METHODS = ("occlusion", "gradient")
FIRST = ("wh-words", "adjectives", "nouns")
OTHER = "all other kinds"


def run(
    params: Params,
    workspace: Workspace,
    *,
    dataset: str,  # noqa: ARG001  names the features that the stage depends on
    name: str,
    tags: int,
) -> dict[str, Any]:
    """Write words.parquet, a row per word, questions.parquet and metrics.parquet.

    All test questions of the run ``name`` are asked; words whose Penn tag is not among the
    ``tags`` most frequent ones have no ``kind``.
    """
    loaded = load_trained(run_plan(params, workspace, name))
    words = _words(loaded, _tags(loaded))
    frequent = frequent_tags(words["tag"], tags)
    words["kind"] = [KIND_OF[tag] if tag in frequent else "" for tag in words["tag"]]
    out = workspace.analysis(NAME)
    write_parquet(out / "words.parquet", words)
    write_parquet(out / "questions.parquet", by_question(words))
    return write_metrics(out, _metrics(words, params))


def _tags(loaded: Trained) -> list[list[tuple[str, str]]]:
    return pos_tags(example.question for example in loaded.examples)


def _words(loaded: Trained, tags: list[list[tuple[str, str]]]) -> pd.DataFrame:
    """A row per word that the run reads, in the order of the questions."""
    frames = []
    for start, batch in loaded.batches(BATCH):
        tokens = batch.tokens
        with torch.no_grad():
            answer = loaded.model(batch.visual, tokens).logits.argmax(1)
        hidden = occluded_words(loaded.model, batch.visual, tokens, answer)
        slopes = word_gradient(loaded.model, batch.visual, tokens, answer, score="probability")
        present = (tokens != PAD_INDEX).cpu().numpy()
        values = {
            "drop": hidden.drops.double().cpu().numpy(),
            "changed": hidden.changes.cpu().numpy(),
            "slope": slopes.detach().double().cpu().numpy(),
            "chance": by_chance(present),
        }
        values["occlusion"] = most_important(values["drop"], present)
        values["gradient"] = most_important(values["slope"], present)
        asked = loaded.examples[start : start + len(tokens)]
        read = [tags[start + row][: int(count)] for row, count in enumerate(present.sum(axis=1))]
        rows, _ = present.nonzero()
        frames.append(
            pd.DataFrame(
                {
                    "question_id": [asked[row].question_id for row in rows],
                    "image_id": [asked[row].image_id for row in rows],
                    "place": [place for pairs in read for place in range(len(pairs))],
                    "word": [word for pairs in read for word, _ in pairs],
                    "tag": [tag for pairs in read for _, tag in pairs],
                    **{column: found[present] for column, found in values.items()},
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def by_question(words: pd.DataFrame) -> pd.DataFrame:
    """What claims compare: per question and method (``row``) ``hits_…`` and ``words_…`` of a kind.

    ``hits`` is the number of most important words among the ``words`` of the kind.
    """
    kinds = words["kind"].where(words["kind"].isin(FIRST) | (words["kind"] == ""), OTHER)
    keys = [words["question_id"], words["image_id"]]
    frames = []
    for method in METHODS:
        columns = {}
        for kind in (*FIRST, OTHER):
            of_kind = (kinds == kind).astype(float)
            columns[f"words_{slug(kind)}"] = of_kind.groupby(keys).sum()
            columns[f"hits_{slug(kind)}"] = (of_kind * words[method]).groupby(keys).sum()
        frames.append(pd.DataFrame(columns).reset_index().assign(row=method))
    return pd.concat(frames, ignore_index=True)


def slug(kind: str) -> str:
    """The kind as part of a column or of a row's name."""
    return kind.replace("-", "_").replace(" ", "_")


def _metrics(words: pd.DataFrame, params: Params) -> Iterator[tuple[Any, ...]]:
    """P(most important | kind) by both methods and for blindly drawn words; changed answers."""
    columns = {
        "most_important_occlusion": "occlusion",
        "most_important_gradient": "gradient",
        "most_important_chance": "chance",
        "flip_rate": "changed",
    }
    for kind in (*KINDS, OTHER):
        chosen = words["kind"] == kind
        if kind == OTHER:
            chosen = ~words["kind"].isin((*FIRST, ""))
        table = words[chosen]
        for metric, column in columns.items():
            mean = column_mean(table, column, params)
            if mean.n:
                yield f"{NAME}/{slug(kind)}", metric, *mean, "fraction", ""
