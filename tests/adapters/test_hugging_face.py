"""Encoders behind the adapter answer as they do without, and every method explains them."""

import gc

import numpy as np
import pytest
import torch

from tests.adapters.tiny import (
    ANSWERS,
    FOREIGN,
    GRID,
    QUESTIONS,
    SIZE,
    blip,
    blip_network,
    clip,
    clip_network,
    images,
    tokenizer,
    tokens,
    vilt,
    vilt_network,
)
from tests.explain.tiny import Trace, small
from vqax.adapters.blip import DEVIATION, MEAN, of_blip
from vqax.adapters.clip import of_clip
from vqax.adapters.vilt import of_vilt
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS, WORD_EXPLAINERS
from vqax.explain.layers import shows_layers
from vqax.explain.word_occlusion import word_occlusion
from vqax.metrics import MAP_METRICS
from vqax.metrics.resize import rectify, resize_area
from vqax.text.tokens import SpecialTokens

MASKS = ("aleatoric_mask", "predictive_mask")
BLIND = "region_grad_cam"  # of the gradient's sum over channels, which a layer norm makes zero
OPEN = [name for name in EXPLAINERS if name not in (*MASKS, BLIND)]


@pytest.fixture(scope="module", params=FOREIGN)
def foreign(request, tmp_path_factory):
    return FOREIGN[request.param](tmp_path_factory.mktemp(request.param))


def normal(given, mean, deviation):
    mean, deviation = (torch.tensor(one).view(1, 3, 1, 1) for one in (mean, deviation))
    return (given / 255 - mean) / deviation


@pytest.mark.parametrize("size", [SIZE, (64, 64)])
def test_vilt_answers_as_in_transformers(size, tmp_path):
    network, given = vilt_network(), images(size=size)
    asked = tokenizer(tmp_path)(QUESTIONS, padding=True, return_tensors="pt")
    with torch.no_grad(), torch.random.fork_rng():
        expected = network(
            **asked, pixel_values=normal(given, [0.5] * 3, [0.5] * 3),
            pixel_mask=torch.ones(2, *size, dtype=torch.long),
        ).logits  # fmt: skip
        foreign = of_vilt(network, tokenizer(tmp_path), size_px=size)
        found = foreign.model(given, tokens(foreign)).logits
    torch.testing.assert_close(found, expected)


def test_blip_ranks_by_the_likelihood_of_transformers(tmp_path):
    """Literally: one image, one question, one answer at a time, by the network's own forward."""
    network, given, words = blip_network(), images(), tokenizer(tmp_path)
    normalised = normal(given, MEAN, DEVIATION)
    expected = torch.empty(2, len(ANSWERS))
    with torch.no_grad():
        for row, question in enumerate(QUESTIONS):
            asked = words(question, return_tensors="pt")
            seen = network.vision_model(
                normalised[row : row + 1], interpolate_pos_encoding=True
            ).last_hidden_state
            read = network.text_encoder(
                input_ids=asked.input_ids, attention_mask=asked.attention_mask,
                encoder_hidden_states=seen,
            ).last_hidden_state  # fmt: skip
            for column, answer in enumerate(ANSWERS):
                written = [6, *words(answer, add_special_tokens=False)["input_ids"], 4]
                scores = network.text_decoder(
                    input_ids=torch.tensor([written]), encoder_hidden_states=read
                ).logits[0]
                each = [scores[i].log_softmax(0)[word] for i, word in enumerate(written[1:])]
                expected[row, column] = sum(each)
        foreign = blip(tmp_path)
        found = foreign.model(given, tokens(foreign)).logits
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("size", [SIZE, (64, 64)])
def test_clip_scores_texts_as_in_transformers(size, tmp_path):
    """Literally: one image and one text at a time, by the network's own forward."""
    network, given, words = clip_network(), images(size=size), tokenizer(tmp_path)
    expected = torch.empty(2, len(ANSWERS))
    with torch.no_grad():
        for row, question in enumerate(QUESTIONS):
            for column, answer in enumerate(ANSWERS):
                text = words(f"this : {question} - {answer}", return_tensors="pt").input_ids
                expected[row, column] = network(
                    input_ids=text,
                    pixel_values=normal(given[row : row + 1], MEAN, DEVIATION),
                    interpolate_pos_encoding=size != (64, 64),
                ).logits_per_image
        foreign = clip(tmp_path, size_px=size, template="this : {question} - {answer}")
        found = foreign.model(given, tokens(foreign)).logits
    torch.testing.assert_close(found, expected)
    with torch.enable_grad():  # where each row is computed by itself
        torch.testing.assert_close(foreign.model(given, tokens(foreign)).logits, expected)


