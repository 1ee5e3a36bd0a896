"""Has what other computers need of published things on this computer first: pictures downloaded and decoded, weights downloaded.

    python -m core.nodes.getting_ready WHAT_FILE PROGRESS_FILE DATA_FOLDER

does it in a process of its own, since the desk itself imports no torch. It writes an object with the sentence of a problem, empty
if there was none.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core.architectures import ARCHITECTURES, ArchitectureSettings
from core.datasets import DATASETS, DatasetSettings
from core.errors import TrainDeskError
from core.files import read_json, write_atomically
from core.machine.questions import Question

Tell = Callable[[str, int, int], None]  # what is on its way, bytes so far, bytes in all
INTERVAL = 0.2  # seconds between two words on a download


def get_ready(what: DatasetSettings | ArchitectureSettings, data_folder: Path, tell: Tell) -> None:
    """Returns when a dataset's pictures are kept decoded here, or an architecture's weights are here.

    `tell` hears of a download, and may raise to end it. Raises TrainDeskError.
    """
    kind, name = ("dataset", "the dataset") if isinstance(what, DatasetSettings) else ("architecture", "the weights")

    def words(folder: Path) -> list[str]:
        write_atomically(folder / "what", json.dumps({kind: what.model_dump(mode="json")}).encode(), sync=False)
        return ["core.nodes.getting_ready", str(folder / "what"), str(folder / "progress"), str(data_folder)]

    with Question(words) as question:
        while question.is_running():
            question.answer(INTERVAL)
            so_far = read_json(question.folder / "progress")
            if isinstance(so_far, list) and len(so_far) == 2:
                tell(name, *so_far)
        said = question.answer()
    if said is None:
        raise TrainDeskError(
            f"{name.capitalize()} could not be got ready for other computers: the process that did it was ended; start again."
        )
    if said["problem"]:
        raise TrainDeskError(said["problem"])


def main(arguments: list[str]) -> None:
    """See above."""
    what_file, progress, data_folder = map(Path, arguments)
    problem = ""
    try:
        for done, total in gets_ready(json.loads(what_file.read_text(encoding="utf-8")), data_folder):
            with contextlib.suppress(OSError):
                write_atomically(progress, json.dumps([done, total]).encode(), sync=False)
    except TrainDeskError as error:
        problem = str(error)
    print(json.dumps({"problem": problem}))


def gets_ready(said: dict[str, Any], data_folder: Path) -> Iterator[tuple[int, int]]:
    """Yields bytes so far and bytes in all while something is downloaded. Raises TrainDeskError."""
    from core.datasets.cache import open_images
    from core.datasets.obtain import obtain

    if "architecture" in said:
        architecture: Any = ARCHITECTURES.parse(said["architecture"])
        yield from architecture.obtain_weights(data_folder / "weights")
        return
    dataset: Any = DATASETS.parse(said["dataset"])
    yield from obtain(dataset, data_folder)
    open_images(dataset, data_folder)


if __name__ == "__main__":
    main(sys.argv[1:])
