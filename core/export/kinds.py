"""What a run can be taken along as: one list, which the page and the command line read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from core.errors import TrainDeskError
from core.export.telling import Tell
from core.files import READERS_PATIENCE, patiently, read_json
from core.machine.questions import temporary_folder
from core.runs.store import Run, checkpoint_of

MOST_WORK = 600_000_000  # multiply-adds of a page for an answer: two seconds in a browser


@dataclass(frozen=True)
class Kind:
    """One of them."""

    name: str
    title: str
    says: str  # what it is good for, one or two sentences
    ending: str  # of its file
    maker: str  # "module:function" in `core.export`; imported when it is asked for, most of them import torch
    of_network: bool = True  # of one checkpoint, not of the run as a whole
    tail: str = ""  # of the file's name, where another of them has the same ending


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "page",
            "A page in one file",
            "Opens on any phone or computer, without TrainDesk and without a network: draw or choose a picture, and it answers.",
            "html",
            "page.page:write_page",
        ),
        Kind(
            "package",
            "A package for programs",
            "ONNX and safetensors, with a program that reads pictures, the training as a script, and a description. It is made "
            "only when it has been shown to give the same answers.",
            "zip",
            "package.package:write_package",
        ),
        Kind(
            "onnx",
            "The network as ONNX",
            "The bare network for other programs.",
            "onnx",
            "package.onnx_file:write_onnx",
        ),
        Kind(
            "script",
            "The training as a script",
            "What the clicks did, in plain PyTorch: a page or two to read, run and change.",
            "py",
            "script.script:write_script",
            tail="-training",
        ),
        Kind(
            "report",
            "A report card",
            "What was trained on what, curves, scores and the worst mistakes: to print or to hand in, in one file.",
            "html",
            "report.report:write_report",
            of_network=False,
            tail="-report",
        ),
        Kind(
            "run",
            "The run itself",
            "To go on with it in another TrainDesk: dropped on its page Runs, it is there with curves and network.",
            "traindesk",
            "saved.run_file:save_run",
            of_network=False,
        ),
    )
}


def not_offered(kind: Kind, run: Run) -> str:
    """Why this kind of file cannot be made of the run, in one sentence that is known beforehand; "" where it may be."""
    if kind.name != "page":
        return ""
    described = read_json(run.network)
    layers = described.get("layers") if isinstance(described, dict) else None
    work = (
        sum(layer.get("multiply_adds") or 0 for layer in layers if isinstance(layer, dict))
        if isinstance(layers, list)
        else 0
    )
    if work <= MOST_WORK:
        return ""
    return (
        f"A page computes at most {MOST_WORK // 10**6:,} million multiply-adds for an answer, so that it takes no longer than "
        f"two seconds, and this network needs {work / 1e6:,.0f} million; a smaller network or smaller pictures fit."
    )


@contextmanager
def _still(run: Run) -> Iterator[Run]:
    """The run as it is now, for as long as this takes: its training replaces the checkpoints meanwhile."""
    with temporary_folder() as folder:
        shutil.copytree(
            run.folder,
            folder / run.id,
            copy_function=_linked,
            ignore=shutil.ignore_patterns("*.lock", "*.pid", "*.tmp"),
        )
        yield Run(folder / run.id)


def _linked(source: str, target: str) -> None:
    """A file that is replaced later stays as it was under its other name; a log may grow, and is copied."""
    if not source.endswith(".pt"):
        patiently(lambda: shutil.copyfile(source, target), READERS_PATIENCE)
        return
    try:
        os.link(source, target)
    except OSError:  # on another disk
        patiently(lambda: shutil.copyfile(source, target), READERS_PATIENCE)


def make(
    kind: Kind, run: Run, place: Path, which: str, data_folder: Path, tell: Tell, **options: Any
) -> dict[str, Any]:
    """Writes the file whole or not at all and gives the facts of it, for JSON: "file", "bytes" and what its maker found.

    Raises TrainDeskError.
    """
    if kind.of_network:
        checkpoint_of(run, which)  # complains before anything is loaded
    module, function = kind.maker.split(":")
    tell(0.0, "Getting ready")
    maker = getattr(import_module(f"core.export.{module}"), function)
    try:
        with _still(run) if kind.of_network and run.status().is_active else nullcontext(run) as still:
            found = maker(still, place, which, data_folder, tell, **options)
        return {**found, "file": str(place), "bytes": place.stat().st_size}
    except OSError as error:
        raise TrainDeskError(
            f"{place} could not be written ({error.strerror or error}); free some space or choose another place."
        ) from error
