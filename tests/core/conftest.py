"""Fixtures of the engine's tests."""

import shutil
import signal
from pathlib import Path

import pytest

from core.runs.store import Run, create_run
from tests.helpers import quick_config


@pytest.fixture(autouse=True)
def _keep_signal_handlers():
    """Training inside the tests' own process takes over Ctrl-C; give it back."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    from core.worker import work

    folder = tmp_path_factory.mktemp("finished")
    config = quick_config(
        title="Small digits",
        epochs=6,
        architecture={"name": "simple_cnn", "channels": [8, 16], "hidden": [32]},
        optimizer={"name": "adam", "learning_rate": 0.005},
    )
    run = create_run(config, folder)
    assert work(run, folder / "data")["event"] == "finished"
    return run


@pytest.fixture
def finished_run(_finished: Run, runs_folder: Path) -> Run:
    """A run on the digits that finished, alone in a runs folder of its own, to be damaged at will."""
    return Run(Path(shutil.copytree(_finished.folder, runs_folder / _finished.id)))
