"""Which questions are asked of which picture: single ones (v1) or complementary pairs (v2)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vqax.data.scenes.colouring import COLOURING
from vqax.data.scenes.counting import COUNTING
from vqax.data.scenes.existence import EXISTENCE
from vqax.data.scenes.naming import NAMING
from vqax.data.scenes.placing import PLACING
from vqax.data.scenes.randomness import generator
from vqax.data.scenes.scene import Scene
from vqax.data.scenes.settings import QUESTION_IDS_PER_IMAGE, SPLITS, SceneSettings
from vqax.data.scenes.template import Slots, Template, Truth, pick
from vqax.errors import UsageError

TEMPLATES = {
    template.name: template for template in (*EXISTENCE, *COUNTING, *COLOURING, *NAMING, *PLACING)
}
TRIES = 400
SEARCHED = 150
"""So many pictures are looked through for a complement, drawn evenly over the answers found."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question put to a picture; ``pair`` numbers the two of v2, -1 in v1.

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
class _Book:
    """The questions of a split so far; no picture is asked the same words twice."""

    ids_per_image: int
    asked: list[Asked] = field(default_factory=list)
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
        self.asked.append(Asked(question_id, scene, template.name, text, truth, pair, slots))


def ask(settings: SceneSettings, split: str, scenes: Sequence[Scene]) -> list[Asked]:
    """All questions of a split, in the order of their ids.

    The pictures take turns, so each is asked about equally often.

    Raises:
        UsageError: no complementary picture, or no further question, can be found.
    """
    book = _Book(QUESTION_IDS_PER_IMAGE[settings.flavour])
    paired = settings.flavour == "v2"
    for number in range(settings.questions(split) // (2 if paired else 1)):
        rng = generator(settings.seed, "question", SPLITS.index(split), number)
        scene = scenes[number % len(scenes)]
        if paired:
            _ask_pair(book, scene, scenes, number, rng)
        else:
            template, slots, truth = _draw(book, scene, rng)
            book.add(scene, template, slots, truth)
    return sorted(book.asked, key=lambda asked: asked.question_id)


def _draw(book: _Book, scene: Scene, rng: np.random.Generator) -> tuple[Template, Slots, Truth]:
    """A template by weight, and what fills it, that makes sense and is new for the picture."""
    templates = tuple(TEMPLATES.values())
    weights = np.array([template.weight for template in templates])
    for _ in range(TRIES):
        template = templates[int(rng.choice(len(templates), p=weights / weights.sum()))]
        slots = template.choose(scene, rng)
        if slots is None or not book.free(scene, template.words(slots)):
            continue
        truth = template.judge(scene, slots)
        if truth is not None:
            return template, slots, truth
    raise UsageError(
        f"image {scene.image_id}: no further question after {book.per_image[scene.image_id]}; "
        "lower train_questions and val_questions or raise the number of images"
    )


def _ask_pair(
    book: _Book,
    scene: Scene,
    scenes: Sequence[Scene],
    pair: int,
    rng: np.random.Generator,
) -> None:
    """A question and the same words on another picture where the answer differs (VQA v2)."""
    for _ in range(TRIES):
        template, slots, truth = _draw(book, scene, rng)
        found = _complement(book, scenes, template, slots, truth.answer, rng)
        if found is not None:
            book.add(scene, template, slots, truth, pair)
            book.add(found[0], template, slots, found[1], pair)
            return
    raise UsageError(
        f"flavour v2: no complementary picture among {len(scenes)} for image {scene.image_id}; "
        "raise train_images and val_images"
    )


def _complement(
    book: _Book,
    scenes: Sequence[Scene],
    template: Template,
    slots: Slots,
    answer: str,
    rng: np.random.Generator,
) -> tuple[Scene, Truth] | None:
    """A picture with another answer, drawn evenly over the other answers."""
    text = template.words(slots)
    enough = 1 if template.answer_type == "yes/no" else len(scenes)
    found: dict[str, tuple[Scene, Truth]] = {}
    for number, index in enumerate(rng.permutation(len(scenes))):
        scene = scenes[index]
        truth = template.judge(scene, slots)
        if truth is not None and truth.answer != answer and book.free(scene, text):
            found.setdefault(truth.answer, (scene, truth))
        if len(found) >= enough or (found and number >= SEARCHED):
            break
    chosen = pick(tuple(found), rng)
    return None if chosen is None else found[chosen]
