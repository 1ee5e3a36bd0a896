"""ResNet18: what trains and what stays frozen, and where its first weights come from."""

import os
import pickle

import pytest
import torch

from core.architectures.resnet18 import ResNet18
from tests.core.architectures.loading import error_of, load, same_body
from tests.helpers import assert_one_sentence


@pytest.fixture(scope="module")
def body(published):
    return {name for name, _ in published.named_parameters() if not name.startswith("fc.")}


def short(name):
    return name.split(".", 1)[1]


@pytest.mark.parametrize(
    ("train", "begins"),
    [("head", ()), ("last_block", ("layer4",)), ("all", ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4"))],
)
def test_exactly_the_chosen_part_trains(train, begins, body):
    model = ResNet18(train=train, weights="random").build((3, 32, 32), 7)
    trained = {name for name, weights in model.named_parameters() if weights.requires_grad}
    expected = {name for name in body if name.startswith(begins)} if begins else set()
    assert {short(name) for name in trained if not name.startswith("head")} == expected
    assert {name for name in trained if name.startswith("head")} == {"head.weight", "head.bias"}
    assert {short(name) for name, _ in model.named_parameters() if not name.startswith("head")} == body


@pytest.mark.parametrize("train", ["head", "last_block", "all"])
def test_a_training_step_changes_the_chosen_part_and_nothing_else(train):
    torch.manual_seed(0)
    model = ResNet18(train=train, weights="random").build((1, 32, 32), 3).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    trained = {name for name, weights in model.named_parameters() if weights.requires_grad}
    optimizer = torch.optim.SGD([weights for weights in model.parameters() if weights.requires_grad], lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(torch.randn(4, 1, 32, 32)), torch.tensor([0, 1, 2, 0])).backward()
        optimizer.step()
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert trained <= changed
    statistics = {name for name in changed - trained if "running" in name or "tracked" in name}
    assert changed - trained == statistics
    assert not any(name.startswith("frozen") for name in changed), "frozen batch norm keeps its statistics"
    assert bool(statistics) == (train != "head")


def test_frozen_layers_stay_in_evaluation_mode_when_training_is_switched_on():
    model = ResNet18(train="last_block", weights="random").build((3, 32, 32), 3)
    assert not any(module.training for module in model.frozen.modules())
    model.train()
    assert model.training and model.trained.training
    assert not any(module.training for module in model.frozen.modules())


@pytest.mark.parametrize("side", [0, 64])
def test_grey_pictures_are_repeated_and_small_ones_enlarged(side):
    model = ResNet18(weights="random", enlarge_to=side).build((1, 28, 28), 3)
    seen = []
    next(iter(model.frozen)).register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    model.eval()(torch.randn(2, 1, 28, 28))
    assert seen[0].shape == (2, 3, side or 28, side or 28)
    assert torch.equal(seen[0][:, 0], seen[0][:, 2])


@pytest.mark.parametrize("train", ["head", "last_block", "all"])
def test_weights_from_a_file_give_the_features_of_torchvision(train, tmp_path, published, weights_bytes):
    (tmp_path / "mine.pth").write_bytes(weights_bytes)
    model = load(ResNet18(train=train, weights="file", weights_file=str(tmp_path / "mine.pth")), tmp_path)
    same_body(model, published, torch.randn(2, 3, 64, 64))
    assert model.head.out_features == 7


def test_older_weights_without_batch_counters_are_taken_as_torchvision_takes_them(tmp_path, published):
    from torchvision.models import resnet18

    state = {name: value for name, value in published.state_dict().items() if "num_batches_tracked" not in name}
    resnet18(weights=None).load_state_dict(state)
    torch.save(state, tmp_path / "old.pth")
    model = load(ResNet18(weights="file", weights_file=str(tmp_path / "old.pth")), tmp_path)
    same_body(model, published, torch.randn(2, 3, 64, 64))


def test_a_weights_file_that_is_not_there(tmp_path):
    path = str(tmp_path / "none.pth")
    assert_one_sentence(error_of(ResNet18(weights="file", weights_file=path), tmp_path), path, "does not exist")
    assert_one_sentence(error_of(ResNet18(weights="file"), tmp_path), "does not exist", ".pth")


@pytest.mark.parametrize(
    "content",
    [
        {"weight": torch.zeros(3)},
        {},
        [1, 2],
        torch.zeros(3),
        "text",
        lambda names: dict.fromkeys(names, torch.zeros(1)),
        lambda names: dict.fromkeys(names, "x"),
    ],
    ids=["another network", "empty", "list", "tensor", "text", "wrong shapes", "no tensors"],
)
def test_weights_of_something_else(content, tmp_path, published):
    content = content(published.state_dict()) if callable(content) else content
    torch.save(content, tmp_path / "other.pth")
    message = error_of(ResNet18(weights="file", weights_file=str(tmp_path / "other.pth")), tmp_path)
    assert_one_sentence(message, "are not those of a ResNet18", "other.pth")


@pytest.mark.parametrize("damage", ["cut", "empty", "text"])
def test_a_damaged_weights_file(damage, tmp_path, weights_bytes):
    content = {"cut": weights_bytes[:1_000_000], "empty": b"", "text": b"hello, I am no weights file\n" * 50}[damage]
    (tmp_path / "bad.pth").write_bytes(content)
    message = error_of(ResNet18(weights="file", weights_file=str(tmp_path / "bad.pth")), tmp_path)
    assert_one_sentence(message, "bad.pth", "damaged")


class Bomb:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (self.mark,)


@pytest.mark.parametrize("form", ["zip", "bare pickle"])
def test_a_weights_file_that_would_run_code_is_not_opened(form, tmp_path):
    mark, path = tmp_path / "ran", tmp_path / "bomb.pth"
    if form == "zip":
        torch.save({"conv1.weight": Bomb(str(mark))}, path)
    else:
        path.write_bytes(pickle.dumps(Bomb(str(mark))))
    message = error_of(ResNet18(weights="file", weights_file=str(path)), tmp_path)
    assert_one_sentence(message, "bomb.pth", "not opened")
    assert not mark.exists()


def test_random_weights_need_nothing(tmp_path):
    settings = ResNet18(weights="random")
    model = settings.build((3, 32, 32), 3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert list(settings.obtain_weights(tmp_path / "nowhere")) == []
    settings.load_initial_weights(model, tmp_path / "nowhere")
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(("train", "slow"), [("head", 0), ("last_block", 15), ("all", 60)])
def test_layers_that_begin_with_learned_weights_train_at_their_own_pace(train, slow):
    settings = ResNet18(train=train, weights="file", backbone_lr_scale=0.25)
    model = settings.build((3, 32, 32), 3)
    scales = {name: settings.lr_scale(name) for name, weights in model.named_parameters() if weights.requires_grad}
    assert scales["head.weight"] == scales["head.bias"] == 1
    assert sum(scale == 0.25 for scale in scales.values()) == slow == len(scales) - 2


def test_layers_that_begin_with_chance_train_at_full_pace():
    assert ResNet18().backbone_lr_scale == 0.1
    settings = ResNet18(train="all", weights="random")
    assert {settings.lr_scale(name) for name, _ in settings.build((3, 32, 32), 3).named_parameters()} == {1}


def test_the_last_layer_computes_in_float32_under_autocast_too():
    model = ResNet18(weights="random").build((3, 32, 32), 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features = model[:-1](torch.randn(4, 3, 32, 32))
        logits = model.head(features)
    assert features.dtype == torch.bfloat16 and logits.dtype == torch.float32
    assert torch.equal(logits, torch.nn.functional.linear(features.float(), model.head.weight, model.head.bias))
