"""How long each way to compute takes: a few steps of a config's own network with random pictures, by the layers and the
gradients that train it."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence

import torch
from torch import nn

from core.run_config import RunConfig
from core.training.dense import dense_step, is_dense
from core.training.fast_layers import speed_up
from core.training.gradients import Outcome, add_gradients
from core.training.optimizers import parameter_groups
from core.training.precision import Way, laid_out, mixed

BUDGET = 0.4  # seconds for all of it, after what the network's first step takes in any case
ROUNDS = range(3, 11)  # after one that chooses kernels
STEADY = 1.25  # times the fastest step that the next one may take; else the computer is too busy to tell


def seconds_of_ways(config: RunConfig, device: torch.device, ways: Sequence[Way]) -> dict[Way, float]:
    """Seconds of a step, forward and back, with the same few pictures in each of the ways; of ways that differ in a layout which
    the network does not feel, only the first is tried. What an optimizer does is the same in all of them and left out, but for
    fully connected layers, which it may do in less. Empty where it cannot be said in a moment.

    Random numbers, memory in use and cuDNN's choices are afterwards as they were.
    """
    benchmark, torch.backends.cudnn.benchmark = torch.backends.cudnn.benchmark, False  # it would try for seconds
    try:
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            return _seconds(config, device, ways, time.perf_counter() + BUDGET)
    except (RuntimeError, ValueError, MemoryError):  # a run that meets the same says it in its own words
        return {}
    finally:
        torch.backends.cudnn.benchmark = benchmark
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(device)


def _seconds(config: RunConfig, device: torch.device, ways: Sequence[Way], end: float) -> dict[Way, float]:
    info, most = config.dataset.info(), config.training.batch_size
    model = config.architecture.build(info.shape, len(info.class_names)).to(device).train()
    speed_up(model)
    if not any(weights.ndim == 4 for weights in model.parameters()):
        ways = [way for way in ways if way.layout is ways[0].layout]
    few = min(most, max(2, config.architecture.smallest_batch))
    step = _steps_of(config, model, Way(torch.float32, torch.contiguous_format), _batch(few, info.shape, device))
    end += step()  # what a first step needs once
    if len(ways) == 1 or time.perf_counter() > end:
        return {}
    share = (end - time.perf_counter()) / (len(ways) * (1 + ROUNDS.start))  # seconds that a step may take
    if (taken := min(step(), step())) > share:
        return {}
    batch = _batch(min(most, max(few, int(few * share / taken / 2))), info.shape, device)
    models = {layout: copy.deepcopy(model).to(memory_format=layout) for layout in {way.layout for way in ways}}  # type: ignore[call-overload]
    steps = {way: _steps_of(config, models[way.layout], way, batch) for way in ways}
    for step in steps.values():
        step()  # chooses kernels
    times: dict[Way, list[float]] = {way: [] for way in ways}
    for number in range(ROUNDS.stop):
        if number >= ROUNDS.start and time.perf_counter() > end:
            break
        for way, step in steps.items():  # in turn: what disturbs the computer disturbs them alike
            times[way].append(step())
    fastest = {way: sorted(some)[:2] for way, some in times.items()}
    is_steady = all(second < STEADY * first for first, second in fastest.values())
    return {way: first for way, (first, _) in fastest.items()} if is_steady else {}


def _batch(images: int, shape: tuple[int, int, int], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    channels, height, width = shape
    pictures = torch.randn(images, height, width, channels, device=device).permute(0, 3, 1, 2)
    return pictures, torch.zeros(images, dtype=torch.int64, device=device)


def _steps_of(
    config: RunConfig, model: nn.Module, way: Way, batch: tuple[torch.Tensor, torch.Tensor]
) -> Callable[[], float]:
    images, labels = batch
    context = mixed(way.precision, labels.device)
    add: Callable[..., Outcome] = add_gradients
    move: Callable[[], object] | None = None
    if is_dense(model):
        optimizer = config.optimizer.build(parameter_groups(model, config.optimizer, config.architecture.lr_scale))
        move = optimizer.step
        if dense := dense_step(model, optimizer, way.precision, bool(config.training.gradient_clip)):
            add, move = dense.add_gradients, dense.move

    def step() -> float:
        start = time.perf_counter()
        loss, _ = add(model, config.loss, laid_out(images, way.layout), labels, None, 1, context)
        if move:
            move()
        model.zero_grad()
        loss.item()  # waits for a GPU
        return time.perf_counter() - start

    return step
