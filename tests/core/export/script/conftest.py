"""What several tests of scripts share."""

from pathlib import Path

import pytest

from tests.core.export.script.scripts import installed


@pytest.fixture(scope="module")
def nothing_else(tmp_path_factory) -> Path:
    """A folder of packages that has torch, torchvision and what these ask for, as where nothing else was installed."""
    return installed(tmp_path_factory.mktemp("packages"), "torch", "torchvision")
