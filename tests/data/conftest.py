"""A small scenes data set of each flavour, generated once."""

from pathlib import Path

import pytest

from vqax.data.scenes import SceneSettings, generate

SMALL = {
    "things": 12,
    "colours": 4,
    "train_images": 14,
    "val_images": 9,
    "train_questions": 84,
    "val_questions": 44,
    "image_size_px": 72,
    "min_object_px": 14,
    "max_object_px": 22,
}


@pytest.fixture(scope="session")
def scenes_v1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("scenes") / "v1"
    generate(root, SceneSettings(**SMALL))
    return root


@pytest.fixture(scope="session")
def scenes_v2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("scenes") / "v2"
    generate(root, SceneSettings(**SMALL, flavour="v2"))
    return root
