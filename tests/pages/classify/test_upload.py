"""Uploads: single pictures, many in a ZIP, pasted ones, and what cannot be read."""

import base64
import io
import json
import zipfile

import pytest

from pages.components.classify.browser import PREFIX
from tests.drawings import draw_digit
from tests.pages.apps import nodes, run, sentence, widget
from tests.pages.apps import words as text_of
from tests.pages.classify.test_classify_page import drawing, png, way


def tiles(page):
    """What the tiles of the uploads show."""
    found = [node.proto for node in nodes(page._tree) if getattr(node, "type", "") == "bidi_component"]
    return json.loads(next(proto.json for proto in found if proto.component_name == "tiles"))["tiles"]


def test_good_and_bad_uploads_together_each_have_their_answer(page):
    way(page, "Upload")
    page.file_uploader[0].upload("three.png", png(draw_digit(3)))
    page.file_uploader[0].upload("broken.png", b"\x89PNG not at all")
    page.file_uploader[0].upload("zero.png", png(draw_digit(0)))
    run(page)
    assert len(page.error) == 1 and "broken.png" in sentence(page.error[0])
    assert [tile["name"] for tile in tiles(page)] == ["three.png", "zero.png"]
    assert tiles(page)[1]["said"].startswith("0")
    assert text_of(page).count('class="answer') == 1, "all about the first one"


def test_one_picture_among_what_cannot_be_read_is_shown_with_its_answer_and_no_grid(page):
    way(page, "Upload")
    page.file_uploader[0].upload("broken.png", b"\x89PNG not at all")
    page.file_uploader[0].upload('<"0">.png', png(draw_digit(0)))
    run(page)
    text = text_of(page)
    assert len(page.error) == 1 and text.count('class="answer') == 1
    assert any('alt="&lt;&quot;0&quot;&gt;.png"' in frame.proto.body for frame in page.get("html"))
    assert "answered." not in text
    with pytest.raises(StopIteration):
        tiles(page)


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_a_zip_of_many_pictures_becomes_tiles_and_a_csv_and_what_cannot_be_read_is_named(page, trained):
    files = {f"digits/{digit}.png": png(draw_digit(digit)) for digit in range(10)}
    files |= {"digits/broken.png": b"no", "__MACOSX/digits/._0.png": b"no", "notes.txt": b"hello"}
    way(page, "Upload").file_uploader[0].upload("digits.zip", zipped(files))
    run(page)
    assert "10 pictures answered" in text_of(page)
    shown = tiles(page)
    assert [tile["name"] for tile in shown] == [f"digits/{digit}.png" for digit in range(10)]
    assert sum(tile["said"][0] == str(digit) for digit, tile in enumerate(shown)) >= 7
    assert len(page.error) == 1 and "broken.png" in sentence(page.error[0])
    widget(page, "least sure").set_value(True)
    assert {tile["name"] for tile in tiles(run(page))} == {tile["name"] for tile in shown}
    assert tiles(page) != shown


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"PK nonsense", "no ZIP that can be read"), (zipped({"notes.txt": b"x"}), "no pictures in 'many.zip'")],
)
def test_a_zip_that_is_none_or_holds_nothing_is_one_sentence(page, data, said):
    way(page, "Upload").file_uploader[0].upload("many.zip", data)
    run(page)
    assert said in sentence(page.error[0])


def test_a_zip_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(page, monkeypatch):
    monkeypatch.setattr("pages.components.classify.upload_read.MOST_BYTES", 1000)
    way(page, "Upload").file_uploader[0].upload("bomb.zip", zipped({"0.png": b"0" * 2000}))
    run(page)
    assert "unpacks to more than" in sentence(page.error[0])


def test_a_pasted_picture_is_answered_and_a_forged_one_is_one_sentence(page):
    way(page, "Upload")
    page.session_state["pasted"] = drawing(draw_digit(0))
    assert "pasted" in text_of(run(page)) and "<b>0</b>" in text_of(page)
    page.session_state["pasted"] = {"picture": PREFIX + base64.b64encode(b"nonsense").decode()}
    run(page)
    assert "not an image" in sentence(page.error[0])
