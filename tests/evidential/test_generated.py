"""Images that are made: ranges, seeds, refusals; sources by name."""

import numpy as np
import pytest

from vqax.errors import MissingArtefact, UsageError
from vqax.evidential.generated import THINGS, photographs, silhouettes, uniform_noise
from vqax.evidential.sources import SOURCES

MAKES = {
    "silhouettes": lambda seed: silhouettes(things=("cat", "key"), per_class=3, seed=seed),
    "photographs": lambda seed: photographs(count=4, size=(6, 8), seed=seed),
    "noise": lambda seed: uniform_noise(count=4, size=(6, 8), seed=seed),
}


@pytest.mark.parametrize("name", MAKES)
def test_the_same_seed_makes_the_same_pictures_in_range(name):
    one, same, other = MAKES[name](1), MAKES[name](1), MAKES[name](2)
    assert one.pixels.dtype == np.float32
    assert one.pixels.min() >= 0
    assert one.pixels.max() <= 1
    np.testing.assert_array_equal(one.pixels, same.pixels)
    assert (one.pixels != other.pixels).any()


def test_silhouettes_stay_in_the_frame_and_have_labels():
    made = MAKES["silhouettes"](0)
    assert made.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert made.classes == ("cat", "key")
    border = np.ones((28, 28), bool)
    border[2:-2, 2:-2] = False
    assert (made.pixels[:, 0, border] == 0).all()
    assert (made.pixels.max((1, 2, 3)) >= 0.5).all()


def test_one_or_an_unknown_thing_is_refused():
    with pytest.raises(UsageError, match="between at least two"):
        silhouettes(things=THINGS[:1])
    with pytest.raises(UsageError, match="things: 'unicorn' is not known"):
        silhouettes(things=("cat", "unicorn"))


@pytest.mark.parametrize("name", ["mnist", "idx", "image_folder"])
def test_a_source_of_files_asks_for_its_folder(name):
    with pytest.raises(UsageError, match="folder: this source reads files"):
        SOURCES[name](None, "train")


def test_real_fashion_pictures_by_their_stem(shared):
    found = SOURCES["idx"](
        shared / "data" / "fashion_mnist", None, stem="fashion900", classes="fashion"
    )
    assert found.pixels.shape == (900, 1, 28, 28)
    assert np.bincount(found.labels).tolist() == [90] * 10


def test_absent_files_are_named(tmp_path):
    with pytest.raises(MissingArtefact, match=r"train-images-idx3-ubyte\.gz: no such idx file"):
        SOURCES["idx"](tmp_path, "train")
