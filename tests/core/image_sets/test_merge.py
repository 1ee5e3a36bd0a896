"""An import that is added to a dataset: all of it or nothing, and what looks alike stays on one side."""

import sqlite3

import numpy as np
import pytest

from core.image_sets.edit import editing
from core.image_sets.folders import accept
from core.image_sets.likeness import pairs_of
from core.image_sets.merge import already_in, arrangement_after, merge
from core.image_sets.own_dataset import OwnDataError
from core.image_sets.shares import arrangement_of, as_suggested
from tests.core.image_sets.test_near_duplicates import jpeg, scene
from tests.own import class_files, encoded, staged


def of(tmp_path, files, name):
    return staged(tmp_path, files, name)[0]


@pytest.fixture
def two(tmp_path):
    """A dataset, and an import with a class of the same name, a new one, and a copy of one of its test pictures."""
    scenes = {f"{split}/dots/{number}.png": encoded(scene(10 * place + number)) for place, split in enumerate(("train", "test"))
              for number in range(6)}  # fmt: skip
    target = accept(of(tmp_path, scenes | class_files({"rings": 8}, "train/"), "first.zip"), "First", tmp_path)
    copies = {f"dots/{number}.jpg": encoded(jpeg(scene(10 + number)), "JPEG") for number in range(2)}
    return target, of(tmp_path, copies | class_files({"dots": 9, "stripes": 7}, first=50), "second.zip")


def rows(dataset):
    with dataset.connected() as connection:
        tables = ("images", "contents", "places", "names", "versions")
        counted = [connection.execute(f"select count(*) from {name}").fetchone()[0] for name in tables]
    return counted, sorted(path.name for path in dataset.folder.iterdir()), pairs_of(dataset).tolist()


def test_classes_are_joined_and_copies_of_test_pictures_do_not_come_to_learn_from(two):
    target, added = two
    before = target.members()
    assert merge(added, target) == 18
    assert {each.name: each.images for each in target.classes()} == {"dots": 23, "rings": 8, "stripes": 7}
    members = target.members()
    np.testing.assert_array_equal(members.images[:20], before.images)
    np.testing.assert_array_equal(members.splits[:20], before.splits)
    new = members.images[20:]
    assert list(target.contents(new.tolist())) == list(added.contents((new - before.images[-1]).tolist()))
    split_of = dict(zip(members.images.tolist(), members.splits.tolist(), strict=True))
    across = [pair for pair in pairs_of(target).tolist() if pair[0] <= before.images[-1] < pair[1]]
    assert len(across) == 2 and all(split_of[one] == split_of[other] == 2 for one, other, _ in across)
    assert rows(target)[0][:2] == [38, 38]


@pytest.mark.parametrize("off", [(), ("rings",), ("dots",)])
def test_what_adding_will_make_is_told_before(two, off):
    target, added = two
    with editing(target, "without some") as edit:
        edit.enable([each.id for each in target.classes() if each.name in off], False)
    told, alone = arrangement_after(added, target), arrangement_of(added)
    assert told is not None
    merge(added, target)
    made = arrangement_of(target)
    np.testing.assert_array_equal(told.images, made.images)
    for one, other in zip(vars(told.rows).values(), vars(made.rows).values(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (told.names, told.class_ids) == (made.names, made.class_ids)
    assert (
        as_suggested(told).counts.tolist() == as_suggested(made).counts.tolist() != as_suggested(alone).counts.tolist()
    )


def test_pictures_that_are_there_already_are_known_until_they_are_taken_out(two, tmp_path):
    target, added = two
    assert already_in(added, target) == ()
    some = of(tmp_path, class_files({"rings": 10}, "others/") | class_files({"dots": 1}, first=50), "again.zip")
    again = already_in(some, target)
    assert len(again) == 8, "of whatever class"
    with editing(target, "fewer") as edit:
        edit.remove(target.page(target.classes()[1].id, 0, 3))
    assert len(already_in(some, target)) == 5
    merge(added, target)
    assert len(already_in(added, target)) == 18


@pytest.mark.parametrize("room", range(0, 60, 7))
def test_a_disk_that_gets_full_at_any_moment_leaves_no_row_and_no_file(two, monkeypatch, room):
    target, added = two
    before = rows(target)
    pages = sqlite3.connect(target.file).execute("pragma page_count").fetchone()[0]
    opened = sqlite3.connect

    def nearly_full(*args, **options):
        connection = opened(*args, **options)
        connection.execute(f"pragma main.max_page_count = {pages + room}")
        return connection

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", nearly_full)
        try:
            merge(added, target)
        except OwnDataError as error:
            assert str(error).endswith("free some space.") and "full" in str(error)
            assert rows(target) == before
        else:
            assert room > 20
    if rows(target) == before:
        merge(added, target)
    assert rows(target)[0][:2] == [38, 38]


def test_a_change_in_between_is_told_and_nothing_is_added(two, monkeypatch):
    target, added = two

    def meanwhile(*args):
        with editing(target, "a picture less") as edit:
            edit.remove(target.members().images[:1].tolist())
        return compared(*args)

    from core.image_sets.merge import compared

    monkeypatch.setattr("core.image_sets.merge.compared", meanwhile)
    with pytest.raises(OwnDataError, match="changed while pictures were being added; add them again"):
        merge(added, target)
    assert rows(target)[0][0] == 20 and target.newest() == 2


def test_a_commit_that_fails_leaves_no_facts_of_a_version_that_is_not(two, monkeypatch):
    target, _ = two

    class Failing(sqlite3.Connection):
        def __exit__(self, *_):
            if self.in_transaction:
                self.rollback()
                raise sqlite3.OperationalError("database or disk is full")

    opened = sqlite3.connect
    before = rows(target)
    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", lambda *args, **options: opened(*args, factory=Failing, **options))
        with pytest.raises(OwnDataError, match="free some space"), editing(target, "renamed") as edit:
            edit.rename_class(1, "others")
    assert rows(target) == before
