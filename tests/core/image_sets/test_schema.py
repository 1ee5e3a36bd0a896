"""What the rows of a dataset's file hold: whatever else lies there is the dataset's own error."""

import shutil
import sqlite3

import pytest

from core.image_sets.own_dataset import OwnDataError, OwnDataset
from core.image_sets.schema import SOUND
from tests.helpers import assert_one_sentence

ODD = {
    "about": [("key", b"k"), ("value", b"\xff")],
    "versions": [("words", b"w"), ("time", "yesterday"), ("time", float("inf")), ("time", -1)],
    "images": [("name", b"n"), ("width", 0), ("height", "x"), ("colour", b"\xff"), ("turned", "\x00"), ("look", "x")],
    "names": [("class", -1), ("class", 10**9), ("class", "one"), ("name", b""), ("enabled", "yes"), ("until", 1.5)],
    "places": [("image", "x"), ("image", 10**9), ("class", 1e300), ("split", "trian"), ("kin", 1e300), ("since", "")],
}


@pytest.mark.parametrize(("table", "column", "odd"), [(table, *each) for table, odds in ODD.items() for each in odds])
def test_a_row_that_holds_what_it_cannot_is_one_sentence(table, column, odd, patterns, tmp_path):
    copy = OwnDataset(shutil.copytree(patterns.folder, tmp_path / "copy"))
    assert copy.classes()
    with sqlite3.connect(copy.file) as file:
        file.execute(f"update {table} set {column} = ? where rowid = (select max(rowid) from {table})", [odd])
    file.close()
    with pytest.raises(OwnDataError) as failure:
        copy.classes()
    assert_one_sentence(str(failure.value), copy.id, f"'{table}' is damaged", "bring its pictures again")
    assert copy.title == copy.id, "a list still names it"


def test_every_table_that_is_looked_up_is_checked():
    assert set(ODD) == set(SOUND)
