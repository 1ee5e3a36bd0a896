"""Controls of the Data page that no other journey presses: ways out of an import, unfinished drawings, findings, the trash."""

import os
import re

import pytest
from playwright.sync_api import expect

from core.image_sets.evidence import Evidence, keep_evidence
from core.image_sets.folders import accept, deleted_datasets, list_datasets
from core.image_sets.imports import list_jobs
from core.image_sets.writers import writer_of
from tests.browser.conftest import serving
from tests.browser.hands import go, press
from tests.helpers import wait_until
from tests.own import class_files, encoded, picture, staged, zipped

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A dashboard with a data folder of its own, from which people may also bring a folder of the computer."""
    folder = tmp_path_factory.mktemp("pressed data")
    (folder / "runs").mkdir()
    for name, content in class_files({"dots": 4, "rings": 4}, before="brought/patterns/").items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "TRAINDESK_FOLDERS", str(folder / "brought"))
        with serving(folder / "runs", folder / "data") as server:
            yield server, folder


def pressed(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def uploaded(page, *files):
    page.get_by_role("button", name="ZIP or pictures").click()
    page.locator("input[type=file]").first.set_input_files([str(file) for file in files])


def test_every_way_out_of_an_import_leaves_nothing(at, house, tmp_path):
    server, folder = house
    page = at(f"{server.url}/data")
    years = {}
    for year, first in (("2023", 0), ("2024", 50)):
        years |= class_files({"stripes": 8, "rings": 6}, f"{year}/", first)
    uploaded(page, zipped(tmp_path / "years.zip", years))
    expect(page.get_by_role("heading", name="How are these pictures sorted?")).to_be_visible()
    pressed(page, "Cancel")
    expect(page.get_by_role("heading", name="Pictures to learn from")).to_be_visible()
    wait_until(lambda: not list_jobs(folder / "data"), what="nothing of it is left")

    singles = []
    for number in range(2):
        singles.append(tmp_path / f"{number}.png")
        singles[-1].write_bytes(encoded(picture("dots", number)))
    uploaded(page, *singles)
    page.get_by_role("textbox", name="Class of these pictures").fill("dots")
    pressed(page, "Bring them in")
    expect(page.get_by_role("heading", name="Look at your 2 pictures")).to_be_visible()
    pressed(page, "Throw away")
    expect(page.get_by_role("heading", name="Pictures to learn from")).to_be_visible()

    page.get_by_role("button", name="Folder of the server").click()
    field = page.get_by_role("textbox", name="Folder on the computer that runs TrainDesk")
    field.fill("/nowhere")
    pressed(page, "Bring it in")
    expect(page.get_by_text("/nowhere is not in a folder that may be read")).to_be_visible()
    field.fill(str(folder / "brought" / "patterns"))
    pressed(page, "Bring it in")
    expect(page.get_by_role("heading", name="Look at your 8 pictures")).to_be_visible()
    pressed(page, "Throw away")
    wait_until(lambda: not list_jobs(folder / "data"), what="nothing of it is left")
    assert len(list((folder / "brought").rglob("*.png"))) == 8 and not list_datasets(folder / "data")


def test_unfinished_drawings_are_taken_back_and_gone_on_with(at, house):
    server, folder = house
    page = at(f"{server.url}/data")
    page.get_by_role("button", name="Draw").click()
    page.get_by_role("textbox", name="Class").fill("line")
    page.get_by_role("textbox", name="Who draws").fill("Zoë")
    for number in range(3):
        area = page.get_by_role("img", name=re.compile("Drawing area")).bounding_box()
        page.mouse.move(area["x"] + 40 + 9 * number, area["y"] + 40)
        page.mouse.down()
        page.mouse.move(area["x"] + 120, area["y"] + 150, steps=5)
        page.mouse.up()
        page.get_by_role("button", name="Keep it and draw the next").click()
        expect(page.get_by_text(f"{number + 1} of 20").last).to_be_visible()
    assert {writer_of(file.name) for file in (folder / "data").rglob("*.png")} == {"Zoë"}
    pressed(page, "Remove the last one")
    expect(page.get_by_text("2 of 20").last).to_be_visible()
    page.goto(f"{server.url}/data")  # a new session, which knows of no draft
    expect(page.get_by_text("2 drawings")).to_be_visible()
    pressed(page, "Go on")
    expect(page.get_by_text("2 of 20").last).to_be_visible()
    pressed(page, "Remove all")
    expect(page.get_by_text("2 of 20")).to_have_count(0)
    assert not list((folder / "data").rglob("*.png"))


def test_what_a_check_asks_is_answered_and_the_trash_is_emptied(at, house, tmp_path):
    """Wide pictures, of which one lies in two classes nearly the same, under one long word, which its card holds."""
    server, folder = house
    files = class_files({"stripes": 12, "rings": 12}, size=(96, 48))
    files["rings/near.jpg"] = encoded(picture("stripes", 0, (96, 48)), "JPEG", quality=80)
    dataset = accept(staged(tmp_path, files)[0], "Wide" * 15, folder / "data")
    page = at(f"{server.url}/data?set={dataset.id}")
    assert_the_menu_leads_out_of_it(page)
    page.get_by_role("tab", name="Check").click()
    shapes = page.get_by_role("radiogroup", name="When you train")
    shapes.first.get_by_role("radio", name=re.compile("edges")).click()
    wait_until(lambda: dataset.about("fit") == "pad", what="edges will be added")
    expect(page.get_by_text("1 pair of pictures looks nearly the same")).to_be_visible()
    pressed(page, "Leave it")
    expect(page.get_by_role("button", name="Leave it", exact=True)).to_have_count(0)

    page.get_by_role("tab", name="Versions and more").click()
    pressed(page, "Delete the dataset")
    wait_until(lambda: not list_datasets(folder / "data"), what="it is in the trash")
    go(page, f"{server.url}/data")
    page.get_by_text("Deleted datasets (1").click()
    press(page.get_by_role("button", name="Remove all for good"), lambda: not deleted_datasets(folder / "data"))
    expect(page.get_by_text("Deleted datasets")).to_have_count(0)


def assert_the_menu_leads_out_of_it(page):
    """To the page that is open, without the parameters of its address; each step is one of the back button."""
    dataset, others = page.get_by_role("tab", name="Check"), page.get_by_role("heading", name="Pictures to learn from")
    page.get_by_role("link", name="Data", exact=True).click()
    expect(page).to_have_url(re.compile("/data$"))
    expect(others).to_be_visible()
    card = page.locator(".datacard", has_text="WideWide")
    wait_until(lambda: card.evaluate("card => card.scrollWidth <= card.clientWidth"), what="no word leaves its card")
    page.get_by_role("button", name="ZIP or pictures").click()
    expect(page).to_have_url(re.compile(r"/data\?way=files$"))
    expect(others).to_be_visible()
    for address in (r"/data$", r"/data\?set=[^&]+$"):
        page.go_back()
        expect(page).to_have_url(re.compile(address))
    expect(dataset).to_be_visible()
    expect(others).to_have_count(0)


def test_pictures_that_are_there_are_left_out_and_mirror_images_are_decided_on(at, house, tmp_path):
    server, folder = house
    files = class_files({"stripes": 8, "rings": 8})
    dataset = accept(staged(tmp_path, files)[0], "Known", folder / "data")
    seen = Evidence(16, 2, 0.9, 0.5, 0.9, 0.4, ("rings", "stripes"), {"transfer": 9.0, "scratch": 30.0})
    keep_evidence(dataset, dataset.newest(), seen)
    page = at(f"{server.url}/data?set={dataset.id}")
    mirror = page.get_by_role("radiogroup", name="Mirror pictures")
    expect(mirror.get_by_role("radio", name="No, leave it out")).to_be_checked()
    mirror.get_by_role("radio", name="Yes, mirror pictures").click()
    wait_until(lambda: dataset.about("mirror") == "on", what="pictures will be mirrored")

    page.get_by_role("tab", name="Add pictures").click()
    more = files | class_files({"dots": 6}, first=90)
    uploaded(page, zipped(tmp_path / "again.zip", more))
    expect(page.get_by_text("16 of these 22 pictures are already in Known")).to_be_visible()
    pressed(page, "Leave those out")
    expect(page.get_by_text("already in Known")).to_have_count(0)
    page.get_by_role("button", name="Add to Known").click()
    wait_until(lambda: sum(each.images for each in dataset.classes()) == 22, what="only the new ones were added")


def test_some_of_all_combinations_are_drawn_at_random(at, house):
    server, _ = house
    page = at(f"{server.url}/train?recipe=digits")
    page.get_by_text("Try several values").first.click()
    for wanted in ("Optimizer: Learning rate", "Training: Batch size"):

        def choose(wanted=wanted):
            page.get_by_role("combobox", name="Settings to try").fill(wanted)
            page.get_by_role("option", name=wanted).first.click(timeout=3000)
            page.keyboard.press("Escape")

        press(choose, page.get_by_role("textbox", name=wanted))
    page.get_by_role("textbox", name="Optimizer: Learning rate").fill("0.1, 0.01, 0.001")
    page.get_by_role("textbox", name="Training: Batch size").fill("16; 32; 64")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Start 9 runs")).to_be_visible()
    page.get_by_role("radiogroup", name="Combinations").get_by_role("radio", name="some, drawn at random").click()
    page.get_by_role("spinbutton", name="How many combinations").fill("4")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Start 4 runs")).to_be_visible()
