"""What a browser needs to prepare pictures; that it does so rightly is shown in tests/browser/test_page_preparation.py."""

import json

import PIL
import pytest

from core.datasets._base import DATASETS, Preparation
from core.export.page.preparation import knows, plan_of, preparation_script


@pytest.mark.parametrize("name", DATASETS.names())
def test_every_dataset_that_comes_along_can_be_prepared_in_a_browser(name):
    preparation = DATASETS.get(name)().preparation()
    assert knows(preparation)
    assert json.loads(json.dumps(plan_of(preparation)))["function"] == preparation.function


def test_what_the_scripts_cannot_do_is_not_known():
    assert not knows(Preparation("photo", "prepare_plainly"))


def test_the_script_stands_alone_and_is_small():
    script = preparation_script()
    assert script.startswith(f"const PILLOW_RELEASE = {PIL.__version__.split('.')[0]};")
    assert not any(word in script for word in ("import ", "export ", "http", "</script")) and len(script) < 60_000
