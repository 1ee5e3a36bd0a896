"""Checkpoint files: weights with all that is needed to use them and to go on. Opening one never runs code from it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.weak import WeakTensorKeyDictionary

from core.architectures import ArchitectureSettings
from core.errors import TrainDeskError
from core.files import opened, write_atomically
from core.training.loop import TrainingState
from core.training.precision import Way
from core.training.recording import plain_state
from core.training.running_metrics import RunningMetrics
from core.training.sampling import BATCH_NORM_NEEDS, least_batch

FORMAT = 1
PATIENCE = 60.0  # seconds: a training must not end because somebody saves a large checkpoint elsewhere
_KEPT = WeakTensorKeyDictionary()  # what no step changes -> its version, and it on the CPU
_PARTS = {"config", "class_names", "shape", "metrics", "epoch", "step", "model"}


class CheckpointError(TrainDeskError):
    """A checkpoint file that is missing, damaged or not ours."""


def network_content(state: TrainingState, described: dict[str, Any], metrics: dict[str, float]) -> dict[str, Any]:
    """The content of a checkpoint to use a network: a copy on the CPU that further steps do not change.

    described: what `core.training.build.description_of` says of the config. Weights that do not train are not copied.
    """
    return {
        "format": FORMAT,
        **described,
        "metrics": metrics,
        "epoch": state.epoch,
        "step": state.step,
        "model": _weights(state.eval_model, _fixed(state.model)),
    }


def resume_content(state: TrainingState, threads: int) -> dict[str, Any]:
    """What a checkpoint needs besides, to go on as if there had been no pause."""
    device = next(state.model.parameters()).device
    way = Way(state.precision, state.layout)
    return {
        "resume": {
            "batch": state.batch,
            "best": list(state.best) if state.best else None,
            "waited": state.epochs_without_improvement,
            "pieces": state.micro_batches,
            "learning_rate": state.learning_rate,
            "schedule_memory": dict(state.schedule_memory),
            "tally": state.running_metrics.state(),
            "part": state.part,
            "least_batch": state.least_batch,
            "device": device.type,
            "precision": way.precision_name,
            "layout": way.layout_name,
            "threads": threads,
            "trained": _weights(state.model, _fixed(state.model)) if state.average else None,
            "average": _copied(state.average.state_dict()) if state.average else None,
            "optimizer": _copied(plain_state(state.optimizer)),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
            "random_mps": torch.mps.get_rng_state() if device.type == "mps" else None,
        }
    }


def restore(state: TrainingState, content: dict[str, Any], path: Path, batch_size: int | None = None) -> None:
    """Puts a fresh state where the checkpoint was taken, to go on with this batch size, by default as before. Raises
    CheckpointError when it does not fit or holds no progress."""
    where = f"The checkpoint '{path.parent.name}/{path.name}'"
    resume = content.get("resume")
    if not resume:
        raise CheckpointError(f"{where} holds a network but not the training's progress; {_REMEDY}")
    device = next(state.model.parameters()).device
    try:
        state.model.load_state_dict(resume["trained"] or content["model"])
        for group in resume["optimizer"]["param_groups"]:
            if "pace" in group:  # its name in earlier releases
                group["lr_scale"] = group.pop("pace")
        state.optimizer.load_state_dict(resume["optimizer"])
        if state.average:
            state.average.load_state_dict(resume["average"])
        state.epoch, state.step, state.batch = content["epoch"], content["step"], resume["batch"]
        state.best = tuple(resume["best"]) if resume["best"] else None
        state.epochs_without_improvement, state.micro_batches = resume["waited"], resume["pieces"]
        state.learning_rate, state.schedule_memory = resume["learning_rate"], dict(resume["schedule_memory"])
        before = content["config"]["training"]["batch_size"]
        if (batch_size := batch_size or before) != before:
            state.batch = state.batch * before // batch_size  # the same images, or a few of them once more
            state.micro_batches = max(1, state.micro_batches * batch_size // before)
        state.running_metrics = RunningMetrics.restored(resume["tally"], device)
        state.part = resume.get("part", 0)  # runs of before there was validation within an epoch have none
        # in older runs a last batch of two was a step
        state.least_batch = min(resume.get("least_batch", BATCH_NORM_NEEDS), least_batch(batch_size))
        _restore_random(resume, device)
    except (RuntimeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{where} does not fit the config beside it; {_REMEDY}") from error


def _restore_random(resume: dict[str, Any], device: torch.device) -> None:
    """The device's own random numbers go on where they were; on another kind of device they begin with the seed."""
    torch.set_rng_state(resume["random"])
    if device.type == "cuda" and (random := resume.get("random_cuda")) is not None:
        torch.cuda.set_rng_state(random, device)
    if device.type == "mps" and (random := resume.get("random_mps")) is not None:  # older checkpoints have none
        torch.mps.set_rng_state(random)


def is_finite(state: TrainingState) -> bool:
    """Whether all weights and what layers keep beside them are numbers: only such a network may replace the last good
    checkpoint, and only such a one is read again."""
    models = {id(model): model for model in (state.model, state.eval_model)}.values()
    every = [each for model in models for each in model.state_dict().values() if each.is_floating_point()]
    return not every or bool(torch.stack([each.isfinite().all() for each in every]).all())  # one answer to wait for


