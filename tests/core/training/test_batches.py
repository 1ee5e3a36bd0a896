"""Splits and batches: what is held out, how pixels become network inputs, where batches begin and end."""

import pytest
import torch

from core.datasets import DATASETS, ImageData
from core.errors import TrainDeskError
from core.training.batches import pictures, split
from tests.core.short import EACH_KIND
from tests.core.training.pictures import picked
from tests.core.training.trained import CPU
from tests.helpers import quick_config


@pytest.mark.parametrize("normalisation", ["standard", "zero_one", "half", "imagenet"])
@pytest.mark.parametrize("name", ["digits", "mnist", "fashion_mnist", "cifar10"])
def test_inputs_are_those_of_totensor_and_normalize(name, normalisation):
    from torchvision import transforms

    dataset = DATASETS.parse({"name": name, "normalisation": normalisation})
    shape = dataset.info().shape
    images = torch.randint(0, 256, (6, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    images[0], images[1] = 0, 255
    mean, deviation = dataset.mean_and_deviation()
    usual = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean, deviation)])
    expected = torch.stack([usual(transforms.ToPILImage()(image)) for image in images])
    split = pictures(images, torch.arange(6), dataset, CPU)
    for inputs, labels in (split.slice(0, 6), picked(split, torch.arange(6))):
        assert inputs.shape == (6, *shape) and inputs.dtype == torch.float32
        torch.testing.assert_close(inputs, expected, rtol=0, atol=1e-6 if name != "cifar10" else 2e-6)
        assert labels.tolist() == list(range(6))


def test_the_standard_normalisation_centres_the_digits():
    dataset = DATASETS.parse("digits")
    data = dataset.load(None)
    inputs, _ = pictures(data.train_images, data.train_labels, dataset, CPU).slice(0, 10_000)
    assert inputs.mean().abs() < 0.01
    assert inputs.std() == pytest.approx(1, abs=0.01)


def test_only_follows_its_index_and_slice_its_range():
    dataset = DATASETS.parse({"name": "cifar10", "normalisation": "zero_one"})
    images = torch.randint(0, 256, (9, 3, 32, 32), dtype=torch.uint8)
    split = pictures(images, torch.arange(9), dataset, CPU)
    assert len(split) == 9
    inputs, labels = picked(split, torch.tensor([7, 0, 7]))
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
    picked(split, torch.arange(4))[0].zero_()
    assert (split.pixels == 9).all()


def test_splits_are_disjoint_complete_and_keep_image_and_label_together():
    count = 500
    images = torch.zeros(count, 1, 8, 8, dtype=torch.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = torch.arange(count) % 256, torch.arange(count) // 256
    labels = torch.arange(count) % 10
    data = ImageData(images, labels, images[:50], labels[:50])
    splits = split(data, DATASETS.parse("digits"), 0.1, 3, CPU)

    def numbers(pictures):
        pixels = pictures.pixels if pictures.rows is None else pictures.pixels[pictures.rows]
        return (pixels[:, 0].long() + 256 * pixels[:, 1].long()).tolist()

    train, val = numbers(splits.train), numbers(splits.val)
    assert len(val) == 50 and len(train) == 450
    assert sorted(train + val) == list(range(count))
    assert splits.train.labels.tolist() == [number % 10 for number in train]
    assert splits.val.labels.tolist() == [number % 10 for number in val]
    assert splits.val.labels.bincount().tolist() == [5] * 10
    assert numbers(splits.test) == list(range(50)), "the test images are all there, in their order"


def test_a_part_that_would_be_empty_is_refused_in_a_sentence():
    labels = torch.arange(20) % 2
    images = torch.zeros(20, 1, 8, 8, dtype=torch.uint8)
    bursts = ImageData(images, labels, images, labels, train_group_ids=labels.clone())
    with pytest.raises(TrainDeskError, match="no validation pictures"):
        split(bursts, DATASETS.parse("digits"), 0.1, 0, CPU)


@EACH_KIND
def test_pictures_that_have_no_room_on_the_device_stream(error, monkeypatch):
    config = quick_config()
    data = config.dataset.load(None)
    held = split(data, config.dataset, 0.1, 0, CPU, memory=10**9)
    real = torch.Tensor.to

    def to(tensor, *arguments, **options):
        if "copy" in options:
            raise error
        return real(tensor, *arguments, **options)

    monkeypatch.setattr(torch.Tensor, "to", to)
    streamed = split(data, config.dataset, 0.1, 0, CPU, memory=10**9)
    assert streamed.train.streams and not held.train.streams
    for part in ("train", "val", "test"):
        one, other = (getattr(each, part).slice(0, 9) for each in (streamed, held))
        assert torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])
