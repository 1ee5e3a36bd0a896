"""Images kept decoded: opened instead of decoded, and decoded anew when anything about them has changed."""

import errno
import os
import sys
import threading
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest
import torch

from core.datasets import DATASETS, DatasetError, DatasetInfo, DatasetSettings, ImageData, cache
from core.datasets.cache import as_matrix, open_images

SHAPE = (3, 2, 5)


class Tiny(DatasetSettings):
    """Pictures made from the bytes of one file."""

    label: ClassVar[str] = "Tiny"
    decodings: ClassVar[list] = []
    library: ClassVar[str] = "1.0"
    name: Literal["tiny"] = "tiny"

    def info(self):
        return DatasetInfo(SHAPE, tuple("abcd"), 20, 8, (0.5,) * 3, (0.2,) * 3)

    def sources(self, data_folder):
        return [data_folder / "tiny.bin"]

    def decoder(self):
        return self.library

    def load(self, data_folder):
        self.decodings.append(self)
        try:
            seed = len((data_folder / "tiny.bin").read_bytes())
        except OSError:
            raise DatasetError("No file.") from None
        random = torch.Generator().manual_seed(seed)
        images = torch.randint(0, 256, (28, *SHAPE), dtype=torch.uint8, generator=random)
        labels = torch.arange(28) % 4
        return ImageData(images[:20], labels[:20], images[20:], labels[20:])


class Sized(Tiny):
    size: int = 4


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(Tiny, "decodings", [])
    (tmp_path / "tiny.bin").write_bytes(b"123")
    return tmp_path


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "cache").iterdir())


def assert_same(images, data):
    assert images.shape == SHAPE
    for ours, theirs in ((images.train_pixels, data.train_images), (images.test_pixels, data.test_images)):
        assert ours.dtype == torch.uint8
        assert torch.equal(ours.view(-1, 2, 5, 3), theirs.permute(0, 2, 3, 1))
    assert torch.equal(images.train_labels, data.train_labels) and images.train_labels.dtype == torch.int64
    assert torch.equal(images.test_labels, data.test_labels)


def test_images_are_decoded_once_and_then_opened(folder, recwarn):
    for _ in range(3):
        images = open_images(Tiny(), folder)
        assert images.mapped
    assert len(Tiny.decodings) == 1
    assert_same(images, Tiny().load(folder))
    assert not recwarn.list
    assert [path.name.split("-")[0] for path in kept(folder)] == ["tiny"]


def test_the_matrix_has_channels_last(folder):
    images = torch.arange(2 * 3 * 2 * 2, dtype=torch.uint8).view(2, 3, 2, 2)
    assert as_matrix(images)[1].tolist() == [12, 16, 20, 13, 17, 21, 14, 18, 22, 15, 19, 23]
    grey = torch.zeros(2, 1, 2, 2, dtype=torch.uint8)
    assert as_matrix(grey).data_ptr() == grey.data_ptr()
    assert as_matrix(images[:0]).shape == (0, 12)


def longer(folder, monkeypatch):
    (folder / "tiny.bin").write_bytes(b"1234")


def later(folder, monkeypatch):
    os.utime(folder / "tiny.bin", ns=(0, 1))


def other_library(folder, monkeypatch):
    monkeypatch.setattr(Tiny, "library", "1.1")


def other_format(folder, monkeypatch):
    monkeypatch.setattr(cache, "FORMAT", 99)


@pytest.mark.parametrize("change", [longer, later, other_library, other_format])
def test_a_change_of_what_they_come_from_decodes_them_anew(change, folder, monkeypatch):
    open_images(Tiny(), folder)
    (before,) = kept(folder)
    change(folder, monkeypatch)
    images = open_images(Tiny(), folder)
    assert len(Tiny.decodings) == 2
    assert_same(images, Tiny().load(folder))
    (after,) = kept(folder)
    assert after != before, "and the old ones are removed"


def test_how_pixels_are_scaled_changes_nothing(folder):
    open_images(Tiny(), folder)
    open_images(Tiny(normalisation="half"), folder)
    assert len(Tiny.decodings) == 1


def test_each_dataset_and_each_setting_of_its_own_is_kept_apart(folder):
    (folder / "cache" / "tinyother-1234").mkdir(parents=True)
    for settings in (Sized(size=4), Sized(size=5), Sized(size=4), Sized(size=5)):
        open_images(settings, folder)
    assert len(Tiny.decodings) == 2
    assert len(kept(folder)) == 3
    longer(folder, None)
    open_images(Sized(size=4), folder)
    assert len(kept(folder)) == 3, "the other setting's images are not touched"


