"""LXMERT and VisualBERT behind the adapter answer as without, and every method explains them."""

import pytest
import torch

from tests.adapters.tiny import (
    ANSWERS,
    OF_REGIONS,
    QUESTIONS,
    WIDTH,
    lxmert,
    lxmert_network,
    regions,
    tokenizer,
    tokens,
    visual_bert_network,
)
from tests.explain.tiny import Trace, small
from vqax.adapters.lxmert import of_lxmert
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS, WORD_EXPLAINERS
from vqax.explain.layers import shows_layers
from vqax.explain.shapley import shapley
from vqax.models.forward import BOX

GRID = (2, 3)
OF_CELLS = [name for name, explain in EXPLAINERS.items() if "pixels" not in explain.needs]


@pytest.fixture(scope="module", params=OF_REGIONS)
def foreign(request, tmp_path_factory):
    return OF_REGIONS[request.param](tmp_path_factory.mktemp(request.param))


def asked_by_transformers(folder, question):
    return tokenizer(folder)(question, return_tensors="pt")


def test_lxmert_answers_as_in_transformers(tmp_path):
    foreign, network = lxmert(tmp_path), lxmert_network()
    visual = regions(foreign)
    found = foreign.model(visual, tokens(foreign))
    for row, question in enumerate(QUESTIONS):
        expected = network(
            **asked_by_transformers(tmp_path, question),
            visual_feats=visual[row : row + 1, :, :WIDTH],
            visual_pos=visual[row : row + 1, :, WIDTH:],
            output_attentions=True,
        )
        torch.testing.assert_close(found.logits[row], expected.question_answering_score[0])
        looks = expected.cross_encoder_attentions[-1][0, :, 0].mean(0)
        torch.testing.assert_close(found.attention[row], looks / looks.sum())


def test_visual_bert_answers_as_in_transformers(tmp_path):
    foreign, network = OF_REGIONS["visual_bert"](tmp_path), visual_bert_network()
    visual = regions(foreign)
    found = foreign.model(visual, tokens(foreign))
    for row, question in enumerate(QUESTIONS):
        asked = asked_by_transformers(tmp_path, question)
        expected = network(**asked, visual_embeds=visual[row : row + 1], output_attentions=True)
        torch.testing.assert_close(found.logits[row], expected.logits[0])
        last = asked.input_ids.shape[1] - 2
        looks = expected.attentions[-1][0, :, last, -6:].mean(0)
        torch.testing.assert_close(found.attention[row], looks / looks.sum())


def test_lxmert_shows_every_attention_that_its_answer_comes_from(tmp_path):
    """The weights that transformers returns are those, in their order; the rest lies between."""
    foreign, network = lxmert(tmp_path), lxmert_network()
    visual, asked = regions(foreign), tokens(foreign)[:1]
    shown = foreign.model.attention_layers(visual[:1], asked, torch.tensor([2]))
    expected = network(
        **asked_by_transformers(tmp_path, QUESTIONS[0]),
        visual_feats=visual[:1, :, :WIDTH], visual_pos=visual[:1, :, WIDTH:],
        output_attentions=True,
    )  # fmt: skip
    torch.testing.assert_close(shown.score, expected.question_answering_score[:, 2])
    looks = [[(look.of, look.at) for look in layer] for layer in shown.layers]
    across = [("words", "cells"), ("cells", "words")]
    within = [("words", "words"), ("cells", "cells")]
    assert looks == [[within[0]]] * 2 + [[within[1]]] + [across, within] * 2
    returned = [*expected.language_attentions, *expected.vision_attentions]
    for layer, weights in zip(shown.layers[:3], returned, strict=True):
        torch.testing.assert_close(layer[0].weights, weights)
    for layer, weights in zip(shown.layers[3::2], expected.cross_encoder_attentions, strict=True):
        torch.testing.assert_close(layer[0].weights, weights)
    for weights in shown.weights:
        torch.testing.assert_close(weights.sum(3), torch.ones(weights.shape[:3]))


def test_relevance_needs_every_weight_of_lxmert(tmp_path):
    """Also that of the words' own layers, though no parameter requires a gradient."""
    foreign = lxmert(tmp_path)
    model = foreign.model.requires_grad_(False)
    visual = regions(foreign).requires_grad_()
    shown = model.attention_layers(visual, tokens(foreign), torch.tensor([0, 2]))
    slopes = torch.autograd.grad(shown.score.sum(), shown.weights, allow_unused=True)
    unused = [place for place, slope in enumerate(slopes) if slope is None or not slope.any()]
    assert unused == [8, 10]  # of the last layer the words alone are read: cells at words, cells


@pytest.mark.parametrize("name", OF_CELLS)
def test_every_method_that_needs_no_variance_explains_it(foreign, name):
    explain, asked, visual = small(name), tokens(foreign), regions(foreign)
    model = foreign.model
    with torch.no_grad():
        lacking = explain.lacks(model(visual, asked), layers=shows_layers(model))
    if "variance" in explain.needs:
        assert lacking == {"variance"}
        return
    assert not lacking
    before = Trace(model, visual, asked)
    maps = explain(model, visual, asked, torch.tensor([0, 2]), GRID)
    before.assert_equal(Trace(model, visual, asked))
    assert maps.shape == (2, *GRID)
    assert maps.isfinite().all()
    assert maps.flatten(1).std(1).min() > 0


@pytest.mark.parametrize("name", WORD_EXPLAINERS)
def test_every_method_of_words_explains_it(foreign, name):
    asked, visual = tokens(foreign), regions(foreign)
    before = Trace(foreign.model, visual, asked)
    found = WORD_EXPLAINERS[name](foreign.model, visual, asked, torch.tensor([0, 2]))
    before.assert_equal(Trace(foreign.model, visual, asked))
    assert found.shape == asked.shape
    assert (found[asked == 0] == 0).all()
    assert (found[asked != 0] != 0).any()


def test_shares_of_image_and_text(foreign):
    values = shapley(
        foreign.model, regions(foreign), tokens(foreign), torch.tensor([0, 2]), samples=4
    )
    torch.testing.assert_close(values.image_share + values.text_share, torch.ones(2))


def test_a_question_is_the_same_wherever_its_padding_is(foreign):
    visual, asked = regions(foreign), tokens(foreign)
    right = torch.tensor([[*row[row != 0], *row[row == 0]] for row in asked])
    left = torch.cat([torch.zeros(2, 2, dtype=torch.long), asked], 1)
    one, other = (foreign.model(visual, rows).logits for rows in (left, right))
    torch.testing.assert_close(one, other)


def test_what_hides_a_region_leaves_the_boxes_that_lxmert_reads(tmp_path):
    foreign, seen = lxmert(tmp_path), []
    visual = regions(foreign)
    foreign.model.register_forward_pre_hook(lambda own, given: seen.append(given[0].detach()))
    small("region_occlusion")(foreign.model, visual, tokens(foreign), torch.tensor([0, 2]), GRID)
    boxes = torch.cat([given[..., -BOX:].flatten(0, 1) for given in seen]).unique(dim=0)
    assert torch.equal(boxes, visual[..., -BOX:].flatten(0, 1).unique(dim=0))


def test_answers_are_named_by_the_model_or_by_the_user(tmp_path):
    assert lxmert(tmp_path).answers == ANSWERS
    named = of_lxmert(lxmert_network(), tokenizer(tmp_path), ("a", "b", "c"))
    assert named.answers == ("a", "b", "c")
    with pytest.raises(UsageError, match=r"3 answers, 'a' among them more than once"):
        of_lxmert(lxmert_network(), tokenizer(tmp_path), ("a", "b", "a"))
