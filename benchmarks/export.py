"""What a package takes and how exactly its network answers, for each architecture.

    python -m benchmarks.export [--architectures simple_cnn resnet18] [--dataset mnist] [--threads 1]

Each network has learned for 15 steps, from random weights. It is compared with 6,000 training pictures, and tried with the
validation pictures and 200 others. Each package is
made in a process of its own by `python -m core export RUN package`; `cpu` is the processor time of that and of the program that
answers beside it, and `memory` the most that either held.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.side_by_side import ROOT
from core.architectures import ARCHITECTURES
from core.datasets.cache import open_images
from core.paths import data_folder
from core.run_config import RunConfig
from core.runs.store import Run, create_run
from core.training.batches import split
from core.training.build import begin, description_of
from core.training.checkpoints import network_content, write_checkpoint

STEPS, BATCH = 15, 64
STAGES = {"looking at pictures": "bank", "onnx": "ONNX", "proof": "proof", "packing": "ZIP"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architectures", nargs="+", default=ARCHITECTURES.names(), choices=ARCHITECTURES.names())
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    print(
        f"| network | seconds | {' | '.join(STAGES.values())} | cpu | model.onnx | ZIP | memory | pictures | largest difference |"
    )
    print(f"|{' --- |' * (len(STAGES) + 8)}")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.architectures:
            run = trained(name, options.dataset, Path(folder))
            print(row(name, *packed(run, Path(folder) / f"{name}.zip", options.threads)), flush=True)


def trained(architecture: str, dataset: str, folder: Path) -> Run:
    """A run whose best checkpoint has learned a little."""
    settings: dict[str, Any] = {"name": architecture}
    if "weights" in ARCHITECTURES.get(architecture).model_fields:
        settings |= {"weights": "random", "train": "all"}
    training = {"epochs": 1, "device": "cpu", "batch_size": BATCH}
    config = RunConfig.from_dict({"architecture": settings, "dataset": {"name": dataset}, "training": training})
    device = torch.device("cpu")
    parts = split(
        open_images(config.dataset, data_folder()), config.dataset, config.training.validation_share, 0, device
    )
    state = begin(config, parts, device, None)
    state.model.train()
    for step in range(STEPS):
        inputs, labels = parts.train.slice(step * BATCH, (step + 1) * BATCH)
        state.optimizer.zero_grad()
        config.loss.measure(state.model(inputs), labels).backward()
        state.optimizer.step()
    run = create_run(config, folder)
    write_checkpoint(run.best, network_content(state, description_of(config), {}))
    return run


def packed(run: Run, place: Path, threads: int) -> tuple[dict[str, Any], float, float, float]:
    """What was found, the seconds it took, of processor time too, and the most memory in MB."""
    words = [
        "export",
        run.id,
        "package",
        str(place),
        "--runs",
        str(run.folder.parent),
        "--data",
        str(data_folder()),
        "--json",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    began = time.monotonic()
    child = subprocess.Popen([sys.executable, "-m", "core", *words], cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0, said
    return json.loads(said), time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def row(name: str, found: dict[str, Any], seconds: float, cpu: float, memory: float) -> str:
    stages = " | ".join(f"{found['seconds'][stage]:.1f}" for stage in STAGES)
    sizes = " | ".join(f"{found[size] / 1e6:.1f} MB" for size in ("bytes_of_network", "bytes"))
    tried = sum(value for key, value in found.items() if key.endswith("_same"))
    return (
        f"| {name} | **{seconds:.0f}** | {stages} | {cpu:.0f} | {sizes} | {memory:,.0f} MB | {tried:,} | "
        f"{found['largest_difference']:.1e} |"
    )


if __name__ == "__main__":
    main()
