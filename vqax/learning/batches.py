"""Examples as batches of tensors, in an order that depends on nothing but seed and epoch."""

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, NamedTuple, Protocol, cast, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Float32, Int, Int32, Int64
from torch import Tensor

from vqax.data.records import ANSWERS, Example, Skipped
from vqax.errors import BadData
from vqax.learning.sampler import Sampler
from vqax.models.forward import BOX
from vqax.text.answers import AnswerVocabulary, soft_scores
from vqax.text.tokens import QuestionVocabulary, tokenise
from vqax.vision.feature_file import FeatureFile
from vqax.vision.region_file import RegionFile


class Batch(NamedTuple):
    """What one training step sees.

    ``hints``: how similar each region is to a word of question or answer, 0 where it is no key
    object. ``bias``: the prior of every answer to questions of this type. ``question_type_words``:
    how many words at the front of the question are its type. All three are None where no
    objective asks for them.
    """

    question_ids: Int[Tensor, "b"]
    image_ids: Int[Tensor, "b"]
    visual: Float[Tensor, "b l d"]
    tokens: Int[Tensor, "b t"]
    targets: Float[Tensor, "b a"]
    hints: Float[Tensor, "b l"] | None = None
    bias: Float[Tensor, "b a"] | None = None
    question_type_words: Int[Tensor, "b"] | None = None

    def each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        """The batch with every tensor there is replaced by ``change`` of it."""
        parts: dict[str, Any] = {
            name: None if part is None else change(part) for name, part in self._asdict().items()
        }
        return Batch(**parts)

    def to(self, device: torch.device) -> "Batch":
        return self.each(lambda part: part.to(device, non_blocking=True))


@runtime_checkable
class Batchable(Protocol):
    """What the loop asks of a data set: its size, and the batch of any of its rows."""

    def __len__(self) -> int: ...

    def batch(self, rows: Int64[np.ndarray, "b"]) -> Batch: ...


class VqaDataset:
    """Questions and answers encoded once, features read from the feature file when a batch needs
    them.

    A question whose image has no features is left out and listed in ``skipped``; one whose
    answers are all outside of the vocabulary stays, with a target of zeros.
    ``targets`` (b,a) are the soft scores 0, .3, .6, .9, 1 of ``vqax.text.answers``.

    ``hints``: question_id -> similarity of each region (l,); a question without an entry gets
    zeros. ``bias``: question_type -> prior of each answer (a,); a type without an entry, one that
    train never saw, gets zeros. ``boxes``: append x1, y1, x2, y2 as shares of the image's width
    and height to the cells, for models with ``reads_boxes``.

    Raises:
        BadData: when a batch is made, hints or bias of another length than regions or answers.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        feature_file: FeatureFile,
        question_vocabulary: QuestionVocabulary,
        answer_vocabulary: AnswerVocabulary,
        max_tokens: int = 14,
        *,
        hints: Mapping[int, Float[np.ndarray, "l"]] | None = None,
        bias: Mapping[str, Float[np.ndarray, "a"]] | None = None,
        boxes: bool = False,
    ) -> None:
        known = {int(image_id) for image_id in feature_file.image_ids}
        kept = [example for example in examples if example.image_id in known]
        self.skipped = [
            _without_features(e, feature_file) for e in examples if e.image_id not in known
        ]
        self.question_ids = np.array([e.question_id for e in kept], dtype=np.int64)
        self.image_ids = np.array([e.image_id for e in kept], dtype=np.int64)
        self.tokens = np.zeros((len(kept), max_tokens), dtype=np.int32)
        for row, example in enumerate(kept):
            self.tokens[row] = question_vocabulary.encode(example.question, max_tokens)
        self.answers = len(answer_vocabulary)
        self._index, self._score = _sparse_targets(kept, answer_vocabulary)
        self._feature_file = feature_file
        self._hints, self._bias, self._boxes = hints, bias, boxes
        self._types = [example.question_type for example in kept]
        self.question_type_words = np.array(
            [_type_words(example, max_tokens) for example in kept], dtype=np.int64
        )

    @property
    def width(self) -> int:
        """Channels of ``visual``: those of the features, and four of the box."""
        return self._feature_file.width + BOX * self._boxes

    def __len__(self) -> int:
        return len(self.question_ids)

    def batch(self, rows: Int64[np.ndarray, "b"]) -> Batch:
        """The batch of these rows, in their order; visual float32, tokens and ids int64."""
        images = self.image_ids[rows]
        visual = self._visual(images)
        # one column more than answers: unused slots of the sparse targets land there
        targets = np.zeros((len(rows), self.answers + 1), dtype=np.float32)
        np.put_along_axis(targets, self._index[rows].astype(np.int64), self._score[rows], axis=1)
        return Batch(
            question_ids=torch.from_numpy(self.question_ids[rows]),
            image_ids=torch.from_numpy(images),
            visual=torch.as_tensor(visual),
            tokens=torch.from_numpy(self.tokens[rows].astype(np.int64)),
            targets=torch.from_numpy(targets[:, :-1].copy()),
            hints=_rows_of(self._hints, self.question_ids[rows].tolist(), visual.shape[1], "hints"),
            bias=_rows_of(self._bias, [self._types[row] for row in rows], self.answers, "bias"),
            question_type_words=torch.from_numpy(self.question_type_words[rows]),
        )

    def _visual(self, images: Int64[np.ndarray, "b"]) -> Float32[np.ndarray, "b l d"]:
        if self._boxes:
            return cast(RegionFile, self._feature_file).batch_with_boxes(images)
        return self._feature_file.batch(images)


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


def _rows_of(
    table: Mapping[Any, Float[np.ndarray, "k"]] | None, keys: Sequence[Any], width: int, name: str
) -> Float[Tensor, "b k"] | None:
    """The entry of every key as a row, zeros where there is none; None without a table."""
    if table is None:
        return None
    rows = np.zeros((len(keys), width), dtype=np.float32)
    for row, key in zip(rows, keys, strict=True):
        entry = table.get(key)
        if entry is None:
            continue
        if entry.shape != (width,):
            raise BadData(
                f"{name} of {key!r}: {entry.shape[0]} values for {width} "
                f"{'regions' if name == 'hints' else 'answers'}; make them again from the same "
                "features and vocabulary"
            )
        row[:] = entry
    return torch.from_numpy(rows)


def _type_words(example: Example, max_tokens: int) -> int:
    """How many tokens at the front are the question type; 0 if the question starts otherwise."""
    kind, asked = tokenise(example.question_type), tokenise(example.question)[:max_tokens]
    return len(kind) if asked[: len(kind)] == kind else 0


def _sparse_targets(
    examples: Sequence[Example], vocabulary: AnswerVocabulary
) -> tuple[Int32[np.ndarray, "n k"], Float32[np.ndarray, "n k"]]:
    """Answer index and score of every question; unused slots point one past the last answer."""
    slots = max((len(example.answers) for example in examples), default=ANSWERS)
    index = np.full((len(examples), slots), len(vocabulary), dtype=np.int32)
    score = np.zeros((len(examples), slots), dtype=np.float32)
    for row, example in enumerate(examples):
        scores = soft_scores(example.answers)
        for slot, answer in enumerate(answer for answer in scores if answer in vocabulary.index):
            index[row, slot], score[row, slot] = vocabulary.index[answer], scores[answer]
    return index, score


def _without_features(example: Example, feature_file: FeatureFile) -> Skipped:
    return Skipped(
        str(feature_file.path),
        f"question_id {example.question_id}",
        f"image {example.image_id} has no features; extract them to use the question",
    )