def test_clip_encodes_a_question_once_however_many_images_are_tried(tmp_path):
    """Occlusion repeats a question for every patch."""
    foreign, rows = clip(tmp_path), []
    foreign.model.model.texts.encoder.encoder.register_forward_hook(
        lambda module, args, kwargs, made: rows.append(len(kwargs["inputs_embeds"])),
        with_kwargs=True,
    )
    given = images(1).repeat(2, 1, 1, 1), tokens(foreign)[[0, 0]], torch.tensor([0, 2])
    small("occlusion")(foreign.model, *given, GRID)
    assert set(rows) == {len(ANSWERS)}


@pytest.mark.parametrize("template", ["{answer}", "{question}", "{answer} {question}"])
def test_a_template_without_its_fields_is_refused(template, tmp_path):
    with pytest.raises(UsageError, match=r"write \{question\} and behind it \{answer\}"):
        clip(tmp_path, template=template)


def test_clip_whose_padding_is_its_end(tmp_path):
    """As the published tokeniser has it: a question has no end token of its own."""
    plain = clip(tmp_path)
    words = tokenizer(tmp_path)
    words.pad_token = words.eos_token
    foreign = of_clip(clip_network(), words, ANSWERS, size_px=SIZE)
    asked = tokens(plain)
    found = foreign.model(images(), torch.where(asked == 0, 4, asked)).logits
    torch.testing.assert_close(found, plain.model(images(), asked).logits)


def test_clip_shows_the_attention_of_the_image(tmp_path):
    foreign, asked = clip(tmp_path), tokens(clip(tmp_path))
    model, cells = foreign.model.model, foreign.model.image_encoder(images()).detach()
    forward = model(cells, asked)
    layers = model.attention_layers(cells, asked, torch.tensor([2, 0]))
    torch.testing.assert_close(layers.score, forward.logits[[0, 1], [2, 0]])
    last = layers.weights[-1].mean(1)[:, 0][:, layers.cells]
    torch.testing.assert_close(last / last.sum(1, keepdim=True), forward.attention)
    named = dict(model.named_modules())
    assert [type(named[block]).__name__ for block in layers.blocks] == ["CLIPEncoderLayer"] * 2


def test_vilt_shows_the_attention_that_its_answer_comes_from(tmp_path):
    """The weights are those of transformers, and the score is the logit, in one graph."""
    foreign, asked = vilt(tmp_path), tokens(vilt(tmp_path))
    model, cells = foreign.model.model, foreign.model.image_encoder(images()).detach()
    forward, answer = model(cells, asked), torch.tensor([2])
    layers = model.attention_layers(cells[:1], asked[:1], answer)
    torch.testing.assert_close(layers.score, forward.logits[:1, 2])
    last = layers.weights[-1][0].mean(0)[layers.reads][:, layers.cells]
    torch.testing.assert_close(last[0] / last.sum(), forward.attention[0])
    named = dict(model.named_modules())
    assert [type(named[block]).__name__ for block in layers.blocks] == ["ViltLayer"] * 2
    assert torch.autograd.grad(layers.score.sum(), layers.weights[0])[0].any()


def test_a_question_is_the_same_wherever_its_padding_is(foreign):
    given, asked = images(), tokens(foreign)
    left = torch.cat([torch.zeros(2, 2, dtype=torch.long), asked], 1)
    right = torch.tensor([[*row[row != 0], *row[row == 0]] for row in left])
    one, other = (foreign.model(given, rows) for rows in (left, right))
    torch.testing.assert_close(one.logits, other.logits)
    torch.testing.assert_close(one.logits, foreign.model(given, asked).logits)


def test_attention_is_a_share_of_each_patch_and_follows_its_place(foreign):
    forward = foreign.model(images(), tokens(foreign))
    assert forward.attention.shape == (2, GRID[0] * GRID[1])
    torch.testing.assert_close(forward.attention.sum(1), torch.ones(2))
    assert forward.attention.std(1).min() > 0


def test_the_unknown_word_is_the_tokenisers_own(foreign):
    asked = tokens(foreign)
    assert foreign.special == SpecialTokens(padding=0, unknown=2)
    given = foreign.model, images(), asked, torch.tensor([0, 1])
    found = word_occlusion(*given, how="unknown", score="logit", special=foreign.special)
    own = asked.clone()
    own[0, 3] = 2
    before, after = (foreign.model(images(), rows).logits[0, 0] for rows in (asked, own))
    torch.testing.assert_close(found[0, 3], before - after)
    assert found[0, 3].abs() > 1e-6


