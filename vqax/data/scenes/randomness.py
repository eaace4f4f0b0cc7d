"""One independent random stream per image, question, annotator panel and human map.

A stream depends on the seed and on what it is for, never on what was drawn before, so the same
settings give the same bytes in any order and in any number of processes.
"""

import numpy as np

PURPOSES = (
    "palette",
    "picture",
    "question",
    "complement",
    "answers",
    "human_map",
    "explained",
    "explanation",
    "region",
)
"""A stream is keyed by its place here: new ones go to the end, else every data set changes."""


def generator(seed: int, purpose: str, *indices: int) -> np.random.Generator:
    """The stream of ``purpose`` for these indices, such as split number and image number."""
    key = (PURPOSES.index(purpose), *indices)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
