"""Labelled images in a tar file."""

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.evidential.archive import image_tar


def tar(path, entries):
    with tarfile.open(path, "w") as archive:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path.name


def png(colour, size=(6, 4)):
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_part_is_read_in_the_order_of_its_names(tmp_path):
    entries = {
        "test/dog/2.png": png((0, 0, 255)),
        "train/dog/1.png": png((9, 9, 9)),
        "test/cat/9.png": png((255, 0, 51)),
        "test/notes.txt": b"not an image, and of no class",
    }
    file = tar(tmp_path / "a.tar", entries)
    images = image_tar(tmp_path, "test", file=file)
    assert images.classes == ("cat", "dog")
    assert images.labels.tolist() == [0, 1]
    assert images.pixels.shape == (2, 3, 4, 6)
    np.testing.assert_allclose(images.pixels[0, :, 0, 0], [1, 0, 0.2], rtol=1e-6)
    assert image_tar(tmp_path, "train", file=file).classes == ("dog",)


def test_a_file_that_is_not_there_or_holds_no_such_part(tmp_path):
    file = tar(tmp_path / "a.tar", {"test/dog/2.png": png((0, 0, 255))})
    with pytest.raises(MissingArtefact, match=r"b\.tar: no such tar file"):
        image_tar(tmp_path, "test", file="b.tar")
    with pytest.raises(MissingArtefact, match=r"a\.tar: holds no images as val/CLASS/NAME"):
        image_tar(tmp_path, "val", file=file)
    with pytest.raises(UsageError, match="folder: this source reads a tar file"):
        image_tar(None, "test", file=file)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"test/dog/1.png": b"no image"}, r"a\.tar: test/dog/1\.png is not an image"),
        (
            {"test/cat/1.png": png((0, 0, 0)), "test/dog/1.png": png((0, 0, 0), (4, 6))},
            r"test/dog/1\.png has 6×4 pixels, but the first image 4×6",
        ),
    ],
)
def test_an_entry_that_cannot_be_used_is_named(tmp_path, entries, message):
    file = tar(tmp_path / "a.tar", entries)
    with pytest.raises(BadData, match=message):
        image_tar(tmp_path, "test", file=file)


def test_a_cut_archive_is_bad_data(tmp_path):
    file = tar(tmp_path / "a.tar", {"test/dog/1.png": png((1, 2, 3), (64, 64))})
    path = tmp_path / file
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(BadData, match=r"a\.tar: .*fetch the file again"):
        image_tar(tmp_path, "test", file=file)


def test_real_cifar_images(shared):
    folder = shared / "data" / "cifar10_jpg"
    images = image_tar(folder, "test", file="cifar10_jpg_subset.tar")
    assert np.bincount(images.labels).tolist() == [100] * 10
    assert images.pixels.shape == (1000, 3, 32, 32)
