"""What may fail on a GPU that nobody had at hand, tried one after the other by `python -m benchmarks.gpu`: each answers in words.

python -m benchmarks.gpu_checks cuda:0 [--short]        # one training alone, of which the check runs two at once
"""

from __future__ import annotations

import collections
import math
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from core.run_config import RunConfig
from core.training.batches import Splits, split
from core.training.build import begin, description_of, setup_of
from core.training.checkpoints import load_checkpoint, network_content, restore, resume_content, write_checkpoint
from core.training.evaluation import drained, evaluate
from core.training.gradients import MicroBatchesChanged
from core.training.loop import Epoch, Step, TrainingState, train
from core.training.precision import way_by_rule
from core.training.step import NotRecorded

FROZEN = {"name": "resnet18", "weights": "random", "train": "head"}
CHANGES = {"shift": 0.1, "rotation": 10, "mixup": 0.2}


def all_of(device: torch.device, short: bool) -> Iterator[tuple[str, str]]:
    """What was tried, and what was found. An error is a finding."""
    epochs = 2 if short else 20
    checks: dict[str, Callable[[], str]] = {
        "digits, a small MLP": lambda: _learned(device, epochs, architecture="mlp"),
        "digits, ImprovedCNN": lambda: _learned(device, epochs, architecture="improved_cnn"),
        "digits, ResNet18 with a frozen body": lambda: _learned(device, 2, architecture=FROZEN),
        "digits, augmented, with MixUp": lambda: _learned(
            device, epochs, architecture="improved_cnn", augmentation=CHANGES
        ),
        "pixels that stream from memory": lambda: _learned(device, epochs, memory=0, architecture="improved_cnn"),
        "recorded and kernel by kernel": lambda: _recorded(device),
        "pause and resume": lambda: _resumed(device),
        "too little memory for a step": lambda: _short_step(device),
        "too little memory for a test": lambda: _short_test(device),
        "two trainings at once": lambda: _two(device, short),
        "waits for the GPU within 50 steps": lambda: _waits(device),
    }
    for what, check in checks.items():
        try:
            found = check()
        except Exception as error:  # that is what is looked for
            found = f"**{type(error).__name__}**: {' '.join(str(error).split())[:200]}"
        yield what, found


def _begun(
    device: torch.device, epochs: int, memory: int | None = None, **settings: Any
) -> tuple[RunConfig, Splits, TrainingState]:
    training = {"epochs": epochs, "validate_every": "epoch", **settings.pop("training", {})}
    config = RunConfig.from_dict({"training": training, "dataset": "digits", **settings})
    share, shape = config.training.validation_share, config.dataset.info().shape
    way = way_by_rule("auto", device, config.training.batch_size * math.prod(shape))
    images = config.dataset.load(Path())
    splits = split(images, config.dataset, share, 0, device, way.precision, memory, layout=way.layout)
    return config, splits, begin(config, splits, device, None, way.precision)


def _learned(device: torch.device, epochs: int, **settings: Any) -> str:
    config, splits, state = _begun(device, epochs, **settings)
    start, unrecorded = time.perf_counter(), ""
    accuracy = math.nan
    for happened in train(state, setup_of(config), splits):
        if isinstance(happened, NotRecorded):
            unrecorded = f"; **not recorded**, because {happened.why}"
        if isinstance(happened, Epoch):
            accuracy = happened.metrics["val/accuracy"]
    return f"{accuracy:.1%} of validation after {epochs} epochs, {time.perf_counter() - start:.1f} s{unrecorded}"


