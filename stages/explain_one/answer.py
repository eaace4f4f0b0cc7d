"""Ask a run several questions about one image."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from stages.explain_one.loaded_model import LoadedModel
from stages.explain_one.methods import Maps, Methods, choose, map_each
from stages.explain_one.question import PREDICTED, TRUTH, EncodedQuestion, Truths, index_of
from stages.explain_one.vision import VisualInput
from vqax.explain.predict import Prediction, predict
from vqax.metrics.prediction_uncertainty import uncertainties_of
from vqax.models.order import likeliest
from vqax.report.one_image import Explained

Progress = Callable[[int, int], None]


class Answerer:
    """A run, the methods it is explained with, and the right answers it can look up.

    ``methods``: those named, or the usual ones that the run has what they need for; none without
    ``maps``.

    Raises:
        UsageError: a method that was named needs what the run has not.
    """

    def __init__(self, loaded: LoadedModel, methods: Sequence[str], *, maps: bool = True) -> None:
        self.loaded, self.truths = loaded, Truths(loaded)
        self.methods = choose(methods, loaded) if maps else Methods((), {})

    def __call__(
        self,
        visual_input: VisualInput,
        questions: Sequence[tuple[EncodedQuestion, str]],
        progress: Progress | None = None,
        answered: Callable[[Explained], None] = lambda explained: None,  # noqa: ARG005
    ) -> list[Explained]:
        """Each question with the answer to explain: predicted, truth, or a text.

        ``answered`` is called with each as soon as its answer is known, before any map.

        Every question is sampled by itself from the run's seed, so its numbers do not depend on
        what else is asked.

        Raises:
            UsageError: an answer is unknown.
            BadData: a map is not finite.
        """
        predictions = [self._predict(visual_input, question) for question, _ in questions]
        chosen = [
            self._answer(visual_input, question, answer_text, prediction)
            for (question, answer_text), prediction in zip(questions, predictions, strict=True)
        ]
        encoded = [question for question, _ in questions]
        known = [
            self._explained(visual_input, *one)
            for one in zip(encoded, predictions, chosen, strict=True)
        ]
        for one in known:
            answered(one)
        found = self._maps(visual_input, encoded, chosen, progress)
        return [
            replace(one, maps=seen.maps, word_scores=seen.words)
            for one, seen in zip(known, found, strict=True)
        ]

    def _predict(self, visual_input: VisualInput, question: EncodedQuestion) -> Prediction:
        """Passes of the head, or, of a model without one, the pass itself."""
        run, tokens = self.loaded, torch.tensor([question.tokens], device=self.loaded.place)
        return predict(run.model, visual_input.cells, tokens, run.samples, run.seed)

    def _answer(
        self,
        visual_input: VisualInput,
        question: EncodedQuestion,
        answer_text: str,
        prediction: Prediction,
    ) -> int:
        if answer_text == PREDICTED:
            return int(likeliest(prediction.forward.logits, 1))
        if answer_text == TRUTH:
            answer_text = self.truths.demand(visual_input.path, question.text)
        return index_of(self.loaded.answers, answer_text)

    def _maps(
        self,
        visual_input: VisualInput,
        encoded: Sequence[EncodedQuestion],
        chosen: Sequence[int],
        progress: Progress | None,
    ) -> list[Maps]:
        place = self.loaded.place
        return map_each(
            self.methods.used,
            self.loaded,
            visual_input,
            torch.tensor(
                padded([question.tokens for question in encoded], self.loaded.special.padding),
                device=place,
            ),
            torch.tensor(chosen, device=place),
            [len(question.words) for question in encoded],
            progress,
        )

    def _explained(
        self,
        visual_input: VisualInput,
        question: EncodedQuestion,
        prediction: Prediction,
        chosen: int,
    ) -> Explained:
        """Everything but the maps."""
        answers = self.loaded.answers.answers
        logits = prediction.forward.logits
        shares, top = logits.float().softmax(dim=1)[0], likeliest(logits, 5)[0]
        return Explained(
            image=visual_input.image,
            question=question.text,
            words=question.words,
            top5=tuple(
                (answers[index], share)
                for index, share in zip(top.tolist(), shares[top].tolist(), strict=True)
            ),
            uncertainties=uncertainties_of(prediction),
            explained=answers[chosen],
            probability=float(shares[chosen]),
            truth=self.truths.get(visual_input.path, question.text),
            notes=question.notes,
        )


def padded(rows: Sequence[Sequence[int]], padding: int) -> list[list[int]]:
    """Tokens of one length, with padding before the first word."""
    longest = max(map(len, rows))
    return [[padding] * (longest - len(row)) + list(row) for row in rows]
