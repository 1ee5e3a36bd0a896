"""Trainings in which something goes on from step to step, each in its way."""

from core.run_config import RunConfig
from core.training.optimizers import OPTIMIZERS

CNN = {"name": "improved_cnn", "channels": [4], "dropout": 0.4}  # convolution, batch norm and dropout

TRAINING = {
    "evaluation_batch_size": 12,
    "validation_share": 0.1,
    "batch_size": 64,
    "seed": 3,
    "validate_every": "epoch",
}


def config_of(training=(), **parts):
    training = {"epochs": 3, "device": "cpu", **TRAINING, **dict(training)}
    return RunConfig.from_dict({"architecture": CNN, **parts, "training": training})


def with_all_on(optimizer):
    """The settings of an optimizer with everything that it remembers between steps switched on."""
    fields = OPTIMIZERS.get(optimizer).model_fields
    extra = {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}
    return {"name": optimizer, **{name: value for name, value in extra.items() if name in fields}}


ALL_CHANGES = {
    "flip": True, "crop": 1, "shift": 0.1, "rotation": 10, "scale": 0.1, "stretch": 0.1, "shear": 0.2, "brightness": 0.2,
    "contrast": 0.2, "gamma": 0.5, "cutout": 0.2,
}  # fmt: skip

SITUATIONS = {
    "augmentation": {"augmentation": ALL_CHANGES},
    "mirrored in turn": {"augmentation": {"alternate": True}},
    "MixUp": {"augmentation": {"mixup": 0.4}},
    "augmentation and MixUp": {"augmentation": {**ALL_CHANGES, "mixup": 0.4}},
    "average": {"training": {"average_decay": 0.9}},
    "gradient clip": {"training": {"gradient_clip": 0.1}},
    "best by loss": {"training": {"best_by": "loss"}},
    "patience": {  # none after the first epoch is better
        "training": {"patience": 2, "epochs": 6, "best_by": "loss"},
        "optimizer": {"name": "sgd", "learning_rate": 1e-7},
    },
    "label smoothing": {"loss": {"name": "cross_entropy", "label_smoothing": 0.1}},
    "weight decay": {"optimizer": {"name": "adamw", "weight_decay": 0.3}},
    "MLP with dropout": {"architecture": {"name": "mlp", "hidden": [16], "dropout": 0.3}},
    "plateau": {
        "schedule": {"name": "plateau", "patience": 0, "warmup": 0.5},
        "optimizer": {"name": "sgd", "learning_rate": 1e-6},
    },
    "look at the pictures": {"architecture": {"name": "airbench", "channels": [4]}, "optimizer": "muon"},
    "all": {
        "augmentation": {"shift": 0.1, "mixup": 0.3},
        "schedule": "one_cycle",
        "training": {"average_decay": 0.95, "gradient_clip": 1.0, "best_by": "loss", "patience": 2},
        "optimizer": {"name": "adamw", "weight_decay": 0.1},
        "loss": {"name": "bce", "label_smoothing": 0.05},
    },
}

FROZEN = {"name": "mobilenet_v3_small", "weights": "random", "train": "head", "enlarge_to": 0}
