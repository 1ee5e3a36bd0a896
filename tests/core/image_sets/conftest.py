"""What the tests of own pictures have in common."""

import pytest

from tests.own import class_files, staged


@pytest.fixture
def data(tmp_path):
    """A data folder that is not there yet."""
    return tmp_path / "data"


@pytest.fixture
def dataset(tmp_path):
    """Three classes of ten pictures, version 1."""
    return staged(tmp_path, class_files({"dots": 10, "rings": 10, "stripes": 10}))[0]
