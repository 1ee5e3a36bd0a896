"""A trained network that answers: from its checkpoint alone, as it was measured."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from core.errors import TrainDeskError
from core.inference import classifier as module
from core.inference.classifier import Classifier
from core.run_config import RunConfig
from core.runs.store import Run
from core.training.batches import pictures
from tests.helpers import assert_one_sentence


@pytest.fixture
def classifier(finished_run):
    return Classifier.load(finished_run)


@pytest.fixture(scope="module")
def digits():
    return RunConfig.from_dict({}).dataset.load(None)


def test_it_knows_its_classes_its_epoch_and_its_checkpoint(classifier, finished_run):
    assert classifier.class_names == tuple("0123456789")
    assert classifier.checkpoint == "best"
    assert classifier.config == finished_run.config()
    best = [event for event in finished_run.events()[0] if event.get("best")][-1]
    assert classifier.epoch == best["epoch"]
    assert not classifier.model.training


def test_without_a_best_the_last_checkpoint_answers(finished_run):
    finished_run.best.unlink()
    assert Classifier.load(finished_run).checkpoint == "last"


def test_it_repeats_the_accuracy_of_the_test(classifier, finished_run, digits):
    answers = classifier.predict([image.numpy() for image in digits.test_images]).argmax(axis=1)
    (test,) = [event for event in finished_run.events()[0] if event["event"] == "test"]
    assert (answers == digits.test_labels.numpy()).mean() == pytest.approx(test["test/accuracy"])


@pytest.mark.parametrize("batch", [1, 7, 250])
def test_probabilities_do_not_depend_on_the_batch(batch, classifier, digits, monkeypatch):
    images = [image.numpy() for image in digits.test_images[:20]]
    together = classifier.predict(images)
    assert together.shape == (20, 10) and together.dtype == np.float32
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)
    monkeypatch.setattr(module, "BATCH", batch)
    np.testing.assert_allclose(classifier.predict(images), together, atol=1e-5)


def test_an_answer_is_the_network_on_the_normalised_picture(classifier, digits):
    split = pictures(digits.test_images, digits.test_labels, classifier.config.dataset, torch.device("cpu"))
    inputs, _ = split.slice(3, 4)
    with torch.inference_mode():
        expected = classifier.model(inputs).softmax(dim=1)[0].numpy()
    np.testing.assert_allclose(classifier.predict([digits.test_images[3].numpy()])[0], expected, atol=1e-6)


def test_a_picture_is_prepared_as_its_dataset_prepares_it(classifier, digits):
    pixels = digits.test_images[0].numpy()
    assert np.array_equal(classifier.prepare(Image.fromarray(pixels[0])), pixels)


def test_a_run_moved_elsewhere_answers_the_same(classifier, finished_run, tmp_path, digits):
    moved = Run(tmp_path / "moved")
    shutil.move(finished_run.folder, moved.folder)
    moved.config_file.unlink()
    image = [digits.test_images[0].numpy()]
    assert np.array_equal(Classifier.load(moved).predict(image), classifier.predict(image))


def test_an_architecture_this_version_does_not_know_is_one_sentence(finished_run):
    content = torch.load(finished_run.best, weights_only=True)
    content["config"]["architecture"] = {"name": "perceiver"}
    torch.save(content, finished_run.best)
    with pytest.raises(TrainDeskError) as caught:
        Classifier.load(finished_run)
    assert_one_sentence(str(caught.value), "Unknown architecture 'perceiver'")
