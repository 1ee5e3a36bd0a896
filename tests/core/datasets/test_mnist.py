"""MNIST as it comes with the program."""

import hashlib
import json
import lzma
from pathlib import Path

import numpy as np
import pytest
import torch

import core.datasets.mnist as module
from core.datasets import DATASETS, DatasetError
from core.datasets.cache import kept_array, open_images
from core.datasets.obtain import obtain
from docs.pack_mnist import pack
from tests.helpers import assert_one_sentence

ROOT = Path(module.__file__).parents[2]
CHECKSUMS = {  # sha256 of what follows the headers of the published files
    "train_images": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "train_labels": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "test_images": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "test_labels": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    return DATASETS.parse("mnist").load(tmp_path_factory.mktemp("empty"))


@pytest.mark.parametrize("part", CHECKSUMS)
def test_every_byte_is_the_published_one(mnist, part):
    values = getattr(mnist, part).numpy().astype(np.uint8)
    assert hashlib.sha256(values.tobytes()).hexdigest() == CHECKSUMS[part]


@pytest.mark.mnist
def test_pixels_and_labels_are_those_of_the_published_files(mnist, data_folder):
    parts = ("train_images", "train_labels", "test_images", "test_labels")
    for file, part in zip(module.FILES, parts, strict=True):
        published = (data_folder / "MNIST" / "raw" / file).read_bytes()
        values = getattr(mnist, part).numpy().astype(np.uint8).tobytes()
        assert published.endswith(values) and len(published) - len(values) == (16 if "images" in part else 8)


@pytest.mark.mnist
def test_the_published_files_are_packed_into_this_very_content(mnist, data_folder, monkeypatch):
    given = {}
    monkeypatch.setattr(lzma, "compress", lambda content, **how: given.update(how) or content)
    packed = pack(data_folder / "MNIST" / "raw")
    parts = (mnist.train_images, mnist.test_images, mnist.train_labels, mnist.test_labels)
    assert packed == b"".join(part.numpy().astype(np.uint8).tobytes() for part in parts)
    assert given == {"check": lzma.CHECK_SHA256, "preset": 9 | lzma.PRESET_EXTREME}


def test_what_is_packed_must_be_mnist(tmp_path):
    for file in module.FILES:
        (tmp_path / file).write_bytes(bytes(100))
    with pytest.raises(ValueError, match="not MNIST's"):
        pack(tmp_path)


def test_it_is_small_enough_for_a_repository_and_its_licence_lies_beside_it():
    assert module.PACKED.stat().st_size <= 10_000_000
    note = (module.PACKED.parent / "README.md").read_text(encoding="utf-8")
    for fact in (
        "LeCun",
        "Cortes",
        "Burges",
        "yann.lecun.com/exdb/mnist",
        "by-sa/3.0",
        "MIT licence of TrainDesk covers the code",
    ):
        assert fact in note
    assert "core/datasets/mnist_data" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_counts_and_labels_are_the_published_ones(mnist):
    assert mnist.train_images.shape == (60_000, 1, 28, 28) and mnist.test_images.shape == (10_000, 1, 28, 28)
    assert mnist.train_images.dtype == torch.uint8 and mnist.train_labels.dtype == torch.int64
    assert mnist.train_labels.bincount().tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert mnist.test_labels.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert mnist.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]


def test_facts_told_without_loading_are_true(mnist):
    info = DATASETS.parse("mnist").info()
    assert info.shape == mnist.train_images.shape[1:] and not info.download_bytes
    assert (info.train_images, info.test_images) == (len(mnist.train_labels), len(mnist.test_labels))
    pixels = mnist.train_images.float() / 255
    assert info.mean[0] == pytest.approx(pixels.mean().item(), abs=1e-4)
    assert info.deviation[0] == pytest.approx(pixels.std().item(), abs=1e-4)


def test_an_empty_data_folder_is_enough_and_the_second_time_they_are_mapped(mnist, tmp_path, monkeypatch):
    settings = DATASETS.parse("mnist")
    assert settings.is_present(tmp_path) and list(obtain(settings, tmp_path)) == []
    open_images(settings, tmp_path)
    monkeypatch.setattr(module.MNIST, "load", None)  # not unpacked again
    images = open_images(settings, tmp_path)
    assert images.mapped and images.shape == (1, 28, 28)
    assert torch.equal(images.train_pixels, mnist.train_images.flatten(1))
    assert torch.equal(images.test_pixels, mnist.test_images.flatten(1))
    assert torch.equal(images.train_labels, mnist.train_labels)
    assert torch.equal(images.test_labels, mnist.test_labels)


def test_what_an_earlier_version_decoded_from_the_published_files_is_opened_as_it_is(tmp_path, monkeypatch):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    files = [raw / file for file in module.FILES]
    for file in files:
        file.write_bytes(b"published")
    facts = [[str(file.relative_to(tmp_path)), 9, file.stat().st_mtime_ns] for file in files]
    earlier = hashlib.sha256(json.dumps([1, "", facts], sort_keys=True).encode()).hexdigest()[:16]
    kept = tmp_path / "cache" / f"mnist-{earlier}"
    kept.mkdir(parents=True)
    for split in ("train", "test"):
        np.save(kept / f"{split}_pixels.npy", np.full((3, 28, 28, 1), 7, np.uint8))
        np.save(kept / f"{split}_labels.npy", np.arange(3))
    monkeypatch.setattr(module.MNIST, "load", None)
    assert open_images(DATASETS.parse("mnist"), tmp_path).train_pixels.tolist() == [[7] * 784] * 3
    assert kept_array(DATASETS.parse("mnist"), tmp_path, "test", "pixels").shape == (3, 28, 28, 1)


def darkened(packed):
    content, pixels = lzma.decompress(packed), 60_000 * 28 * 28
    return lzma.compress(bytes(pixels) + content[pixels:], preset=0)  # black is packed in a moment


@pytest.mark.parametrize(
    "damage",
    [
        lambda packed: packed[:-1000],
        lambda packed: b"",
        lambda packed: b"hello",
        darkened,
        lambda packed: lzma.compress(b""),
    ],
    ids=["cut", "empty", "foreign", "black training images", "nothing inside"],
)
def test_a_damaged_file_is_one_sentence(damage, tmp_path, monkeypatch):
    broken = tmp_path / "mnist.xz"
    broken.write_bytes(damage(module.PACKED.read_bytes()))
    monkeypatch.setattr(module, "PACKED", broken)
    with pytest.raises(DatasetError) as caught:
        DATASETS.parse("mnist").load(tmp_path)
    assert_one_sentence(str(caught.value), "MNIST", str(broken), "damaged", "install TrainDesk anew")


def test_a_missing_file_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PACKED", tmp_path / "mnist.xz")
    with pytest.raises(DatasetError) as caught:
        open_images(DATASETS.parse("mnist"), tmp_path / "data")
    assert_one_sentence(str(caught.value), str(tmp_path / "mnist.xz"), "missing")


def test_the_mlp_learns_mnist_within_an_epoch(mnist):
    from core.recipes import find_recipe
    from core.training.batches import split
    from core.training.build import begin, setup_of
    from core.training.loop import Epoch, train

    config = find_recipe("mlp").config()
    splits = split(mnist, config.dataset, 0.05, 0, torch.device("cpu"))
    state = begin(config, splits, torch.device("cpu"), None)
    epoch = next(happened for happened in train(state, setup_of(config), splits) if isinstance(happened, Epoch))
    assert len(splits.val) == 3000 and state.step == 57_000 // 200
    assert epoch.metrics["val/accuracy"] > 0.9