def write_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Replaces the file in one step. Raises OSError when it cannot be written; the file is then as it was.

    On Windows it waits until those who read the file have closed it.
    """
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomically(path, buffer.getbuffer(), patience=PATIENCE)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint, tensors on the CPU.

    Bytes are checked against the checksums inside the file (torch itself does not), and only plain values and tensors
    are unpickled (`weights_only`). Weights that are not finite are refused: such a network answers nothing. Raises
    CheckpointError in one sentence.
    """
    where = f"The checkpoint '{path.parent.name}/{path.name}'"
    try:
        with opened(path) as file:
            with zipfile.ZipFile(file) as archive:
                # in this order: what is packed may unpack to terabytes
                damaged = _misread(archive) or archive.testzip()
            if damaged:
                raise CheckpointError(
                    f"{where} is damaged (its part '{Path(damaged).name}' does not match its checksum); {_REMEDY}"
                )
            file.seek(0)
            content = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{where} does not exist yet; wait for the first epoch to end.") from None
    except CheckpointError:
        raise
    except Exception as error:  # zipfile and torch raise many kinds for foreign bytes
        if "weights_only" in str(error) or "Unsupported" in str(error):
            raise CheckpointError(
                f"{where} holds more than weights and plain values, so it was not opened; {_REMEDY}"
            ) from error
        raise CheckpointError(f"{where} is damaged and cannot be read; {_REMEDY}") from error
    if any(map(_is_larger_than_its_bytes, tree_leaves(content))):
        raise CheckpointError(f"{where} says that it holds more numbers than it does; {_REMEDY}")
    if not isinstance(content, dict) or content.get("format") != FORMAT or not set(content) >= _PARTS:
        raise CheckpointError(f"{where} was not written by this version of TrainDesk; {_REMEDY}")
    if broken := _not_finite(content["model"]):
        raise CheckpointError(
            f"{where} holds weights that are no numbers ('{broken}' is NaN or infinite somewhere); {_REMEDY}"
        )
    return content


def _misread(archive: zipfile.ZipFile) -> str | None:
    """The first entry with attributes torch never writes: one marked as a folder it would read as uninitialised memory."""
    return next((entry.filename for entry in archive.infolist() if entry.external_attr or entry.compress_type), None)


def _is_larger_than_its_bytes(value: Any) -> bool:
    """Whether a tensor repeats its numbers, as none does that was written here: one byte may so be a terabyte to whoever looks
    through it."""
    if not torch.is_tensor(value):
        return False
    if value.layout != torch.strided or value.device.type != "cpu":
        return True
    return value.numel() * value.element_size() > value.untyped_storage().nbytes()


def rebuild(architecture: ArchitectureSettings, content: dict[str, Any], path: Path) -> nn.Module:
    """The network of a loaded checkpoint with its weights, in evaluation mode. Raises CheckpointError if they do not fit."""
    try:
        model = architecture.build(tuple(content["shape"]), len(content["class_names"]))
        model.load_state_dict(content["model"])
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"The weights in '{path.parent.name}/{path.name}' do not fit the config beside them; {_REMEDY}"
        ) from error
    return model.eval()


def _not_finite(weights: Any) -> str:
    """The name of the first tensor with a value that is NaN or infinite, "" if there is none; what is no tensor is refused
    elsewhere."""
    named = weights.items() if isinstance(weights, dict) else ()
    return next((str(name) for name, each in named if torch.is_tensor(each) and not each.isfinite().all()), "")


def _fixed(model: nn.Module) -> set[str]:
    """Names of what no step changes, in the network or its average: weights without gradient and their layers' buffers."""
    fixed = {id(weights) for weights in model.parameters() if not weights.requires_grad}
    for module in model.modules():
        weights_within = list(module.parameters())
        if weights_within and not module.training and not any(weights.requires_grad for weights in weights_within):
            fixed |= {id(buffer) for buffer in module.buffers()}
    return {name for name, tensor in model.state_dict(keep_vars=True).items() if id(tensor) in fixed}


def _weights(model: nn.Module, fixed: set[str]) -> dict[str, torch.Tensor]:
    """Weights and buffers by name, copied to the CPU, the fixed ones once for all checkpoints."""
    weights = model.state_dict(keep_vars=True).items()
    return {name: _kept(each) if name in fixed else each.detach().to("cpu", copy=True) for name, each in weights}


def _kept(tensor: torch.Tensor) -> torch.Tensor:
    """The same on the CPU; where it lies elsewhere it is copied when it is first asked for, and after it was written to."""
    version, kept = _KEPT.get(tensor, (None, tensor))
    if version != tensor._version:
        kept = tensor.detach().to("cpu")
        _KEPT[tensor] = (tensor._version, kept)
    return kept


def _copied(value: Any) -> Any:
    """The same value with its tensors copied to the CPU."""
    return tree_map_only(torch.Tensor, lambda tensor: tensor.detach().to("cpu", copy=True), value)


_REMEDY = "use another run, or train this one again."
