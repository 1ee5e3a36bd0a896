"""Splits and batches: what is held out, how pixels become network inputs, where batches begin and end."""

import dataclasses
import math
import threading

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision import transforms

from core.datasets import DATASETS, ImageData
from core.datasets.cache import open_images
from core.errors import TrainDeskError
from core.image_sets.splitting import VAL, Rows, plan_of
from core.training import batches
from core.training.batches import Pictures, pictures, split
from core.training.sampling import batch_bounds, least_batch
from tests.core.short import EACH_KIND
from tests.helpers import quick_config

CPU = torch.device("cpu")


def picked(part, index):
    """Inputs and labels of those images, in that order."""
    return part.only(index).slice(0, len(index))


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


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_sample_is_spread_evenly_and_exact(dtype, data, dataset):
    part = split(data, dataset, 0.1, 0, torch.device("cpu"), dtype).train
    exact = split(data, dataset, 0.1, 0, torch.device("cpu")).train
    sample = part.sample(3)
    middle = (len(part) - 1) // 2
    assert sample.dtype == torch.float32
    assert torch.equal(sample, torch.cat([exact.slice(at, at + 1)[0] for at in (0, middle, len(part) - 1)]))
    assert torch.equal(part.sample(10**6), exact.slice(0, len(part))[0])


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


GREY, COLOUR = "digits", {"name": "cifar10", "normalisation": "imagenet"}


@pytest.fixture(params=[GREY, COLOUR], ids=["grey", "colour"])
def dataset(request):
    return DATASETS.parse(request.param)


@pytest.fixture
def data(dataset):
    random = torch.Generator().manual_seed(3)
    images = torch.randint(0, 256, (90, *dataset.info().shape), dtype=torch.uint8, generator=random)
    labels = torch.randint(0, 10, (90,), generator=random)
    return ImageData(images[:70], labels[:70], images[70:], labels[70:])


@pytest.fixture
def kept(data, dataset, tmp_path, monkeypatch):
    """The images mapped from files."""
    monkeypatch.setattr(type(dataset), "load", lambda self, folder: data)
    monkeypatch.setattr(type(dataset), "sources", lambda self, folder: [])
    images = open_images(dataset, tmp_path)
    assert images.mapped
    return images


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("ahead of time")]


def assert_same_batches(first, second):
    first, second = list(first), list(second)
    assert len(first) == len(second) > 0
    for (inputs, labels), (other_inputs, other_labels) in zip(first, second, strict=True):
        assert torch.equal(inputs, other_inputs) and inputs.dtype == other_inputs.dtype
        assert inputs.stride() == other_inputs.stride()
        assert torch.equal(labels, other_labels)


@pytest.mark.parametrize("memory", [None, 0], ids=["resident", "streaming"])
@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_batches_are_what_only_and_slice_give(part, memory, kept, dataset):
    pictures = getattr(split(kept, dataset, 0.3, 1, CPU, memory=memory), part)
    bounds = batch_bounds(len(pictures), 7)
    order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(2))
    expected = [picked(pictures, order[start:end]) for start, end in bounds]
    assert_same_batches(pictures.batches(order, bounds), expected)
    assert_same_batches(pictures.batches(None, bounds), [pictures.slice(start, end) for start, end in bounds])
    assert_same_batches(pictures.batches(None, bounds[1:3]), [pictures.slice(start, end) for start, end in bounds[1:3]])


