"""What the first ``Forward`` of a foreign model is checked for, and tokenisers of its own."""

import pytest
import torch
from torch import nn

from vqax.adapters import Reading, of_forward, of_function
from vqax.adapters.first_pass import check_forward, question_is_read
from vqax.errors import BadData, UsageError
from vqax.explain import WORD_EXPLAINERS
from vqax.models.forward import Forward
from vqax.text.tokens import SpecialTokens

CELLS, TOKENS = torch.rand(2, 6, 4), torch.tensor([[7, 7, 3], [3, 5, 6]])
SPECIAL = SpecialTokens(padding=7, unknown=2)
WORDS = {"is": 0, "it": 1, "red": 3, "the": 4, "ball": 5, "big": 6}


class Net(nn.Module):
    """Padding is 7 and an unknown word 2; 0 and 1 are words like others."""

    def __init__(self, **changed):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.words, self.answer = nn.Embedding(8, 4, padding_idx=7), nn.Linear(4, 3)
        self.changed = changed

    def forward(self, visual, tokens):
        question = self.words(tokens).sum(1)
        attended = visual * question[:, None]
        combined = attended.mean(1).tanh()
        fields = Forward(
            self.answer(combined), None, attended, visual, question, combined, None
        )._asdict()
        return Forward(**fields | {name: make(fields) for name, make in self.changed.items()})


def read(question):
    words = tuple(question.split())
    return Reading(words, tuple(WORDS.get(word, SPECIAL.unknown) for word in words))


def test_a_right_forward_passes():
    assert check_forward(Net(), CELLS, TOKENS, 3).logits.shape == (2, 3)


@pytest.mark.usefixtures("without_type_checks")
@pytest.mark.parametrize(
    ("field", "make", "message"),
    [
        ("logits", lambda f: f["logits"][:, :2], r"logits is of shape \(2, 2\) .* \(2, 3\)"),
        ("logits", lambda f: f["logits"].argmax(1), "logits is torch.int64, which is no tensor"),
        ("attention", lambda f: f["visual"].sum(2)[:, :5], r"attention .* \(2, 5\) .* \(2, 6\)"),
        ("attended", lambda f: f["attended"].sum(1), r"attended .* \(2, 4\) .*\(2, 6, d\)"),
        ("question", lambda f: f["question"][0], r"question is of shape \(4,\) .*\(2, q\)"),
        ("combined", lambda f: None, "combined is NoneType"),
        ("variance", lambda f: f["logits"][:, :2], r"variance .* \(2, 2\) .*1 or a"),
        ("visual", lambda f: f["visual"].clone(), "visual is not the tensor the model was given"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(field, make, message):
    with pytest.raises(BadData, match=f"Net: its Forward is wrong: .*{message}"):
        check_forward(Net(**{field: make}), CELLS, TOKENS, 3)


def test_what_is_no_forward_is_refused():
    with pytest.raises(BadData, match=r"Identity: forward returned Tensor; return a vqax.models.F"):
        check_forward(Passes(), CELLS, TOKENS, 3)


class Passes(nn.Identity):
    def forward(self, visual, tokens):
        return visual


Passes.__name__ = "Identity"


def test_topn_needs_a_question_that_is_read():
    assert question_is_read(Net(), CELLS, TOKENS)
    detached = Net(question=lambda f: f["question"].detach())
    assert not question_is_read(detached, CELLS, TOKENS)
    beside = Net(question=lambda f: f["question"] * 1)
    assert not question_is_read(beside, CELLS, TOKENS)


def test_padding_and_unknown_words_are_the_tokenisers_own():
    """Words 0 and 1 count, and what stands for nothing or anything is 7 and 2."""
    net = Net().eval()
    foreign = of_forward(
        nn.Identity(), net, answers="abc", grid=(2, 3), size_px=(2, 3), read=read, special=SPECIAL
    )
    assert foreign.special == SPECIAL
    tokens = torch.tensor([[7, *foreign.read("is it zebra").tokens]])
    assert tokens.tolist() == [[7, 0, 1, 2]]
    given, answer = (net, CELLS[:1], tokens), torch.tensor([1])
    logits = net(*given[1:]).logits[0].softmax(0)[1]
    drops = WORD_EXPLAINERS["word_occlusion"](*given, answer, special=SPECIAL)[0]
    for place, row in enumerate([[7, 7, 1, 2], [7, 7, 0, 2], [7, 7, 0, 1]], 1):
        after = net(CELLS[:1], torch.tensor([row])).logits[0].softmax(0)[1]
        torch.testing.assert_close(drops[place], logits - after)
    assert drops[0] == 0
    for name in ("word_gradient", "word_gradient_input", "guided_word_gradient"):
        found = WORD_EXPLAINERS[name](*given, answer, special=SPECIAL)[0]
        assert (found != 0).tolist() == [False, True, True, True]


@pytest.mark.parametrize(
    "given", [{}, {"words": ["is"], "read": read}, {"words": ["is"], "special": SPECIAL}]
)
def test_words_or_a_reader_are_given(given):
    with pytest.raises(UsageError, match="give words, whose padding is 0"):
        of_forward(nn.Identity(), Net(), answers="abc", grid=(2, 3), size_px=(2, 3), **given)


class Counted(str):
    """A text that counts how often it is compared."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        Counted.compared += 1
        return str.__eq__(self, other)


def test_many_answers_are_looked_through_once():
    answers = [Counted(f"answer {number}") for number in range(400)]
    of_function(lambda images, questions: None, answers=answers, size_px=(8, 8))
    assert Counted.compared < 4 * len(answers)
    with pytest.raises(UsageError, match="'answer 7' among them more than once"):
        of_function(print, answers=[*answers, "answer 7"], size_px=(8, 8))
