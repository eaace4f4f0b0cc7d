import numpy as np
import pytest
import torch

from tests.explain.tiny import GRID, IMAGE, Trace, image_encoder, small, tiny
from vqax.errors import BadData, UsageError
from vqax.explain import EXPLAINERS, WORD_EXPLAINERS, BlackBox, PixelModel, black_box
from vqax.explain.black_box import ANY_GRID
from vqax.text.tokens import QuestionVocabulary

QUESTIONS = ["Is the ball red?", "What is there?"]
VOCABULARY = QuestionVocabulary.from_questions(QUESTIONS)
TOKENS = torch.tensor([VOCABULARY.encode(question, 5) for question in QUESTIONS])
ANSWERS = torch.tensor([1, 0])


def redness(images, questions):
    """Any code: a NumPy function of images and texts, yes by the upper left corner."""
    corner = images.numpy()[:, 0, :4, :4].mean((1, 2)) / 255
    asked = np.array([0.3 if "red" in question.split() else 0.05 for question in questions])
    yes = np.clip(corner * 0.6 + asked, 0, 1)
    return np.stack([1 - yes, yes], 1)


def images():
    white = torch.zeros(2, 3, *IMAGE)
    white[:, :, :4, :4] = 255.0
    return white


OPEN_TO_ALL = [
    name
    for name, explain in EXPLAINERS.items()
    if not explain.needs & {"gradient", "attention", "layers"}
]


def test_is_asked_with_texts_and_answers_with_its_probabilities():
    asked = []
    model = black_box(
        lambda seen, texts: asked.extend(texts) or redness(seen, texts), VOCABULARY.words
    )
    logits = model(images(), TOKENS).logits
    assert asked == ["is the ball red", "what is there"]
    expected = torch.tensor(redness(images(), asked)).float()
    torch.testing.assert_close(logits.softmax(1), expected)


def test_occlusion_finds_where_it_looks():
    model = black_box(redness, VOCABULARY.words)
    maps = EXPLAINERS["occlusion"](
        model,
        images(),
        TOKENS,
        torch.tensor([1, 1]),
        ANY_GRID,
        patches=(2, 3),
        colour=(0.0, 0.0, 0.0),
    )
    assert maps.shape == (2, *IMAGE)
    torch.testing.assert_close(maps[:, :4, :4], torch.full((2, 4, 4), 0.6))
    assert maps[:, 4:].abs().max() < 1e-6
    assert maps[:, :, 4:].abs().max() < 1e-6


def test_rise_finds_it_too():
    model = black_box(redness, VOCABULARY.words)
    maps = EXPLAINERS["rise"](
        model, images(), TOKENS, torch.tensor([1, 1]), ANY_GRID,
        masks=400, cells=3, colour=(0.0, 0.0, 0.0),
    )  # fmt: skip
    assert maps[:, :4, :4].mean() > 1.1 * maps[:, 4:].mean()
    assert maps[:, :4, :4].mean() > 1.1 * maps[:, :, 6:].mean()


def test_words_it_listens_to():
    model = black_box(redness, VOCABULARY.words)
    for how in ("drop", "unknown"):
        found = WORD_EXPLAINERS["word_occlusion"](
            model, images(), TOKENS, torch.tensor([1, 1]), how=how
        )
        red = VOCABULARY.index["red"] == TOKENS
        torch.testing.assert_close(found[red], torch.tensor([0.25]))
        assert found[~red].abs().max() < 1e-6


@pytest.mark.parametrize("name", OPEN_TO_ALL)
def test_the_same_maps_as_of_the_model_inside(name):
    """A known model behind the adapter is explained as without it."""
    explain, inner = small(name), PixelModel(image_encoder(), tiny())
    pixels = "pixels" in explain.needs
    loaded = inner if pixels else inner.model
    source = torch.Generator().manual_seed(1)
    given = torch.randn(2, *((3, *IMAGE) if pixels else (6, 4)), generator=source)
    words = [str(i) for i in range(7)]

    def answer(seen, texts):
        rows = [[int(word) for word in text.split()] for text in texts]
        return loaded.eval()(seen, torch.tensor(rows)).logits.softmax(1)

    tokens = torch.tensor([[1, 2, 3], [4, 5, 6]])
    box = black_box(answer, words) if pixels else BlackBox(answer, words)
    grid = ANY_GRID if pixels else GRID
    before = Trace(box, given)
    found = explain(box, given, tokens, ANSWERS, grid)
    before.assert_equal(Trace(box, given))
    torch.testing.assert_close(found, explain(loaded, given, tokens, ANSWERS, GRID))


def test_what_it_cannot_be_explained_by_is_known_before_and_said_after():
    model = black_box(redness, VOCABULARY.words)
    forward = model(images(), TOKENS)
    for name, explain in EXPLAINERS.items():
        lacking = explain.lacks(forward, pixels=True, gradient=False)
        assert bool(lacking) == (name not in OPEN_TO_ALL)
        assert ("gradient" in lacking) == ("gradient" in explain.needs)
    of_cells = BlackBox(lambda seen, texts: [[0.5, 0.5]] * len(texts), VOCABULARY.words)
    given = torch.ones(2, 6, 4), TOKENS, ANSWERS, GRID
    with pytest.raises(UsageError, match="BlackBox has no attention"):
        EXPLAINERS["attention"](of_cells, *given)
    with pytest.raises(UsageError, match="no gradient reaches the visual cells of BlackBox"):
        EXPLAINERS["grad_cam"](of_cells, *given)
    with pytest.raises(UsageError, match="no gradient reaches the visual cells of BlackBox"):
        EXPLAINERS["guided_backprop"](model, images(), TOKENS, ANSWERS, ANY_GRID)
    with pytest.raises(UsageError, match="no gradient reaches the words of BlackBox"):
        WORD_EXPLAINERS["word_gradient"](model, images(), TOKENS, ANSWERS)


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ([0.5, 0.5], r"returned \(2,\) for 2 questions"),
        ([[0.5, 0.5]], r"returned \(1, 2\) for 2 questions"),
        ([[0.9, 0.9], [0.1, 0.9]], "sum to 1 up to 1.8"),
        ([[2.0, -1.0], [0.5, 0.5]], "smallest -1"),
        ([[float("nan"), 1.0], [0.5, 0.5]], "return probabilities, for example a softmax"),
    ],
)
def test_what_is_no_probability_is_refused(returned, said):
    model = black_box(lambda seen, texts: returned, VOCABULARY.words)
    with pytest.raises(BadData, match=said):
        model(images(), TOKENS)


def test_an_answer_of_probability_zero_is_no_exception():
    model = black_box(lambda seen, texts: [[0.0, 1.0]] * len(texts), VOCABULARY.words)
    logits = model(images(), TOKENS).logits
    assert logits.isfinite().all()
    assert logits.softmax(1)[0].tolist() == pytest.approx([0.0, 1.0], abs=1e-30)
