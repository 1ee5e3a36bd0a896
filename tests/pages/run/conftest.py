"""A run with all that its page shows, trained once."""

import pytest

from tests.pages.trained import copied, train


@pytest.fixture(scope="session")
def trained(tmp_path_factory, data_folder):
    return train(tmp_path_factory.mktemp("trained"), data_folder)


@pytest.fixture
def shown(trained, runs_folder):
    """It in a runs folder of the test's own."""
    return copied(trained, runs_folder)
