import pytest

from tests.core.lessons.learner import Learner


@pytest.fixture
def learner(runs_folder, data_folder):
    return Learner(runs_folder, data_folder)
