"""The same batches of pictures in memory and of pictures that stream from files."""

import dataclasses
import math
import threading

import pytest
import torch

from core.datasets import DATASETS, ImageData
from core.datasets.cache import open_images
from core.image_sets.splitting import VAL, Rows, plan_of
from core.training import batches
from core.training.batches import Pictures, pictures, split
from core.training.sampling import batch_bounds
from tests.core.training.pictures import picked
from tests.core.training.trained import CPU

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


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_sample_is_spread_evenly_and_exact(dtype, data, dataset):
    part = split(data, dataset, 0.1, 0, torch.device("cpu"), dtype).train
    exact = split(data, dataset, 0.1, 0, torch.device("cpu")).train
    sample = part.sample(3)
    middle = (len(part) - 1) // 2
    assert sample.dtype == torch.float32
    assert torch.equal(sample, torch.cat([exact.slice(at, at + 1)[0] for at in (0, middle, len(part) - 1)]))
    assert torch.equal(part.sample(10**6), exact.slice(0, len(part))[0])


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


def test_fewer_training_pictures_leave_validation_and_test_as_they_are(data, dataset):
    everything = split(data, dataset, 0.2, 3, CPU)
    few = split(data, dataset, 0.2, 3, CPU, limit=5)
    assert torch.equal(torch.bincount(few.train.labels), torch.bincount(everything.train.labels).clamp(max=5))
    assert set(few.train.rows.tolist()) <= set(everything.train.rows.tolist())
    assert torch.equal(few.val.rows, everything.val.rows) and torch.equal(few.test.labels, everything.test.labels)
    assert not torch.equal(split(data, dataset, 0.2, 4, CPU, limit=5).train.rows, few.train.rows)
