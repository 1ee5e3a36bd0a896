"""Progress that does not belong to a training is refused in one sentence."""

import pytest

from core.errors import TrainDeskError
from core.training.build import begin, description_of
from core.training.checkpoints import (
    CheckpointError,
    network_content,
    restore,
    resume_content,
)
from tests.core.training.situations import CNN, config_of
from tests.core.training.trained import (
    CPU,
    run,
    splits_of,
)
from tests.helpers import assert_one_sentence


def refused(content, config, data, path):
    state = begin(config, splits_of(config, data), CPU, None)
    with pytest.raises(CheckpointError) as caught:
        restore(state, content, path)
    assert isinstance(caught.value, TrainDeskError)
    return str(caught.value)


def test_a_checkpoint_without_progress_is_one_sentence(data, tmp_path):
    config = config_of()
    state, _, _ = run(config, data)
    message = refused(network_content(state, description_of(config), {}), config, data, tmp_path / "last.pt")
    assert_one_sentence(message, "last.pt", "not the training's progress")


@pytest.mark.parametrize(
    "change",
    [
        {"architecture": {"name": "mlp", "hidden": [16]}},
        {"optimizer": {"name": "sgd"}, "architecture": {**CNN, "channels": [6]}},
        {"training": {"average_decay": 0.9}},
    ],
    ids=["architecture", "size", "average"],
)
def test_progress_of_another_config_is_one_sentence(change, data, tmp_path):
    state, _, _ = run(config_of(), data)
    content = {**network_content(state, description_of(config_of()), {}), **resume_content(state, 1)}
    message = refused(content, config_of(**change), data, tmp_path / "last.pt")
    assert_one_sentence(message, "last.pt", "does not fit the config")


@pytest.mark.parametrize("part", ["batch", "optimizer", "tally", "random", "schedule_memory"])
def test_progress_without_one_of_its_parts_is_one_sentence(part, data, tmp_path):
    config = config_of()
    state, _, _ = run(config, data)
    content = {**network_content(state, description_of(config), {}), **resume_content(state, 1)}
    del content["resume"][part]
    assert_one_sentence(refused(content, config, data, tmp_path / "last.pt"), "does not fit the config")