def test_a_moved_data_folder_keeps_its_images(folder, tmp_path_factory):
    open_images(Tiny(), folder)
    moved = tmp_path_factory.mktemp("elsewhere") / "data"
    folder.rename(moved)
    open_images(Tiny(), moved)
    assert len(Tiny.decodings) == 1
    moved.rename(folder)


DAMAGES = {
    "cut": lambda file, array: file.write_bytes(file.read_bytes()[:-1]),
    "longer": lambda file, array: file.write_bytes(file.read_bytes() + b"0"),
    "header alone": lambda file, array: file.write_bytes(file.read_bytes()[:128]),
    "half a header": lambda file, array: file.write_bytes(file.read_bytes()[:40]),
    "empty": lambda file, array: file.write_bytes(b""),
    "foreign": lambda file, array: file.write_bytes(b"hello " * 1000),
    "an archive": lambda file, array: np.savez(file.open("wb"), array),
    "missing": lambda file, array: file.unlink(),
    "a folder": lambda file, array: (file.unlink(), file.mkdir()),
    "other type": lambda file, array: np.save(file, array.astype(np.int32)),
    "fewer": lambda file, array: np.save(file, array[:-1]),
    "none": lambda file, array: np.save(file, array[:0]),
    "other shape": lambda file, array: np.save(file, array[..., None]),
    "column by column": lambda file, array: np.save(file, np.asfortranarray(array)),
}


@pytest.mark.parametrize("name", ["train_pixels", "test_labels"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_noticed_and_replaced(damage, name, folder):
    open_images(Tiny(), folder)
    file = kept(folder)[0] / f"{name}.npy"
    DAMAGES[damage](file, np.load(file))
    for _ in range(2):
        images = open_images(Tiny(), folder)
        assert images.mapped
    no_damage = (damage, name) == ("column by column", "test_labels")  # of one dimension
    assert len(Tiny.decodings) == (1 if no_damage else 2)
    assert_same(images, Tiny().load(folder))


@pytest.mark.parametrize("label", [-1, 4])
def test_labels_outside_the_classes_are_noticed(label, folder):
    open_images(Tiny(), folder)
    file = kept(folder)[0] / "train_labels.npy"
    labels = np.load(file)
    labels[7] = label
    np.save(file, labels)
    assert open_images(Tiny(), folder).train_labels.unique().tolist() == [0, 1, 2, 3]
    assert len(Tiny.decodings) == 2


def test_without_a_place_to_keep_them_they_stay_in_memory(folder):
    (folder / "cache").write_text("in the way of the folder")
    for _ in range(2):
        images = open_images(Tiny(), folder)
        assert not images.mapped
    assert len(Tiny.decodings) == 2
    assert_same(images, Tiny().load(folder))


def test_a_full_disk_is_no_failure_and_leaves_nothing_behind(folder, monkeypatch):
    def full(stream, array, **_):
        stream.write(b"some")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    images = open_images(Tiny(), folder)
    assert not images.mapped
    assert_same(images, Tiny().load(folder))
    assert kept(folder) == []


def test_missing_files_are_the_datasets_own_error(folder):
    (folder / "tiny.bin").unlink()
    with pytest.raises(DatasetError, match="No file"):
        open_images(Tiny(), folder)


def test_several_at_once_all_get_them(folder, monkeypatch):
    at_once = threading.Barrier(4, timeout=240)
    load = Tiny.load
    monkeypatch.setattr(Tiny, "load", lambda self, place: (load(self, place), at_once.wait())[0])
    found = []
    threads = [threading.Thread(target=lambda: found.append(open_images(Tiny(), folder))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(Tiny.decodings) == 4
    monkeypatch.setattr(Tiny, "load", load)
    for images in found:
        assert_same(images, Tiny().load(folder))
    assert len(kept(folder)) == 1 and not kept(folder)[0].name.startswith(".")


def test_what_a_dead_process_left_half_written_is_removed_and_a_living_ones_is_not(folder):
    dead, living = folder / "cache" / ".tiny-1.a", folder / "cache" / ".tiny-1.b"
    dead.mkdir(parents=True)
    living.mkdir()
    os.utime(dead, (0, 0))
    open_images(Tiny(), folder)
    assert not dead.exists() and living.exists()


def test_the_kept_digits_are_opened_without_scikit_learn(tmp_path, monkeypatch):
    settings = DATASETS.parse("digits")
    data = settings.load(tmp_path)
    first = open_images(settings, tmp_path)
    monkeypatch.setitem(sys.modules, "sklearn", None)  # importing it fails
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    images = open_images(settings, tmp_path)
    assert first.mapped and images.mapped
    assert torch.equal(images.test_pixels, data.test_images.flatten(1))
