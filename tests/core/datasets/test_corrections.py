"""Pictures that people corrected: kept, read back, and shown as often as asked in a training and nowhere else."""

import numpy as np
import pytest
import torch

from core.datasets._base import DatasetError
from core.datasets.corrections import corrected_pictures, forget, forget_all, how_many, keep
from core.runs.store import create_run
from core.training.data import data_on_device
from core.workers.worker import work
from tests.helpers import assert_one_sentence, quick_config


def some(seed, shape=(1, 8, 8)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize(("name", "shape"), [("digits", (1, 8, 8)), ("cifar10", (3, 32, 32))])
def test_what_was_kept_is_read_exactly(tmp_path, name, shape):
    dataset = quick_config(dataset=name, architecture="mlp").dataset
    assert how_many(dataset, tmp_path) == 0 and corrected_pictures(dataset, tmp_path)[0].shape == (0, *shape)
    paths = [keep(dataset, tmp_path, some(seed, shape), seed) for seed in (1, 2, 3)]
    pictures, labels = corrected_pictures(dataset, tmp_path)
    assert labels.tolist() == [1, 2, 3] and np.array_equal(
        pictures, np.stack([some(seed, shape) for seed in (1, 2, 3)])
    )
    forget(paths[1])
    forget(paths[1])
    assert corrected_pictures(dataset, tmp_path)[1].tolist() == [1, 3]


def test_foreign_and_damaged_files_are_passed_over(tmp_path):
    dataset = quick_config().dataset
    good = keep(dataset, tmp_path, some(0), 4)
    (good.parent / "x.png").write_bytes(b"no picture")
    (good.parent.parent / "99").mkdir()
    (good.parent.parent / "99" / "y.png").write_bytes(good.read_bytes())
    (good.parent.parent / "cat").mkdir()
    (good.parent.parent / "cat" / "z.png").write_bytes(good.read_bytes())
    assert corrected_pictures(dataset, tmp_path)[1].tolist() == [4]


def test_each_dataset_of_own_pictures_has_its_own_and_what_all_once_shared_is_still_read(tmp_path):
    facts = {"class_names": ["cat", "dog"]}
    first, second = (
        quick_config(
            dataset={"name": "own_images", "source": source, "version": 1, "side": 28, "facts": facts},
            architecture="mlp",
        ).dataset
        for source in ("first", "second")
    )
    kept = keep(first, tmp_path, some(1, (3, 28, 28)), 1)
    assert (how_many(first, tmp_path), how_many(second, tmp_path)) == (1, 0)
    shared = tmp_path / "own" / "own_images" / "0" / "earlier.png"
    shared.parent.mkdir(parents=True)
    shared.write_bytes(kept.read_bytes())
    assert corrected_pictures(first, tmp_path)[1].tolist() == [0, 1] and how_many(second, tmp_path) == 1
    forget_all("first", tmp_path)
    assert how_many(first, tmp_path) == how_many(second, tmp_path) == 0


@pytest.mark.parametrize(("pixels", "label"), [(some(0, (1, 28, 28)), 3), (some(0), 10), (some(0), -1)])
def test_what_does_not_belong_is_refused(tmp_path, pixels, label):
    with pytest.raises(DatasetError) as caught:
        keep(quick_config().dataset, tmp_path, pixels, label)
    assert_one_sentence(str(caught.value), "does not belong")
    assert not (tmp_path / "own").exists()


def test_a_training_sees_them_so_many_times_and_val_and_test_stay_as_they_are(tmp_path):
    config = quick_config(training={"own_pictures": 5})
    cpu = torch.device("cpu")
    before, _ = data_on_device(config, tmp_path, cpu)
    keep(config.dataset, tmp_path, some(1), 7)
    keep(config.dataset, tmp_path, some(2), 8)
    after, _ = data_on_device(config, tmp_path, cpu)
    assert len(after.train) == len(before.train) + 10
    assert after.train.labels[-10:].tolist() == [7, 8] * 5
    index = torch.tensor([len(after.train) - 2, len(after.train) - 1, 0])
    shown = after.train.as_pictures(index)
    assert np.array_equal(shown[0], some(1).transpose(1, 2, 0)) and np.array_equal(shown[1], some(2).transpose(1, 2, 0))
    assert np.array_equal(shown[2], before.train.as_pictures(torch.tensor([0]))[0])
    assert torch.equal(after.val.labels, before.val.labels) and torch.equal(after.test.labels, before.test.labels)
    off, _ = data_on_device(quick_config(), tmp_path, cpu)
    assert len(off.train) == len(before.train)


def test_a_network_learns_a_correction(tmp_path, runs_folder):
    from core.inference.classifier import Classifier

    strange = some(3)
    keep(quick_config().dataset, tmp_path, strange, 6)
    run = create_run(quick_config(epochs=3, training={"own_pictures": 50}), runs_folder)
    assert work(run, tmp_path)["event"] == "finished"
    assert Classifier.load(run).predict(strange[None])[0].argmax() == 6
