"""Has what other computers need of published things on this computer first: pictures downloaded and decoded, weights downloaded.

    python -m core.nodes.getting_ready WHAT_FILE DATA_FOLDER

does it in a process of its own, since the desk itself imports no torch. It writes an object with the sentence of a problem, empty
if there was none.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.architectures import ARCHITECTURES, ArchitectureSettings
from core.datasets import DATASETS, DatasetSettings
from core.errors import TrainDeskError
from core.files import write_atomically
from core.machine.questions import Question

MINUTE = 60.0  # for which the process is waited for at a time


def get_ready(what: DatasetSettings | ArchitectureSettings, data_folder: Path) -> None:
    """Returns when a dataset's pictures are kept decoded here, or an architecture's weights are here. Raises TrainDeskError."""
    kind, name = ("dataset", "the dataset") if isinstance(what, DatasetSettings) else ("architecture", "the weights")

    def words(folder: Path) -> list[str]:
        write_atomically(folder / "what", json.dumps({kind: what.model_dump(mode="json")}).encode(), sync=False)
        return ["core.nodes.getting_ready", str(folder / "what"), str(data_folder)]

    with Question(words) as question:
        while question.is_running():
            question.answer(MINUTE)
        said = question.answer()
    if said is None:
        raise TrainDeskError(
            f"{name.capitalize()} could not be got ready for other computers: the process that did it was ended; start again."
        )
    if said["problem"]:
        raise TrainDeskError(said["problem"])


def main(arguments: list[str]) -> None:
    """See above."""
    what_file, data_folder = map(Path, arguments)
    problem = ""
    try:
        for _ in gets_ready(json.loads(what_file.read_text(encoding="utf-8")), data_folder):
            pass  # nobody asks how far a download is
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
