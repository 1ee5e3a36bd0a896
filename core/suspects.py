"""Labels of own pictures that a trained network doubts: it never learned from those pictures, and is sure of another class."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from core.config import RunConfig
from core.datasets.own_images import OwnImages
from core.errors import TrainDeskError
from core.mistakes import worst
from core.own_data.store import OwnDataset
from core.runs.predictions import read_predictions
from core.runs.store import Run, list_runs

SURE = 0.9  # that the network must be of another class


@dataclass(frozen=True)
class Suspect:
    """A picture whose label may be wrong."""

    image: int
    labelled: int  # class ids
    said: int
    confidence: float  # 0..1


def newest_run_on(dataset: OwnDataset, runs_folder: Path) -> tuple[Run, RunConfig] | None:
    """The newest run that was trained on the dataset and kept what it said of pictures."""
    for run in list_runs(runs_folder):
        try:
            config = run.config()
        except TrainDeskError:
            continue
        if (
            isinstance(config.dataset, OwnImages)
            and config.dataset.source == dataset.id
            and read_predictions(run, "test")
        ):
            return run, config
    return None


def suspects(run: Run, config: RunConfig, dataset: OwnDataset, data_folder: Path) -> list[Suspect]:
    """Among the `val` and `test` pictures, the surest first; only pictures that are still where they were.

    Raises DatasetError when the version the run saw is not here any more.
    """
    settings = config.dataset
    assert isinstance(settings, OwnImages)
    try:
        ids = json.loads(dataset.facts_file(settings.version).read_text(encoding="utf-8"))["class_ids"]
    except (OSError, ValueError, KeyError):
        return []
    members = dataset.members(disabled=True)
    now = dict(zip(members.images.tolist(), members.classes.tolist(), strict=True))
    found = []
    for split in ("val", "test"):
        predictions = read_predictions(run, split)  # type: ignore[arg-type]
        if predictions is None or predictions.logits.shape[1] != len(ids):
            continue
        numbers = settings.image_numbers(data_folder, "test" if split == "test" else "train")
        for place in worst(predictions).tolist():
            row, confidence = int(predictions.rows[place]), float(predictions.confidence[place])
            if confidence < SURE or row >= len(numbers):
                break
            image, labelled = int(numbers[row]), ids[int(predictions.labels[place])]
            if now.get(image) == labelled:
                found.append(Suspect(image, labelled, ids[int(predictions.predicted[place])], confidence))
    return sorted(found, key=lambda suspect: -suspect.confidence)
