"""Ask a vision-language model: it chooses from a list, or what it writes itself is explained."""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from project.device import checked
from stages.explain_one.answer import Answerer, Progress
from stages.explain_one.loaded_model import LoadedModel, loaded_foreign
from stages.explain_one.methods import Methods, choose, map_each
from stages.explain_one.question import PREDICTED, TRUTH, EncodedQuestion, Truths
from stages.explain_one.vision import VisualInput
from vqax.adapters.pretrained import ENCODERS, OF_REGIONS, load_encoder, model_type
from vqax.adapters.vision_language import (
    EncodedImage,
    Said,
    VisionLanguage,
    load_vision_language,
    spread,
    write,
)
from vqax.errors import UsageError
from vqax.explain import PixelModel
from vqax.report.one_image import Explained
from vqax.text.answers import AnswerVocabulary

USUAL = (*("attention", "grad_cam", "word_occlusion", "word_gradient_input"),)
"""What a person sees who names no method: a pass or two for each, and one for each word."""
SAMPLES = 10
ALL_ELSE = "(anything else)"


class Speech(NamedTuple):
    """How a vision-language model answers: one of ``choices``, or freely if there are none.

    ``by_token``: also a map for each token of a free answer.
    """

    choices: tuple[str, ...] = ()
    by_token: bool = False


class TokenInput(VisualInput):
    """An image with its image tokens; their maps are spread on its own pixels."""

    encoded: EncodedImage

    def painted(self, maps: Float[Tensor, "b 1 l"]) -> Float[Tensor, "b y x"]:
        return spread(maps[:, 0], self.encoded.boxes, self.encoded.size_px)


@dataclass(frozen=True)
class TokenEncoder:
    """Encodes an image once for all its questions."""

    source: VisionLanguage
    pixel_model: PixelModel | None = None

    def encode(self, path: Path, image: Image.Image) -> TokenInput:
        encoded = self.source.encode(image)
        visual_input = TokenInput(path, image, encoded.cells, encoded.pixels)
        visual_input.encoded = encoded
        return visual_input

    def blank(self) -> Float[Tensor, "1 l d"]:
        return self.source.encode(Image.new("RGB", (64, 48))).cells


@dataclass(frozen=True)
class LoadedVisionLanguage(LoadedModel):
    """A vision-language model; what is explained of it depends on image and question."""

    source: VisionLanguage = None  # type: ignore[assignment]
    speech: Speech = field(default=Speech())

    def about(
        self, encoded: EncodedImage, model: PixelModel, answers: Sequence[str]
    ) -> LoadedModel:
        """The model of one image that tells ``answers`` apart."""
        return replace(
            self,
            model=model.model,
            encoder=TokenEncoder(self.source, model),
            answers=AnswerVocabulary(tuple(answers)),
            grid=encoded.grid,
        )


def load_pretrained(source: str, speech: Speech, *, device: str) -> LoadedModel:
    """A vision-language model or an encoder model (ViLT, BLIP, CLIP) of the hub or of a folder.

    Raises:
        UsageError, MissingArtefact, BadData: as ``load_vision_language`` and ``load_encoder``.
    """
    if model_type(source) not in {**ENCODERS, **OF_REGIONS}:
        return load_speaking(source, speech, device=device)
    foreign = load_encoder(source, speech.choices)
    name = _letters(Path(source.removeprefix("hf:")).name)
    return replace(loaded_foreign(foreign, source, device=device), name=name, label=name)


def load_speaking(source: str, speech: Speech, *, device: str) -> LoadedVisionLanguage:
    """A model of the hub or of a folder, ready to be question.

    ``device`` auto shares it among the devices of the machine.

    Raises:
        UsageError, MissingArtefact, BadData: as ``load_vision_language``.
    """
    where = {"device_map": "auto"} if device == "auto" else {"device": checked(device)}
    loaded = load_vision_language(source, **where)
    name = _letters(Path(loaded.name).name)
    network: nn.Module = loaded.network
    return LoadedVisionLanguage(
        name=name,
        label=loaded.name,
        model=network,
        encoder=TokenEncoder(loaded),
        answers=AnswerVocabulary(speech.choices),
        read=loaded.prompt,
        grid=(1, 1),
        samples=SAMPLES,
        seed=0,
        place=loaded.network.device,
        facts={
            "model": f"{type(network).__name__}, {source}",
            "precision": str(loaded.network.dtype).removeprefix("torch."),
            "answers": _told(speech),
        },
        source=loaded,
        speech=speech,
    )


def answerer_of(loaded: LoadedModel, methods: Sequence[str], *, maps: bool = True) -> "AnyAnswerer":
    """Who asks a subject of its kind."""
    kind = VisionLanguageAnswerer if isinstance(loaded, LoadedVisionLanguage) else Answerer
    return kind(loaded, methods, maps=maps)  # type: ignore[arg-type]


