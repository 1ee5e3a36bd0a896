"""Files of datasets that people lay into the data folder themselves."""

import gzip

import pytest

from core.datasets import DATASETS, DatasetError, obtain
from core.datasets.cache import open_images
from core.datasets.mnist import FILES
from tests.core.datasets.test_obtain import CLASSES, cifar_archive, files_of, idx_files, install, publish
from tests.helpers import assert_one_sentence, closed_port


@pytest.mark.parametrize("name", CLASSES)
def test_files_copied_by_hand_are_found(name, tmp_path, monkeypatch):
    install(name, tmp_path)
    publish(monkeypatch, name, "http://127.0.0.1:1/", files_of(name)[1])
    settings = DATASETS.parse(name)
    assert settings.is_present(tmp_path)
    assert settings.load(tmp_path).test_images.shape[0] > 0


def lay(name, folder, unpacked):
    """What people download by hand, as it came or unpacked."""
    folder.mkdir(parents=True, exist_ok=True)
    if name == "cifar10":
        archive, members, _ = cifar_archive()
        if not unpacked:
            (folder / "cifar-10-python.tar.gz").write_bytes(archive)
        for member, data in members.items() if unpacked else ():
            (folder / member).write_bytes(data)
        return
    for file, data in idx_files()[0].items():
        (folder / (file.removesuffix(".gz") if unpacked else file)).write_bytes(
            gzip.decompress(data) if unpacked else data
        )


@pytest.mark.parametrize("unpacked", [False, True], ids=["as it came", "unpacked"])
@pytest.mark.parametrize(
    ("name", "place"),
    [
        *(("fashion_mnist", place) for place in (".", "raw", "FashionMNIST", "FashionMNIST/raw", "fashion-mnist")),
        *(("cifar10", place) for place in (".", "CIFAR10", "cifar-10-batches-py", "CIFAR10/cifar-10-batches-py")),
    ],
)
def test_files_are_found_where_people_lay_them(name, place, unpacked, tmp_path, monkeypatch):
    lay(name, tmp_path / place, unpacked)
    publish(monkeypatch, name, f"http://127.0.0.1:{closed_port()}/", files_of(name)[1])
    settings = DATASETS.parse(name)
    assert settings.is_present(tmp_path)
    assert list(obtain.obtain(settings, tmp_path)) == [], "nothing is downloaded"
    assert open_images(settings, tmp_path).test_labels.shape[0] > 0
    assert not list(tmp_path.rglob(".coming-*"))


def test_mnist_in_the_data_folder_is_not_taken_for_clothes(tmp_path):
    lay("fashion_mnist", tmp_path, unpacked=True)
    labels = tmp_path / FILES[1]
    labels.write_bytes(labels.read_bytes()[:8] + bytes([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]) + labels.read_bytes()[18:])
    assert not DATASETS.parse("fashion_mnist").is_present(tmp_path)


def test_an_archive_that_was_laid_there_damaged_is_one_sentence(tmp_path):
    lay("cifar10", tmp_path, unpacked=False)
    archive = tmp_path / "cifar-10-python.tar.gz"
    archive.write_bytes(archive.read_bytes()[:5000])
    with pytest.raises(DatasetError) as caught:
        open_images(DATASETS.parse("cifar10"), tmp_path)
    assert_one_sentence(str(caught.value), "CIFAR-10", "could not be unpacked", "delete cifar-10-python.tar.gz")
