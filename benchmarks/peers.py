"""The engine beside what one would take instead: Lightning, fastai, skorch, and Keras on torch and on TensorFlow.

    python -m venv .venv-peers
    .venv-peers/bin/pip install -r benchmarks/requirements.txt
    .venv-peers/bin/python -m benchmarks.peers [--rounds 5] [--recipes mlp ...] [--threads 1 2] [--peers lightning ...]
        [--ways documented best "best, bfloat16"]

Each peer trains the tutorials' networks (same layers, batch size, loss and optimizer) as its documentation writes it and
at its best; see `benchmarks/peer/__init__.py` for what that means. The engine trains as `benchmarks.engine` says. A peer's
round is a number of steps inside a running `fit`, without the time that starting the fit takes.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import os
import statistics
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

from benchmarks import side_by_side
from benchmarks.peer import arrays

RECIPES = ["mlp", "simple_cnn", "simple_cnn_wide", "improved_cnn", "cifar_cnn"]
ENGINES = ("engine", "float32 engine")  # with the precision it chooses by itself, and without bfloat16
WAYS = ["documented", "best", "best, bfloat16"]
STEPS = {"mlp": 120, "simple_cnn": 40}  # in a round of a peer; 24 for the others. Multiples of 8: see keras_fit.py

# peer -> title, file in benchmarks/peer, packages, variants
PEERS: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {
    "lightning": ("Lightning", "lightning_trainer", ("lightning",), ("documented", "best", "best, bfloat16")),
    "fastai": ("fastai", "fastai_learner", ("fastai",), ("documented", "best")),
    "skorch": ("skorch", "skorch_net", ("skorch",), ("documented", "best")),
    "keras_torch": ("Keras on torch", "keras_fit", ("keras",), ("documented", "best", "best, bfloat16")),
    "keras_tensorflow": (
        "Keras on TensorFlow", "keras_fit", ("keras", "tensorflow"), ("documented", "best", "best, bfloat16"),
    ),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=RECIPES)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS, help="in which a peer trains")
    parser.add_argument("--variant", help=argparse.SUPPRESS)
    parser.add_argument("--arrays", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.variant:
        _serve(options.peers[0], options.recipes[0], options.threads[0], options.variant, options.arrays)
        return
    missing = {package for peer in options.peers for package in PEERS[peer][2] if not importlib.util.find_spec(package)}
    if missing:
        sys.exit(f"Not installed: {', '.join(sorted(missing))}. Run pip install -r benchmarks/requirements.txt first.")
    print("| recipe | threads | | images/s | engine / peer (min / median / max) | engine in float32 / peer |")
    print("| --- | --- | --- | --- | --- | --- |")
    for recipe in options.recipes:
        with tempfile.TemporaryDirectory() as folder:
            arrays.prepare(recipe, Path(folder))
            for threads in options.threads:
                for row in _rows(recipe, threads, options.rounds, options.peers, options.ways, folder):
                    print(row, flush=True)


def _rows(recipe: str, threads: int, rounds: int, peers: list[str], ways: list[str], folder: str) -> list[str]:
    from benchmarks import engine

    same = ["--recipes", recipe, "--threads", str(threads), "--variant"]
    commands = {variant: ["-m", "benchmarks.engine", *same, variant] for variant in ENGINES}
    environments = dict.fromkeys(ENGINES, engine._allocator())
    for peer in peers:
        title, _, _, variants = PEERS[peer]
        for variant in (each for each in variants if each in ways):
            name = f"{title}, {variant}"
            commands[name] = ["-m", "benchmarks.peers", "--peers", peer, "--arrays", folder, *same, variant]
            environments[name] = _environment(peer)
    rates = side_by_side.measure(commands, rounds, environments)
    return [f"| {recipe} | {threads} | {name} | {_figures(name, rates)} |" for name in commands]


def _figures(name: str, rates: dict[str, list[float]]) -> str:
    ratios = ["", ""] if name in ENGINES else [side_by_side.ratio(rates[ours], rates[name]) for ours in ENGINES]
    return " | ".join([f"{statistics.median(rates[name]):,.0f}", *ratios])


def _environment(peer: str) -> dict[str, str]:
    """No graphics card, which some peers would take by themselves, and Keras's backend."""
    backend = {"KERAS_BACKEND": peer.removeprefix("keras_")} if peer.startswith("keras_") else {}
    return {"CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3", **backend}


def _serve(peer: str, recipe: str, threads: int, variant: str, folder: Path) -> None:
    if peer == "keras_tensorflow":
        import tensorflow

        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
    else:
        import torch

        torch.set_num_threads(threads)
    warnings.simplefilter("ignore")
    module = importlib.import_module(f"benchmarks.peer.{PEERS[peer][1]}")
    one_round = module.training_round(recipe, STEPS.get(recipe, 24), variant, folder)
    side_by_side.serve(_silent(one_round))


def _silent(one_round: Callable[[], float]) -> Callable[[], float]:
    """The progress bars go nowhere: standard output carries the rates."""

    def silent_round() -> float:
        with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
            return one_round()

    return silent_round


if __name__ == "__main__":
    main()
