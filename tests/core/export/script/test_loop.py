"""A script trains as the run did."""

import contextlib
import io

import pytest
import torch

from core.training.build import begin, setup_of
from core.training.data import data_on_device
from core.training.loop import Epoch, train
from tests.core.export.script.scripts import (
    CPU,
    unread,
)
from tests.helpers import quick_config

TRAININGS = {
    "sgd": {
        "optimizer": {"name": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.02, "learning_rate": 0.05},
        "schedule": {"name": "cosine", "warmup": 1},
    },
    "adamw": {
        "optimizer": {"name": "adamw", "weight_decay": 0.5, "learning_rate": 0.01},
        "schedule": "one_cycle",
        "loss": {"name": "nll", "label_smoothing": 0.1},
        "training": {"gradient_clip": 0.5},
    },
    "weights": {
        "optimizer": {"name": "rmsprop", "momentum": 0.5},
        "schedule": {"name": "plateau", "patience": 0},
        "loss": "mse",
        "training": {"balance": "weights", "best_by": "last", "views": "mirrored"},
    },
    "sampling": {
        "loss": {"name": "bce", "label_smoothing": 0.2},
        "schedule": {"name": "step", "every": 1},
        "training": {"balance": "sampling", "average_decay": 0.95},
    },
    "few": {
        "dataset": {"name": "digits", "normalisation": "half"},
        "training": {"training_pictures": 20, "batch_size": 64, "best_by": "loss", "seed": 5},
    },
    "norms": {
        "architecture": {"name": "cifar_cnn", "channels": [4, 8], "hidden": 16, "dropout": 0.2},
        "training": {"patience": 1, "validation_share": 0.3, "views": "moved"},
    },
    "airbench": {
        "architecture": {"name": "airbench", "channels": [8, 16]},
        "optimizer": {
            "name": "muon",
            "learning_rate": 0.01,
            "unit_filters": True,
            "last_layer": 0.5,
            "biases": 3,
            "weight_decay": 0.3,
        },
        "schedule": {"name": "linear", "warmup": 0.5},
        "epochs": 2,
        "training": {"validation_share": 0.3},
    },
    "muon": {
        "optimizer": {"name": "muon", "learning_rate": 0.03, "weight_decay": 0.3},
        "augmentation": {"alternate": True},
    },
    "features": {
        "architecture": {"name": "efficientnet_lite0", "weights": "random", "enlarge_to": 64},
        "optimizer": {"name": "adamw", "weight_decay": 0.1, "learning_rate": 0.01},
        "training": {"training_pictures": 19},
    },
    "transfer": {
        "architecture": {"name": "mobilenet_v3_small", "weights": "random", "train": "last_block", "enlarge_to": 64},
        "epochs": 1,
        "training": {"training_pictures": 19},
    },
}


@pytest.mark.parametrize("name", TRAININGS)
def test_the_script_ends_with_the_weights_of_the_run(name, data_folder):
    """Bit for bit it cannot: its numbers are rounded elsewhere. What is forgotten shows at once."""
    config = quick_config(
        **{"epochs": 3, **TRAININGS[name], "training": {"precision": "float32", **TRAININGS[name].get("training", {})}}
    )
    splits, choice = data_on_device(config, data_folder, CPU)
    state = begin(config, splits, CPU, None, choice.way.precision)
    epochs, best = [], {}
    for happened in train(state, setup_of(config), splits):
        if isinstance(happened, Epoch):
            epochs.append(happened)
            if happened.is_best:
                best = {key: value.clone() for key, value in state.eval_model.state_dict().items()}
    names = {"__name__": "script"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(unread(config), "train.py", "exec"), names)
    said = printed.getvalue().splitlines()
    assert len(said) == len(epochs) + 1 and said[-1].startswith("test: ")
    for line, epoch in zip(said, epochs, strict=False):
        accuracy, loss = epoch.metrics["val/accuracy"], epoch.metrics["val/loss"]
        assert float(line.split("loss ")[1]) == pytest.approx(loss, rel=0.02), (line, loss)
        assert float(line.split("validation ")[1].split("%")[0]) / 100 == pytest.approx(accuracy, abs=0.02)
    assert len(names["batches"]) * len(epochs) == state.step
    kept = names.get(
        "best_weights", names["network"].state_dict()
    )  # of the last layer alone where all before it is frozen
    assert len(kept) == (2 if name == "features" else len(best))
    for ours, theirs in zip(list(best.values())[-len(kept) :], kept.values(), strict=True):
        torch.testing.assert_close(theirs.float(), ours.float(), rtol=0.05, atol=0.01)
