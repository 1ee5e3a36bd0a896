"""A class with phones, over http: photos by their own camera app, until when they are kept, the page for the data officer."""

import re
from datetime import date, timedelta

import pytest
from PIL import Image
from playwright.sync_api import expect

from core.image_sets.imports import list_jobs
from core.image_sets.keeping import day_words, keeping_of
from core.machine.network import own_addresses
from tests.browser.hands import barriers
from tests.browser.test_sharing import log_in
from tests.desk import GUESTS, HOST, shared
from tests.helpers import wait_until

pytestmark = pytest.mark.browser


@pytest.mark.skipif(not own_addresses(), reason="this computer has no network")
def test_phones_take_photos_over_http_and_what_is_kept_is_said(visit, tmp_path):
    (tmp_path / "runs").mkdir()
    photo, lying = tmp_path / "photo.jpg", Image.new("RGB", (4032, 3024), "white")
    lying.paste("red", (0, 0, 2016, 3024))  # the upper half, once it is upright
    exif = Image.Exif()
    exif[0x0112] = 6
    lying.save(photo, exif=exif)
    with shared(tmp_path / "runs", tmp_path / "data", tmp_path / "log") as desk:
        url = desk.url.replace("127.0.0.1", own_addresses()[0])
        windows = [visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True), visit()]
        phone, teacher = (window.page for window in windows)
        log_in(phone, f"{url}/login", GUESTS)
        phone.goto(f"{url}/data?way=camera")
        assert not phone.evaluate("window.isSecureContext")
        phone.get_by_role("textbox", name="Class").fill("red above")
        expect(phone.get_by_text("Browsers open no camera on a page that comes by http")).to_be_visible()
        field = phone.locator(".snap input")
        assert field.get_attribute("capture") == "environment" and field.get_attribute("accept") == "image/*"
        field.set_input_files(str(photo))
        expect(phone.get_by_text("1 of 20")).to_be_visible()
        [job] = list_jobs(tmp_path / "data")
        [kept] = job.uploads.glob("*/*.jpg")
        image = Image.open(kept)
        assert image.size == (224, 224) and image.getpixel((112, 20))[1] < 60 < 200 < image.getpixel((112, 200))[1]
        field.set_input_files(str(photo))
        expect(phone.get_by_text("2 of 20")).to_be_visible()
        goes = date.today() + timedelta(7)
        phone.get_by_role("button", name="Kept until someone deletes them").click()
        phone.get_by_role("combobox", name=re.compile("Delete these pictures")).click()
        phone.get_by_role("option", name=re.compile("in 7 days")).click()
        expect(phone.get_by_role("button", name=f"Kept until {day_words(goes)}")).to_be_visible()
        wait_until(lambda: keeping_of(job.folder).goes == goes, what="the day is kept")
        assert barriers(phone) == []

        log_in(teacher, f"{url}/login", HOST)
        teacher.goto(f"{url}/data")
        with teacher.expect_download() as download:
            teacher.get_by_role("link", name="For the data officer").click()
        page = download.value.path().read_text()
        assert str(job.folder) in page and f"until {day_words(goes)}" in page and "not encrypted" in page
        for window in windows:
            window.page.close()
            window.foreign = [each for each in window.foreign if own_addresses()[0] not in each]
