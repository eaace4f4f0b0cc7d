"""What a batch holds, and that reading ahead changes nothing."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.learning.tiny import TinyData
from tests.vision.test_region_file import K, regions, write_all
from vqax.data.records import Example
from vqax.errors import BadData
from vqax.learning.batches import Batch, VqaDataset, batches
from vqax.learning.sampler import Sampler
from vqax.text.answers import AnswerVocabulary, soft_target
from vqax.text.tokens import QuestionVocabulary
from vqax.vision.feature_file import FeatureFile, FeatureWriter
from vqax.vision.region_file import RegionFile

GRID, WIDTH = (2, 3), 4


def example(question_id: int, image_id: int, question: str, *answers: str) -> Example:
    ten = (answers * 10)[:10]
    return Example(question_id, image_id, question, "what", "other", ten[0], ten)


EXAMPLES = [
    example(71, 7, "What is this?", "cat"),
    example(31, 3, "What colour is the dog?", "red", "red", "blue"),
    example(32, 3, "Is it a zebra crossing?", "a zebra"),
    example(91, 9, "Where?", "here", "there", "cat", "red", "blue"),
]
QUESTIONS = QuestionVocabulary.from_questions(e.question for e in EXAMPLES[:2])
ANSWERS = AnswerVocabulary(("red", "cat", "blue", "no"))


@pytest.fixture
def feature_file(tmp_path: Path) -> FeatureFile:
    path = tmp_path / "features.h5"
    with FeatureWriter(path, [3, 7], grid=GRID, width=WIDTH, attributes={}) as writer:
        for image_id in (3, 7):
            writer.write(image_id, record(image_id))
        writer.finish()
    return FeatureFile(path)


def record(image_id: int) -> np.ndarray:
    return (np.arange(24).reshape(6, 4) / 10 + image_id).astype(np.float16)


@pytest.fixture
def dataset(feature_file: FeatureFile) -> VqaDataset:
    return VqaDataset(EXAMPLES, feature_file, QUESTIONS, ANSWERS, max_tokens=6)


def test_batch_holds_the_rows_in_the_order_asked_for(dataset: VqaDataset) -> None:
    batch = dataset.batch(np.array([1, 0, 2]))
    chosen = [EXAMPLES[1], EXAMPLES[0], EXAMPLES[2]]
    assert batch.question_ids.tolist() == [31, 71, 32]
    assert batch.image_ids.tolist() == [3, 7, 3]
    assert batch.visual.dtype == torch.float32
    assert torch.equal(
        batch.visual, torch.from_numpy(np.stack([record(i) for i in (3, 7, 3)]).astype(np.float32))
    )
    assert batch.tokens.tolist() == [QUESTIONS.encode(e.question, 6) for e in chosen]
    expected = np.stack([soft_target(e.answers, ANSWERS) for e in chosen])
    assert torch.equal(batch.targets, torch.from_numpy(expected))
    assert batch.targets[0].tolist() == pytest.approx([1.0, 0.0, 0.9, 0.0])


def test_answers_outside_of_the_vocabulary_leave_zeros(dataset: VqaDataset) -> None:
    assert dataset.batch(np.array([2])).targets.tolist() == [[0.0] * 4]


def test_question_without_features_is_listed(dataset: VqaDataset) -> None:
    assert len(dataset) == 3
    (skipped,) = dataset.skipped
    assert skipped.entry == "question_id 91"
    assert "image 9 has no features" in skipped.reason
    assert skipped.file.endswith("features.h5")


@pytest.mark.parametrize("workers", [1, 3, 20])
def test_reading_ahead_gives_the_same_batches(dataset: VqaDataset, workers: int) -> None:
    sampler = Sampler(len(dataset), 1, seed=2)
    plain = list(batches(dataset, sampler, epoch=1))
    ahead = list(batches(dataset, sampler, epoch=1, workers=workers))
    assert len(plain) == len(ahead) == 3
    assert all(
        a is b is None or torch.equal(a, b)
        for p, q in zip(plain, ahead, strict=True)
        for a, b in zip(p, q, strict=True)
    )


def test_batches_start_where_asked() -> None:
    data, sampler = TinyData(10), Sampler(10, 3, seed=8)
    rest = list(batches(data, sampler, epoch=2, start=2, workers=2))
    expected = list(sampler.rows(2))[2:]
    assert [b.question_ids.tolist() for b in rest] == [rows.tolist() for rows in expected]


class Counting(TinyData):
    """Remembers how many batches were read; fails at the row it is told."""

    reads = 0
    broken_row = -1

    def batch(self, rows: np.ndarray) -> Batch:
        self.reads += 1
        if self.broken_row in rows:
            raise ValueError("unreadable")
        return super().batch(rows)


@pytest.mark.parametrize("workers", [0, 2])
def test_only_a_few_batches_are_read_ahead(workers: int) -> None:
    data = Counting(30)
    read = batches(data, Sampler(30, 1), workers=workers)
    for _ in range(4):
        next(read)
    read.close()
    assert 4 <= data.reads <= 4 + workers


def test_closing_early_leaves_no_thread() -> None:
    read = batches(TinyData(30), Sampler(30, 1), workers=3)
    next(read)
    assert any(thread.name.startswith("batches") for thread in threading.enumerate())
    read.close()
    assert not any(thread.name.startswith("batches") for thread in threading.enumerate())


@pytest.mark.parametrize("workers", [0, 2])
def test_a_read_error_reaches_the_loop_at_its_own_batch(workers: int) -> None:
    data = Counting(6)
    data.broken_row = 3
    read = batches(data, Sampler(6, 1, shuffle=False), workers=workers)
    assert [int(next(read).question_ids) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="unreadable"):
        next(read)


def test_hints_and_bias_follow_question_and_type(feature_file: FeatureFile) -> None:
    hints = {31: np.array([0.0, 0.9, 0.0, 0.7, 0.0, 0.0])}
    bias = {"what": np.array([0.4, 0.3, 0.2, 0.0])}
    others = [Example(*(e.question_id, e.image_id), "Is it?", "is it", "yes/no", "no", ("no",) * 10)
              for e in EXAMPLES[:1]]  # fmt: skip
    data = VqaDataset(
        [*EXAMPLES[1:2], *others], feature_file, QUESTIONS, ANSWERS, 6, hints=hints, bias=bias
    )
    batch = data.batch(np.array([1, 0]))
    expected = torch.from_numpy(np.stack([np.zeros(6), hints[31]])).float()
    assert torch.equal(batch.hints, expected)
    assert torch.equal(batch.bias[0], torch.zeros(4))
    assert torch.equal(batch.bias[1], torch.from_numpy(bias["what"]).float())
    assert batch.question_type_words.tolist() == [2, 1]


def test_neither_hints_nor_bias_unless_given(dataset: VqaDataset) -> None:
    batch = dataset.batch(np.array([0]))
    assert batch.hints is None
    assert batch.bias is None
    moved = batch.to(torch.device("cpu"))
    assert moved.hints is None
    assert torch.equal(moved.visual, batch.visual)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"hints": {31: np.zeros(5)}}, "hints of 31: 5 values for 6 regions"),
        ({"bias": {"what": np.zeros(3)}}, "bias of 'what': 3 values for 4 answers"),
    ],
)
def test_hints_of_another_length_are_refused(
    feature_file: FeatureFile, given, message: str
) -> None:
    data = VqaDataset(EXAMPLES[1:2], feature_file, QUESTIONS, ANSWERS, 6, **given)
    with pytest.raises(BadData, match=message):
        data.batch(np.array([0]))


@pytest.mark.parametrize(
    ("question", "kind", "words"),
    [
        ("What color is the dog?", "what color is the", 4),
        ("Is this, in fact, a dog?", "is this", 2),
        ("Could it be?", "none of the above", 0),
        ("What's here?", "what", 1),
    ],
)
def test_words_of_the_question_type(feature_file: FeatureFile, question, kind, words) -> None:
    asked = Example(1, 3, question, kind, "other", "red", ("red",) * 10)
    data = VqaDataset([asked], feature_file, QUESTIONS, ANSWERS, 6)
    assert data.batch(np.array([0])).question_type_words.tolist() == [words]


def test_boxes_are_appended_as_shares_of_the_picture(tmp_path: Path) -> None:
    write_all(tmp_path / "regions.h5")
    regions_file = RegionFile(tmp_path / "regions.h5")
    data = VqaDataset(EXAMPLES[:2], regions_file, QUESTIONS, ANSWERS, 6, boxes=True)
    batch = data.batch(np.array([0, 1]))
    assert batch.visual.shape == (2, K, data.width)
    assert data.width == regions_file.width + 4
    for row, image_id in enumerate((7, 3)):
        one = regions(image_id)
        mean_share = one.boxes_px / np.array([*one.size_px, *one.size_px])
        expected = np.concatenate([one.features, mean_share], axis=1)
        np.testing.assert_allclose(batch.visual[row], expected, rtol=1e-6)
