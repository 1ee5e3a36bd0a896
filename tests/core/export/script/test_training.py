"""Loss, schedule and optimizer of a script are those of the run."""

import math

import pytest
import torch

from core.export.script import script
from core.export.script.network import written_network
from core.export.script.training import loss_text, optimizer_text, schedule_text
from core.training.losses import LOSSES
from core.training.optimizers import OPTIMIZERS, parameter_groups
from core.training.schedules import SCHEDULES
from tests.core.export.script.scripts import EVERY_NETWORK, dataset_for, run_text, variants
from tests.helpers import quick_config


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("name", LOSSES.names())
def test_every_loss_is_that_of_the_run(name, smoothing, weighted):
    ours = LOSSES.parse({"name": name, "label_smoothing": smoothing})
    loss_of = run_text(loss_text(ours, weighted, 5))["loss_of"]
    torch.manual_seed(1)
    logits, labels, weights = torch.randn(9, 5) * 3, torch.arange(9) % 5, torch.rand(5)
    got = (loss_of(logits, labels) * weights[labels]).mean() if weighted else loss_of(logits, labels)
    torch.testing.assert_close(got, ours.measure(logits, labels, weights if weighted else None))
    plain = loss_of(logits, labels, smoothing=0) if smoothing else loss_of(logits, labels)
    torch.testing.assert_close(plain.mean(), ours.plain().measure(logits, labels))


SCHEDULED = [
    *({"name": name} for name in SCHEDULES.names()),
    *({"name": name, "warmup": 1.5} for name in SCHEDULES.names() if name != "one_cycle"),
    {"name": "cosine", "final": 0.05},
    {"name": "linear", "final": 0.05},
    {"name": "step", "every": 2, "gamma": 0.001},
    {"name": "one_cycle", "peak_at": 0.7},
    {"name": "plateau", "patience": 0, "gamma": 0.3},
]


@pytest.mark.parametrize("settings", SCHEDULED, ids=lambda each: "-".join(map(str, each.values())))
def test_every_schedule_has_the_learning_rates_of_the_run_step_by_step(settings):
    ours, epochs, steps, memory = SCHEDULES.parse(settings), 9, 7, {}
    names = run_text(schedule_text(ours), EPOCHS=epochs, math=math)
    share = names.get("share", lambda epoch: 1.0)
    losses = [1.0, 0.9, 0.95, 0.9, 0.91, 0.92, math.nan, 0.5, 0.6]
    seen = []
    for epoch in range(epochs):
        for step in range(steps):
            seen.append(ours.factor(epoch + step / steps, epochs, memory))
            assert share(epoch + step / steps) == pytest.approx(seen[-1], rel=1e-9, abs=0), (epoch, step)
        ours.after_epoch(memory, losses[epoch])
        if "look_for_plateau" in names:
            names["look_for_plateau"](losses[epoch])
    assert len(set(seen)) > 1 or settings == {"name": "constant"}


@pytest.mark.parametrize(
    ("network", "name", "decay"),
    [
        *((each, "sgd", 0.03) for each in EVERY_NETWORK),
        *((each, "sgd", 0.0) for name in ("airbench", "resnet18") for each in variants(name)),
        *(({"name": "mlp"}, name, decay) for name in OPTIMIZERS.names() for decay in (0.0, 0.03)),
    ],
    ids=lambda each: "-".join(each.values()) if isinstance(each, dict) else str(each),
)
def test_every_weight_is_trained_as_in_the_run(network, name, decay):
    """With its optimizer's options, weight decay and share of the learning rate, or not at all."""
    if "train" in network:
        network = {**network, "weights": "imagenet"}  # that there are learned ones decides about the learning rate
    config = quick_config(
        architecture=network,
        dataset=dataset_for("own_images"),
        optimizer={"name": name, "weight_decay": decay, "learning_rate": 0.25},
    )
    written = written_network(config.architecture, (3, 64, 64), 2)
    share = script.old_share(config, written)
    with torch.device("meta"):
        model = config.architecture.build((3, 64, 64), 2)
    groups = parameter_groups(model, config.optimizer, config.architecture.lr_scale)
    ours = config.optimizer.build(groups)
    random = written_network(config.architecture.model_copy(update={"weights": "random"}), (3, 64, 64), 2)
    with torch.device("meta"):
        theirs = run_text(f"{random.definitions}\n{random.build}", DEVICE="meta")["network"]
    made = run_text(optimizer_text(config.optimizer, written, share), network=theirs, LEARNING_RATE=0.25)["optimizer"]

    def told(optimizer, network) -> list:
        of = {id(each): group for group in optimizer.param_groups for each in group["params"]}
        found = []
        for each in network.parameters():
            group = of.get(id(each)) if each.requires_grad else None
            found.append(group and (group["weight_decay"], group.get("lr_scale", group.get("share", 1.0))))
        return found

    assert told(made, theirs) == told(ours, model)
    apart = ("params", "lr", "lr_scale", "share", "weight_decay", "fused", "capturable", "foreach")
    options = [{key: value for key, value in each.param_groups[0].items() if key not in apart} for each in (made, ours)]
    assert options[0] == options[1] and type(made).__name__ == type(ours).__name__
