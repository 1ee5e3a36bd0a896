"""Rows of tables and the pictures that they mean."""

from tests.core.image_sets.layouts.test_tables import PETS, table
from tests.core.image_sets.test_layout import files, read


def test_a_table_whose_every_row_names_several_files_is_passed_over_with_a_word():
    names = [f"cam{camera}/{number}.png" for camera in (1, 2) for number in range(9)]
    rows = "file,label\n" + "".join(f"{number}.png,{'on' if number % 2 else 'off'}\n" for number in range(9))
    layout = read(names, {"labels.csv": rows})
    assert set(layout.classes()) == {"cam1", "cam2"}
    assert "'labels.csv' lies beside: 9 rows of the table name a file that lies in several folders" in layout.notes[0]
    assert not any("lies beside" in note for note in read(names, {}).notes)


def test_rows_that_name_no_picture_or_more_than_one_are_told():
    names = [*files("a"), "b/0.png", "b/99.png"]
    rows = table(PETS) + "gone.png,cat\na/1.png,dog\nb/99.png,bird\n5.png,cat\n"
    rows = rows.replace("a/", "part-a/").replace("b/", "part-b/")
    layout = read([f"images/part-{name}" for name in names], {"labels.csv": rows}, reading="table")
    told = " ".join(layout.notes)
    assert "1 row of the table name a file that lies in several folders ('0.png')" in told
    assert "1 row without a picture ('gone.png')" in told
    assert "1 picture with two different labels" in told
    assert len(layout.pictures) == 11 and layout.without_class == 3
