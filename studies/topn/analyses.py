"""TopN on a trained run: sensitivity vectors, question-aware maps, pairs of one answer."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from project.human_maps import read_human_maps
from project.maps import write_hdf5
from project.metric_rows import column_mean, write_metrics
from project.params import Params
from project.resolve import run_plan
from project.schema import Positive
from project.trained import Trained, load_trained
from project.workspace import Workspace
from studies.topn import checks as topn_checks
from studies.topn import words as topn_words
from studies.topn.probes import COLOUR, EXISTENCE, Probes, make_probes
from studies.topn.routing import (
    ALL,
    RANDOM,
    SENSITIVE,
    WORD,
    Choice,
    Vectors,
    at_random,
    by_row,
    maps,
    name_of,
    of_pairs,
    scored,
    sweep,
    vectors,
)
from studies.topn.vectors import compared, examples, listed, relations
from vqax.explain.topn import REDUCTIONS
from vqax.files import write_parquet
from vqax.metrics.inter_annotator_agreement import human_alignment
from vqax.metrics.rank_correlation import rank_correlation

Entries = Annotated[list[Positive], Field(min_length=1)]
SAME_ANSWER = "same answer, same image"
MEASURES = (
    *("pair_similarity", "own_share", "other_share", "preference", "shared_share"),
    *("rank_correlation", "shared_of_10", "spearman"),
)
HIGHER = ("own_share", "preference", "rank_correlation")
PROBE = ["question_id", "image_id", "kind", "question", "answer", "thing"]


def topn(analysis: str) -> Callable[..., dict[str, Any]]:
    """The analysis called ``analysis``: each run has one, with a folder and a stage of its own."""

    def run(
        params: Params,
        workspace: Workspace,
        *,
        dataset: str,
        name: str,
        images: Positive,
        pairs: dict[str, Positive],
        n: Entries,
        typical: Positive,
        words: Annotated[int, Field(ge=0)],
        gallery: Positive,
    ) -> dict[str, Any]:
        """Look into run ``name``; studies/topn/README.md lists the files that this writes.

        The questions are those of the first ``images`` test images, and of ``pairs``: kind
        of pair -> how many at most. ``n``: how many entries let gradients through, besides all
        of them; reductions other than the first are tried at ``typical``. ``words``: the
        colour questions whose words are looked into; ``gallery``: pairs of each kind whose maps
        are kept.
        """
        loaded = load_trained(run_plan(params, workspace, name))
        single = loaded.restricted_to(_of_images(loaded, images))
        probes = make_probes(loaded, pairs)
        put = loaded.restricted_to([probe.example for probe in probes.probes])
        of_single, of_put = vectors(single, ("l2",)), vectors(put, tuple(REDUCTIONS))
        full = of_put.read.shape[1]
        steps = [*sorted({one for one in n if one < full}), ALL]
        by_word = topn_words.vectors(put, probes, words)
        choices = _choices(of_put, steps, typical, probes, params.seed)
        choices += list(
            sweep(WORD, by_word.of_object, by_word.visual_input & of_put.read, steps[:-1])
        )
        drawn = maps(put, choices)
        human = read_human_maps(workspace.dataset(dataset) / "human_maps.h5")
        questions = pd.concat(
            [
                by_row(scored(probes, choices, drawn), probes),
                _alignment(single, of_single, steps, human, params.seed),
                _relations(single, of_single, put, of_put, probes),
                topn_checks.checks(put, probes),
                topn_words.weights(put, by_word, of_put.by_reduction["l2"], typical),
            ],
            ignore_index=True,
        )
        shown = examples(single.examples, put.examples, probes)
        listing = listed(of_single.by_reduction["l2"], of_put.by_reduction["l2"], shown)
        metrics = [
            (f"{analysis}/{row}", *rest) for row, *rest in (*_means(questions, params), *listing)
        ]
        out = workspace.analysis(analysis)
        write_parquet(out / "questions.parquet", questions)
        write_parquet(out / "probes.parquet", _probes(probes))
        write_parquet(out / "examples.parquet", shown)
        write_metrics(out, metrics)
        write_hdf5(out / "maps.h5", **_gallery(probes, choices, drawn, gallery))
        return {
            "pairs": len(probes.pairs),
            "questions": len(single.examples),
            "entries": of_put.read.shape[1],
        }

    return run


def _of_images(loaded: Trained, count: int) -> list[Any]:
    first = set(sorted({example.image_id for example in loaded.examples})[:count])
    return [example for example in loaded.examples if example.image_id in first]


def _choices(
    found: Vectors, steps: list[int], typical: int, probes: Probes, seed: int
) -> list[Choice]:
    """By sensitivity and at random for every n, what is exclusive of the former, and the rest."""
    by = found.by_reduction
    sensitive = list(sweep(SENSITIVE, by["l2"], found.read, steps))
    random = sweep(RANDOM, at_random(found.read.shape, seed), found.read, steps[:-1])
    others = (
        choice for name in ("l1", "sum") for choice in sweep(name, by[name], found.read, [typical])
    )
    return [*sensitive, *random, *of_pairs(sensitive[:-1], probes), *others]


def _alignment(
    single: Trained,
    found: Vectors,
    steps: list[int],
    human_maps: dict[int, np.ndarray],
    seed: int,
) -> pd.DataFrame:
    """Agreement of the maps of the run's own answers with people, a row per question and choice."""
    choices = [
        *sweep(SENSITIVE, found.by_reduction["l2"], found.read, steps),
        *sweep(RANDOM, at_random(found.read.shape, seed), found.read, steps[:-1]),
    ]
    drawn = maps(single, choices, own=True)
    seen = [human_maps.get(one.question_id, np.empty((0, 14, 14))) for one in single.examples]
    head = {
        "question_id": [one.question_id for one in single.examples],
        "image_id": [one.image_id for one in single.examples],
    }
    frames = [
        pd.DataFrame(head).assign(
            row=name_of(choice.how, choice.n),
            how=choice.how,
            n=choice.n,
            rank_correlation=human_alignment(rank_correlation, of_all, seen),
        )
        for choice, of_all in zip(choices, drawn, strict=True)
    ]
    return pd.concat(frames, ignore_index=True)


