"""The page for the data officer says what is true of this very installation."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
from PIL import Image

from core.export.kept import LASTS as FILES_LAST
from core.files import write_atomically
from core.game.played import enter, set_rules
from core.game.rules import Rules
from core.image_sets.folders import delete_dataset, sets_folder
from core.image_sets.imports import new_job
from core.image_sets.keeping import keep_until, note_erased
from core.lessons.progress import answer
from core.lessons.whose_digits import collection
from core.nodes.registry import Node, write_node
from core.privacy.access import Access
from core.privacy.sheet import privacy_sheet
from core.sharing import LASTS
from tests.own import own_dataset

TODAY = date(2026, 11, 27)


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def written(data, runs_folder, reached=None):
    page = privacy_sheet(data, runs_folder, reached or Access(), TODAY)
    return page, re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.split("<body>")[1])))


def test_an_empty_one_says_where_and_who(data, runs_folder):
    _, said = written(data, runs_folder)
    assert f"Pictures lie in {data}" in said and Access().who_sees() in said and "None at this moment." in said
    assert "27 November 2026" in said and "joined" not in said


def test_each_dataset_stands_there_with_its_folder_number_and_day(data, runs_folder, tmp_path):
    first = own_dataset(data, tmp_path / "a", {"stripes": 3, "dots": 2})
    keep_until(first.folder, TODAY + timedelta(30))
    second = own_dataset(data, tmp_path / "b", {"stripes": 4, "rings": 4})
    delete_dataset(second)
    job = new_job(data)
    (job.uploads / "star").mkdir()
    write_atomically(job.uploads / "star" / "1.png", b"drawn")
    keep_until(job.folder, TODAY + timedelta(1))
    note_erased(sets_folder(data), "class-7b", date(2026, 11, 20))
    _, said = written(data, runs_folder)
    assert f"Patterns {first.folder} 5 until 27 December 2026" in said
    assert f"Patterns (in the trash) {sets_folder(data) / '.trash' / second.id} 8 until someone deletes them" in said
    assert f"being collected (not a dataset yet) {job.folder} 1 until 28 November 2026" in said
    assert "deleted on their day so far: 1, the last on 20 November 2026" in said


def test_names_that_people_typed_are_told(data, runs_folder):
    collection(data).keep("Anna", "3", Image.new("L", (8, 8)))
    set_rules(runs_folder, Rules())
    enter(runs_folder, "Owls", "20261127-100000-mlp-0000")
    _, said = written(data, runs_folder)
    assert f"{collection(data).folder} 1 drawing, each with the name" in said and "1 name that groups typed" in said


def test_what_lessons_keep_of_each_browser_is_told(data, runs_folder):
    answer(runs_folder, "a1b2", "the_leak", "why", "wrong labels")
    _, said = written(data, runs_folder)
    [kept] = runs_folder.rglob("a1b2.json")
    assert f"{kept.parent} A file for each guest's browser" in said and "what was answered, the name typed" in said
    assert "until someone deletes the file" in said


def test_times_are_those_of_the_program_and_computers_that_joined_are_named(data, runs_folder):
    write_node(runs_folder, Node("lab-3"))
    _, said = written(data, runs_folder, Access("192.168.1.7", "192.168.1.9", True, True))
    assert f"{LASTS / 86_400:.0f} days in the browser" in said and f"{FILES_LAST / 86_400:.0f} days after" in said
    assert "(lab-3) are sent the pictures" in said and "Copies on other computers" in said
    assert "CIFAR-10" in said and "ResNet18" in said and "own pictures" not in said.split("Downloads come in")[1][:150]


def test_it_runs_nothing_and_asks_for_nothing_whatever_a_dataset_is_called(data, runs_folder, tmp_path):
    dataset = own_dataset(data, tmp_path)
    dataset.set_about(title="<script>alert(1)</script>")
    page, said = written(data, runs_folder, Access("<script>"))
    assert "<script" not in page and "opens <script> sees" in said and "<script>alert(1)</script>" in said
    assert "default-src 'none'" in page and "http://" not in page and "https://" not in page
