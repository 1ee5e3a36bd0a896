"""Which runs a training can start from: those whose weights fit its network, by the very test that it makes when it starts."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from core.errors import TrainDeskError
from core.run_config import RunConfig
from core.runs.store import Run
from core.training.start_weights import Classes, matching


def fitting_runs(config: RunConfig, runs: Iterable[Run]) -> list[Run]:
    """In the order given. Networks are built without numbers, on torch's meta device; no checkpoint is read."""
    network, known, found = _network(config), {}, []
    for run in runs:
        if not run.checkpoint():
            continue
        try:
            earlier = run.config()
            key = (earlier.architecture.model_dump_json(), _shape(earlier), earlier.dataset.info().class_names)
            if key not in known:
                known[key] = _fits(config, network, earlier)
        except TrainDeskError:  # a damaged run
            continue
        if known[key]:
            found.append(run)
    return found


def _shape(config: RunConfig) -> tuple[tuple[int, int, int], int]:
    info = config.dataset.info()
    return info.shape, len(info.class_names)


def _network(config: RunConfig) -> torch.nn.Module:
    with torch.device("meta"):
        return config.architecture.build(*_shape(config))


def _fits(config: RunConfig, network: torch.nn.Module, earlier: RunConfig) -> bool:
    classes = Classes(config.dataset.info().class_names, earlier.dataset.info().class_names)
    try:
        return bool(matching(network, _network(earlier).state_dict(), classes))
    except TrainDeskError:
        return False
