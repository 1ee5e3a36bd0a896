"""A trained network that the tests of the Classify page ask."""

import pytest

from core.runs.store import create_run
from core.workers.worker import work
from tests.helpers import quick_config
from tests.pages.apps import open_app


@pytest.fixture(scope="session")
def trained(tmp_path_factory, data_folder):
    """A run that has learned the digits well enough to try."""
    folder = tmp_path_factory.mktemp("trained")
    config = quick_config(
        epochs=4, title="Small one", architecture={"name": "mlp", "hidden": [64]}, training={"keep_every": 1}
    )
    run = create_run(config, folder)
    assert work(run, data_folder)["event"] == "finished"
    return run


@pytest.fixture
def page(trained, monkeypatch):
    monkeypatch.setenv("TRAINDESK_RUNS", str(trained.folder.parent))
    return open_app("classify")
