"""What a dashboard does as long as it runs: it looks at its start, and again."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from core.image_sets.folders import list_datasets
from core.image_sets.keeping import keep_until
from pages.components.data.browser import address_of_picture
from pages.components.system import keeping
from tests.own import own_dataset


@pytest.fixture
def due(data, tmp_path, runs_folder):
    dataset = own_dataset(data, tmp_path)
    keep_until(dataset.folder, date(2020, 1, 1))
    return dataset


def serve(until, lifespan=keeping.erasing):
    """In a thread of its own: a browser's loop may run in that of the tests."""

    async def served():
        async with lifespan(None):
            while not until():
                await asyncio.sleep(0.01)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(asyncio.wait_for(served(), 60))).result()


def test_what_was_due_while_no_dashboard_ran_goes_when_one_starts(due, data):
    assert address_of_picture(str(due.file), 1)
    serve(lambda: not list_datasets(data))
    assert address_of_picture.cache_info().currsize == 0, "nor does the process remember it"


def test_it_looks_again_and_again_whatever_goes_wrong(monkeypatch, caplog):
    looks = []

    def look():
        looks.append(1)
        raise OSError("the disk is gone")

    monkeypatch.setattr(keeping, "EVERY", 0)
    monkeypatch.setattr(keeping, "look", look)
    serve(lambda: len(looks) >= 3)
    assert "could not be looked for" in caplog.text


def test_the_dashboard_of_ones_own_computer_does_it(due, data, monkeypatch):
    import dashboard

    monkeypatch.setattr(dashboard, "get_option", lambda name: name == "server.headless")
    serve(lambda: not list_datasets(data), dashboard.opened)
