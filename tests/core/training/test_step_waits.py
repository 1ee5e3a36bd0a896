"""Nothing in a step makes the processor wait for a GPU.

Parts of a step are computed on torch's fake tensors, which say that they lie on a GPU and have no numbers to be read; whole steps
on the CPU, watched for operations that would wait.
"""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from core.training import loop
from core.training.augmentation import DRAWS, Augmentation, Drawn
from core.training.build import begin, setup_of
from core.training.loop import Step
from core.training.losses import LOSSES
from core.training.running_metrics import GATHERED, RunningMetrics
from core.training.step import CHECKS, WARM_UP
from tests.core.training.tape import Twin, leaves, recording_cpu, waits  # noqa: F401
from tests.core.training.trained import CPU, few, splits_of
from tests.helpers import quick_config

GPU = torch.device("cuda:0")
STRENGTHS = {
    "flip": True, "crop": 4, "shift": 0.2, "rotation": 20.0, "scale": 0.2, "stretch": 0.2, "shear": 0.2, "brightness": 0.3,
    "contrast": 0.3, "gamma": 1.0, "cutout": 0.3, "mixup": 0.4,
}  # fmt: skip


class Watch(TorchDispatchMode):
    """Fails where a GPU would be waited for: whoever reads a number, or copies between it and ordinary memory."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        assert not waits(operation), f"{operation} waits"
        made = operation(*args, **(kwargs or {}))
        kinds = {each.device.type for each in (*leaves((args, kwargs)), *leaves(made)) if each.ndim}
        assert len(kinds) < 2, f"{operation} copies between {kinds}"
        return made


def on_gpu(shape, dtype=torch.float32):
    return torch.empty(shape, dtype=dtype, device=GPU)


def test_all_changes_are_watched():
    fields = {name for name in Augmentation.model_fields if name != "name"}
    assert set(STRENGTHS) == fields - {"alternate"}, (
        "which are mirrored in turn is decided on the CPU, then as by chance"
    )


@pytest.mark.parametrize("filled", [False, True])
@pytest.mark.parametrize("names", [[name] for name in STRENGTHS] + [list(STRENGTHS)], ids=lambda names: names[-1])
def test_no_augmentation_waits(names, filled):
    augmentation = Augmentation(**{name: STRENGTHS[name] for name in names})
    with FakeTensorMode():
        images, labels = on_gpu((8, 3, 32, 32)), on_gpu(8, torch.int64)
        drawn, fill = on_gpu((DRAWS + 2, 8)), on_gpu(3) if filled else None
        with Watch():
            made, mix = augmentation.carry_out(images, labels, Drawn.of(drawn, augmentation.mixes()), fill)
        assert made.shape == images.shape and made.device == GPU and (mix is not None) == augmentation.mixes()


def test_what_is_drawn_goes_in_one_copy():
    random = torch.Generator().manual_seed(0)
    for augmentation, changes, rows in (
        (Augmentation(flip=True), True, DRAWS),
        (Augmentation(flip=True, mixup=0.4), True, DRAWS + 2),
        (Augmentation(mixup=0.4), False, 2),
    ):
        drawn = augmentation.draw(8, random, changes)
        packed = drawn.packed(CPU)
        assert packed.shape == (rows, 8) and packed.dtype == torch.float32
        again = Drawn.of(packed, augmentation.mixes())
        assert (drawn.chance is None) == (again.chance is None) and (drawn.others is None) == (again.others is None)
        if drawn.others is not None:
            assert torch.equal(again.others, drawn.others) and float(again.share) == pytest.approx(drawn.share)


def test_both_ways_to_mirror_give_the_same():
    images, random = torch.rand(16, 3, 8, 8), torch.Generator().manual_seed(0)
    augmentation = Augmentation(flip=True, crop=2)
    drawn = augmentation.draw(16, random)
    one, _ = augmentation.carry_out(images, torch.zeros(16), drawn)
    other, _ = augmentation.carry_out(images, torch.zeros(16), Drawn.of(drawn.packed(CPU), mixes=False))
    assert torch.equal(one, other)


@pytest.mark.parametrize("loss", LOSSES.names())
def test_no_loss_and_no_running_metric_waits(loss):
    with FakeTensorMode(), Watch():
        metrics = RunningMetrics()
        for _ in range(2 * GATHERED):
            logits, labels = on_gpu((8, 10)), on_gpu(8, torch.int64)
            measured = LOSSES.get(loss)(label_smoothing=0.1).measure(logits, labels, on_gpu(10))
            metrics.add(logits, labels, measured)


@pytest.mark.usefixtures("recording_cpu")
@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "by kernel"])
@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "adam", "augmentation": {"flip": True, "crop": 2}, "training": {"average_decay": 0.9}},
        {"optimizer": "rmsprop", "schedule": "one_cycle", "training": {"gradient_clip": 1.0, "balance": "weights"}},
        {"optimizer": "sgd", "architecture": "improved_cnn"},
    ],
    ids=["adam", "rmsprop", "sgd"],
)
def test_no_step_waits(settings, recorded, monkeypatch):
    monkeypatch.setattr(loop, "recorder_for", lambda device: Twin() if recorded else None)
    if not recorded and "augmentation" in settings:
        pytest.skip("a CPU mirrors in a way of its own")
    training = {
        **settings.get("training", {}),
        "validate_every": "epoch",
    }  # by itself it validates where steps are slow
    config = quick_config(epochs=3, batch_size=50, **{**settings, "training": training})
    splits = splits_of(config, few(config.dataset.load(None), 1200))
    state = begin(config, splits, CPU, None)
    happening = loop.train(state, setup_of(config), splits)
    for _ in range(WARM_UP + len(CHECKS)):
        next(happening)
    with Watch():
        for _ in range(10):
            assert isinstance(next(happening), Step)


def test_losses_and_hits_are_read_in_one_go():
    metrics, losses = RunningMetrics(), [torch.tensor(0.1), torch.tensor(float("nan")), torch.tensor(-3e38)]
    for loss in losses:
        metrics.add(torch.eye(10)[:4], torch.tensor([0, 1, 2, 9]), loss)
    read, hits, images = metrics.read(losses)
    assert [repr(each) for each in read] == [repr(each.item()) for each in losses]
    assert (hits, images) == (9, 12) and metrics.counts() == (9, 12)
