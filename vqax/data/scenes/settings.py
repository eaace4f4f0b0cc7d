"""What a scenes data set depends on; the same settings give the same bytes."""

from dataclasses import dataclass

from vqax.data.scenes.colours import COLOURS
from vqax.data.scenes.glyphs import THINGS
from vqax.errors import UsageError

SPLITS = ("train2014", "val2014")
FIRST_IMAGE_ID = {"train2014": 1, "val2014": 400_001}
QUESTION_IDS_PER_IMAGE = {"v1": 10, "v2": 1000}
"""VQA ids: image = question // 10 in v1, question // 1000 in v2."""


@dataclass(frozen=True, slots=True)
class SceneSettings:
    """Sizes, seed and flavour of a scenes data set.

    ``flavour`` v1 keeps the language priors; v2 pairs every question with a second image that
    has another answer (both count, so the number of questions is even). ``human_map_questions``
    is how many training questions get a human attention map, None for all of them;
    ``explanation_questions`` at most so many validation questions get VQA-X sentences and maps.

    Raises:
        UsageError: a value is out of its range.
    """

    things: int = 25
    colours: int = 8
    train_images: int = 1200
    val_images: int = 400
    train_questions: int = 5000
    val_questions: int = 1500
    image_size_px: int = 224
    min_object_px: int = 44
    max_object_px: int = 76
    min_objects: int = 2
    max_objects: int = 5
    flavour: str = "v1"
    human_map_questions: int | None = None
    explanation_questions: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        _within("things", self.things, 8, len(THINGS))
        _within("colours", self.colours, 3, len(COLOURS))
        _within("min_objects", self.min_objects, 1, self.max_objects)
        _within("min_object_px", self.min_object_px, 8, self.max_object_px)
        _within("max_object_px", self.max_object_px, 8, self.image_size_px // 2)
        _within("seed", self.seed, 0, 2**63 - 1)
        if self.flavour not in QUESTION_IDS_PER_IMAGE:
            raise UsageError(f"flavour is {self.flavour!r}; choose v1 or v2")
        if self.human_map_questions is not None:
            _within("human_map_questions", self.human_map_questions, 0, self.train_questions)
        _within("explanation_questions", self.explanation_questions, 0, 10**9)
        for split in SPLITS:
            self._check_split(split)

    def images(self, split: str) -> int:
        """Number of images of a split."""
        return self.train_images if split == SPLITS[0] else self.val_images

    def questions(self, split: str) -> int:
        """Number of questions of a split."""
        return self.train_questions if split == SPLITS[0] else self.val_questions

    def image_ids(self, split: str) -> range:
        """The image ids of a split; no id is in both."""
        first = FIRST_IMAGE_ID[split]
        return range(first, first + self.images(split))

    def _check_split(self, split: str) -> None:
        part = split.removesuffix("2014")
        _within(f"{part}_images", self.images(split), 2, 150_000)
        # an image must not run out of question ids, nor of different questions to ask
        _within(f"{part}_questions", self.questions(split), 1, 8 * self.images(split))
        if self.flavour == "v2" and self.questions(split) % 2:
            raise UsageError(
                f"{part}_questions is {self.questions(split)}, but flavour v2 asks in pairs; "
                "choose an even number"
            )


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise UsageError(f"{name} is {value}; choose a number from {low} to {high}")
