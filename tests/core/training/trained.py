"""Training in the tests' own process."""

import hashlib

import torch

from core.datasets import ImageData
from core.training.batches import split
from core.training.build import begin, description_of, setup_of
from core.training.checkpoints import load_checkpoint, network_content, restore, resume_content, write_checkpoint
from core.training.loop import Epoch, Step, train

CPU = torch.device("cpu")


def few(data, images=300):
    """The first images of a dataset: enough to train something in a moment."""
    return ImageData(
        data.train_images[:images], data.train_labels[:images], data.test_images[:50], data.test_labels[:50]
    )


def splits_of(config, data, dtype=torch.float32):
    return split(data, config.dataset, config.training.validation_share, config.training.seed, CPU, dtype)


def run(config, data, precision=torch.float32, prepare=lambda state: None):
    """A whole training: its state, all that happened, its splits."""
    splits = splits_of(config, data)
    state = begin(config, splits, CPU, None, precision)
    prepare(state)
    return state, list(train(state, setup_of(config), splits)), splits


def run_in_two(config, data, count, path, precision=torch.float32, prepare=lambda state: None):
    """The same, left after so many things happened and gone on with from its checkpoint file, as a new process does."""
    splits = splits_of(config, data)
    state = begin(config, splits, CPU, None, precision)
    prepare(state)
    training = train(state, setup_of(config), splits)
    before = [next(training) for _ in range(count)]
    write_checkpoint(path, {**network_content(state, description_of(config), {}), **resume_content(state, 1)})
    training.close()
    torch.manual_seed(31337)
    torch.rand(7)
    again = begin(config, splits, CPU, None, precision)
    restore(again, load_checkpoint(path), path)
    return again, before + list(train(again, setup_of(config), splits)), splits


def everything(state):
    """All that a training changes, as plain values to be compared to the last digit."""
    return plain(
        {
            "model": dict(state.model.state_dict()),
            "optimizer": state.optimizer.state_dict(),
            "average": state.average.state_dict() if state.average else None,
            "counts": (state.epoch, state.batch, state.step, state.epochs_without_improvement, state.micro_batches),
            "best": state.best,
            "learning_rate": state.learning_rate,
            "schedule": state.schedule_memory,
            "tally": state.running_metrics.state(),
            "random": torch.get_rng_state(),
        }
    )


def losses(happened):
    return [h.loss.item() for h in happened if isinstance(h, Step)]


def epochs(happened):
    return [h for h in happened if isinstance(h, Epoch)]


def plain(value):
    """Nested values with tensors as digests of their bytes, to be compared."""
    if isinstance(value, torch.Tensor):
        data = value.detach().contiguous().reshape(-1).view(torch.uint8).numpy() if value.numel() else b""
        return str(value.dtype), tuple(value.shape), hashlib.sha256(data).hexdigest()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value
