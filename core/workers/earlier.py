"""The earlier run that a training continues from: which one, with what settings, and what becomes of its classes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.errors import TrainDeskError
from core.image_sets.own_dataset import OwnDataset
from core.run_config import RunConfig
from core.runs.metadata import title_of
from core.runs.store import Run, find_run
from core.text.lists import quoted
from core.text.numbers import count

NAMED = 5  # classes
SHORTER, SLOWER = 0.5, 0.5  # of the earlier training's epochs and learning rate
FEWEST_EPOCHS = 3


def last_network(dataset: OwnDataset, runs: Iterable[tuple[Run, RunConfig | None]]) -> Run | None:
    """The first of these runs that has a network of this dataset and has ended; a damaged run has no config."""
    for run, config in runs:
        if config is None or config.value_at("dataset.source") != dataset.id:
            continue
        if run.checkpoint() and not run.status().will_change:
            return run
    return None


def continued(run: Run, dataset: OwnDataset) -> RunConfig:
    """A training of the run's network with the dataset's newest version: shorter, and with a lower learning rate than the
    one that began it. Five classes of CIFAR-10, one of them new: 81 % in half the time of a training from the start, 79 %.

    Raises TrainDeskError.
    """
    data = run.config().to_dict()
    begins = not data["training"]["start_from"]  # else it was made shorter and slower already
    data["dataset"] = {key: value for key, value in data["dataset"].items() if key not in ("version", "facts")}
    training, optimizer = data["training"], data["optimizer"]
    training |= {
        "start_from": run.id,
        "epochs": max(FEWEST_EPOCHS, round(training["epochs"] * SHORTER)) if begins else training["epochs"],
        "prune": False,
    }
    optimizer["learning_rate"] *= SLOWER if begins else 1
    return RunConfig.from_dict(data | {"title": dataset.title, "experiment": "", "recipe": ""})


def what_is_new(then: RunConfig, now: RunConfig, dataset: OwnDataset) -> str:
    """Part of a sentence: the pictures and classes that the dataset's version of `now` has and that of `then` had not.

    Raises OwnDataError.
    """
    known, has = (set(dataset.members(each.value_at("dataset.version")).images.tolist()) for each in (then, now))
    more, before = len(has - known), then.dataset.info().class_names
    classes = [name for name in now.dataset.info().class_names if name not in before]
    said = [count(more, "new picture")] if more else []
    said += [f"the new {'class' if len(classes) == 1 else 'classes'} {quoted(classes, NAMED)}"] if classes else []
    return " and ".join(said) or "the pictures as they are now"


def in_short(then: RunConfig, now: RunConfig) -> str:
    """Part of a sentence: how long a training that continues is and its learning rate, beside the earlier one's where they
    differ."""
    new, old = (
        f"{each.training.epochs} epochs at a learning rate of {each.optimizer.learning_rate:g}" for each in (now, then)
    )
    if new == old:
        return f"{new}, as before"
    return f"{new} instead of {then.training.epochs} at {then.optimizer.learning_rate:g}"


def earlier_run(run: Run, config: RunConfig) -> tuple[Run, Path] | None:
    """The run that this one starts from, and its checkpoint; None if it starts from none.

    Raises TrainDeskError when there is no such run or checkpoint.
    """
    if not config.training.start_from:
        return None
    earlier = find_run(config.training.start_from, run.folder.parent, other_than=run)
    path = earlier.checkpoint()
    if path is None:
        raise TrainDeskError(f"Run {earlier.id} has no checkpoint to start from; choose another run or none.")
    return earlier, path


def earlier_network(run: Run, config: RunConfig, brought: Path | None = None) -> dict[str, Any] | None:
    """The checkpoint of the run that this one starts from, with its title as "run"; None if it starts from none.

    `brought` is where it lies if it was brought from another computer. Raises TrainDeskError when there is no such run or
    checkpoint.
    """
    from core.training.checkpoints import load_checkpoint

    there = Run(brought) if brought else None
    found = (there, there.checkpoint() or there.best) if there else earlier_run(run, config)
    if found is None:
        return None
    earlier, path = found
    return load_checkpoint(path) | {"run": title_of(earlier, earlier.config())}


def in_words(config: RunConfig, earlier: dict[str, Any]) -> str:
    """A sentence: what a training continues from, and what becomes of the classes."""
    now, then = config.dataset.info().class_names, earlier["class_names"]
    said = f"Continues from '{earlier['run']}', its network of epoch {earlier['epoch']}"
    new, gone = [name for name in now if name not in then], [name for name in then if name not in now]
    if len(new) == len(now):
        return f"{said}: the classes are others, so the last layer begins anew."
    if not new and not gone:
        return f"{said}: all it learned is kept."
    changes = [f"{verb} {quoted(names, NAMED)}" for verb, names in (("new is", new), ("left out is", gone)) if names]
    return f"{said}: what it learned of {quoted([name for name in now if name in then], NAMED)} is kept, {', '.join(changes)}."
