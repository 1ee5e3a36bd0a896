"""The recipes are the published systems: their settings, and the networks and optimizers built from them."""

import json

import pytest
import torch
from torch import nn

from core.recipes import RECIPES, find_recipe
from core.run_config import RunConfig
from core.settings.settings import SettingsError
from core.training.optimizers import parameter_groups
from core.training.schedules import SCHEDULES
from tests.helpers import assert_one_sentence

# name: dataset, normalisation, loss, optimizer and its settings, batch size, epochs, parameters, as published
PUBLISHED = {
    "mlp": ("mnist", "standard", "nll", torch.optim.SGD, {"lr": 0.01, "momentum": 0.9}, 200, 10, 199_210),
    "simple_cnn": (
        "mnist", "zero_one", "cross_entropy", torch.optim.SGD, {"lr": 0.001, "momentum": 0.9}, 64, 10,
        (16 * 9 + 16) + (32 * 16 * 9 + 32) + (32 * 7 * 7 * 128 + 128) + (128 * 10 + 10),
    ),
    "simple_cnn_wide": (
        "mnist", "standard", "cross_entropy", torch.optim.Adam, {"lr": 0.001}, 64, 10,
        (32 * 9 + 32) + (64 * 32 * 9 + 64) + (64 * 7 * 7 * 10 + 10),
    ),
    "improved_cnn": ("mnist", "standard", "cross_entropy", torch.optim.Adam, {"lr": 0.001}, 64, 10, None),
    "cifar_cnn": ("cifar10", "half", "cross_entropy", torch.optim.Adam, {"lr": 0.001}, 32, 10, None),
    "resnet18": ("cifar10", "imagenet", "cross_entropy", torch.optim.Adam, {"lr": 0.001}, 64, 5, None),
}  # fmt: skip


def build(name):
    config = find_recipe(name).config()
    info = config.dataset.info()
    return config, config.architecture.build(info.shape, len(info.class_names))


def layers(model, kind):
    return [module for module in model.modules() if isinstance(module, kind)]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_each_recipe_is_a_valid_config_and_survives_json(recipe):
    config = recipe.config()
    assert RunConfig.from_json(json.dumps(config.to_dict())) == config
    assert (config.recipe, config.title) == (recipe.name, recipe.title)
    assert recipe.summary.endswith(".")


def test_what_runs_without_a_network_says_what_to_expect():
    for recipe in RECIPES:
        if not recipe.config().dataset.info().download_bytes:
            assert recipe.expects and 0.9 < recipe.expects < 1, recipe.name


def test_names_and_titles_are_different():
    assert len({recipe.name for recipe in RECIPES}) == len(RECIPES) == len({recipe.title for recipe in RECIPES})


@pytest.mark.parametrize("name", PUBLISHED)
def test_settings_are_the_published_ones(name):
    dataset, normalisation, loss, optimizer_class, optimizer_settings, batch_size, epochs, parameters = PUBLISHED[name]
    config, model = build(name)
    assert (config.dataset.name, config.dataset.normalisation) == (dataset, normalisation)
    assert config.loss.name == loss
    assert (config.training.batch_size, config.training.epochs) == (batch_size, epochs)
    optimizer = config.optimizer.build(parameter_groups(model, config.optimizer, config.architecture.lr_scale))
    assert isinstance(optimizer, optimizer_class)
    (group,) = optimizer.param_groups
    assert {key: group[key] for key in optimizer_settings} == optimizer_settings
    assert group["weight_decay"] == 0
    assert not config.augmentation.is_on() and not config.augmentation.mixes()
    assert config.schedule == SCHEDULES.parse("constant")
    training = config.training
    assert (training.epoch_seconds, training.gradient_clip, training.average_decay, training.patience) == (0, 0, 0, 0)
    assert config.loss.label_smoothing == 0
    if parameters is not None:
        assert sum(weights.numel() for weights in model.parameters()) == parameters