@pytest.mark.parametrize("name", OPEN)
def test_every_method_that_needs_no_variance_explains_it(foreign, name):
    explain, asked = small(name), tokens(foreign)
    pixels = "pixels" in explain.needs
    model = foreign.model if pixels else foreign.model.model
    layers = shows_layers(foreign.model.model)
    with torch.no_grad():
        visual = images() if pixels else foreign.model.image_encoder(images())
        lacking = explain.lacks(model(visual, asked), pixels=True, layers=layers)
    if "layers" in explain.needs and not layers:
        assert lacking == {"layers"}
        return
    assert not lacking
    before, options = Trace(model, visual, asked), {}
    if foreign.name == "CLIPModel" and name == "topn_grad_cam":
        explain, options = EXPLAINERS[name], {"n": 3 * 8}  # few may all be of another answer
    maps = explain(model, visual, asked, torch.tensor([0, 2]), foreign.grid, **options)
    before.assert_equal(Trace(model, visual, asked))
    assert maps.shape == (2, *(SIZE if pixels else GRID))
    assert maps.isfinite().all()
    assert maps.flatten(1).std(1).min() > 0
    small_maps = rectify(resize_area(maps.abs().numpy(), (14, 14)))
    human_maps = np.random.default_rng(0).random((2, 14, 14))
    for metric in MAP_METRICS.values():
        found = metric.compute(small_maps, human_maps)
        assert found.shape == (2,)
        assert np.isfinite(found).all()


def test_the_sum_of_the_gradient_below_a_layer_norm_says_nothing(foreign):
    cells = foreign.model.image_encoder(images()).detach()
    given = foreign.model.model, cells, tokens(foreign), torch.tensor([0, 2]), GRID
    before = Trace(foreign.model, cells)
    maps = EXPLAINERS[BLIND](*given)
    before.assert_equal(Trace(foreign.model, cells))
    torch.testing.assert_close(maps, torch.full_like(maps, 1 / 12), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", WORD_EXPLAINERS)
def test_every_method_of_words_explains_it(foreign, name):
    asked, explain = tokens(foreign), WORD_EXPLAINERS[name]
    before = Trace(foreign.model, asked)
    found = explain(foreign.model, images(), asked, torch.tensor([0, 2]))
    before.assert_equal(Trace(foreign.model, asked))
    assert found.shape == asked.shape
    assert (found[asked != 0] != 0).all()
    assert (found[asked == 0] == 0).all()


@pytest.mark.parametrize("name", MASKS)
def test_what_needs_a_variance_is_refused_with_the_reason(foreign, name):
    asked = tokens(foreign)
    assert EXPLAINERS[name].lacks(foreign.model(images(), asked)) == {"variance"}
    cells = foreign.model.image_encoder(images()).detach()
    with pytest.raises(UsageError, match="this model predicts none"):
        EXPLAINERS[name](foreign.model.model, cells, asked, torch.tensor([0, 2]), GRID)


def test_occlusion_computes_each_picture_once_for_its_questions(foreign):
    asked, which = tokens(foreign), torch.tensor([0, 0])
    explain = small("occlusion")
    shared = explain(foreign.model, images(1), asked, torch.tensor([0, 1]), GRID, image_of=which)
    alone = explain(foreign.model, images(1).repeat(2, 1, 1, 1), asked, torch.tensor([0, 1]), GRID)
    torch.testing.assert_close(shared, alone)


def test_nothing_piles_up(foreign):
    asked, explain = tokens(foreign), small("grad_cam")
    with torch.no_grad():
        cells = foreign.model.image_encoder(images())

    def alive() -> int:
        gc.collect()
        return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())

    counts = []
    for _ in range(3):
        for _ in range(10):
            explain(foreign.model.model, cells, asked, torch.tensor([0, 2]), GRID)
        counts.append(alive())
    assert counts[2] <= counts[1]


def test_a_question_is_read_as_pieces_without_special_tokens(foreign):
    reading = foreign.read("Is the zebra reds?")
    assert reading.words == ("is", "the", "[UNK]", "red", "##s", "?")
    assert reading.unknown == ("zebra",)
    assert not {3, 4} & set(reading.tokens)


def test_long_questions_are_cut_and_said(tmp_path):
    reading = vilt(tmp_path, max_tokens=3).read("what is the red ball")
    assert (reading.words, reading.unread) == (("what", "is", "the"), ("red", "ball"))


def test_what_cannot_be_adapted_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"50 by 64 px is no whole number of patches of 16 by 16"):
        vilt(tmp_path, size_px=(50, 64))
    with pytest.raises(UsageError, match="no answers"):
        of_blip(blip_network(), tokenizer(tmp_path), [])
    with pytest.raises(UsageError, match=r"2 answers, 'yes' among them more than once"):
        of_blip(blip_network(), tokenizer(tmp_path), ["yes", "yes"])
    padded = tokenizer(tmp_path)
    padded.pad_token = None
    with pytest.raises(UsageError, match=r"None\].*BERT family"):
        of_vilt(vilt_network(), padded)
