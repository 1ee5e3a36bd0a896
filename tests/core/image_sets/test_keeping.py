"""Until when pictures are kept, and what is known of those that went."""

from datetime import date, timedelta

import pytest

from core.errors import TrainDeskError
from core.image_sets.folders import find_dataset, sets_folder
from core.image_sets.import_process import run_import
from core.image_sets.imports import Request, new_job
from core.image_sets.keeping import FILE, Keeping, all_erased, erased, keep_until, keeping_of, note_erased
from core.image_sets.own_dataset import OwnDataError
from tests.helpers import assert_one_sentence
from tests.own import class_files, zipped

TODAY = date(2026, 11, 27)


def test_a_day_is_kept_and_can_be_taken_back(tmp_path):
    assert keeping_of(tmp_path) == Keeping() and keeping_of(tmp_path).goes is None
    keep_until(tmp_path, date(2026, 12, 4))
    assert keeping_of(tmp_path) == Keeping("2026-12-04") and keeping_of(tmp_path).goes == date(2026, 12, 4)
    keep_until(tmp_path, None)
    assert keeping_of(tmp_path).goes is None and not (tmp_path / FILE).exists()


@pytest.mark.parametrize("said", ["", "[]", '{"day": 7}', '{"day": "soon"}'])
def test_a_damaged_choice_is_none(tmp_path, said):
    (tmp_path / FILE).write_text(said)
    assert keeping_of(tmp_path).goes is None


def test_where_it_cannot_be_stored_one_sentence_says_so(tmp_path):
    with pytest.raises(TrainDeskError) as caught:
        keep_until(tmp_path / "gone" / "folder", TODAY)
    assert_one_sentence(str(caught.value), "could not be stored")


def test_what_was_chosen_while_pictures_were_collected_holds_for_the_dataset(data, tmp_path):
    job = new_job(data)
    keep_until(job.folder, TODAY + timedelta(30))
    job.write(Request(str(zipped(tmp_path / "a.zip", class_files({"dots": 3, "rings": 3}))), "Patterns"))
    assert run_import(job).state == "ready"
    assert keeping_of(job.dataset.folder) == keeping_of(job.folder) == Keeping("2026-12-27")


def test_whoever_asks_for_one_that_went_is_told_on_which_day(data):
    note_erased(sets_folder(data), "class-7b", date(2026, 12, 4))
    note_erased(sets_folder(data), "class-7b", date(2027, 1, 1))
    assert erased(sets_folder(data), "class-7b").on == "4 December 2026", "the first day counts"
    assert erased(sets_folder(data), "class-8") is None and [*all_erased(sets_folder(data))] == ["class-7b"]
    with pytest.raises(OwnDataError) as caught:
        find_dataset("class-7b", data)
    assert_one_sentence(str(caught.value), "deleted on 4 December 2026")
