"""What every runtime would take, and nothing else, is written."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from torch import nn

from core.errors import TrainDeskError
from core.export.package import onnx_file
from core.export.package.answering import Answering
from core.export.package.onnx_file import OPSET, as_onnx, checked
from tests.core.export.networks import random_classifier, random_known
from tests.helpers import assert_one_sentence


@pytest.fixture(scope="module")
def classifier():
    return random_classifier("mlp", "digits")


@pytest.fixture(scope="module")
def known(classifier):
    return random_known(classifier, 500)


@pytest.fixture(scope="module")
def written(classifier, known):
    return onnx.load_from_string(as_onnx(classifier, known))


def test_it_takes_any_number_of_pictures_as_bytes_and_says_three_things(written):
    (given,) = written.graph.input
    kind = given.type.tensor_type
    assert given.name == "images" and kind.elem_type == TensorProto.UINT8
    batch, *shape = kind.shape.dim
    assert batch.dim_param and [each.dim_value for each in shape] == [8, 8, 1]
    assert [each.name for each in written.graph.output] == ["probabilities", "ood_score", "unfamiliar"]
    assert all(each.type.tensor_type.shape.dim[0].dim_param == batch.dim_param for each in written.graph.output)


def test_it_says_what_its_answers_mean_and_how_pictures_are_prepared(written):
    said = {each.key: each.value for each in written.metadata_props}
    assert json.loads(said["class_names"]) == list("0123456789")
    assert json.loads(said["preparation"]) == {"module": "optdigits", "function": "prepare_optdigits", "arguments": {}}


def test_it_is_of_an_old_opset_and_in_one_file(written):
    assert [(each.domain, each.version) for each in written.opset_import if not each.domain] == [("", OPSET)]
    assert OPSET <= 20
    checked(written)


def test_what_it_learned_from_is_kept_as_small_as_it_is_exact(written, classifier, known):
    stored = {tuple(each.dims): each.data_type for each in written.graph.initializer}
    assert stored[(500, 64)] == TensorProto.UINT8
    assert stored[known.features.shape] == TensorProto.FLOAT16
    module = Answering(classifier, known)
    assert np.array_equal(module.features.float().numpy(), known.features)
    assert np.array_equal((module.pixels.float() / 255).numpy(), known.pixels)


def model(nodes, opset=OPSET, weights=()):
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], list(weights))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def test_a_newer_opset_dropout_and_weights_elsewhere_are_refused():
    checked(model([helper.make_node("Relu", ["x"], ["y"])]))
    with pytest.raises(ValueError, match="opset"):
        checked(model([helper.make_node("Relu", ["x"], ["y"])], opset=21))
    with pytest.raises(ValueError, match="training"):
        checked(model([helper.make_node("Dropout", ["x"], ["y"])]))
    outside = helper.make_tensor("w", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0])
    outside.external_data.add(key="location", value="w.data")
    with pytest.raises(ValueError, match="second file"):
        checked(model([helper.make_node("Mul", ["x", "w"], ["y"])], weights=[outside]))


def test_batch_norm_that_still_learns_is_refused():
    node = helper.make_node("BatchNormalization", list("xsbmv"), ["y", "m2", "v2"], training_mode=1)
    constants = [helper.make_tensor(name, TensorProto.FLOAT, [3], [1.0] * 3) for name in "sbmv"]
    with pytest.raises(ValueError, match="BatchNormalization behaves as in training"):
        checked(model([node], weights=constants))


def test_a_network_that_cannot_be_written_is_one_sentence(classifier, known, monkeypatch):
    class Strange(nn.Module):
        def forward(self, images):
            return images if images.float().mean() > 3 else -images  # what follows from values cannot be written down

    monkeypatch.setattr("core.export.package.answering.Answering", lambda *_: Strange())
    with pytest.raises(TrainDeskError) as caught:
        as_onnx(classifier, known)
    assert_one_sentence(str(caught.value), "could not be written as ONNX")
    assert onnx_file.OPSET == OPSET
