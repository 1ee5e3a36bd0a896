"""Has a dataset's pictures decoded and kept on this computer, downloaded before if need be, in a process of its own.

    python -m core.nodes.decoding DATASET_FILE PROGRESS_FILE DATA_FOLDER

is that process: the desk itself imports no torch. It writes an object with the sentence of a problem, empty if there was none.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.datasets import DATASETS, DatasetSettings
from core.datasets._base import DatasetError
from core.errors import TrainDeskError
from core.files import read_json, write_atomically
from core.machine.questions import Question

Tell = Callable[[str, int, int], None]  # what is got ready or sent, bytes so far, bytes in all
INTERVAL = 0.2  # seconds between two words on a download


def decode_apart(dataset: DatasetSettings, data_folder: Path, tell: Tell) -> None:
    """Returns when they are kept; `tell` hears of a download, and may raise to end it. Raises DatasetError."""

    def words(folder: Path) -> list[str]:
        write_atomically(folder / "dataset.json", dataset.model_dump_json().encode())
        return ["core.nodes.decoding", str(folder / "dataset.json"), str(folder / "progress"), str(data_folder)]

    with Question(words) as question:
        while question.is_running():
            question.answer(INTERVAL)
            said = read_json(question.folder / "progress")
            if isinstance(said, list) and len(said) == 2:
                tell("the dataset", *said)
        said = question.answer()
    if said is None or said["problem"]:
        raise DatasetError(
            said["problem"]
            if said
            else f"The pictures of {dataset.title()} could not be got ready: the process that decoded them was ended; try again."
        )


def main(arguments: list[str]) -> None:
    """See above."""
    from core.datasets.cache import open_images
    from core.datasets.obtain import obtain

    dataset_file, progress, data_folder = map(Path, arguments)
    problem = ""
    try:
        dataset: Any = DATASETS.parse(json.loads(dataset_file.read_text(encoding="utf-8")))
        for done, total in obtain(dataset, data_folder):
            with contextlib.suppress(OSError):
                write_atomically(progress, json.dumps([done, total]).encode(), sync=False)
        open_images(dataset, data_folder)
    except TrainDeskError as error:
        problem = str(error)
    print(json.dumps({"problem": problem}))


if __name__ == "__main__":
    main(sys.argv[1:])
