"""Examples as batches of tensors, in an order that depends on nothing but seed and epoch."""

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Float32, Int, Int32, Int64
from torch import Tensor

from vqax.data.records import ANSWERS, Example, Skipped
from vqax.learning.sampler import Sampler
from vqax.text.answers import AnswerVocabulary, soft_scores
from vqax.text.tokens import QuestionVocabulary
from vqax.vision.store import FeatureStore


class Batch(NamedTuple):
    """What one training step sees."""

    question_ids: Int[Tensor, "b"]
    image_ids: Int[Tensor, "b"]
    visual: Float[Tensor, "b l d"]
    tokens: Int[Tensor, "b t"]
    targets: Float[Tensor, "b a"]

    def to(self, device: torch.device) -> "Batch":
        return Batch(*(part.to(device, non_blocking=True) for part in self))


@runtime_checkable
class Batchable(Protocol):
    """What the loop asks of a data set: its size, and the batch of any of its rows."""

    def __len__(self) -> int: ...

    def batch(self, rows: Int64[np.ndarray, "b"]) -> Batch: ...


class VqaDataset:
    """Questions and answers encoded once, features read from the store when a batch needs them.

    A question whose picture has no features is left out and listed in ``skipped``; one whose
    answers are all outside of the vocabulary stays, with a target of zeros.
    ``targets`` (b,a) are the soft scores 0, .3, .6, .9, 1 of ``vqax.text.answers``.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        store: FeatureStore,
        question_vocabulary: QuestionVocabulary,
        answer_vocabulary: AnswerVocabulary,
        max_tokens: int = 14,
    ) -> None:
        known = {int(image_id) for image_id in store.image_ids}
        kept = [example for example in examples if example.image_id in known]
        self.skipped = [_without_features(e, store) for e in examples if e.image_id not in known]
        self.question_ids = np.array([e.question_id for e in kept], dtype=np.int64)
        self.image_ids = np.array([e.image_id for e in kept], dtype=np.int64)
        self.tokens = np.zeros((len(kept), max_tokens), dtype=np.int32)
        for row, example in enumerate(kept):
            self.tokens[row] = question_vocabulary.encode(example.question, max_tokens)
        self.answers = len(answer_vocabulary)
        self._index, self._score = _sparse_targets(kept, answer_vocabulary)
        self._store = store

    def __len__(self) -> int:
        return len(self.question_ids)

    def batch(self, rows: Int64[np.ndarray, "b"]) -> Batch:
        """The batch of these rows, in their order; visual float32, tokens and ids int64."""
        images = self.image_ids[rows]
        # one column more than answers: unused slots of the sparse targets land there
        targets = np.zeros((len(rows), self.answers + 1), dtype=np.float32)
        np.put_along_axis(targets, self._index[rows].astype(np.int64), self._score[rows], axis=1)
        return Batch(
            question_ids=torch.from_numpy(self.question_ids[rows]),
            image_ids=torch.from_numpy(images),
            visual=torch.as_tensor(self._store.batch(images)),
            tokens=torch.from_numpy(self.tokens[rows].astype(np.int64)),
            targets=torch.from_numpy(targets[:, :-1].copy()),
        )


def batches(
    dataset: Batchable, sampler: Sampler, *, epoch: int = 0, start: int = 0, workers: int = 0
) -> Generator[Batch, None, None]:
    """The batches of an epoch; ``workers`` threads read that many ahead, with equal results.

    Threads, not processes: h5py releases the interpreter lock while it reads, and nothing has to
    be copied or cleaned up. Memory: at most ``workers`` + 2 batches.
    """
    rows = sampler.rows(epoch, start)
    if workers == 0:
        yield from map(dataset.batch, rows)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="batches")
    try:
        ahead: deque[Future[Batch]] = deque()
        ahead.extend(pool.submit(dataset.batch, part) for part in islice(rows, workers))
        while ahead:
            batch = ahead.popleft().result()
            ahead.extend(pool.submit(dataset.batch, part) for part in islice(rows, 1))
            yield batch
    finally:
        pool.shutdown(cancel_futures=True)


def _sparse_targets(
    examples: Sequence[Example], vocabulary: AnswerVocabulary
) -> tuple[Int32[np.ndarray, "n 10"], Float32[np.ndarray, "n 10"]]:
    """Answer index and score of every question; unused slots point one past the last answer."""
    index = np.full((len(examples), ANSWERS), len(vocabulary), dtype=np.int32)
    score = np.zeros((len(examples), ANSWERS), dtype=np.float32)
    for row, example in enumerate(examples):
        scores = soft_scores(example.answers)
        for slot, answer in enumerate(answer for answer in scores if answer in vocabulary.index):
            index[row, slot], score[row, slot] = vocabulary.index[answer], scores[answer]
    return index, score


def _without_features(example: Example, store: FeatureStore) -> Skipped:
    return Skipped(
        str(store.path),
        f"question_id {example.question_id}",
        f"image {example.image_id} has no features; extract them to use the question",
    )
