"""Where TrainDesk keeps data, runs and its example. Environment variables move them."""

import os
from functools import lru_cache
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent


def data_folder() -> Path:
    """Datasets and downloaded weights: `TRAINDESK_DATA`, or `data` beside the program."""
    return Path(os.environ.get("TRAINDESK_DATA") or HOME / "data").expanduser().resolve()


def runs_folder() -> Path:
    """One folder per run: `TRAINDESK_RUNS`, or `checkpoints` beside the program."""
    return Path(os.environ.get("TRAINDESK_RUNS") or HOME / "checkpoints").expanduser().resolve()


def example_folder() -> Path:
    """The run that comes with the program: `TRAINDESK_EXAMPLE`, or `checkpoints/example-digits` beside the program."""
    return _resolved(os.environ.get("TRAINDESK_EXAMPLE") or str(HOME / "checkpoints" / "example-digits"))


@lru_cache(maxsize=4)
def _resolved(path: str) -> Path:
    """Asked of each of a thousand runs."""
    return Path(path).expanduser().resolve()
