"""A script reads the pictures of the run, and shares them out as it did."""

import json
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from core.export.script.pictures import load_text
from core.export.script.script import write_script
from core.image_sets.edit import editing
from core.image_sets.export import as_zip
from core.image_sets.splitting import TRAIN, VAL
from core.run_config import RunConfig
from core.runs.store import create_run
from core.training.batches import Splits, plan_of_images
from core.training.data import data_on_device
from tests.core.export.script.scripts import CPU, run_text
from tests.helpers import quick_config
from tests.own import own_dataset


class Published:
    """In place of torchvision's dataset: 400 pictures, of which the test's are others."""

    colour, asked = False, []

    def __init__(self, root, train, download):
        assert (root, download) == ("data", True)
        random = np.random.default_rng(int(train))
        shape = (400, 32, 32, 3) if self.colour else (400, 28, 28)
        pixels, labels = random.integers(0, 256, shape, dtype=np.uint8), random.integers(0, 10, 400)
        self.data = pixels if self.colour else torch.from_numpy(pixels)
        self.targets = labels.tolist() if self.colour else torch.from_numpy(labels)


def decoded(names: dict, config: RunConfig):
    from core.datasets import ImageData
    from core.datasets.cache import decoded

    images = [torch.as_tensor(names[each]) for each in ("images", "labels", "test_images", "test_labels")]
    assert images[0].shape[1:] == config.dataset.info().shape and images[0].dtype == torch.uint8
    return decoded(ImageData(*images))


@pytest.mark.parametrize("settings", [(0.1, 0, 0), (0.02, 3, 0), (0.5, 1, 7), (0.25, 2**31 - 1, 40)], ids=str)
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "digits"])
def test_the_split_has_the_rows_of_the_run(name, settings):
    share, seed, limit = settings
    training = {"validation_share": share, "seed": seed, "training_pictures": limit}
    config = quick_config(dataset={"name": name}, training=training, batch_size=5)
    Published.colour = name == "cifar10"
    stand_in = SimpleNamespace(MNIST=Published, FashionMNIST=Published, CIFAR10=Published)
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    more = {"load_digits": load_digits, "train_test_split": train_test_split}
    names = run_text(load_text(config, ""), datasets=stand_in, **more | {"SEED": seed})
    images = decoded(names, config)
    plan = plan_of_images(images, 10, share, seed, limit)
    parts = plan.parts[: len(images.train_labels)]
    assert names["train"].tolist() == np.flatnonzero(parts == TRAIN).tolist()
    assert names["validation"].tolist() == np.flatnonzero(parts == VAL).tolist()
    assert torch.equal(names["validation_images"], names["images"][parts == VAL])
    assert torch.equal(names["train_labels"], names["labels"][parts == TRAIN])


def as_seen(pictures) -> list:
    """uint8 (N, C, H, W) of a split, and its labels."""
    return [pictures.as_pictures(torch.arange(len(pictures))).transpose(0, 3, 1, 2), pictures.labels.tolist()]


def assert_same_pictures(names: dict, splits: Splits):
    for part, ours in (("train", splits.train), ("validation", splits.val), ("test", splits.test)):
        pixels, labels = as_seen(ours)
        assert names[f"{part}_labels"].tolist() == labels
        assert np.array_equal(names[f"{part}_images"].numpy(), pixels), part


def read_beside(config: RunConfig, file: Path, monkeypatch) -> dict:
    from PIL import Image, ImageOps

    monkeypatch.chdir(file.parent)
    more = {"np": np, "json": json, "Path": Path, "Image": Image, "ImageOps": ImageOps}
    beside = next(each.name for each in file.parent.glob(f"{file.stem}-*"))
    return run_text(load_text(config, beside), **more)


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch", "ink"])
@pytest.mark.parametrize("colour", ["colour", "grey"])
def test_own_pictures_are_read_from_the_export_as_the_run_saw_them(
    fit, colour, patterns, data_folder, runs_folder, tmp_path, monkeypatch
):
    dataset = {"name": "own_images", "source": patterns.id, "side": 28, "fit": fit, "colour": colour}
    config = quick_config(dataset=dataset, batch_size=4, training={"validation_share": 0.2, "training_pictures": 9})
    run, place = create_run(config, runs_folder), tmp_path / "here" / "mine.py"
    place.parent.mkdir()
    with zipfile.ZipFile(as_zip(patterns)) as archive:
        archive.extractall(place.parent / "pictures")
    facts = write_script(run, place, "", data_folder, lambda *_: None)
    assert (place.parent / facts["beside"][0]).is_file() and facts["lines"] == place.read_text().count("\n")
    assert facts["beside"][0] in place.read_text()
    names = read_beside(config, place, monkeypatch)
    assert_same_pictures(names, data_on_device(config, data_folder, CPU)[0])


def test_an_older_version_is_read_from_the_newest_export(data_folder, runs_folder, tmp_path, monkeypatch):
    """What was taken out since is left out, and said."""
    own = own_dataset(data_folder, tmp_path / "brought", {"stripes": 12, "dots": 12})
    config = quick_config(dataset={"name": "own_images", "source": own.id, "side": 28}, batch_size=4)
    splits = data_on_device(config, data_folder, CPU)[0]
    gone, moved = own.members().images[[3, 5]].tolist()
    with editing(own, "Taken out") as edited:
        edited.remove([gone])
        edited.move([moved], next(each.id for each in own.classes() if each.name == "stripes"))
    place = tmp_path / "here" / "train.py"
    place.parent.mkdir()
    with zipfile.ZipFile(as_zip(own)) as archive:
        archive.extractall(place.parent / "pictures")
    facts = write_script(create_run(config, runs_folder), place, "", data_folder, lambda *_: None)
    assert facts["gone"] == 1
    names = read_beside(config, place, monkeypatch)
    count = sum(len(names[f"{part}_labels"]) for part in ("train", "validation", "test"))
    assert count == len(splits.train) + len(splits.val) + len(splits.test) - 1
