"""ResNet18: what trains and what stays frozen, and where its first weights come from."""

import hashlib
import io
import os
import pickle

import pytest
import torch
from torchvision.models import ResNet18_Weights, resnet18

from core.architectures.resnet18 import ResNet18
from core.errors import TrainDeskError
from tests.helpers import assert_one_sentence, closed_port, serve

BODY = {name for name, _ in resnet18(weights=None).named_parameters() if not name.startswith("fc.")}


@pytest.fixture(scope="module")
def published():
    """torchvision's network with weights and statistics that are not those of a fresh one."""
    torch.manual_seed(5)
    network = resnet18(weights=None)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return network.eval()


@pytest.fixture(scope="module")
def weights_bytes(published):
    buffer = io.BytesIO()
    torch.save(published.state_dict(), buffer)
    return buffer.getvalue()


def load(settings, folder, classes=7):
    model = settings.build((3, 32, 32), classes)
    settings.load_initial_weights(model, folder)
    return model


def error_of(settings, folder):
    with pytest.raises(TrainDeskError) as caught:
        load(settings, folder)
    return str(caught.value)


def same_body(model, network, inputs):
    """Whether both networks, without their last layers, give the same features."""
    body = torch.nn.Sequential(*list(network.children())[:-1], torch.nn.Flatten())
    with torch.inference_mode():
        expected = body(inputs)
        got = model[:-1].eval()(inputs)
    torch.testing.assert_close(got, expected)


def short(name):
    return name.split(".", 1)[1]


@pytest.mark.parametrize(
    ("train", "begins"),
    [("head", ()), ("last_block", ("layer4",)), ("all", ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4"))],
)
def test_exactly_the_chosen_part_trains(train, begins):
    model = ResNet18(train=train, weights="random").build((3, 32, 32), 7)
    trained = {name for name, weights in model.named_parameters() if weights.requires_grad}
    expected = {name for name in BODY if name.startswith(begins)} if begins else set()
    assert {short(name) for name in trained if not name.startswith("head")} == expected
    assert {name for name in trained if name.startswith("head")} == {"head.weight", "head.bias"}
    assert {short(name) for name, _ in model.named_parameters() if not name.startswith("head")} == BODY


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
        {name: torch.zeros(1) for name in resnet18(weights=None).state_dict()},
        dict.fromkeys(resnet18(weights=None).state_dict(), "x"),
    ],
    ids=["another network", "empty", "list", "tensor", "text", "wrong shapes", "no tensors"],
)
def test_weights_of_something_else(content, tmp_path):
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


def _published_at(monkeypatch, url):
    monkeypatch.setattr(ResNet18_Weights.IMAGENET1K_V1.value, "url", url)
    assert ResNet18_Weights.IMAGENET1K_V1.url == url


def test_imagenet_weights_are_downloaded_once_and_checked(tmp_path, monkeypatch, published, weights_bytes):
    name = f"resnet18-{hashlib.sha256(weights_bytes).hexdigest()[:8]}.pth"
    with serve({name: weights_bytes}) as site:
        _published_at(monkeypatch, site.url + name)
        same_body(load(ResNet18(), tmp_path / "weights"), published, torch.randn(2, 3, 64, 64))
        load(ResNet18(), tmp_path / "weights")
        assert site.asked == [name]
    assert (tmp_path / "weights" / name).read_bytes() == weights_bytes


def test_imagenet_weights_put_into_the_folder_by_hand_need_no_internet(tmp_path, monkeypatch, published, weights_bytes):
    (tmp_path / "resnet18-12345678.pth").write_bytes(weights_bytes)
    _published_at(monkeypatch, f"http://127.0.0.1:{closed_port()}/resnet18-12345678.pth")
    same_body(load(ResNet18(), tmp_path), published, torch.randn(2, 3, 64, 64))


def test_imagenet_weights_damaged_on_the_way_are_not_kept(tmp_path, monkeypatch, weights_bytes):
    with serve({"resnet18-00000000.pth": weights_bytes[:100_000]}) as site:
        _published_at(monkeypatch, site.url + "resnet18-00000000.pth")
        message = error_of(ResNet18(), tmp_path)
    assert_one_sentence(message, "ImageNet weights could not be downloaded", "resnet18-00000000.pth", "random weights")
    assert not list(tmp_path.glob("*.pth"))


def test_no_internet_names_the_file_the_folder_and_the_remedy(tmp_path, monkeypatch):
    _published_at(monkeypatch, f"http://127.0.0.1:{closed_port()}/resnet18-f37072fd.pth")
    message = error_of(ResNet18(), tmp_path)
    assert_one_sentence(message, "resnet18-f37072fd.pth", str(tmp_path), "connect to the internet", "random weights")


def test_random_weights_need_nothing(tmp_path):
    settings = ResNet18(weights="random")
    model = settings.build((3, 32, 32), 3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    settings.load_initial_weights(model, tmp_path / "nowhere")
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
