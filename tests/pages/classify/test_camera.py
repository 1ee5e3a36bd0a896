"""Photos by a phone's own camera app, where its browser opens no camera for the page."""

import io
from functools import cache

import numpy as np
import pytest
import streamlit as st
from PIL import Image

from core.image_sets.imports import list_jobs
from pages.components.classify import camera
from pages.components.shell.html_parts import data_address
from tests.pages.apps import open_app, run, widget, words

LIES = {"JPEG": True, "HEIF": False}  # as EXIF says of both; of HEIC its own header counts
GPS = 0x8825


def seen_at(monkeypatch, address):
    monkeypatch.setattr(type(st.context), "url", property(lambda _: address))


@pytest.mark.parametrize(
    ("address", "closed"),
    [
        ("http://192.168.1.7:8501/classify", True),
        ("http://desk.school/data", True),
        ("https://192.168.1.7:8501/classify", False),
        ("http://localhost:8501", False),
        ("http://127.0.0.1:8501", False),
        ("http://[::1]:8501", False),
        ("http://desk.localhost", False),
        ("", False),
        (None, False),
    ],
)
def test_browsers_open_a_camera_for_https_and_their_own_computer_alone(address, closed, monkeypatch):
    seen_at(monkeypatch, address)
    assert camera.camera_is_closed() is closed


@cache
def phone_photo(kind):
    """12 megapixels as a phone stores them: the upper half is red once it is upright; with the place where it was taken."""
    pixels = np.full((4032, 3024, 3), 255, dtype=np.uint8)
    pixels[:2016] = (200, 30, 30)
    image, exif = Image.fromarray(pixels), Image.Exif()
    exif[0x0112] = 6  # held upright
    exif[GPS] = {1: "N", 2: (52.0, 31.0, 12.0)}
    if LIES[kind]:
        image = image.transpose(Image.Transpose.ROTATE_90)
    buffer = io.BytesIO()
    image.save(buffer, kind, exif=exif, quality=80)
    return buffer.getvalue()


@pytest.fixture
def taken(monkeypatch):
    """What a browser sends that could not read the photo itself, which is the photo as it is."""
    seen_at(monkeypatch, "http://192.168.1.7:8501/")

    def take(kind, number=1):
        return {"photo": {"number": number, "picture": data_address(phone_photo(kind), kind.lower())}}

    return take


@pytest.mark.parametrize("kind", LIES)
@pytest.mark.usefixtures("data")
def test_a_phones_photo_of_a_class_is_upright_small_and_tells_no_place(kind, taken, data):
    app = open_app("data", way="camera")
    widget(app, "class of photos ").set_value("red above")
    run(app)
    assert camera.WHY.partition(",")[0] in words(app), "why there is no camera"
    app.session_state["snapped "] = taken(kind)
    run(app)
    [file] = list_jobs(data)[0].uploads.glob("*/*.jpg")
    image = Image.open(file)
    assert image.size == (224, 224) and not image.getexif()
    assert image.getpixel((112, 20))[1] < 90 and image.getpixel((112, 200))[1] > 200, "it stands upright"
    run(app)
    assert len([*list_jobs(data)[0].uploads.glob("*/*.jpg")]) == 1, "each photo is kept once"
    app.session_state["snapped "] = taken(kind, number=2)
    run(app)
    assert len([*list_jobs(data)[0].uploads.glob("*/*.jpg")]) == 2


@pytest.mark.usefixtures("data")
def test_what_is_no_photo_is_one_sentence(taken, data):
    app = open_app("data", way="camera")
    widget(app, "class of photos ").set_value("red above")
    for picture in ("data:image/jpeg;base64,AAAA", "nothing", 7):
        app.session_state["snapped "] = {"photo": {"number": 1, "picture": picture}}
        run(app)
        assert len(app.error) == 1
    assert not [*list_jobs(data)[0].uploads.glob("*/*.jpg")]


def test_on_http_classify_asks_the_phones_own_camera_and_on_localhost_the_browser(trained, taken, monkeypatch):
    monkeypatch.setenv("TRAINDESK_RUNS", str(trained.folder.parent))
    app = open_app("classify")
    widget(app, "how").set_value("Photo")
    run(app)
    assert camera.WHY.partition(",")[0] in words(app) and not app.get("camera_input")
    app.session_state["snapped"] = taken("JPEG")
    run(app)
    assert 'alt="the photo"' in words(app)
    seen_at(monkeypatch, "http://localhost:8501/")
    run(app)
    assert camera.WHY.partition(",")[0] not in words(app) and app.get("camera_input")
