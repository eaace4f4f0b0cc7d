"""What a model writes by itself is what ``transformers`` lets it write."""

import math

import pytest
import torch

from tests.adapters.vision_language.tiny import (
    FAMILIES,
    QUESTIONS,
    adapted,
    image,
    log_tokens,
    prompt_inputs,
    tokens,
)
from tests.explain.tiny import Trace
from vqax.adapters.vision_language import write
from vqax.adapters.vision_language.write import ending_tokens

every = pytest.mark.parametrize("name", FAMILIES)


@every
def test_the_likeliest_answer_is_that_of_generate(name):
    model, photograph = adapted(name), image()
    encoded, inputs = model.encode(photograph), prompt_inputs(model, photograph, QUESTIONS[0])
    above, asked = model.said(encoded, [0]).model, tokens(model, QUESTIONS[:1])
    before, positions = Trace(above), getattr(model.network.model, "rope_deltas", None)
    (said,) = write(above, encoded.cells, asked, max_tokens=6)
    before.assert_equal(Trace(above))
    assert getattr(model.network.model, "rope_deltas", None) is positions
    ends = sorted(ending_tokens(above))
    whole = model.network.generate(
        **inputs, max_new_tokens=6, min_new_tokens=1, do_sample=False, eos_token_id=ends,
        pad_token_id=0,
    )[0, inputs["input_ids"].shape[1] :].tolist()  # fmt: skip
    expected = whole[: next((at for at, index in enumerate(whole) if index in ends), len(whole))]
    assert list(said.tokens) == expected
    literal = log_tokens(model, inputs, said.tokens)
    assert list(said.log_tokens) == pytest.approx(literal, abs=1e-3)
    assert said.log_probability == pytest.approx(sum(literal), abs=1e-3)


@every
def test_samples_come_as_often_as_they_are_likely_and_again_for_a_seed(name):
    model, photograph = adapted(name), image()
    encoded, asked = model.encode(photograph), tokens(model, QUESTIONS[:1])
    above = model.said(encoded, [0]).model
    given = {"max_tokens": 1, "samples": 400}
    first = write(above, encoded.cells, asked, seed=1, **given)
    assert first == write(above, encoded.cells, asked, seed=1, **given)
    assert first != write(above, encoded.cells, asked, seed=2, **given)
    likely = {said.tokens: math.exp(said.log_probability) for said in first}
    top = max(likely, key=likely.get)
    share = sum(said.tokens == top for said in first) / len(first)
    ends = sum(
        math.exp(log_tokens(model, prompt_inputs(model, photograph, QUESTIONS[0]), [end])[0])
        for end in ending_tokens(above)
    )
    expected = likely[top] / (1 - ends)
    assert share == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / 400))


def test_an_answer_ends_where_the_model_ends_it():
    model = adapted("llava")
    encoded, asked = model.encode(image()), tokens(model, QUESTIONS[:1])
    above = model.said(encoded, [0]).model
    (long,) = write(above, encoded.cells, asked, max_tokens=6)
    model.network.generation_config.eos_token_id = [long.tokens[2]]
    (short,) = write(above, encoded.cells, asked, max_tokens=6)
    cut = long.tokens.index(long.tokens[2])
    assert short.tokens == long.tokens[: max(cut, 1)] or short.tokens[0] != long.tokens[0]
    assert len(short.tokens) == len(short.log_tokens)
    assert torch.isfinite(torch.tensor(short.log_tokens)).all()
