"""A few pictures, and a checkpoint of a small training."""

import pytest

from core.runs.store import Run
from core.training.batches import split
from core.training.build import begin, setup_of
from core.training.loop import train
from tests.core.training.stored import save
from tests.core.training.trained import CPU, few
from tests.helpers import quick_config


@pytest.fixture(scope="module")
def data():
    return few(quick_config().dataset.load(None))


@pytest.fixture(scope="module")
def trained():
    config = quick_config(architecture={"name": "improved_cnn", "channels": [2]}, optimizer="adam", batch_size=500)
    data = config.dataset.load(None)
    splits = split(data, config.dataset, 0.1, 0, CPU)
    state = begin(config, splits, CPU, None)
    list(train(state, setup_of(config), splits))
    return state, config, splits


@pytest.fixture
def saved(trained, tmp_path):
    state, config, _ = trained
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    save(run.best, state, config, {"val/accuracy": 0.5})
    return run
