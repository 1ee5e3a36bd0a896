"""Classify for work: a ZIP of folders becomes a table, a CSV, an accuracy and pictures sorted into folders."""

import csv
import io
import zipfile

import pytest
from playwright.sync_api import expect

from tests.browser.hands import press
from tests.drawings import draw_digit
from tests.own import encoded
from tests.pages.trained import copied, train

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def digits(tmp_path_factory, data_folder):
    return train(tmp_path_factory.mktemp("uploads"), data_folder, epochs=8, title="Reads uploads")


def test_a_zip_of_labelled_folders_is_measured_tabled_and_sorted(visit, server, digits, tmp_path):
    if not (server.runs / digits.id).exists():
        copied(digits, server.runs)
    files = {f"mail/{digit}/scan.png": encoded(draw_digit(digit)) for digit in range(10)}
    files |= {"mail/0/other.png": encoded(draw_digit(7)), "mail/later/scan.png": encoded(draw_digit(1))}
    files["mail/3/torn.png"] = b"\x89PNG torn"
    with zipfile.ZipFile(tmp_path / "mail.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    page = visit().page
    page.goto(f"{server.url}/classify?run={digits.id}")
    page.get_by_role("radio", name="Upload").click()
    page.locator("input[type=file]").set_input_files(str(tmp_path / "mail.zip"))
    expect(page.get_by_text("12 pictures answered.")).to_be_visible()
    expect(page.get_by_text("of the pictures in them are right")).to_be_visible()
    expect(page.get_by_text("1 picture in other folders is left out")).to_be_visible()
    expect(page.locator(".gtitle", has_text="Confusion matrix, your pictures")).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    rows = {row["File"]: row for row in csv.DictReader(io.StringIO(text))}
    assert set(rows) == set(files) - {"mail/3/torn.png"}
    assert rows["mail/0/other.png"]["Folder says"] == "0" and rows["mail/later/scan.png"]["Folder says"] == ""
    assert all(row["Confidence"].endswith("%") and len(row["Confidence"]) <= 6 for row in rows.values())
    labelled = [row for row in rows.values() if row["Folder says"]]
    right = sum(row["Right"] == "yes" for row in labelled)
    assert right == sum(row["Answer"] == row["Folder says"] for row in labelled) and 6 <= right <= 10
    expect(page.locator("p:not(.spoken)", has_text=f"{right} of 11 right").last).to_be_visible()

    page.get_by_text("All answers in a table").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()

    found = {}
    for limit, key in ((50, "Home"), (99, "End")):
        sure = [
            row for row in rows.values() if float(row["Confidence"].rstrip("%")) >= limit and row["Knows it"] == "yes"
        ]
        slider = page.get_by_role("slider", name="Surer than this goes")
        press(page.get_by_role("button", name="Sort my pictures"), slider)
        slider.press(key)
        expect(page.get_by_text(f"unsure {len(files) - len(sure)}.")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download as ZIP").click()
        with zipfile.ZipFile(download.value.path()) as archive:
            names = archive.namelist()
            assert sorted(map(archive.read, names)) == sorted(files.values()), "every file, byte for byte"
        unsure = [name for name in names if name.startswith("unsure/")]
        assert len(unsure) == len(files) - len(sure) and "unsure/torn.png" in unsure
        assert {name.split("/")[0] for name in names} == {row["Answer"] for row in sure} | {"unsure"}
        found[limit] = unsure
        page.keyboard.press("Escape")
    assert len(found[50]) < len(found[99]) and "unsure/scan (2).png" in found[99]
