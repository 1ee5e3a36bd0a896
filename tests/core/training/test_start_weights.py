"""Starting from an earlier run: what fits is taken over, what does not stays, too little is refused."""

import pytest
import torch
from torch import nn

from core.architectures import ARCHITECTURES
from core.architectures.resnet18 import ResNet18
from core.errors import TrainDeskError
from core.training.start_weights import Classes, copy_matching
from tests.helpers import assert_one_sentence


def build(name="mlp", classes=10, shape=(1, 8, 8), seed=0, **settings):
    torch.manual_seed(seed)
    return ARCHITECTURES.parse({"name": name, **settings}).build(shape, classes)


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(model, weights, names):
    return all(torch.equal(model.state_dict()[name], weights[name]) for name in names)


@pytest.mark.parametrize("name", ARCHITECTURES.names())
def test_a_network_of_the_same_settings_is_taken_over_whole(name):
    earlier, model = build(name, shape=(3, 32, 32), seed=1), build(name, shape=(3, 32, 32))
    matched = copy_matching(model, state(earlier))
    assert matched == list(model.state_dict())
    assert same(model, earlier.state_dict(), model.state_dict())


@pytest.mark.parametrize("name", ["mlp", "simple_cnn", "improved_cnn", "cifar_cnn", "resnet18"])
def test_with_other_classes_all_but_the_last_layer_is_taken_over(name):
    earlier, model = build(name, 10, (3, 32, 32), seed=1), build(name, 3, (3, 32, 32))
    before, names = state(model), list(model.state_dict())
    matched = copy_matching(model, state(earlier))
    assert matched == names[:-2]
    assert same(model, earlier.state_dict(), names[:-2])
    assert same(model, before, names[-2:]), "the last layer stays as it was"


@pytest.mark.parametrize("name", ["mlp", "simple_cnn", "improved_cnn", "photo_cnn", "efficientnet_lite0"])
def test_a_class_keeps_its_row_by_its_name_and_a_new_one_gets_a_new_row(name):
    earlier, model = build(name, 3, (3, 32, 32), seed=1), build(name, 4, (3, 32, 32))
    for value in list(earlier.state_dict().values())[-2:]:
        value.normal_()  # some last layers begin at zero
    before, names = state(model), list(model.state_dict())
    matched = copy_matching(model, state(earlier), Classes(["new", "dog", "ant", "cat"], ["ant", "bee", "dog"]))
    assert set(matched) == set(names) and same(model, earlier.state_dict(), names[:-2])
    for each in names[-2:]:
        now, then = model.state_dict()[each], earlier.state_dict()[each]
        assert torch.equal(now[1], then[2]) and torch.equal(now[2], then[0])
        assert torch.equal(now[[0, 3]], before[each][[0, 3]]), "new rows are as they were made"


def test_as_many_classes_of_other_names_take_over_no_row():
    earlier, model = build(classes=3, seed=1), build(classes=3)
    before, names = state(model), list(model.state_dict())
    assert copy_matching(model, state(earlier), Classes("abc", "xyz")) == names[:-2]
    assert same(model, before, names[-2:]) and same(model, earlier.state_dict(), names[:-2])
    assert copy_matching(model, state(earlier), Classes("abc", "abc")) == names


@pytest.mark.parametrize(
    ("first", "then"),
    [("head", "head"), ("head", "last_block"), ("last_block", "all"), ("all", "last_block"), ("all", "head")],
)
def test_what_trained_earlier_and_what_trains_now_makes_no_difference(first, then):
    earlier = ResNet18(train=first, weights="random").build((3, 32, 32), 3)
    model = ResNet18(train=then, weights="random").build((3, 32, 32), 3)
    assert len(copy_matching(model, state(earlier))) == len(model.state_dict())
    inputs = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(model.eval()(inputs), earlier.eval()(inputs))
    assert {name.split(".")[0] for name, weights in model.named_parameters() if weights.requires_grad} == (
        {"head"} if then == "head" else {"head", "trained"}
    )


def test_the_copy_is_independent_of_the_weights_given():
    earlier, model = build(seed=1), build()
    weights = state(earlier)
    copy_matching(model, weights)
    with torch.no_grad():
        next(model.parameters()).add_(1)
    assert torch.equal(next(iter(weights.values())), next(earlier.parameters()))


def refusal(model, weights):
    before = state(model)
    with pytest.raises(TrainDeskError) as caught:
        copy_matching(model, weights)
    assert same(model, before, before), "a refused network stays as it was"
    return str(caught.value)


def test_another_architecture_is_refused_with_what_differs():
    message = refusal(build("mlp", hidden=[200, 100]), state(build("simple_cnn")))
    assert_one_sentence(message, "0 %", "33,100", "1.weight", "200 x 64", "same architecture")


def test_other_sizes_are_refused_with_both():
    message = refusal(build("mlp", hidden=[32]), state(build("mlp", hidden=[16])))
    assert_one_sentence(message, "0 %", "2,080", "'1.weight' is 32 x 64 here and 16 x 64 there")


def test_a_minor_part_is_not_enough_and_half_is():
    def of(*widths):
        return nn.Sequential(*(nn.Linear(a, b, bias=False) for a, b in zip(widths, widths[1:], strict=False)))

    assert_one_sentence(
        refusal(of(4, 4, 5, 2), state(of(4, 4, 6, 2))), "Only 44 %", "50 %", "5 x 4 here and 6 x 4 there"
    )
    assert len(copy_matching(of(4, 4, 4, 2), state(of(4, 4, 3, 2)))) == 1


def test_a_part_that_the_earlier_run_does_not_have_is_called_missing():
    assert_one_sentence(refusal(build(), {"other": torch.zeros(1)}), "missing there")


def test_a_network_of_one_layer_is_judged_by_that():
    assert len(copy_matching(build(hidden=[]), state(build(hidden=[], seed=1)))) == 2
    assert_one_sentence(refusal(build(hidden=[]), state(build(hidden=[], classes=3))), "0 %", "10 x 64", "3 x 64")


def test_a_running_average_alone_does_not_make_a_network_fit():
    model = build("improved_cnn", shape=(3, 32, 32))
    statistics = {name: value for name, value in state(model).items() if "running" in name or "tracked" in name}
    assert_one_sentence(refusal(model, statistics), "Only 0 %")
