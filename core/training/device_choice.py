"""What an epoch of a training takes on the processor and on a GPU: tried on both with made-up pictures, before a run whose device
is automatic begins. A small network waits for a GPU longer than it computes there.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from core.errors import TrainDeskError
from core.run_config import RunConfig
from core.runs.measured import Measured
from core.training.forecast import seconds_by_sample
from core.training.layers import layers_of

MOST_WORK = 2e10  # operations of a step; no processor does more in the time in which a GPU begins
PASSES = 6  # operations for each multiply-add: forwards, and twice as many backwards
SECONDS = 0.4  # of training on each
CONTEXT = 600 * 2**20  # bytes that CUDA and its libraries take of a GPU besides torch's tensors
TOGETHER = 4096  # pictures at most that are made up


def measure(config: RunConfig, gpu: str) -> Measured:
    """An epoch of this training on the CPU and on a GPU by torch's name; what cannot be measured stays 0.

    Of a network that is too large for a processor nothing is tried. Random state and number of threads are as before.
    """
    if _work(config) > MOST_WORK:
        return Measured()
    threads, random = torch.get_num_threads(), torch.get_rng_state()
    try:
        on_gpu, memory = _on_gpu(config, gpu)
        return Measured(_seconds(config, "cpu"), on_gpu, memory)
    except (
        TrainDeskError,
        RuntimeError,
        NotImplementedError,
        TypeError,
    ):  # the run says what is wrong, in its own words
        return Measured()
    finally:
        torch.set_num_threads(threads)
        torch.set_rng_state(random)


def gpu_memory(device: torch.device) -> int:
    """The most that this process took of a GPU so far, in bytes; 0 where that is not known."""
    return torch.cuda.max_memory_reserved(device) + CONTEXT if device.type == "cuda" else 0


def _work(config: RunConfig) -> float:
    """Operations of a step; infinite for a network that cannot be looked through."""
    info = config.dataset.info()
    try:
        layers = layers_of(config.architecture, info.shape, len(info.class_names))
    except (NotImplementedError, RuntimeError, TypeError):
        return math.inf
    return PASSES * config.training.batch_size * float(sum(layer.multiply_adds for layer in layers))


def _on_gpu(config: RunConfig, gpu: str) -> tuple[float, int]:
    is_cuda = gpu.startswith("cuda")
    if is_cuda:
        torch.cuda.reset_peak_memory_stats(gpu)
    seconds = _seconds(config, gpu)
    if not is_cuda:
        return seconds, 0
    info = config.dataset.info()
    pictures = (info.train_images + info.test_images) * math.prod(info.shape)  # a byte each, as a run keeps them there
    memory = gpu_memory(torch.device(gpu)) + pictures
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(gpu)
    return seconds, memory


def _seconds(config: RunConfig, device: str) -> float:
    """Of an epoch of the dataset on a device, without what else happens in a run."""
    info = config.dataset.info()
    classes = len(info.class_names)
    number = min(TOGETHER, max(2 * config.training.batch_size, 4 * classes))
    made_up = np.random.default_rng(0)
    pixels = made_up.integers(0, 256, (number, *info.shape), dtype=np.uint8)
    labels = np.arange(number, dtype=np.int64) % classes
    plain = {"training.device": device, "training.epochs": 1, "training.epoch_seconds": 0.0, "training.start_from": ""}
    alone = config.with_changes(plain)
    return seconds_by_sample(alone, pixels, labels, max(2, info.train_images), 0, SECONDS)
