"""Features computed once: the same numbers, the same training and the same answers as without them."""

import contextlib
import copy

import pytest
import torch
from torch import nn

from core.architectures.resnet18 import ResNet18
from core.datasets import DATASETS
from core.training.augmentation import Augmentation
from core.training.batches import pictures
from core.training.features import (
    Features,
    can_cache,
    compute_features,
    features_bytes,
    rest_of,
    split_frozen,
)
from core.training.sampling import batch_bounds

FLOAT32 = contextlib.nullcontext()
CLASSES = 10


def mixed():
    return torch.autocast("cpu", dtype=torch.bfloat16)


def images_of(count, seed=0):
    random = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (count, 3, 32, 32), generator=random, dtype=torch.uint8)
    labels = torch.randint(CLASSES, (count,), generator=random)
    return pictures(images, labels, DATASETS.parse("cifar10"), torch.device("cpu"))


def resnet(train="head", seed=0, **settings):
    torch.manual_seed(seed)
    model = ResNet18(train=train, weights="random", **settings).build((3, 32, 32), CLASSES)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return model.to(memory_format=torch.channels_last)


def computed(frozen, split, batch_size=8, autocast=FLOAT32, **options):
    """The features and what was told on the way."""
    told, computing = [], compute_features(frozen, split, batch_size, autocast, **options)
    while True:
        try:
            told.append(next(computing))
        except StopIteration as end:
            return end.value, told


def few(rows=4, width=3):
    """Features that say which picture they are of: the first of picture i is 10 i, of its mirror image 1000 + 10 i."""
    own = torch.arange(rows)[:, None] * 10.0 + torch.arange(width)
    return Features(torch.cat([own, own + 1000]), torch.arange(rows), (width,))


@pytest.mark.parametrize(("train", "leading"), [("head", 2), ("last_block", 2), ("all", 0)])
def test_a_resnet_is_split_where_training_begins(train, leading):
    model = resnet(train)
    frozen, rest = split_frozen(model)
    if not leading:
        assert frozen is None and rest is model
        return
    assert [*frozen, *rest] == list(model), "the modules themselves, not copies"
    assert len(frozen) == leading
    assert {id(weights) for weights in rest.parameters()} == {id(w) for w in model.parameters() if w.requires_grad}


def frozen_layer(*layers):
    return nn.Sequential(*layers).requires_grad_(False)


class Foreign(nn.Module):
    def forward(self, inputs):
        return inputs + torch.rand(())


@pytest.mark.parametrize(
    ("layers", "leading"),
    [
        ([nn.Flatten(), frozen_layer(nn.Linear(4, 4)), nn.ReLU(), nn.Linear(4, 2)], 3),
        ([nn.Flatten(), nn.Linear(4, 4), nn.ReLU()], None),
        ([frozen_layer(nn.Linear(4, 4)), nn.Dropout(0.5), nn.Linear(4, 2)], 1),
        ([nn.Dropout(0.5), frozen_layer(nn.Linear(4, 4)), nn.Linear(4, 2)], None),
        ([frozen_layer(nn.Linear(4, 4), nn.BatchNorm1d(4)), nn.Linear(4, 2)], None),
        ([frozen_layer(nn.Linear(4, 4), Foreign()), nn.Linear(4, 2)], None),
        ([nn.Flatten(), nn.ReLU(), nn.Linear(4, 2)], None),
        ([frozen_layer(nn.Linear(4, 4)), nn.ReLU()], None),
    ],
    ids=["frozen", "trained", "chance after", "chance before", "statistics", "foreign", "no weights", "nothing trains"],
)
def test_only_what_gives_the_same_in_every_epoch_is_split_off(layers, leading):
    model = nn.Sequential(*layers).eval()
    frozen, rest = split_frozen(model)
    if leading is None:
        assert frozen is None and rest is model
    else:
        assert list(frozen) == layers[:leading] and list(rest) == layers[leading:]