class VisionLanguageAnswerer:
    """As ``Answerer``, of a vision-language model.

    Raises:
        UsageError: a method that was named needs what the model has not.
    """

    def __init__(
        self, loaded: LoadedVisionLanguage, methods: Sequence[str], *, maps: bool = True
    ) -> None:
        self.loaded, self.truths = loaded, Truths(loaded)
        source = loaded.source
        blank = source.encode(Image.new("RGB", (64, 48)))
        probe = loaded.about(blank, source.said(blank, [0]), ("", ALL_ELSE))
        self.methods = choose(methods, probe, usual=USUAL) if maps else Methods((), {})

    def __call__(
        self,
        visual_input: VisualInput,
        questions: Sequence[tuple[EncodedQuestion, str]],
        progress: Progress | None = None,
        answered: Callable[[Explained], None] = lambda explained: None,  # noqa: ARG005
    ) -> list[Explained]:
        """Each question with the answer to explain: predicted, or a text.

        Raises:
            UsageError: the right answer is asked for, or an answer is not among the choices.
        """
        assert isinstance(visual_input, TokenInput)
        if any(answer == TRUTH for _, answer in questions):
            raise UsageError(f"--answer {TRUTH}: {self.loaded.name} has no data set; give a text")
        if self.loaded.speech.choices:
            return self._chosen(visual_input, questions, progress, answered)
        return [self._free(visual_input, *one, progress, answered) for one in questions]

    def _chosen(
        self,
        visual_input: TokenInput,
        questions: Sequence[tuple[EncodedQuestion, str]],
        progress: Progress | None,
        answered: Callable[[Explained], None],
    ) -> list[Explained]:
        choices = self.loaded.speech.choices
        model = self.loaded.source.listed(visual_input.encoded, choices)
        return self._answerer(visual_input, model, choices)(
            visual_input, questions, progress, answered
        )

    def _free(
        self,
        visual_input: TokenInput,
        question: EncodedQuestion,
        answer_text: str,
        progress: Progress | None,
        answered: Callable[[Explained], None],
    ) -> Explained:
        source, encoded = self.loaded.source, visual_input.encoded
        answer = self._said(visual_input, question, answer_text)
        model = source.said(encoded, answer.tokens)
        samples = self._written(visual_input, question, self.loaded.samples)
        answerer = self._answerer(visual_input, model, (answer.text, ALL_ELSE))
        known: list[Explained] = []
        explained = answerer(visual_input, [(question, answer.text)], progress, known.append)[0]
        answered(_spoken(known[0], answer, samples))
        explained = _spoken(explained, answer, samples)
        if self.loaded.speech.by_token and self.methods.used:
            explained = self._by_token(visual_input, question, answer, explained, progress)
        return explained

    def _said(self, visual_input: TokenInput, question: EncodedQuestion, answer_text: str) -> Said:
        if answer_text == PREDICTED:
            return self._written(visual_input, question, 0)[0]
        tokens = tuple(self.loaded.source.answer_tokens(answer_text))
        token_ids = torch.tensor([question.tokens], device=visual_input.cells.device)
        return Said(
            tokens,
            answer_text,
            self.loaded.source.log_tokens(visual_input.encoded, token_ids, tokens),
        )

    def _written(
        self, visual_input: TokenInput, question: EncodedQuestion, samples: int
    ) -> list[Said]:
        model = self.loaded.source.said(visual_input.encoded, [0]).model
        tokens = torch.tensor([question.tokens], device=visual_input.cells.device)
        return write(model, visual_input.cells, tokens, samples=samples, seed=self.loaded.seed)

    def _answerer(
        self, visual_input: TokenInput, model: PixelModel, answers: Sequence[str]
    ) -> Answerer:
        answerer = Answerer(self.loaded.about(visual_input.encoded, model, answers), (), maps=False)
        answerer.methods = self.methods
        return answerer

    def _by_token(
        self,
        visual_input: TokenInput,
        question: EncodedQuestion,
        answer: Said,
        explained: Explained,
        progress: Progress | None,
    ) -> Explained:
        """Besides the maps of the whole answer those of each of its tokens."""
        maps, words = dict(explained.maps), dict(explained.word_scores)
        device = visual_input.cells.device
        for place, index in enumerate(answer.tokens):
            model = self.loaded.source.said(visual_input.encoded, answer.tokens, token=place)
            loaded = self.loaded.about(visual_input.encoded, model, (answer.text, ALL_ELSE))
            (found,) = map_each(
                self.methods.used, loaded, visual_input,
                torch.tensor([question.tokens], device=device), torch.tensor([0], device=device),
                [len(question.words)], progress,
            )  # fmt: skip
            text = self.loaded.source.processor.tokenizer.decode([index])
            ending = f"of_token_{place + 1}_{_letters(text)}".rstrip("_")
            maps |= {f"{name}_{ending}": values for name, values in found.maps.items()}
            words |= {f"{name}_{ending}": values for name, values in found.words.items()}
        return replace(explained, maps=maps, word_scores=words)


AnyAnswerer = Answerer | VisionLanguageAnswerer


def _told(speech: Speech) -> str:
    """How it answers, for who reads the page or goes on with an album."""
    if speech.choices:
        return f"chosen among {', '.join(speech.choices)}"
    return "written by itself" + (", explained by token too" if speech.by_token else "")


def _letters(text: str) -> str:
    """Letters and digits of any script, the rest as underscores."""
    return re.sub(r"\W+", "_", text).strip("_")


def _spoken(explained: Explained, answer: Said, samples: Sequence[Said]) -> Explained:
    """The answer first, then other answers that were drawn, and how sure the model is of it."""
    others = {one.text: math.exp(one.log_probability) for one in samples if one.text != answer.text}
    ranked = sorted(others.items(), key=lambda other: -other[1])[:4]
    p = explained.probability
    uncertainties = {
        **explained.uncertainties,
        "log_probability": answer.log_probability,
        "sample_entropy": sample_entropy([one.text for one in samples]),
        "least_token_probability": math.exp(min(answer.log_tokens)),
    }
    return replace(explained, top5=((answer.text, p), *ranked), uncertainties=uncertainties)


def sample_entropy(texts: Sequence[str]) -> float:
    """−Σ f ln f in nats over the shares f of equal texts (Kuhn, Gal and Farquhar 2023, eq. 1).

    Equal are texts without regard to case and blanks; there is no model that knows paraphrases.
    """
    counts = Counter(" ".join(text.lower().split()) for text in texts)
    shares = [count / len(texts) for count in counts.values()]
    return -sum(share * math.log(share) for share in shares)