@pytest.mark.parametrize("memory", [None, 0], ids=["resident", "streaming"])
def test_the_images_of_a_split_are_those_held_out_and_the_others(memory, kept, data, dataset):
    splits = split(kept, dataset, 0.3, 1, CPU, memory=memory)
    labels = data.train_labels.numpy()
    rows = Rows.as_kept(labels, None, labels[:0])
    held_out = torch.from_numpy(plan_of(rows, 10, 0.3, 1).parts == VAL)
    mean, deviation = (torch.tensor(values).view(-1, 1, 1) for values in dataset.mean_and_deviation())
    for part, mask in ((splits.train, ~held_out), (splits.val, held_out)):
        order = torch.randperm(len(part), generator=torch.Generator().manual_seed(2))
        expected = ((data.train_images[mask] / 255 - mean) / deviation)[order]
        for inputs, labels in (picked(part, order), next(part.batches(order, [(0, len(part))]))):
            torch.testing.assert_close(inputs, expected, rtol=0, atol=2e-6)
            assert torch.equal(labels, data.train_labels[mask][order])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_streaming_gives_the_same_batches_bit_for_bit(dtype, kept, data, dataset):
    resident, streaming, unkept = (
        split(images, dataset, 0.3, 1, CPU, dtype, memory) for images, memory in ((kept, None), (kept, 0), (data, None))
    )
    assert not resident.train.streams and streaming.train.streams
    assert torch.equal(streaming.train.offset, resident.train.offset)
    for part in ("train", "val", "test"):
        here, there, plain = (getattr(splits, part) for splits in (resident, streaming, unkept))
        bounds = batch_bounds(len(here), 9)
        for order in (None, torch.randperm(len(here))):
            assert_same_batches(there.batches(order, bounds), here.batches(order, bounds))
            assert_same_batches(plain.batches(order, bounds), here.batches(order, bounds))


def test_bfloat16_is_the_float32_result_rounded_once(data, dataset):
    exact, rounded = (split(data, dataset, 0.3, 1, CPU, dtype) for dtype in (torch.float32, torch.bfloat16))
    for ours, theirs in ((rounded.test, exact.test), (rounded.train, exact.train)):
        inputs, expected = ours.slice(0, 20)[0], theirs.slice(0, 20)[0]
        assert inputs.dtype == torch.bfloat16 and expected.dtype == torch.float32
        assert torch.equal(inputs, expected.to(torch.bfloat16))
        assert inputs.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(rounded.train.offset, exact.train.offset.to(torch.bfloat16))


def test_the_offset_is_the_input_of_a_black_picture(dataset):
    black = torch.zeros(2, *dataset.info().shape, dtype=torch.uint8)
    split = pictures(black, torch.zeros(2).long(), dataset, CPU)
    inputs, _ = split.slice(0, 2)
    assert split.offset.shape == (inputs.shape[1],)
    assert torch.equal(inputs, split.offset.view(1, -1, 1, 1).expand_as(inputs))


def test_every_batch_is_its_own_memory(kept, dataset):
    for memory in (None, 0):
        train = split(kept, dataset, 0.3, 1, CPU, memory=memory).train
        bounds = batch_bounds(len(train), 10)
        before = [inputs.clone() for inputs, _ in train.batches(None, bounds)]
        for inputs, _ in train.batches(None, bounds):
            inputs.fill_(7)
        batches = list(train.batches(None, bounds))
        assert all(torch.equal(inputs, old) for (inputs, _), old in zip(batches, before, strict=True))


def test_train_and_val_share_one_copy_of_the_pixels(kept, dataset):
    splits = split(kept, dataset, 0.3, 1, CPU)
    assert splits.train.pixels.data_ptr() == splits.val.pixels.data_ptr()
    assert splits.train.pixels.data_ptr() != kept.train_pixels.data_ptr(), "not the files themselves"
    streaming = split(kept, dataset, 0.3, 1, CPU, memory=0)
    assert streaming.train.pixels.data_ptr() == streaming.val.pixels.data_ptr() == kept.train_pixels.data_ptr()
    assert streaming.test.pixels.data_ptr() == kept.test_pixels.data_ptr()


def test_pixels_stream_when_they_take_more_than_there_is(kept, dataset, monkeypatch):
    size = 90 * math.prod(dataset.info().shape)
    assert not split(kept, dataset, 0.3, 1, CPU, memory=size).train.streams
    assert split(kept, dataset, 0.3, 1, CPU, memory=size - 1).test.streams
    for free, streams in ((2 * size, False), (2 * size - 2, True)):
        monkeypatch.setattr(batches, "free_bytes", lambda device, free=free: free)
        assert split(kept, dataset, 0.3, 1, CPU).train.streams == streams


@pytest.mark.parametrize("end", ["close", "error", "last batch"])
def test_the_thread_that_streams_ends_with_its_batches(end, kept, dataset):
    train = split(kept, dataset, 0.3, 1, CPU, memory=0).train
    loading = train.batches(None, batch_bounds(len(train), 2))
    assert threads() == []
    next(loading)
    assert len(threads()) == 1
    if end == "close":
        loading.close()
    elif end == "error":
        with pytest.raises(KeyError) as caught:
            loading.throw(KeyError())
        assert threads() == [], "even while somebody looks at the error"
        assert caught.traceback
    else:
        assert len(list(loading)) > 10
    assert threads() == []