def test_a_copy_whose_weights_do_not_train_is_split_at_the_same_place():
    model = resnet("last_block")
    frozen, rest = split_frozen(model)
    other = copy.deepcopy(model).requires_grad_(False)
    assert list(rest_of(other, frozen)) == [other.trained, other.head]


def test_a_network_that_is_no_sequence_is_left_whole():
    model = nn.Bilinear(2, 2, 2)
    assert split_frozen(model) == (None, model)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(("train", "shape"), [("head", (512,)), ("last_block", (256, 2, 2))])
def test_features_are_bit_for_bit_what_the_frozen_part_gives_in_training(train, shape, precision):
    autocast = FLOAT32 if precision == "float32" else mixed()
    model, split = resnet(train), images_of(21)
    frozen, rest = split_frozen(model)
    features, told = computed(frozen, split, 8, autocast)
    assert told == [(8, 21), (16, 21), (21, 21)]
    assert features.shape == shape and len(features) == 21 and not features.mirrored
    assert features.dtype == getattr(torch, precision) and not features.rows.is_inference()
    model.eval()  # batch norm of the trained block must not depend on the other images here
    with torch.no_grad(), autocast:
        for index in torch.arange(21).split(8):
            got, labels = features.only(index).slice(0, len(index))
            inputs, expected_labels = split.only(index).slice(0, len(index))
            assert torch.equal(got, frozen(inputs)) and torch.equal(labels, expected_labels)
            assert torch.equal(rest(got), model(inputs))
            assert got.is_contiguous(memory_format=torch.channels_last) or got.ndim == 2
    assert all(weights.dtype == torch.float32 for weights in model.parameters()), "the model itself is as it was"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_batch_size_of_the_pass_changes_nothing_but_roundings(precision):
    mode = FLOAT32 if precision == "float32" else mixed()
    frozen, _ = split_frozen(resnet())
    few_at_a_time, all_at_once = (computed(frozen, images_of(21), size, mode)[0].rows for size in (4, 21))
    tolerance = {"float32": 1e-4, "bfloat16": 5e-2}[precision]
    torch.testing.assert_close(few_at_a_time, all_at_once, rtol=tolerance, atol=tolerance)


def head_after(split, test, *, cached, epochs=3, mode=FLOAT32):
    """The state of a network after some epochs at batch 8, and its predictions for the test images."""
    model = resnet("head", seed=1)
    frozen, rest = split_frozen(model)
    data, network = (computed(frozen, split, 8, mode)[0], rest) if cached else (split, model)
    optimizer = torch.optim.Adam(rest.parameters(), lr=0.01)
    random = torch.Generator().manual_seed(2)
    for _ in range(epochs):
        for inputs, labels in data.batches(torch.randperm(len(split), generator=random), batch_bounds(len(split), 8)):
            with mode:
                logits = network(inputs)
            optimizer.zero_grad()
            nn.functional.cross_entropy(logits, labels).backward()
            optimizer.step()
    with torch.no_grad():
        return model.state_dict(), model.eval()(test.slice(0, len(test))[0])


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_training_on_features_gives_the_same_network_and_predictions(precision):
    mode = FLOAT32 if precision == "float32" else mixed()
    split, test = images_of(40), images_of(30, seed=1)
    naive, naive_logits = head_after(split, test, cached=False, mode=mode)
    cached, cached_logits = head_after(split, test, cached=True, mode=mode)
    assert all(torch.equal(cached[name], value) for name, value in naive.items())
    assert torch.equal(cached_logits, naive_logits)
    untrained = resnet("head", seed=1).state_dict()
    assert not torch.equal(naive["head.weight"], untrained["head.weight"])


@pytest.mark.parametrize("train", ["head", "last_block"])
def test_mirror_images_are_kept_beside_the_pictures(train):
    model, split = resnet(train), images_of(12)
    frozen, _ = split_frozen(model)
    plain, _ = computed(frozen, split)
    both, told = computed(frozen, split, mirrored=True)
    assert told == [(8, 12), (12, 12)] and len(both) == 12 and both.mirrored
    assert torch.equal(both.slice(0, 12)[0], plain.slice(0, 12)[0]), "a slice mirrors nothing"
    with torch.no_grad():
        mirrored = frozen(split.slice(0, 12)[0].flip(-1))
    assert torch.equal(both.rows[12:], plain_rows(mirrored))
    assert not torch.equal(both.rows[12:], both.rows[:12])


