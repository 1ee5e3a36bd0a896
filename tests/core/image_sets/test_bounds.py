"""How many imports and bytes one guest may have."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.image_sets import bounds
from core.image_sets.bounds import IMPORTS, new_guest_job
from core.image_sets.folders import delete_dataset
from core.image_sets.imports import list_jobs
from core.image_sets.own_dataset import OwnDataError
from tests.helpers import assert_one_sentence
from tests.own import own_dataset


def test_a_guest_has_few_imports_at_once_however_many_tabs_ask(tmp_path):
    def ask(_):
        try:
            return new_guest_job(tmp_path, "ann", 1)
        except OwnDataError as error:
            return str(error)

    with ThreadPoolExecutor(10) as tabs:
        said = list(tabs.map(ask, range(10)))
    refused = [each for each in said if isinstance(each, str)]
    assert len(list_jobs(tmp_path)) == IMPORTS == 10 - len(refused)
    assert_one_sentence(refused[0], f"You have {IMPORTS} imports", "keep or remove one first")
    assert new_guest_job(tmp_path, "bob", 1).owner == "bob"
    next(job for job in list_jobs(tmp_path) if job.owner == "ann").remove()
    assert new_guest_job(tmp_path, "ann", 1).owner == "ann"


def test_imports_datasets_and_the_trash_of_a_guest_count_together(tmp_path, monkeypatch):
    data = tmp_path / "data"
    dataset = own_dataset(data, tmp_path, {"dots": 12, "rings": 12})
    dataset.set_about(owner="ann")
    takes = sum(path.stat().st_size for path in dataset.folder.rglob("*"))
    monkeypatch.setattr(bounds, "BYTES", takes + 100_000)
    new_guest_job(data, "ann", 50_000)
    for _ in range(2):
        with pytest.raises(OwnDataError) as refusal:
            new_guest_job(data, "ann", 150_000)
        assert_one_sentence(str(refusal.value), "Your pictures take", "bring fewer")
        if dataset.folder.exists():
            delete_dataset(dataset)
    assert new_guest_job(data, "bob", 150_000)


def test_where_nothing_can_be_kept_it_is_said(tmp_path):
    (tmp_path / "imports").write_text("a file in its way")
    with pytest.raises(OwnDataError) as refusal:
        new_guest_job(tmp_path, "ann", 1)
    assert_one_sentence(str(refusal.value), "Nothing can be kept")
