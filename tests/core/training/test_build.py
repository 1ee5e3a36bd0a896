"""A config made into what trains."""

import torch

from core.training.batches import split
from core.training.build import begin, description_of, setup_of
from tests.core.training.trained import CPU
from tests.helpers import quick_config


def test_the_loop_gets_the_settings_of_its_parts():
    config = quick_config(architecture="improved_cnn", loss="nll", schedule="cosine")
    setup = setup_of(config)
    assert (setup.training, setup.loss, setup.schedule) == (config.training, config.loss, config.schedule)
    assert (setup.classes, setup.smallest_batch, setup.black_background) == (10, 2, True)


def test_a_checkpoint_says_what_a_prediction_needs():
    described = description_of(quick_config())
    assert described["config"] == quick_config().to_dict() and described["shape"] == [1, 8, 8]
    assert described["class_names"] == list("0123456789")
    assert len(described["mean"]) == len(described["deviation"]) == 1


def test_the_seed_decides_how_a_network_begins():
    dataset = quick_config().dataset
    splits = split(dataset.load(None), dataset, 0.1, 0, CPU)

    def weights(seed):
        state = begin(quick_config(training={"seed": seed, "average_decay": 0.9}), splits, CPU, None)
        assert state.average is not None and state.step == state.epoch == 0
        return torch.cat([each.flatten() for each in state.model.parameters()])

    assert torch.equal(weights(3), weights(3)) and not torch.equal(weights(3), weights(4))
