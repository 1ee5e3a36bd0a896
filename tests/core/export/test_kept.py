"""Files made to be taken along, kept for a while."""

import os
import time
import zipfile

import pytest

from core.export import kept
from core.export.kept import FACTS, file_name, find_kept, forget_old, keep, place_for
from core.export.kinds import KINDS
from core.runs.metadata import change_metadata
from core.runs.store import create_run
from tests.helpers import quick_config


@pytest.fixture
def run(runs_folder):
    run = create_run(quick_config(title="Ants & bees / naïve!"), runs_folder)
    run.best.write_bytes(b"first")
    return run


def made(place, size=10):
    place.parent.mkdir(parents=True)
    place.write_bytes(b"x" * size)
    keep(place, {"sentence": "all the same"})
    return place


def test_what_was_made_is_found_until_what_it_is_made_of_changes(run, runs_folder):
    place = place_for(run, runs_folder, KINDS["page"])
    assert place.name == "Ants-bees-naïve.html" and find_kept(place) is None
    made(place)
    assert find_kept(place_for(run, runs_folder, KINDS["page"])).facts == {"sentence": "all the same"}
    assert place_for(run, runs_folder, KINDS["package"]).parent != place.parent
    run.best.write_bytes(b"better")
    assert find_kept(place_for(run, runs_folder, KINDS["page"])) is None
    run.best.write_bytes(b"first")
    change_metadata(run, title="Another")
    assert find_kept(place_for(run, runs_folder, KINDS["page"])) is None


def test_half_of_one_is_none(run, runs_folder):
    place = made(place_for(run, runs_folder, KINDS["page"]))
    place.with_name(FACTS).unlink()
    assert find_kept(place) is None


@pytest.mark.parametrize(
    ("title", "name"), [("Ziffern  3/4", "Ziffern-3-4"), ("أرقام", "أرقام"), ("../../etc", "etc"), ("x" * 80, "x" * 60)]
)
def test_a_title_becomes_the_name_of_a_file(run, title, name):
    change_metadata(run, title=title)
    assert file_name(run) == name


def test_a_title_of_signs_alone_and_a_damaged_config_still_give_a_name(run):
    change_metadata(run, title="???")
    assert file_name(run) == run.id
    change_metadata(run, title="")
    run.config_file.write_text("{")
    assert file_name(run)


def test_old_ones_go_and_the_oldest_where_room_is_scarce(run, runs_folder, monkeypatch):
    places = [made(place_for(run, runs_folder, KINDS[name]), 1000) for name in ("page", "package", "script")]
    for age, place in enumerate(places):
        os.utime(place.parent, (time.time() - 100 * age,) * 2)
    monkeypatch.setattr(kept, "MOST_BYTES", 2_500)
    forget_old(runs_folder)
    assert [bool(find_kept(place)) for place in places] == [True, True, False]
    forget_old(runs_folder, time.time() + kept.LASTS - 50)
    assert [bool(find_kept(place)) for place in places] == [True, False, False]


def test_a_long_title_is_cut_between_words(run):
    change_metadata(run, title='M"LP/ \U0001f600 </script> ' + "long " * 11)
    name = file_name(run)
    assert name.startswith("M-LP-script-long") and name.endswith("-long") and len(name) <= 60
    change_metadata(run, title="x" * 80)
    assert file_name(run) == "x" * 60


def test_what_lies_beside_a_script_goes_along_in_one_file(run, runs_folder):
    place = made(place_for(run, runs_folder, KINDS["script"]))
    place.with_name("split.json").write_text("[]")
    keep(place, {"beside": ["split.json"], "file": str(place), "bytes": 10})
    found = find_kept(place_for(run, runs_folder, KINDS["script"]))
    assert found.file.name == "Ants-bees-naïve-training.zip" and found.facts["bytes"] == found.file.stat().st_size
    with zipfile.ZipFile(found.file) as archive:
        assert archive.namelist() == [
            "Ants-bees-naïve-training/Ants-bees-naïve-training.py",
            "Ants-bees-naïve-training/split.json",
        ]
