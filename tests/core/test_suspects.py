"""Labels that a network doubts are found, and only those."""

import numpy as np
import pytest

from core.own_data.edit import editing
from core.runs.predictions import Predictions, write_predictions
from core.runs.store import create_run
from core.suspects import newest_run_on, suspects
from tests.helpers import quick_config
from tests.own import own_dataset


@pytest.fixture
def trained(data_folder, tmp_path, runs_folder):
    """A dataset, and a run on it that says of the first two test pictures, surely and unsurely, the other class."""
    dataset = own_dataset(data_folder, tmp_path, {"dots": 20, "stripes": 20})
    config = quick_config(
        dataset={"name": "own_images", "source": dataset.id, "side": 32},
        batch_size=8,
        training={"validation_share": 0.2},
    )
    run = create_run(config, runs_folder)
    numbers = config.dataset.image_numbers(data_folder, "test")
    labels = np.array([dataset.classes()[1].id == c for c in _classes(dataset, numbers)], dtype=np.int64)
    probabilities = np.full((len(labels), 2), 0.01)
    probabilities[np.arange(len(labels)), labels] = 0.99
    probabilities[0] = probabilities[0][::-1]
    probabilities[1] = [0.4, 0.6] if labels[1] == 0 else [0.6, 0.4]
    logits = np.log(probabilities)
    found = Predictions((logits - logits.max(axis=1, keepdims=True)).astype(np.float32), labels, np.arange(len(labels)))
    write_predictions(run, "test", found)
    return dataset, run, config, int(numbers[0])


def _classes(dataset, numbers):
    members = dataset.members()
    return [int(members.classes[members.images == number][0]) for number in numbers]


def test_a_sure_contradiction_is_a_suspect_and_an_unsure_one_is_not(trained, data_folder, runs_folder):
    dataset, run, config, doubted = trained
    assert newest_run_on(dataset, runs_folder)[0] == run
    [suspect] = suspects(run, config, dataset, data_folder)
    assert suspect.image == doubted and suspect.confidence == pytest.approx(0.99, abs=0.01)
    assert {suspect.labelled, suspect.said} == {each.id for each in dataset.classes()}
    assert suspect.labelled == _classes(dataset, [doubted])[0]


def test_a_picture_that_was_moved_meanwhile_is_none_any_more(trained, data_folder):
    dataset, run, config, doubted = trained
    [suspect] = suspects(run, config, dataset, data_folder)
    with editing(dataset, "moved") as edit:
        edit.move([doubted], suspect.said)
    assert suspects(run, config, dataset, data_folder) == []


def test_a_dataset_nobody_trained_on_has_no_run(data_folder, tmp_path, runs_folder):
    assert newest_run_on(own_dataset(data_folder, tmp_path), runs_folder) is None
