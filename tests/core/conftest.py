"""Fixtures of the engine's tests."""

import shutil
import signal
from pathlib import Path

import pytest
from PIL import Image

from core.architectures import ARCHITECTURES
from core.cli import main
from core.run_config import RunConfig
from core.runs.store import Run, create_run
from tests.core.tight import Tight
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
    from core.workers.worker import work

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


@pytest.fixture
def call(runs_folder, tmp_path, capsys):
    """Runs one command here and gives its exit status, standard output and standard error."""

    def run(*arguments):
        capsys.readouterr()
        status = main.main([*map(str, arguments), "--runs", str(runs_folder), "--data", str(tmp_path / "data")])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return status, captured.out, captured.err

    return run


@pytest.fixture
def pictures(tmp_path):
    """Three digits of the test images as PNG files, and what they show."""
    data = RunConfig.from_dict({}).dataset.load(None)
    paths = []
    for index in range(3):
        paths.append(tmp_path / f"digit {index}.png")
        Image.fromarray(data.test_images[index, 0].numpy()).save(paths[-1])
    return paths


@pytest.fixture
def tight(monkeypatch):
    monkeypatch.setitem(ARCHITECTURES._classes, "tight", Tight)
    return lambda most, **settings: {"architecture": {"name": "tight", "most": most, **settings}}
