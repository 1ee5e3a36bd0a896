"""Every architecture, shape of picture and loss: the file that leaves answers as the dashboard does."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch

from core.architectures import ARCHITECTURES
from core.architectures._backbone import BackboneSettings
from core.export.package.answering import Answering
from core.export.package.onnx_file import as_onnx
from core.inference.neighbours import tempered
from core.training.losses import LOSSES
from tests.core.export.networks import DATASETS, random_classifier, random_known, random_pictures, shallow

LOSS_NAMES = LOSSES.names()
SHAPES = list(DATASETS)
LEVELS = (onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL, onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL)


def sessions(content):
    for level in LEVELS:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level, options.intra_op_num_threads = level, 1
        yield onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def said_here(classifier, known, pictures):
    features, probabilities = classifier.embed(pictures)
    return tempered(probabilities, known.temperature), known.ood_score(features, pictures)


def by_the_module(classifier, known):
    """What is written into the file, asked as it is."""
    module = Answering(classifier, known).eval()

    def ask(pictures):
        with torch.inference_mode():
            return [each.numpy() for each in module(torch.from_numpy(pictures))]

    return ask


def by_the_file(classifier, known):
    """The file in a runtime, as it is and as that makes it faster; they say the same."""
    written = as_onnx(classifier, known)
    runtimes = list(sessions(written))

    def ask(pictures):
        plain, faster = ([*each.run(None, {"images": pictures})] for each in runtimes)
        np.testing.assert_allclose(faster[0], plain[0], atol=5e-5)
        return faster

    return ask


def files():
    """(network, shape, loss) of the files; one takes seconds. Every network in one, shapes and losses in turn."""
    for turn, name in enumerate(ARCHITECTURES.names(), -1):
        yield name, SHAPES[turn % len(SHAPES)], LOSS_NAMES[(turn // 2) % len(LOSS_NAMES)]


def modules():
    """(network, shape, loss) of the modules: every small network with every shape, as its layers see other sizes, and the
    smallest one with every loss. What large networks are asked is the file's."""
    for turn, (name, kind) in enumerate(ARCHITECTURES.items()):
        if not issubclass(kind, BackboneSettings):
            for number, shape in enumerate(SHAPES):
                yield name, shape, LOSS_NAMES[(turn + number) % len(LOSS_NAMES)]
    yield from (("mlp", "digits", loss) for loss in LOSS_NAMES)


FILES = list(files())
MODULES = sorted({*modules()} - {*FILES})


def test_every_network_shape_and_loss_is_in_a_file():
    assert {each[0] for each in FILES} == set(ARCHITECTURES.names())
    assert {each[1] for each in FILES} == set(SHAPES) and {each[2] for each in FILES} == set(LOSS_NAMES)


def assert_answers_as_here(way, name, shape, loss):
    classifier = random_classifier(name, shape, loss)
    known = random_known(classifier)
    ask = way(classifier, known)
    for count in (1, 2, 7):
        pictures = random_pictures(classifier, count, count)
        if count == 7:
            pictures[0] = 0
        expected, ood_score = said_here(classifier, known, pictures)
        got, score, unfamiliar = ask(np.ascontiguousarray(pictures.transpose(0, 2, 3, 1)))
        assert got.dtype == score.dtype == np.float32 and unfamiliar.dtype == bool
        assert np.ptp(expected) > 0.01, "a network that says the same of everything proves nothing"
        np.testing.assert_allclose(got, expected, atol=5e-5)
        # directions of chance lie close together: what float32 leaves of 1 + 1 - 2 counts, and no more
        np.testing.assert_allclose(score, ood_score, rtol=2e-5, atol=5e-7 / known.units[0])
        sure = np.abs(ood_score - known.limit()) > 1e-4 * known.limit()
        assert (unfamiliar == (ood_score > known.limit()))[sure].all()


@pytest.mark.parametrize(("name", "shape", "loss"), FILES)
def test_the_file_says_what_the_network_says_here(name, shape, loss):
    with shallow():
        assert_answers_as_here(by_the_file, name, shape, loss)


@pytest.mark.parametrize(("name", "shape", "loss"), MODULES)
def test_what_is_written_says_what_the_network_says_here(name, shape, loss):
    assert_answers_as_here(by_the_module, name, shape, loss)


def test_some_are_unfamiliar_and_some_are_not():
    classifier = random_classifier("mlp", "mnist")
    known = random_known(classifier)
    pictures = np.concatenate([random_pictures(classifier, 6, 10), np.full((6, 1, 28, 28), 255, np.uint8)])
    with torch.inference_mode():
        _, _, unfamiliar = Answering(classifier, known)(torch.from_numpy(pictures).permute(0, 2, 3, 1))
    assert unfamiliar.tolist() == [False] * 6 + [True] * 6


def test_a_wide_network_is_compared_in_fewer_dimensions_and_takes_them_along():
    classifier = random_classifier("simple_cnn", "mnist", channels=[8], hidden=[])
    assert Answering(classifier, random_known(classifier)).projection.shape == (8 * 14 * 14, 256)
    assert Answering(*(lambda one: (one, random_known(one)))(random_classifier("mlp", "digits"))).projection is None


def test_a_network_that_looks_at_several_views_leaves_with_them():
    made = random_classifier("simple_cnn", "cifar10", channels=[8], hidden=[])
    classifier = replace(made, config=made.config.with_changes({"training.views": "moved"}))
    known, pictures = random_known(classifier), random_pictures(classifier, 5, 5)
    expected, ood_score = said_here(classifier, known, pictures)
    got, score, _ = by_the_file(classifier, known)(np.ascontiguousarray(pictures.transpose(0, 2, 3, 1)))
    np.testing.assert_allclose(got, expected, atol=5e-5)
    np.testing.assert_allclose(score, ood_score, rtol=2e-5, atol=5e-7 / known.units[0])
    assert np.abs(expected - said_here(made, known, pictures)[0]).max() > 0.01