def _relations(
    single: Trained, of_single: Vectors, put: Trained, of_put: Vectors, probes: Probes
) -> pd.DataFrame:
    found = [relations(single.examples, of_single.by_reduction["l2"].numpy())]
    for kind in (EXISTENCE, COLOUR):
        rows = [(pair.first, pair.second) for pair in probes.pairs if pair.kind == kind]
        alike = compared(put.examples, of_put.by_reduction["l2"].numpy(), rows)
        found += [alike.assign(row=SAME_ANSWER), alike.assign(row=f"{kind}: {SAME_ANSWER}")]
    return pd.concat(found, ignore_index=True)


def _probes(probes: Probes) -> pd.DataFrame:
    rows = []
    for probe in probes.probes:
        one = probe.example
        facts = (one.question_id, one.image_id, one.question_type, one.question)
        rows.append((*facts, one.multiple_choice_answer, probe.thing))
    return pd.DataFrame(rows, columns=PROBE)


def _gallery(
    probes: Probes, choices: list[Choice], drawn: np.ndarray, count: int
) -> dict[str, np.ndarray]:
    """Maps of evenly spaced pairs of each kind: ``rows`` of both probes, a data set per choice."""
    rows = []
    for kind in dict.fromkeys(pair.kind for pair in probes.pairs):
        pairs = [pair for pair in probes.pairs if pair.kind == kind]
        places = np.linspace(0, len(pairs) - 1, min(count, len(pairs))).round().astype(int)
        rows += [row for place in places for row in (pairs[place].first, pairs[place].second)]
    kept = {
        "grad_cam" if one.n == ALL else f"{one.how}_{one.n}": of_all[rows]
        for one, of_all in zip(choices, drawn, strict=True)
    }
    ids = [probes.probes[row].example.question_id for row in rows]
    return {"question_ids": np.array(ids, dtype=np.int64), **kept}


def _means(questions: pd.DataFrame, params: Params) -> Iterator[tuple[Any, ...]]:
    """A row of metrics.parquet without its analysis: every mean, images resampled whole."""
    for row, table in questions.groupby("row", sort=False):
        for measure in (one for one in MEASURES if table[one].notna().any()):
            mean = column_mean(table, measure, params)
            yield row, measure, *mean, "", "higher" if measure in HIGHER else ""


ANALYSES = {
    "topn_deeper_lstm": topn("topn_deeper_lstm"),
    "topn_pythia": topn("topn_pythia"),
}
