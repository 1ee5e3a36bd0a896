"""Scripts that are run: with what a run would have, in this process or alone."""

import contextlib
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution, files, requires
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from core.architectures import ARCHITECTURES
from core.export.script.script import text_of
from core.run_config import RunConfig
from core.runs.history import History
from core.runs.store import Run

CPU = torch.device("cpu")
ROOT = Path(__file__).resolve().parents[4]
RUFF = [sys.executable, "-m", "ruff"]
OWN = {"name": "own_images", "source": "none", "version": 1, "facts": {}}


def unread(config: RunConfig) -> str:
    """The script of a run of which nothing is known yet."""
    return text_of(config, History(Run(Path("nowhere"))), Path("nowhere"), config.title, "20260101-000000-x-0000")


def namespace(**more) -> dict:
    import torchvision

    known = {"torch": torch, "nn": nn, "functional": functional, "models": torchvision.models, "DEVICE": CPU, "SEED": 0}
    return {**known, **more}


def run_text(text: str, **more) -> dict:
    """What a part of a script defines."""
    from collections import OrderedDict

    names = namespace(OrderedDict=OrderedDict, **more)
    exec(compile(text, "script", "exec"), names)
    return names


def installed(folder: Path, *wanted: str) -> Path:
    names, found = list(wanted), set()
    while names:
        name = names.pop()
        with contextlib.suppress(PackageNotFoundError):  # of other systems
            if name not in found:
                names += [re.match(r"[\w.-]+", each)[0] for each in requires(name) or () if "extra ==" not in each]
                found.add(name)
    for name in found:
        for top in {file.parts[0] for file in files(name) or () if file.parts[0] not in ("..", "__pycache__")}:
            with contextlib.suppress(FileExistsError):
                (folder / top).symlink_to(distribution(name).locate_file(top))
    return folder


def alone(file: Path, packages: Path) -> str:
    """What a script prints in a process that finds no other packages."""
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    command = [sys.executable, "-S", file.name]
    result = subprocess.run(command, cwd=file.parent, env=environment, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr
    return result.stdout


def variants(name: str) -> list[dict]:
    if "train" not in ARCHITECTURES.get(name).model_fields:
        return [{"name": name}]
    return [{"name": name, "weights": "random", "train": part} for part in ("head", "last_block", "all")]


EVERY_NETWORK = [each for name in ARCHITECTURES.names() for each in variants(name)]


def dataset_for(name: str) -> dict:
    return {**OWN, "side": 64} if name == "own_images" else {"name": name}
