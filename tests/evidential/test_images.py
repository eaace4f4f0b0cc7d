"""Digits, CIFAR-10 through torchvision, folders of images."""

import hashlib
import pickle
import tarfile

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from torchvision import datasets

from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.evidential import images as module
from vqax.evidential.images import DATASETS, cifar10, digits, download, image_folder


@pytest.fixture(scope="module")
def numbers():
    return digits()


def test_digits_are_the_scans_in_the_frame_of_mnist(numbers):
    assert numbers.pixels.shape == (1797, 1, 28, 28)
    assert (numbers.pixels.min(), numbers.pixels.max()) == (0, 1)
    assert not numbers.pixels[:, :, :4].any()
    assert not numbers.pixels[..., 24:].any()
    assert numbers.labels.tolist() == load_digits().target.tolist()


def test_a_digit_keeps_its_shape():
    """Averaged back to 8×8 it is the scan, blurred: correlated, brightness kept."""
    scans = load_digits().images[:200] / 16
    large = digits(size=32, margin=0).pixels[:200, 0]
    back = large.reshape(200, 8, 4, 8, 4).mean(axis=(2, 4))
    assert np.corrcoef(scans.ravel(), back.ravel())[0, 1] > 0.97
    assert back.mean() == pytest.approx(scans.mean(), rel=0.02)


def test_too_wide_a_margin():
    with pytest.raises(UsageError, match="a margin of 11 in 28 pixels leaves 6"):
        digits(margin=11)


def test_rows(numbers):
    chosen = numbers.rows(np.array([5, 2]))
    np.testing.assert_array_equal(chosen.pixels, numbers.pixels[[5, 2]])
    assert chosen.labels.tolist() == [5, 2]


@pytest.fixture
def fake_cifar(tmp_path, monkeypatch):
    """A CIFAR-10 of six images, with its own checksums in the place of the published ones."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()

    def save(name, content):
        data = pickle.dumps(content)
        (folder / name).write_bytes(data)
        return [name, hashlib.md5(data).hexdigest()]

    rng = np.random.default_rng(0)
    rows = {
        name: rng.integers(0, 256, (2, 3072), dtype=np.uint8) for name in ("one", "two", "test")
    }
    parts = {name: save(name, {"data": rows[name], "labels": [3, 1]}) for name in rows}
    name, md5 = save("batches.meta", {"label_names": [f"class {i}" for i in range(10)]})
    monkeypatch.setattr(datasets.CIFAR10, "train_list", [parts["one"], parts["two"]])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", [parts["test"]])
    monkeypatch.setattr(
        datasets.CIFAR10, "meta", {"filename": name, "md5": md5, "key": "label_names"}
    )
    return tmp_path, rows


def test_cifar_of_torchvision(fake_cifar):
    folder, rows = fake_cifar
    train, test = cifar10(folder, "train"), cifar10(folder, "test")
    assert train.pixels.shape == (4, 3, 32, 32)
    np.testing.assert_allclose(test.pixels.reshape(2, -1), rows["test"] / 255, rtol=1e-6)
    assert test.labels.tolist() == [3, 1]
    assert test.classes[3] == "class 3"


def test_a_damaged_cifar_is_not_unpickled(fake_cifar):
    folder, _ = fake_cifar
    (folder / "cifar-10-batches-py" / "two").write_bytes(b"other")
    with pytest.raises(BadData, match="no complete cifar-10-batches-py in it; download it"):
        cifar10(folder, "train")


@pytest.mark.parametrize("name", DATASETS)
def test_unknown_part(tmp_path, name):
    with pytest.raises(UsageError, match="part: 'val' is not known; choose one of train, test"):
        DATASETS[name](tmp_path, "val")


def test_download_without_a_network(tmp_path, monkeypatch):
    def refuse(folder, *, download):
        raise OSError("no route to host")

    monkeypatch.setattr(datasets, "MNIST", refuse)
    with pytest.raises(MissingArtefact, match=r"mnist: .*no route to host.*MNIST/raw by hand"):
        download("mnist", tmp_path)
    with pytest.raises(UsageError, match="data set: 'x'"):
        download("x", tmp_path)


def test_download_names_the_folder_that_the_reader_takes(tmp_path, monkeypatch):
    fetched = []
    monkeypatch.setattr(
        datasets, "FashionMNIST", lambda folder, download: fetched.append((folder, download))
    )
    assert download("fashion_mnist", tmp_path) == tmp_path / "FashionMNIST" / "raw"
    assert fetched == [(tmp_path, True)]


def save(path, size=(6, 4), colour=(255, 0, 51)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def test_a_folder_of_pictures(tmp_path):
    save(tmp_path / "dog" / "1.png")
    save(tmp_path / "cat" / "2.png", colour=(0, 0, 0))
    images = image_folder(tmp_path)
    assert images.classes == ("cat", "dog")
    assert images.labels.tolist() == [0, 1]
    assert images.pixels.shape == (2, 3, 4, 6)
    np.testing.assert_allclose(images.pixels[1, :, 0, 0], [1, 0, 0.2], rtol=1e-6)


def test_a_folder_with_a_picture_of_another_size(tmp_path):
    save(tmp_path / "cat" / "1.png")
    save(tmp_path / "dog" / "2.png", size=(4, 6))
    with pytest.raises(BadData, match=r"2\.png: 6×4, but the images of this data set have 4×6"):
        image_folder(tmp_path)
    with pytest.raises(BadData, match=r"1\.png: 4×6, but .* have 32×32"):
        image_folder(tmp_path, size=(32, 32))


def test_a_folder_without_pictures(tmp_path):
    with pytest.raises(MissingArtefact, match="no images in it"):
        image_folder(tmp_path)


def test_real_cifar_pictures(shared, tmp_path):
    with tarfile.open(shared / "data" / "cifar10_jpg" / "cifar10_jpg_subset.tar") as tar:
        members = [
            m
            for m in tar.getmembers()
            if m.isfile() and m.name.startswith("test/") and "/000" in m.name
        ]
        for member in members:
            path = tmp_path / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(tar.extractfile(member).read())
    images = image_folder(tmp_path / "test", size=(32, 32))
    assert len(images.classes) == 10
    assert images.pixels.shape[1:] == (3, 32, 32)
    assert images.labels.tolist() == sorted(images.labels.tolist())
    assert 0.3 < images.pixels.mean() < 0.7


def test_the_package_is_named_when_it_is_missing(monkeypatch):
    def missing(name):
        raise MissingArtefact(f"{name}: not installed")

    monkeypatch.setattr(module, "optional", missing)
    with pytest.raises(MissingArtefact, match=r"sklearn\.datasets: not installed"):
        digits()