def test_normalisations_have_the_published_numbers():
    def of(name):
        return find_recipe(name).config().dataset.mean_and_deviation()

    assert of("mlp") == of("simple_cnn_wide") == of("improved_cnn") == ((0.1307,), (0.3081,))
    assert of("simple_cnn") == ((0.0,), (1.0,))
    assert of("cifar_cnn") == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert of("resnet18") == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def test_cifar_94_trains_as_airbench_does():
    """The numbers of airbench94_muon.py, whose loss is the sum over a batch and whose head divides by 256."""
    config, model = build("cifar_94")
    assert sum(weights.numel() for weights in model.parameters()) == 1_972_792
    found = parameter_groups(model, config.optimizer, config.architecture.lr_scale)
    rates = {(each["orthogonal"], each["params"][0].ndim): each["lr"] for each in found}
    size = config.training.batch_size
    assert rates[True, 4] == 0.24
    assert rates[False, 1] == pytest.approx(0.053 * size, rel=0.01)
    assert rates[False, 2] == pytest.approx(0.67 * size / 256**2, rel=0.01)
    assert (config.optimizer.momentum, config.optimizer.others_momentum) == (0.6, 0.85)
    assert config.loss.label_smoothing == 0.2 and config.schedule == SCHEDULES.parse("linear")
    assert (config.augmentation.alternate, config.augmentation.crop) == (True, 2)


def test_the_wide_cnn_is_measured_in_batches_of_1000():
    assert find_recipe("simple_cnn_wide").config().training.evaluation_batch_size == 1000


def test_mlp_is_784_200_200_10_with_relu_between():
    _, model = build("mlp")
    sizes = [(layer.in_features, layer.out_features) for layer in layers(model, nn.Linear)]
    assert sizes == [(784, 200), (200, 200), (200, 10)]
    assert [type(module) for module in model] == [nn.Flatten, nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear]


@pytest.mark.parametrize(
    ("name", "channels", "linear"),
    [
        ("simple_cnn", [(1, 16), (16, 32)], [(1568, 128), (128, 10)]),
        ("simple_cnn_wide", [(1, 32), (32, 64)], [(3136, 10)]),
        ("improved_cnn", [(1, 32), (32, 64)], [(3136, 10)]),
    ],
)
def test_cnns_have_the_published_layers(name, channels, linear):
    _, model = build(name)
    convolutions = layers(model, nn.Conv2d)
    assert [(layer.in_channels, layer.out_channels) for layer in convolutions] == channels
    assert {(layer.kernel_size, layer.padding, layer.stride) for layer in convolutions} == {((3, 3), (1, 1), (1, 1))}
    assert [(layer.in_features, layer.out_features) for layer in layers(model, nn.Linear)] == linear
    assert [layer.kernel_size for layer in layers(model, nn.MaxPool2d)] == [2] * len(channels)


def test_improved_cnn_has_batch_norm_after_each_convolution_and_half_dropout():
    _, model = build("improved_cnn")
    assert [layer.num_features for layer in layers(model, nn.BatchNorm2d)] == [32, 64]
    assert [layer.p for layer in layers(model, nn.Dropout)] == [0.5]
    assert not layers(build("simple_cnn_wide")[1], nn.BatchNorm2d)


def test_cifar_cnn_takes_colour_pictures():
    _, model = build("cifar_cnn")
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    assert layers(model, nn.Conv2d)[0].in_channels == 3


def test_resnet18_trains_its_last_layer_alone_from_imagenet():
    config, model = build("resnet18")
    assert config.architecture.weights == "imagenet"
    trained = {name: weights for name, weights in model.named_parameters() if weights.requires_grad}
    assert {tuple(weights.shape) for weights in trained.values()} == {(10, 512), (10,)}
    assert sum(weights.numel() for weights in model.parameters()) == 11_176_512 + 5_130  # torchvision's body, our head


def test_the_recipe_of_the_first_click_needs_no_internet_and_sees_digits_of_every_size_a_little_changed():
    config = find_recipe("digits").config()
    assert config.dataset.name == "mnist" and config.dataset.info().download_bytes == 0
    assert config.augmentation.is_on() and config.training.epochs <= 3


@pytest.mark.parametrize("name", ["simple_cnn_wide", "SimpleCNN wide", "simplecnn-WIDE", " SIMPLE CNN WIDE "])
def test_recipes_are_found_however_they_are_written(name):
    assert find_recipe(name).name == "simple_cnn_wide"


@pytest.mark.parametrize("name", ["", "vgg", "simple", "x" * 500])
def test_an_unknown_recipe_lists_the_known(name):
    with pytest.raises(SettingsError) as caught:
        find_recipe(name)
    assert_one_sentence(str(caught.value), "Unknown recipe", *(recipe.name for recipe in RECIPES))