def test_on_apples_gpu_only_the_training_computes(kept, dataset, monkeypatch):
    """The thread that reads ahead picks rows; two that compute on it at once crash."""
    apples, to = torch.device("mps"), torch.Tensor.to
    streaming = split(kept, dataset, 0.3, 1, CPU, memory=0).train
    order, bounds = torch.randperm(len(streaming)), [(0, 3), (3, 7), (7, 8)]
    expected = list(streaming.batches(order, bounds))
    computing, picking = set(), set()

    def on_the_cpu(tensor, where, *more, **how):
        if where == apples:
            computing.add(threading.current_thread())
        return to(tensor, CPU if where == apples else where, *more, **how)

    class Pixels(torch.Tensor):
        def index_select(self, *arguments):
            picking.add(threading.current_thread())
            return super().index_select(*arguments).as_subclass(torch.Tensor)

    streaming = dataclasses.replace(streaming, pixels=streaming.pixels.as_subclass(Pixels))
    monkeypatch.setattr(torch.Tensor, "to", on_the_cpu)
    monkeypatch.setattr(Pictures, "device", property(lambda self: apples))
    found = list(streaming.batches(order, bounds))
    assert all(
        torch.equal(a, b) for one, other in zip(found, expected, strict=True) for a, b in zip(one, other, strict=True)
    )
    assert computing == {threading.current_thread()}
    assert len(picking) == 1 and not picking & computing


def test_an_error_while_streaming_is_raised_where_the_batch_is_used(kept, dataset):
    train = split(kept, dataset, 0.3, 1, CPU, memory=0).train
    seen = []
    broken = dataclasses.replace(train, rows=torch.tensor([0, 1, 2, 3, 4_000]), labels=torch.arange(5))
    with pytest.raises(IndexError):
        for _, labels in broken.batches(None, [(0, 2), (2, 4), (4, 5)]):
            seen.append(labels.tolist())
    assert seen == [[0, 1], [2, 3]] and threads() == []


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(1, 400), st.integers(1, 450))
def test_batches_cover_every_image_once(images, batch_size):
    bounds = batch_bounds(images, batch_size)
    assert [number for start, end in bounds for number in range(start, end)] == list(range(images))
    sizes = [end - start for start, end in bounds]
    assert all(size == batch_size for size in sizes[:-1])
    assert 1 <= sizes[-1] <= batch_size + 1
    if images > 1 and batch_size > 1:
        assert min(sizes) > 1, "batch norm needs two images"


@settings(deadline=None)
@given(st.integers(1, 2000), st.integers(1, 450))
def test_no_step_is_made_of_less_than_a_quarter_of_a_batch(images, batch_size):
    sizes = [end - start for start, end in batch_bounds(images, batch_size, least_batch(batch_size))]
    assert sum(sizes) == images and all(size == batch_size for size in sizes[:-1])
    assert sizes[-1] < max(batch_size * 1.25, batch_size + 2)
    assert len(sizes) == 1 or sizes[-1] >= batch_size / 4


def test_a_quarter_of_a_batch_is_a_step_of_its_own():
    assert batch_bounds(64 * 2 + 16, 64, least_batch(64)) == [(0, 64), (64, 128), (128, 144)]
    assert batch_bounds(64 * 2 + 15, 64, least_batch(64)) == [(0, 64), (64, 143)]


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


def test_fewer_training_pictures_leave_validation_and_test_as_they_are(data, dataset):
    everything = split(data, dataset, 0.2, 3, CPU)
    few = split(data, dataset, 0.2, 3, CPU, limit=5)
    assert torch.equal(torch.bincount(few.train.labels), torch.bincount(everything.train.labels).clamp(max=5))
    assert set(few.train.rows.tolist()) <= set(everything.train.rows.tolist())
    assert torch.equal(few.val.rows, everything.val.rows) and torch.equal(few.test.labels, everything.test.labels)
    assert not torch.equal(split(data, dataset, 0.2, 4, CPU, limit=5).train.rows, few.train.rows)


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