def _losses(device: torch.device, graphs: bool, stop: int = 0, path: Path | None = None) -> torch.Tensor:
    """Of 60 steps; with `stop` left there, stored, and gone on with."""
    before, os.environ["TRAINDESK_GRAPHS"] = os.environ.get("TRAINDESK_GRAPHS"), "1" if graphs else "0"
    try:
        config, splits, state = _begun(device, 3, architecture="improved_cnn", augmentation=CHANGES, schedule="cosine")
        losses: list[torch.Tensor] = []
        happening = train(state, setup_of(config), splits)
        for happened in happening:
            losses += [happened.loss.clone()] if isinstance(happened, Step) else []
            if path is not None and len(losses) == stop:
                happening.close()
                write_checkpoint(
                    path, {**network_content(state, description_of(config), {}), **resume_content(state, 1)}
                )
                _, _, state = _begun(device, 3, architecture="improved_cnn", augmentation=CHANGES, schedule="cosine")
                restore(state, load_checkpoint(path), path)
                for later in train(state, setup_of(config), splits):
                    losses += [later.loss.clone()] if isinstance(later, Step) else []
                break
        return torch.stack(losses[:60]).cpu()
    finally:
        os.environ.pop("TRAINDESK_GRAPHS")
        os.environ |= {} if before is None else {"TRAINDESK_GRAPHS": before}


def _apart(one: torch.Tensor, other: torch.Tensor) -> str:
    return f"losses of {len(one)} steps are at most {(one - other).abs().max():.1e} apart"


def _recorded(device: torch.device) -> str:
    return _apart(_losses(device, True), _losses(device, False))


def _resumed(device: torch.device) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return _apart(_losses(device, True), _losses(device, True, 30, Path(folder) / "last.pt"))


def _tight(device: torch.device, network: nn.Module, most: int) -> Callable[[], None]:
    """Leaves room for little more than there is, on a GPU; elsewhere the network says so of more than `most` images. Returns what
    undoes it."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
        total = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(
            min(1.0, (torch.cuda.memory_reserved(device) + 2**26) / total), device
        )
        return lambda: torch.cuda.set_per_process_memory_fraction(1.0, device)

    def refuse(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        if len(inputs[0]) > most:
            raise torch.OutOfMemoryError("out of memory")

    return network.register_forward_pre_hook(refuse).remove


def _short_step(device: torch.device) -> str:
    config, splits, state = _begun(device, 2, architecture="improved_cnn", training={"batch_size": 1024})
    undo, pieces = _tight(device, state.model, 400), 1
    try:
        for happened in train(state, setup_of(config), splits):
            pieces = happened.micro_batches if isinstance(happened, MicroBatchesChanged) else pieces
    finally:
        undo()
    return f"went on in {pieces} micro-batches" if pieces > 1 else "it fitted: choose a larger batch in this check"


def _short_test(device: torch.device) -> str:
    config, splits, state = _begun(device, 1, architecture="improved_cnn")
    undo = _tight(device, state.model, 100)
    try:
        result = drained(evaluate(state.model, splits.train, config.loss, len(splits.train)))
    finally:
        undo()
    return f"measured all {result.confusion.sum():,} pictures"


def _two(device: torch.device, short: bool) -> str:
    command = [sys.executable, "-m", "benchmarks.gpu_checks", str(device), *(["--short"] if short else [])]

    def seconds(count: int) -> float:
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") for _ in range(count)]
        said = [process.communicate()[0].strip() for process in running]
        if any(process.returncode for process in running):
            raise RuntimeError(f"{count} at once: one ended with an error")
        return max(map(float, said))

    alone = seconds(1)
    return f"{seconds(2) / alone:.2f} times as long as one alone ({alone:.1f} s)"


def _waits(device: torch.device) -> str:
    if device.type != "cuda":
        return "not counted without a GPU"
    config, splits, state = _begun(device, 20, architecture="improved_cnn", augmentation={**CHANGES, "crop": 1})
    happening = train(state, setup_of(config), splits)
    for _ in range(15):  # those that are recorded are checked in the first ones
        next(happening)
    torch.cuda.synchronize(device)
    torch.cuda.set_sync_debug_mode("warn")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(50):
            next(happening)
    torch.cuda.set_sync_debug_mode("default")
    found = collections.Counter(f"{Path(each.filename).name}:{each.lineno}" for each in caught)
    return f"{len(caught)}" + "".join(f", {count} at {place}" for place, count in found.most_common(5))


if __name__ == "__main__":
    begun = time.perf_counter()
    _learned(torch.device(sys.argv[1]), 2 if "--short" in sys.argv else 20, architecture="improved_cnn")
    print(time.perf_counter() - begun)
