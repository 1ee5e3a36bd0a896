"""Every registered architecture, on every shape of picture and number of classes. A new one is tested by being there."""

import pytest
import torch

from core.architectures import ARCHITECTURES

SMALL = [((1, 8, 8), 2), ((1, 28, 28), 10), ((3, 32, 32), 37)]  # the last layer alone knows of classes
LARGE = [(3, 64, 64), (1, 64, 64)]
HUGE = (3, 224, 224)
NAMES = ARCHITECTURES.names()


def label(shape):
    return "x".join(map(str, shape)) if isinstance(shape, tuple) else str(shape)


def build(name, shape, classes):
    settings = ARCHITECTURES.get(name)()
    if settings.side_needed() > min(shape[1:]):
        pytest.skip(f"{name} takes pictures of {settings.side_needed()} pixels or more")
    torch.manual_seed(0)
    return settings.build(shape, classes)


def check_forward_and_backward(model, shape, classes, images=3):
    inputs = torch.randn(images, *shape)
    logits = model.train()(inputs)
    assert logits.shape == (images, classes)
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()
    torch.nn.functional.cross_entropy(logits, torch.arange(images) % classes).backward()
    trained = {name: weights for name, weights in model.named_parameters() if weights.requires_grad}
    assert trained
    for name, weights in model.named_parameters():
        if name in trained:
            assert weights.grad is not None and weights.grad.isfinite().all(), name
            assert weights.grad.abs().sum() > 0, f"{name} gets no gradient"
        else:
            assert weights.grad is None, f"{name} is frozen"


@pytest.mark.parametrize(("shape", "classes"), SMALL, ids=label)
@pytest.mark.parametrize("name", NAMES)
def test_small_pictures_pass_forward_and_backward(name, shape, classes):
    check_forward_and_backward(build(name, shape, classes), shape, classes)


@pytest.mark.parametrize("shape", LARGE, ids=label)
@pytest.mark.parametrize("name", NAMES)
def test_larger_pictures_pass_forward_and_backward(name, shape):
    check_forward_and_backward(build(name, shape, 10), shape, 10, images=2)


@pytest.mark.parametrize("name", NAMES)
def test_a_photo_of_224_pixels_passes(name):
    model = build(name, HUGE, 10).eval()
    with torch.inference_mode():
        logits = model(torch.randn(1, *HUGE))
    assert logits.shape == (1, 10) and logits.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_weights_survive_saving_into_another_network(name):
    model, other = build(name, (1, 28, 28), 10).eval(), build(name, (1, 28, 28), 10).eval()
    inputs = torch.randn(4, 1, 28, 28)
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(0.01)
        other.load_state_dict(model.state_dict())
        assert torch.equal(model(inputs), other(inputs))


@pytest.mark.parametrize("name", NAMES)
def test_a_single_picture_gets_the_answer_it_gets_in_a_batch(name):
    model = build(name, (1, 28, 28), 10).eval()
    inputs = torch.randn(5, 1, 28, 28)
    with torch.inference_mode():
        together = model(inputs)
        alone = torch.cat([model(one[None]) for one in inputs])
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_the_memory_layout_of_the_pictures_changes_nothing(name):
    model = build(name, (3, 32, 32), 10).eval()
    inputs = torch.randn(4, 3, 32, 32)
    with torch.inference_mode():
        expected = model(inputs)
        got = model.to(memory_format=torch.channels_last)(inputs.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_network(name):
    first, second = build(name, (1, 28, 28), 10), build(name, (1, 28, 28), 10)
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_smallest_picture_and_batch_that_are_promised_work(name):
    settings = ARCHITECTURES.get(name)()
    side = settings.side_needed()
    model = settings.build((1, side, side), 2).train()
    assert model(torch.randn(settings.smallest_batch, 1, side, side)).isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_a_network_is_stored_as_plain_weights(name, tmp_path):
    model = build(name, (1, 28, 28), 10)
    torch.save(model.state_dict(), tmp_path / "weights.pt")
    loaded = torch.load(tmp_path / "weights.pt", weights_only=True)
    assert set(loaded) == set(model.state_dict())
    assert all(isinstance(value, torch.Tensor) for value in loaded.values())
