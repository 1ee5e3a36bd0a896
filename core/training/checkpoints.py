"""Checkpoint files: weights with all that is needed to use them. Opening one never runs code from it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from core.config import RunConfig
from core.errors import TrainDeskError
from core.runs.store import write_atomically
from core.training.loop import TrainingState

FORMAT = 1
_PARTS = {"config", "class_names", "shape", "metrics", "epoch", "step", "model"}


class CheckpointError(TrainDeskError):
    """A checkpoint file that is missing, damaged or not ours."""


def save_checkpoint(path: Path, state: TrainingState, config: RunConfig, metrics: dict[str, float]) -> None:
    """Replaces the file in one step with the state of training. Raises OSError when it cannot be written."""
    info = config.dataset.info()
    mean, deviation = config.dataset.mean_and_deviation()
    content = {
        "format": FORMAT,
        "config": config.to_dict(),
        "class_names": list(info.class_names),
        "shape": list(info.shape),
        "mean": list(mean),
        "deviation": list(deviation),
        "metrics": metrics,
        "epoch": state.epoch,
        "step": state.step,
        "best": list(state.best) if state.best else None,
        "model": state.model.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "random": {"order": state.random.get_state(), "torch": torch.get_rng_state()},
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomically(path, buffer.getvalue())


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint, tensors on the CPU.

    Bytes are checked against the checksums inside the file (torch itself does not), and only plain values and tensors
    are unpickled (`weights_only`). Raises CheckpointError in one sentence.
    """
    where = f"The checkpoint '{path.parent.name}/{path.name}'"
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip() or _misread(archive)
        if damaged:
            raise CheckpointError(
                f"{where} is damaged (its part '{Path(damaged).name}' does not match its checksum); {_REMEDY}"
            )
        content = torch.load(path, map_location="cpu", weights_only=True)
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
    if not isinstance(content, dict) or content.get("format") != FORMAT or not set(content) >= _PARTS:
        raise CheckpointError(f"{where} was not written by this version of TrainDesk; {_REMEDY}")
    return content


def _misread(archive: zipfile.ZipFile) -> str | None:
    """The first entry with attributes torch never writes: one marked as a folder it would read as uninitialised memory."""
    return next((entry.filename for entry in archive.infolist() if entry.external_attr or entry.compress_type), None)


def rebuild(content: dict[str, Any], path: Path) -> nn.Module:
    """The network of a loaded checkpoint with its weights, in evaluation mode. Raises TrainDeskError if they do not fit."""
    config = RunConfig.from_dict(content["config"])
    try:
        model = config.architecture.build(tuple(content["shape"]), len(content["class_names"]))
        model.load_state_dict(content["model"])
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"The weights in '{path.parent.name}/{path.name}' do not fit the config beside them; {_REMEDY}"
        ) from error
    return model.eval()


_REMEDY = "use another run, or train this one again."
