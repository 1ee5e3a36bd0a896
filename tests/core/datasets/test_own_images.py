"""Own pictures as a dataset: versions, sizes, splits, and a run that remembers what it saw."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from core.datasets import DATASETS, DatasetError
from core.datasets.cache import open_images
from core.datasets.own_images import MOST_DECODED
from core.errors import NothingDrawn
from core.image_sets.edit import editing
from core.image_sets.folders import delete_dataset
from core.image_sets.splitting import VAL
from core.inference.classifier import Classifier
from core.run_config import RunConfig
from core.runs.store import create_run
from core.settings.settings import SettingsError
from core.training.batches import plan_of_images
from core.workers.worker import work
from tests.helpers import assert_one_sentence, quick_config
from tests.own import class_files, encoded, own_dataset, picture, staged


@pytest.fixture
def own(data_folder, tmp_path):
    return own_dataset(data_folder, tmp_path, {"stripes": 20, "dots": 30})


def settings(own, **values):
    return DATASETS.parse({"name": "own_images", "source": own.id, "side": 32, **values})


def test_the_newest_version_is_looked_up_and_kept_in_the_config(own):
    parsed = settings(own)
    assert parsed.version == 1 and parsed.title() == "Patterns" and parsed.problem() == ""
    info = parsed.info()
    assert info.class_names == ("dots", "stripes") and info.shape == (3, 32, 32)
    assert (info.train_images, info.test_images) == (40, 10)
    with editing(own, "less") as edit:
        edit.remove(own.members().images[:5].tolist())
    assert settings(own).version == 2 and settings(own, version=1).info() == info
    assert DATASETS.parse(parsed.model_dump(mode="json")) == parsed


def test_a_config_is_whole_where_the_pictures_are_not(own, tmp_path, monkeypatch):
    parsed = settings(own)
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path / "elsewhere"))
    again = DATASETS.parse(json.loads(parsed.model_dump_json()))
    assert again.info() == parsed.info() and not again.is_present(tmp_path / "elsewhere")
    with pytest.raises(DatasetError) as caught:
        again.load(tmp_path / "elsewhere")
    assert_one_sentence(str(caught.value), "Patterns", "bring them back")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"source": "gone"}, "'gone' is not in"),
        ({"version": 99}, "no version 99"),
        ({"source": "../../etc"}, "no name of a dataset"),
    ],
)
def test_what_is_not_there_is_one_sentence(own, wrong, words):
    with pytest.raises(SettingsError) as caught:
        settings(own, **wrong)
    assert_one_sentence(str(caught.value), words)


def test_a_dataset_must_be_chosen_and_have_two_classes(own):
    with pytest.raises(SettingsError, match="bring pictures on the Data page"):
        RunConfig.from_dict({"dataset": "own_images"})
    with editing(own, "one") as edit:
        edit.remove_classes([own.classes()[0].id])
    with pytest.raises(SettingsError, match="at least 2"):
        RunConfig.from_dict({"dataset": {"name": "own_images", "source": own.id}, "training": {"batch_size": 4}})


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch", "ink"])
@pytest.mark.parametrize("colour", ["colour", "grey"])
def test_pictures_are_prepared_alike_for_training_and_for_classifying(own, fit, colour, data_folder):
    parsed = settings(own, fit=fit, colour=colour)
    images = open_images(parsed, data_folder)
    loaded = parsed.load(data_folder)
    assert images.mapped and torch.equal(images.train_pixels, loaded.train_images.permute(0, 2, 3, 1).flatten(1))
    assert torch.equal(images.train_group_ids, loaded.train_group_ids) and torch.equal(
        images.test_labels, loaded.test_labels
    )
    number = int(own.members().images[own.members().splits != 2][3])
    import io

    original = Image.open(io.BytesIO(own.content(number)))
    try:
        expected = parsed.prepare(original)
    except NothingDrawn:  # a pattern that fills the picture is no drawing
        expected = np.zeros(parsed.info().shape, dtype=np.uint8)
    np.testing.assert_array_equal(loaded.train_images[3].numpy(), expected)
    assert parsed.drawable == parsed.black_background == (fit == "ink")


def test_an_old_version_is_decoded_as_it_was(own, data_folder):
    before = open_images(settings(own), data_folder).train_pixels.clone()
    with editing(own, "less") as edit:
        edit.remove(own.members().images[:10].tolist())
    assert len(open_images(settings(own), data_folder).train_pixels) < len(before)
    assert torch.equal(open_images(settings(own, version=1), data_folder).train_pixels, before)


def test_few_versions_are_kept_decoded_a_new_title_decodes_nothing_and_deleting_forgets_all(own, data_folder):
    def kept():
        return sorted((data_folder / "cache").glob(f"own_images-{own.id}-*"))

    open_images(settings(own), data_folder)
    own.set_about(title="Other")
    open_images(settings(own), data_folder)
    assert settings(own).title() == "Other" and len(kept()) == 1
    for side in (28, 48, 64, 96, 128):
        open_images(settings(own, side=side), data_folder)
    assert len(kept()) == MOST_DECODED
    delete_dataset(own)
    assert kept() == []


def held_out(images, share, seed):
    """bool (N,) of the training images: which are for validation."""
    return torch.from_numpy(plan_of_images(images, 2, share, seed).parts[: len(images.train_labels)] == VAL)


def test_pictures_chosen_for_val_are_held_out_and_no_others(tmp_path, data_folder):
    from core.image_sets.folders import accept

    files = class_files({"stripes": 12, "dots": 12}, "train/") | class_files({"stripes": 3, "dots": 3}, "val/", 50)
    files |= class_files({"stripes": 2, "dots": 2}, "test/", 80)
    own = accept(staged(tmp_path, files)[0], "With val", data_folder)
    images = open_images(settings(own), data_folder)
    held = held_out(images, 0.3, 0)
    assert held.sum() == 6 and (images.train_group_ids[held] == -1).all()


def test_look_alikes_are_held_out_together(tmp_path, data_folder):
    from core.image_sets.folders import accept

    files = class_files({"stripes": 20, "dots": 20})
    files |= {f"dots/copy {n}.jpg": encoded(picture("dots", n), "JPEG", quality=95) for n in range(20)}
    own = accept(staged(tmp_path, files)[0], "Doubled", data_folder)
    images = open_images(settings(own), data_folder)
    assert len(images.train_group_ids.unique()) < len(images.train_group_ids)
    for seed in range(5):
        held = held_out(images, 0.3, seed)
        sides = {
            int(group): set(held[images.train_group_ids == group].tolist()) for group in images.train_group_ids.unique()
        }
        assert 0 < held.sum() < len(held) and all(len(side) == 1 for side in sides.values())
    members = own.members()
    for group in np.unique(members.group_ids):
        assert len({split == 2 for split in members.splits[members.group_ids == group]}) == 1


def test_a_run_learns_own_pictures_and_classifies_without_them(own, data_folder, runs_folder, tmp_path, monkeypatch):
    config = quick_config(
        dataset={"name": "own_images", "source": own.id, "side": 32},
        epochs=1,
        batch_size=8,
        training={"validation_share": 0.2, "balance": "sampling"},
    )
    run = create_run(config, runs_folder)
    assert work(run, data_folder)["event"] == "finished"
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path))
    network = Classifier.load(run)
    assert network.class_names == ("dots", "stripes")
    answers = network.predict([network.prepare(picture("dots", 999, (300, 200)))])
    assert answers.shape == (1, 2) and answers.sum() == pytest.approx(1)
