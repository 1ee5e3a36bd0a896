"""Who drew a picture."""

import pytest

from core.image_sets.edit import editing
from core.image_sets.export import write_zip
from core.image_sets.folders import accept
from core.image_sets.ingest import ingest
from core.image_sets.merge import merge
from core.image_sets.writers import file_by, leave_out, left_out, writer_of, writers
from tests.own import class_files, encoded, own_dataset, picture, staged


@pytest.fixture
def drawn(data_folder, tmp_path):
    files = {
        f"{kind}/{file_by(writer, number)}": encoded(picture(kind, 10 * place + number))
        for kind in ("dots", "rings")
        for place, writer in enumerate(("Anna", "Zoë B"))
        for number in range(3)
    }
    return accept(staged(tmp_path, files)[0], "By three", data_folder)


@pytest.mark.parametrize(
    ("name", "writer"),
    [
        ("3/by Anna 1.png", "Anna"),
        ("by Zoe\u0308 12.jpg", "Zoë"),
        ("by Anna.png", ""),
        ("IMG_001.png", ""),
        ("standby me 3.png", ""),
    ],
)
def test_the_name_of_a_file_says_it(name, writer):
    assert writer_of(name) == writer


def test_it_is_known_after_a_download_and_after_adding(drawn, data_folder, tmp_path):
    write_zip(drawn, tmp_path / "out.zip")
    again, _ = ingest(tmp_path / "out.zip", tmp_path / "again", "Again", lambda *_: None)
    assert {writer: len(images) for writer, images in writers(again).items()} == {"Anna": 6, "Zoë B": 6}
    other = own_dataset(data_folder, tmp_path)
    assert writers(other) == {}
    merge(again, other)
    assert {writer: len(images) for writer, images in writers(other).items()} == {"Anna": 6, "Zoë B": 6}


def test_one_who_is_left_out_is_the_test(drawn):
    with editing(drawn, "Anna left out") as edit:
        leave_out(edit, "Anna")
    assert left_out(drawn, drawn.newest()) == "Anna" and left_out(drawn, 1) == ""
    members = drawn.members()
    assert members.images[members.splits == 2].tolist() == writers(drawn)["Anna"]
    with editing(drawn, "Another") as edit:
        leave_out(edit, "Zoë B")
    assert left_out(drawn, drawn.newest()) == "Zoë B" and left_out(drawn, drawn.newest() - 1) == "Anna"


def test_where_nobody_signed_nobody_is_left_out(data_folder, tmp_path):
    dataset = accept(staged(tmp_path, class_files({"dots": 4, "rings": 4}))[0], "Patterns", data_folder)
    assert left_out(dataset, 1) == ""
