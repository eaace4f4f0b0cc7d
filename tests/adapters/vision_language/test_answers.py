"""A vision-language model behind the adapter answers as the network does by itself."""

import math
from types import SimpleNamespace

import pytest
import torch

from tests.adapters.vision_language.tiny import (
    ANSWERS,
    FAMILIES,
    QUESTIONS,
    SIZES,
    adapted,
    image,
    log_tokens,
    prompt_inputs,
    tokens,
)
from vqax.adapters.vision_language import VisionLanguage
from vqax.adapters.vision_language.scores import against_all_else
from vqax.errors import UsageError

every = pytest.mark.parametrize("name", FAMILIES)


def literally(model, photograph):
    """log p of each token of every answer, one question and one answer at a time."""
    return [
        [log_tokens(model, prompt_inputs(model, photograph, question), model.answer_tokens(answer))
         for answer in ANSWERS]
        for question in QUESTIONS
    ]  # fmt: skip


@every
@pytest.mark.parametrize("size", SIZES)
def test_answers_are_ranked_by_the_log_probability_of_all_their_tokens(name, size):
    model, photograph = adapted(name), image(size)
    encoded, expected = model.encode(photograph), literally(model, photograph)
    given = encoded.cells.expand(2, -1, -1), tokens(model)
    with torch.no_grad():
        total = model.listed(encoded, ANSWERS).model(*given).logits
        mean = model.listed(encoded, ANSWERS, length_normalised=True).model(*given).logits
    sums = torch.tensor([[sum(each) for each in row] for row in expected])
    means = torch.tensor([[sum(each) / len(each) for each in row] for row in expected])
    torch.testing.assert_close(total, sums, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(mean, means, atol=1e-4, rtol=1e-4)


@every
def test_one_answer_is_explained_whole_or_token_by_token(name):
    model, photograph = adapted(name), image()
    encoded, answer = model.encode(photograph), model.answer_tokens("blue dogs no")
    each = log_tokens(model, prompt_inputs(model, photograph, QUESTIONS[0]), answer)
    given = encoded.cells, tokens(model, QUESTIONS[:1])
    with torch.no_grad():
        whole = model.said(encoded, answer).model(*given).logits
        parts = [
            model.said(encoded, answer, token=place).model(*given).logits
            for place in range(len(answer))
        ]
    assert whole.shape == (1, 2)
    assert whole[0, 0].item() == pytest.approx(sum(each), abs=1e-4)
    assert whole.softmax(1)[0, 0].item() == pytest.approx(math.exp(sum(each)), rel=1e-3)
    assert [part[0, 0].item() for part in parts] == pytest.approx(each, abs=1e-4)
    with pytest.raises(UsageError, match="token 3: the answer has 3 tokens; give 0 to 2"):
        model.said(encoded, answer, token=3)


@every
@pytest.mark.parametrize("rows_at_once", [1, 2])
def test_questions_do_not_see_each_other(name, rows_at_once):
    """Whatever is computed together, wherever the padding is."""
    model = adapted(name, rows_at_once=rows_at_once)
    encoded = model.encode(image())
    asked = tokens(model, [*QUESTIONS, "is there a cat on"])
    above = model.listed(encoded, ANSWERS).model
    right = torch.tensor([[*row[row != 0], *row[row == 0]] for row in asked])
    results = [above(encoded.cells.expand(3, -1, -1), rows) for rows in (asked, right)]
    for row, question in enumerate([*QUESTIONS, "is there a cat on"]):
        alone = above(encoded.cells, tokens(model, [question]))
        for together in results:
            torch.testing.assert_close(together.logits[row], alone.logits[0], atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(
                together.attention[row], alone.attention[0], atol=1e-5, rtol=1e-4
            )


@every
def test_attention_is_that_of_the_last_layer(name):
    model, photograph = adapted(name), image()
    encoded, inputs = model.encode(photograph), prompt_inputs(model, photograph, QUESTIONS[0])
    with torch.no_grad():
        weights = model.network(**inputs, output_attentions=True).attentions[-1]
        found = model.listed(encoded, ANSWERS).model(encoded.cells, tokens(model, QUESTIONS[:1]))
    place = inputs["input_ids"][0] == model.network.config.image_token_id
    expected = weights[0, :, -1, place].mean(0)
    torch.testing.assert_close(found.attention[0], expected / expected.sum())
    faster = adapted(name, attention="sdpa")
    above = faster.listed(encoded, ANSWERS).model
    assert above(encoded.cells, tokens(faster, QUESTIONS[:1])).attention is None


@every
def test_the_unknown_word_and_padding_are_no_words_of_the_model(name):
    model = adapted(name)
    reading = model.prompt("is the zebra red ?")
    assert reading.words == ("is", "the", "[UNK]", "red", "?")
    assert not {0, 1} & set(reading.tokens)


def test_what_cannot_be_adapted_is_refused():
    model = adapted("llava")
    encoded = model.encode(image())
    with pytest.raises(UsageError, match="llava: no answers"):
        model.listed(encoded, [])
    with pytest.raises(UsageError, match="answer '': the tokeniser makes nothing of it"):
        model.listed(encoded, ["yes", ""])
    other = SimpleNamespace(config=SimpleNamespace(model_type="other"))
    with pytest.raises(UsageError, match=r"it: model_type 'other' is no family.*llava, "):
        VisionLanguage(other, model.processor, "it")


def test_probabilities_of_nearly_one_leave_something():
    logits = against_all_else(torch.tensor([0.0, -1e-3, -50.0]))
    assert logits.isfinite().all()
    torch.testing.assert_close(
        logits.softmax(1)[:, 0], torch.tensor([0.0, -1e-3, -50.0]).exp(), atol=1e-6, rtol=1e-4
    )
