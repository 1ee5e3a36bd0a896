"""Several views of a picture: those that airbench looks at, and their mean counts wherever a network is judged or asked."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from core.architectures import ARCHITECTURES
from core.inference import classifier as asking
from core.inference.classifier import Classifier
from core.run_config import RunConfig
from core.training.build import begin, setup_of
from core.training.evaluation import drained, evaluate
from core.training.features import Preparing
from core.training.loop import Epoch, train
from core.training.scoring import evaluate_checkpoint
from core.training.views import VIEWS, seen, with_views
from tests.core.training.trained import CPU, few, run, splits_of
from tests.helpers import quick_config
from tests.pages.trained import train as train_whole

LAYOUTS = [torch.contiguous_format, torch.channels_last]


def as_published(network, inputs, views):
    """`infer_mirror` and `infer_mirror_translate` of airbench94_muon.py."""
    _, _, height, width = inputs.shape

    def mirrored(some):
        return 0.5 * network(some) + 0.5 * network(some.flip(-1))

    if views == "mirrored":
        return mirrored(inputs)
    padded = functional.pad(inputs, (1,) * 4, "reflect")
    moved = [padded[:, :, 0:height, 0:width], padded[:, :, 2 : height + 2, 2 : width + 2]]
    return 0.5 * mirrored(inputs) + 0.5 * torch.stack([mirrored(each) for each in moved]).mean(0)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return ARCHITECTURES.parse({"name": "airbench", "channels": [8, 16]}).build((3, 12, 9), 5).eval()


@pytest.fixture(scope="module")
def data():
    return few(quick_config().dataset.load(None))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("views", ["mirrored", "moved"])
def test_the_answer_is_the_published_mean(network, views, layout):
    inputs = torch.randn(4, 3, 12, 9, generator=torch.Generator().manual_seed(1)).contiguous(memory_format=layout)
    with torch.inference_mode():
        expected, plain = as_published(network, inputs, views), network(inputs)
        found = with_views(network, views)(inputs)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(found, plain, atol=1e-3), "a network that answers all views alike proves nothing"
    assert all(seen(inputs, view).is_contiguous(memory_format=layout) for view in VIEWS[views])


def test_the_first_view_is_the_picture_as_it_is_and_all_shares_are_one(network):
    inputs = torch.randn(2, 3, 12, 9)
    for views, looks in VIEWS.items():
        assert torch.equal(seen(inputs, looks[0]), inputs)
        assert sum(each.share for each in looks) == pytest.approx(1), views
    assert with_views(network, "one") is network


def test_validation_looks_as_often_and_the_training_stays_the_same(data):
    config = quick_config(epochs=2, training={"views": "moved", "average_decay": 0.5})
    state, happened, splits = run(config, data)
    last = [each for each in happened if isinstance(each, Epoch)][-1].metrics
    found, plain = (
        drained(evaluate(with_views(state.eval_model, views), splits.val, config.loss, 250))
        for views in ("moved", "one")
    )
    assert last["val/loss"] == pytest.approx(found.loss, rel=1e-6) and found.loss != pytest.approx(plain.loss, rel=1e-3)
    other, _, _ = run(config.with_changes({"training.views": "one"}), data)
    for name, weights in other.model.state_dict().items():
        assert torch.equal(weights, state.model.state_dict()[name]), name


def test_where_features_are_learned_from_pictures_are_looked_at(data):
    """A last layer alone trains, on features that are computed once, of pictures as they are."""
    config = quick_config(
        architecture={"name": "resnet18", "weights": "random", "train": "head"},
        epochs=1,
        training={"views": "mirrored"},
    )
    splits = splits_of(config, data)
    state = begin(config, splits, CPU, None)
    happened = list(train(state, setup_of(config), splits))
    assert any(isinstance(each, Preparing) for each in happened)
    found = drained(evaluate(with_views(state.model, "mirrored"), splits.val, config.loss, 250))
    assert happened[-1].metrics["val/loss"] == pytest.approx(found.loss, rel=1e-5)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, data_folder):
    return train_whole(tmp_path_factory.mktemp("runs"), data_folder, epochs=2, training={"views": "moved"})


def test_the_test_and_whoever_asks_look_as_often(finished, data_folder, monkeypatch):
    classifier, config = Classifier.load(finished), finished.config()
    splits = splits_of(config, config.dataset.load(None))
    report, predictions = drained(evaluate_checkpoint(finished.best, splits.test, CPU, "test"))
    (test,) = [event for event in finished.events()[0] if event["event"] == "test"]
    assert report["test/loss"] == pytest.approx(test["test/loss"], rel=1e-5)
    inputs, labels = splits.test.slice(0, len(splits.test))
    with torch.inference_mode():
        expected = as_published(classifier.model, inputs, "moved")
        plain = classifier.model(inputs)
    assert report["test/loss"] == pytest.approx(functional.cross_entropy(expected, labels).item(), rel=1e-4)
    assert report["test/loss"] != pytest.approx(functional.cross_entropy(plain, labels).item(), rel=1e-3)
    pixels = config.dataset.load(None).test_images.numpy()
    np.testing.assert_allclose(classifier.predict(pixels), expected.softmax(1).numpy(), atol=1e-5)
    monkeypatch.setattr(asking, "BATCH", 100)  # in portions
    features, probabilities = classifier.embed(pixels)
    np.testing.assert_allclose(probabilities, expected.softmax(1).numpy(), atol=1e-5)
    last = [each for each in classifier.model.modules() if isinstance(each, nn.Linear)][-1]
    again = torch.from_numpy(features) @ last.weight.detach().T + last.bias.detach()
    torch.testing.assert_close(again, plain, rtol=1e-3, atol=1e-3)  # of the pictures as they are


def test_a_run_of_before_there_were_views_looks_once():
    settings = quick_config(training={"views": "moved"}).to_dict()
    del settings["training"]["views"]
    assert RunConfig.from_dict(settings).training.views == "one"


def test_each_view_counts_as_work(finished):
    classifier = Classifier.load(finished)
    config = classifier.config.with_changes({"training.views": "one"})
    once = dataclasses.replace(classifier, config=config)
    assert once.affordable(10**9, 1) // 6 == pytest.approx(classifier.affordable(10**9, 1), abs=1)
