"""Every architecture, shape of picture and loss: the file that leaves answers as the dashboard does."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from core.architectures import ARCHITECTURES
from core.export.package.answering import Answering
from core.export.package.onnx_file import as_onnx
from core.inference.neighbours import tempered
from core.training.losses import LOSSES
from tests.core.export.networks import DATASETS, random_classifier, random_known, random_pictures

LOSS_NAMES = LOSSES.names()
LEVELS = (onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL, onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL)


def is_large(name):
    """Networks for photos take seconds to write; the shape of the picture is nothing to them."""
    return "weights" in ARCHITECTURES.get(name).model_fields


def combinations():
    """Every architecture on every shape, those for photos on one, with the losses in turn; then every loss on every shape."""
    found = []
    for number, name in enumerate(ARCHITECTURES.names()):
        shapes = list(DATASETS)[:3] if not is_large(name) else [list(DATASETS)[number % 3]]
        found += [(name, shape, LOSS_NAMES[(number + place) % len(LOSS_NAMES)]) for place, shape in enumerate(shapes)]
    small = [("mlp", shape, loss) for shape in DATASETS for loss in LOSS_NAMES]
    return list(dict.fromkeys([*found, ("simple_cnn", "own", "bce"), *small]))


def sessions(content):
    for level in LEVELS:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level, options.intra_op_num_threads = level, 1
        yield onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def said_here(classifier, known, pictures):
    features, probabilities = classifier.embed(pictures)
    return tempered(probabilities, known.temperature), known.ood_score(features, pictures)


@pytest.mark.parametrize(("name", "shape", "loss"), combinations())
def test_the_file_says_what_the_network_says_here(name, shape, loss):
    classifier = random_classifier(name, shape, loss)
    known = random_known(classifier)
    for session in sessions(as_onnx(classifier, known)):
        for count in (1, 2, 7):
            pictures = random_pictures(classifier, count, count)
            if count == 7:
                pictures[0] = 0
            expected, ood_score = said_here(classifier, known, pictures)
            got, score, unfamiliar = session.run(None, {"images": pictures.transpose(0, 2, 3, 1)})
            assert got.dtype == score.dtype == np.float32 and unfamiliar.dtype == bool
            assert np.ptp(expected) > 0.01, "a network that says the same of everything proves nothing"
            np.testing.assert_allclose(got, expected, atol=5e-5)
            # directions of chance lie close together: what float32 leaves of 1 + 1 - 2 counts, and no more
            np.testing.assert_allclose(score, ood_score, rtol=2e-5, atol=5e-7 / known.units[0])
            sure = np.abs(ood_score - known.limit()) > 1e-4 * known.limit()
            assert (unfamiliar == (ood_score > known.limit()))[sure].all()


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


def test_what_it_learned_from_is_kept_as_small_as_it_is_exact():
    classifier = random_classifier("mlp", "mnist")
    known = random_known(classifier, 500)
    held = {each.name: each for each in onnx.load_from_string(as_onnx(classifier, known)).graph.initializer}
    kinds = {each.dims[0]: each.data_type for each in held.values() if len(each.dims) == 2 and each.dims[0] == 500}
    stored = {tuple(each.dims): each.data_type for each in held.values()}
    assert kinds and stored[(500, 784)] == onnx.TensorProto.UINT8
    assert stored[known.features.shape] == onnx.TensorProto.FLOAT16
    module = Answering(classifier, known)
    assert np.array_equal(module.features.float().numpy(), known.features)
    assert np.array_equal((module.pixels.float() / 255).numpy(), known.pixels)
