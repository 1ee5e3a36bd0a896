"""Splits and batches: what is held out, how pixels become network inputs, where batches begin and end."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision import transforms

from core.datasets import DATASETS, ImageData
from core.training.batches import batch_bounds, held_out_mask, pictures, split

CPU = torch.device("cpu")


@pytest.mark.parametrize("normalisation", ["standard", "zero_one", "half", "imagenet"])
@pytest.mark.parametrize("name", ["digits", "mnist", "fashion_mnist", "cifar10"])
def test_inputs_are_those_of_totensor_and_normalize(name, normalisation):
    dataset = DATASETS.parse({"name": name, "normalisation": normalisation})
    shape = dataset.info().shape
    images = torch.randint(0, 256, (6, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    images[0], images[1] = 0, 255
    mean, deviation = dataset.mean_and_deviation()
    usual = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean, deviation)])
    expected = torch.stack([usual(transforms.ToPILImage()(image)) for image in images])
    split = pictures(images, torch.arange(6), dataset, CPU)
    for inputs, labels in (split.slice(0, 6), split.pick(torch.arange(6))):
        assert inputs.shape == (6, *shape) and inputs.dtype == torch.float32
        torch.testing.assert_close(inputs, expected, rtol=0, atol=1e-6 if name != "cifar10" else 2e-6)
        assert labels.tolist() == list(range(6))


def test_the_standard_normalisation_centres_the_digits():
    dataset = DATASETS.parse("digits")
    data = dataset.load(None)
    inputs, _ = pictures(data.train_images, data.train_labels, dataset, CPU).slice(0, 10_000)
    assert inputs.mean().abs() < 0.01
    assert inputs.std() == pytest.approx(1, abs=0.01)


def test_pick_follows_its_index_and_slice_its_range():
    dataset = DATASETS.parse({"name": "cifar10", "normalisation": "zero_one"})
    images = torch.randint(0, 256, (9, 3, 32, 32), dtype=torch.uint8)
    split = pictures(images, torch.arange(9), dataset, CPU)
    assert len(split) == 9
    inputs, labels = split.pick(torch.tensor([7, 0, 7]))
    assert labels.tolist() == [7, 0, 7]
    torch.testing.assert_close(inputs, images[[7, 0, 7]].float() / 255)
    inputs, labels = split.slice(4, 6)
    assert labels.tolist() == [4, 5]
    torch.testing.assert_close(inputs, images[4:6].float() / 255)
    assert split.slice(8, 100)[1].tolist() == [8]


def test_batches_have_channels_last_for_the_cpu():
    split = pictures(
        torch.zeros(4, 3, 32, 32, dtype=torch.uint8), torch.zeros(4).long(), DATASETS.parse("cifar10"), CPU
    )
    assert split.slice(0, 4)[0].is_contiguous(memory_format=torch.channels_last)


def test_using_a_batch_does_not_change_the_pictures():
    split = pictures(torch.full((4, 1, 8, 8), 9, dtype=torch.uint8), torch.arange(4), DATASETS.parse("digits"), CPU)
    split.slice(0, 4)[0].mul_(100)
    split.pick(torch.arange(4))[0].zero_()
    assert (split.pixels == 9).all()


labels_of_some_classes = st.lists(st.integers(0, 5), min_size=1, max_size=200).map(torch.tensor)


@given(labels_of_some_classes, st.floats(0.001, 0.5), st.integers(0, 2**31 - 1))
def test_each_class_gives_its_share(labels, share, seed):
    mask = held_out_mask(labels, share, seed)
    assert mask.shape == labels.shape and mask.dtype == torch.bool
    for label in labels.unique():
        members = labels == label
        assert mask[members].sum() == max(1, round(int(members.sum()) * share))


@given(st.integers(0, 1000))
def test_the_seed_alone_decides_what_is_held_out(seed):
    labels = torch.arange(300) % 10
    mask = held_out_mask(labels, 0.2, seed)
    torch.manual_seed(seed + 1)  # whatever the global state is
    assert torch.equal(mask, held_out_mask(labels, 0.2, seed))
    assert not torch.equal(mask, held_out_mask(labels, 0.2, seed + 1))


def test_splits_are_disjoint_complete_and_keep_image_and_label_together():
    count = 500
    images = torch.zeros(count, 1, 8, 8, dtype=torch.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = torch.arange(count) % 256, torch.arange(count) // 256
    labels = torch.arange(count) % 10
    data = ImageData(images, labels, images[:50], labels[:50])
    splits = split(data, DATASETS.parse("digits"), 0.1, 3, CPU)

    def numbers(pictures):
        return (pictures.pixels[:, 0].long() + 256 * pictures.pixels[:, 1].long()).tolist()

    train, val = numbers(splits.train), numbers(splits.val)
    assert len(val) == 50 and len(train) == 450
    assert sorted(train + val) == list(range(count))
    assert splits.train.labels.tolist() == [number % 10 for number in train]
    assert splits.val.labels.tolist() == [number % 10 for number in val]
    assert splits.val.labels.bincount().tolist() == [5] * 10
    assert numbers(splits.test) == list(range(50)), "the test images are all there, in their order"


@given(st.integers(1, 400), st.integers(1, 450))
def test_batches_cover_every_image_once(images, batch_size):
    bounds = batch_bounds(images, batch_size)
    assert [number for start, end in bounds for number in range(start, end)] == list(range(images))
    sizes = [end - start for start, end in bounds]
    assert all(size == batch_size for size in sizes[:-1])
    assert 1 <= sizes[-1] <= batch_size + 1
    if images > 1 and batch_size > 1:
        assert min(sizes) > 1, "batch norm needs two images"


@pytest.mark.parametrize(
    ("images", "batch_size", "expected"),
    [
        (10, 5, [(0, 5), (5, 10)]),
        (11, 5, [(0, 5), (5, 11)]),
        (12, 5, [(0, 5), (5, 10), (10, 12)]),
        (3, 5, [(0, 3)]),
        (1, 1, [(0, 1)]),
    ],
)
def test_batch_bounds(images, batch_size, expected):
    assert batch_bounds(images, batch_size) == expected
