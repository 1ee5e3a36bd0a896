import pytest

from tests.core.lessons.learner import Learner


@pytest.fixture
def learner(runs_folder, tmp_path, monkeypatch):
    """With a data folder of their own, as some lessons make datasets."""
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path / "data"))
    return Learner(runs_folder, tmp_path / "data")
