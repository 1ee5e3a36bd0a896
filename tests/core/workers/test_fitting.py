"""The runs that a training can start from are those from which it really starts."""

import pytest

from core.errors import TrainDeskError
from core.run_config import RunConfig
from core.runs.store import create_run
from core.training.start_weights import copy_matching
from core.workers.fitting import fitting_runs

NETWORKS = {
    "same": {"name": "improved_cnn", "channels": [4, 8], "dropout": 0.1},
    "another dropout": {"name": "improved_cnn", "channels": [4, 8], "dropout": 0.5},
    "wider": {"name": "improved_cnn", "channels": [6, 12]},
    "other kind": {"name": "mlp", "hidden": [8]},
}


def config_of(name):
    return RunConfig.from_dict({"title": name, "architecture": NETWORKS[name]})


def test_what_is_listed_fits_and_what_is_not_does_not(runs_folder):
    wanted = config_of("same")
    runs = [create_run(config_of(name), runs_folder) for name in NETWORKS]
    for run in runs:
        run.best.write_bytes(b"never read")
    runs.append(create_run(wanted, runs_folder))  # without a checkpoint
    listed = {run.id for run in fitting_runs(wanted, runs)}
    info = wanted.dataset.info()
    for run in runs[:-1]:
        model, earlier = (each.architecture.build(info.shape, 10) for each in (wanted, run.config()))
        if run.id in listed:
            assert copy_matching(model, earlier.state_dict())
        else:
            with pytest.raises(TrainDeskError):
                copy_matching(model, earlier.state_dict())
    assert len(listed) == 2 and runs[-1].id not in listed
