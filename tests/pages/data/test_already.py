"""Drawings and photos that answer while they are collected, without a browser."""

import base64

import pytest

from core.errors import ImageError
from core.image_sets.imports import new_job
from pages.components.data.already import collecting
from pages.components.data.browser import LONGEST, photo
from pages.components.data.dataset_list import draft_key
from tests.doodles import draw_doodle
from tests.helpers import assert_one_sentence
from tests.own import encoded, picture
from tests.pages.apps import open_app, run, words

pytestmark = pytest.mark.usefixtures("data", "runs_folder")


def draft(data, names, count):
    job = new_job(data)
    for name in names:
        (job.uploads / name).mkdir()
        for number in range(count):
            draw_doodle(name, number).save(job.uploads / name / f"{number}.png")
    return job


def test_the_panel_says_what_is_needed_and_then_how_well_it_reads(data):
    job = draft(data, ["heart"], 5)
    app = open_app("data", way="draw")
    assert "It will answer" not in words(app) and "already answers" not in words(app)
    app.session_state[draft_key("drawings", "")] = job.id
    run(app)
    live = collecting(str(data), f"{job.id} ")
    assert live.wait(240)
    assert "From 2 pictures each of two classes on it answers" in words(run(app))
    for number in range(5):
        (job.uploads / "cross").mkdir(exist_ok=True)
        draw_doodle("cross", number).save(job.uploads / "cross" / f"{number}.png")
    run(app)
    assert live.wait(240)
    said = words(run(app))
    assert "It already answers" in said and "Of 10 pictures, each held out" in said
    (job.uploads / "cross" / "0.png").write_bytes(b"")
    assert "Try it: what is it?" in words(run(app)), "a drawing that became unreadable spoils nothing"


def test_a_photo_from_a_browser_may_be_anything():
    whole = "data:image/jpeg;base64," + base64.b64encode(encoded(picture("dots", 1), "JPEG")).decode()
    assert photo(whole).startswith(b"\xff\xd8")
    for address in (None, 5, "", "data:image/jpeg;base64,%%%", whole[:200], whole + "A" * LONGEST):
        with pytest.raises(ImageError) as caught:
            photo(address)
        assert_one_sentence(str(caught.value))
