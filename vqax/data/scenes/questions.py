"""Which questions are asked of which image: single ones (v1) or complementary pairs (v2)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vqax.data.scenes.category_questions import CATEGORY_QUESTIONS
from vqax.data.scenes.colour_questions import COLOUR_QUESTIONS
from vqax.data.scenes.counting import COUNTING
from vqax.data.scenes.existence import EXISTENCE
from vqax.data.scenes.randomness import generator
from vqax.data.scenes.scene import Scene
from vqax.data.scenes.settings import QUESTION_IDS_PER_IMAGE, SPLITS, SceneSettings
from vqax.data.scenes.spatial_questions import SPATIAL_QUESTIONS
from vqax.data.scenes.template import Slots, Template, Truth, pick
from vqax.errors import UsageError

TEMPLATES = {
    template.name: template
    for template in (
        *EXISTENCE,
        *COUNTING,
        *COLOUR_QUESTIONS,
        *CATEGORY_QUESTIONS,
        *SPATIAL_QUESTIONS,
    )
}
TRIES = 400
SEARCHED = 150
"""So many images are looked through for a complement, drawn evenly over the answers found."""


@dataclass(frozen=True, slots=True)
class SceneQuestion:
    """A question put to an image; ``pair`` numbers the two of v2, -1 in v1.

    ``slots`` is what fills the gaps of its template.
    """

    question_id: int
    scene: Scene
    template: str
    text: str
    truth: Truth
    pair: int = -1
    slots: Slots = field(default_factory=Slots)


@dataclass
class _QuestionLog:
    """The questions of a split so far; no image is asked the same words twice."""

    ids_per_image: int
    scene_questions: list[SceneQuestion] = field(default_factory=list)
    texts: set[tuple[int, str]] = field(default_factory=set)
    per_image: Counter[int] = field(default_factory=Counter)

    def free(self, scene: Scene, text: str) -> bool:
        key = (scene.image_id, text)
        return key not in self.texts and self.per_image[scene.image_id] < self.ids_per_image

    def add(
        self, scene: Scene, template: Template, slots: Slots, truth: Truth, pair: int = -1
    ) -> None:
        text = template.words(slots)
        question_id = scene.image_id * self.ids_per_image + self.per_image[scene.image_id]
        self.per_image[scene.image_id] += 1
        self.texts.add((scene.image_id, text))
        self.scene_questions.append(
            SceneQuestion(question_id, scene, template.name, text, truth, pair, slots)
        )


def ask(settings: SceneSettings, split: str, scenes: Sequence[Scene]) -> list[SceneQuestion]:
    """All questions of a split, in the order of their ids.

    The images take turns, so each is asked about equally often.

    Raises:
        UsageError: no complementary image, or no further question, can be found.
    """
    log = _QuestionLog(QUESTION_IDS_PER_IMAGE[settings.flavour])
    paired = settings.flavour == "v2"
    for number in range(settings.questions(split) // (2 if paired else 1)):
        rng = generator(settings.seed, "question", SPLITS.index(split), number)
        scene = scenes[number % len(scenes)]
        if paired:
            _ask_pair(log, scene, scenes, number, rng)
        else:
            template, slots, truth = _draw(log, scene, rng)
            log.add(scene, template, slots, truth)
    return sorted(log.scene_questions, key=lambda scene_questions: scene_questions.question_id)


def _draw(
    log: _QuestionLog, scene: Scene, rng: np.random.Generator
) -> tuple[Template, Slots, Truth]:
    """A template by weight, and what fills it, that makes sense and is new for the image."""
    templates = tuple(TEMPLATES.values())
    weights = np.array([template.weight for template in templates])
    for _ in range(TRIES):
        template = templates[int(rng.choice(len(templates), p=weights / weights.sum()))]
        slots = template.choose(scene, rng)
        if slots is None or not log.free(scene, template.words(slots)):
            continue
        truth = template.judge(scene, slots)
        if truth is not None:
            return template, slots, truth
    raise UsageError(
        f"image {scene.image_id}: no further question after {log.per_image[scene.image_id]}; "
        "lower train_questions and val_questions or raise the number of images"
    )


def _ask_pair(
    log: _QuestionLog,
    scene: Scene,
    scenes: Sequence[Scene],
    pair: int,
    rng: np.random.Generator,
) -> None:
    """A question and the same words on another image where the answer differs (VQA v2)."""
    for _ in range(TRIES):
        template, slots, truth = _draw(log, scene, rng)
        found = _complement(log, scenes, template, slots, truth.answer, rng)
        if found is not None:
            log.add(scene, template, slots, truth, pair)
            log.add(found[0], template, slots, found[1], pair)
            return
    raise UsageError(
        f"flavour v2: no complementary picture among {len(scenes)} for image {scene.image_id}; "
        "raise train_images and val_images"
    )


def _complement(
    log: _QuestionLog,
    scenes: Sequence[Scene],
    template: Template,
    slots: Slots,
    answer: str,
    rng: np.random.Generator,
) -> tuple[Scene, Truth] | None:
    """An image with another answer, drawn evenly over the other answers."""
    text = template.words(slots)
    enough = 1 if template.answer_type == "yes/no" else len(scenes)
    found: dict[str, tuple[Scene, Truth]] = {}
    for number, index in enumerate(rng.permutation(len(scenes))):
        scene = scenes[index]
        truth = template.judge(scene, slots)
        if truth is not None and truth.answer != answer and log.free(scene, text):
            found.setdefault(truth.answer, (scene, truth))
        if len(found) >= enough or (found and number >= SEARCHED):
            break
    chosen = pick(tuple(found), rng)
    return None if chosen is None else found[chosen]