def plain_rows(features):
    return features.permute(0, 2, 3, 1).reshape(len(features), -1) if features.ndim == 4 else features


def test_half_of_the_pictures_are_mirrored_at_random_and_labels_stay():
    features, random = few(2000), torch.Generator().manual_seed(0)
    inputs, labels = next(features.batches(None, [(0, 2000)], random))
    mirror = inputs[:, 0] >= 1000 + labels * 10
    assert torch.equal(inputs[:, 0] - 1000 * mirror, labels * 10.0)
    assert 900 < int(mirror.sum()) < 1100
    again, _ = next(features.batches(None, [(0, 2000)], random))
    assert not torch.equal(inputs, again), "drawn anew"


def test_batches_follow_the_order_and_the_bounds():
    features, order = few(5), torch.tensor([3, 1, 4, 0, 2])
    found = list(features.batches(order, [(0, 2), (2, 5)]))
    assert [inputs[:, 0].tolist() for inputs, _ in found] == [[30, 10], [40, 0, 20]]
    assert [labels.tolist() for _, labels in found] == [[3, 1], [4, 0, 2]]
    assert [labels.tolist() for _, labels in features.batches(None, [(0, 3), (3, 5)])] == [[0, 1, 2], [3, 4]]


def test_an_epoch_that_goes_on_in_the_middle_mirrors_the_same_pictures():
    features, order = few(64), torch.randperm(64)
    bounds = batch_bounds(64, 8)
    whole = list(features.batches(order, bounds, torch.Generator().manual_seed(3)))
    later = list(features.batches(order, bounds[5:], torch.Generator().manual_seed(3)))
    assert all(torch.equal(a[0], b[0]) and torch.equal(a[1], b[1]) for a, b in zip(whole[5:], later, strict=True))
    assert any((inputs >= 1000).any() for inputs, _ in later)


def test_mirroring_without_mirror_images_is_refused():
    features = Features(torch.zeros(4, 3), torch.arange(4), (3,))
    with pytest.raises(ValueError):
        next(features.batches(None, [(0, 2)], torch.Generator()))


def test_a_slice_ends_with_the_pictures():
    inputs, labels = few(4).slice(2, 10)
    assert inputs[:, 0].tolist() == [20, 30] and labels.tolist() == [2, 3], "not with their mirror images"


@pytest.mark.parametrize("train", ["head", "last_block"])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_memory_they_take_is_known_beforehand(train, mirrored, precision):
    autocast = FLOAT32 if precision == "float32" else mixed()
    split, (frozen, _) = images_of(9), split_frozen(resnet(train))
    features, _ = computed(frozen, split, 4, autocast, mirrored=mirrored)
    expected = features_bytes(frozen, split, autocast, mirrored=mirrored)
    assert expected == features.rows.numel() * features.rows.element_size() == features.rows.untyped_storage().nbytes()


def test_who_asks_for_features_is_not_put_into_inference_mode():
    frozen, rest = split_frozen(resnet())
    computing = compute_features(frozen, images_of(9), 4, mixed())
    for _ in computing:
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
        assert not torch.is_autocast_enabled("cpu")


def test_only_mirroring_goes_together_with_features():
    assert can_cache(Augmentation()) and can_cache(Augmentation(flip=True))
    other = [name for name in Augmentation.model_fields if name != "flip"]
    assert {"shift", "rotation"} <= set(other)
    assert not can_cache(Augmentation(alternate=True))
    for name in [name for name in other if name != "alternate"]:
        value = 1 if Augmentation.model_fields[name].annotation is int else 0.2
        assert not can_cache(Augmentation(**{name: value})), name
        assert not can_cache(Augmentation(flip=True, **{name: value})), name
