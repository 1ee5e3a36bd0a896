"""A dataset of one's own is put in order, taken back, downloaded and deleted: every button, and nothing moves by picking."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core.image_analysis.picture_map import PictureMap, keep_map
from core.image_sets.export import as_zip
from core.image_sets.folders import accept, delete_dataset, list_datasets
from tests.browser.conftest import USUAL
from tests.browser.hands import choose, go, press
from tests.core.image_sets.test_export import described
from tests.helpers import wait_until
from tests.own import class_files, staged

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
COUNTS = {"dots": 14, "rings": 12, "a/b": 10}


@pytest.fixture
def dataset(data_folder, tmp_path):
    files = class_files({"dots": 14, "rings": 12, "streaks": 10})
    before = list_datasets(data_folder)
    made = accept(staged(tmp_path, files)[0], "Ordered", data_folder)
    yield made
    for each in list_datasets(data_folder):
        if each not in before:
            delete_dataset(each)


def counts(dataset):
    return {each.name: each.images for each in dataset.classes()}


def places(page):
    return [tile.bounding_box() for tile in page.get_by_role("group", name="Pictures").get_by_role("button").all()]


def after(page, said):
    """The page says what the last change was: it is drawn anew."""
    expect(page.get_by_text(f"Last change: {said}.")).to_be_visible()


def picking_moves_nothing(page):
    """Picks some, and lets go of all of them."""
    tiles = page.get_by_role("group", name="Pictures").get_by_role("button")
    expect(tiles).to_have_count(14)
    remove = page.get_by_role("button", name="Remove", exact=True)
    expect(remove).to_be_disabled()
    tiles.nth(1).scroll_into_view_if_needed()
    expect(page.get_by_text(re.compile("^A training has"))).to_be_attached()
    before = places(page)
    tiles.nth(1).click()
    expect(page.get_by_text("1 picture picked.")).to_be_visible()
    expect(remove).to_be_enabled()
    assert places(page) == before
    tiles.nth(5).click(modifiers=["Shift"])
    expect(page.get_by_text("5 pictures picked.")).to_be_visible()
    assert places(page) == before
    for place in range(1, 6):
        tiles.nth(place).click()
    expect(remove).to_be_disabled()
    assert places(page) == before


def test_picking_moves_nothing_and_every_change_is_seen_and_can_be_taken_back(at, server, dataset):
    page = at(f"{server.url}/data?set={dataset.id}", PHONE)
    picking_moves_nothing(page)
    page.set_viewport_size(USUAL)
    pictures = page.get_by_role("group", name="Pictures")
    wait_until(lambda: pictures.bounding_box()["width"] > PHONE["width"], what="it is laid out anew")
    picking_moves_nothing(page)
    tiles = pictures.get_by_role("button")

    tiles.nth(0).click()
    tiles.nth(2).click(modifiers=["Shift"])
    choose(page, "Move to", "rings")
    page.get_by_role("button", name="Move", exact=True).click()
    after(page, "3 pictures moved to rings")
    expect(tiles).to_have_count(11)
    assert counts(dataset) == {"streaks": 10, "dots": 11, "rings": 15}
    page.get_by_role("button", name="Undo").click()
    after(page, "Undone: 3 pictures moved to rings")
    expect(tiles).to_have_count(14)
    page.get_by_role("button", name="Undo").click()
    after(page, "3 pictures moved to rings")
    expect(tiles).to_have_count(11)

    tiles.nth(0).click()
    page.get_by_role("button", name="Remove", exact=True).click()
    after(page, "1 picture removed")
    expect(tiles).to_have_count(10)

    tiles.nth(0).click()
    tiles.nth(3).click(modifiers=["Shift"])
    choose(page, "Use for", "validation")
    page.get_by_role("button", name="Use", exact=True).click()
    after(page, "4 pictures used for validation")
    page.get_by_role("radio", name="validation").click()
    expect(tiles).to_have_count(4)
    page.get_by_role("radio", name="all").click()
    expect(tiles).to_have_count(10)

    page.get_by_role("textbox", name="Name of this class").fill("spots")
    page.get_by_role("textbox", name="Name of this class").press("Enter")
    page.get_by_role("button", name="Rename").first.click()
    after(page, "dots renamed to spots")
    page.get_by_role("button", name="Switch off").click()
    after(page, "Switch off: spots")
    assert [each.enabled for each in dataset.classes() if each.name == "spots"] == [False]
    page.get_by_role("button", name="Switch on").click()
    after(page, "Switch on: spots")
    page.get_by_role("button", name="Remove class").click()
    after(page, "Class spots removed")
    assert counts(dataset) == {"streaks": 10, "rings": 15}

    page.get_by_role("tab", name="Versions and more").click()
    page.get_by_role("button", name="Back to this").last.click()
    expect(page.get_by_text(re.compile("^11 Back to version 1,"))).to_be_visible()
    assert counts(dataset) == {"streaks": 10, "dots": 14, "rings": 12}
    page.get_by_role("textbox", name="Name of the dataset").fill("In order")
    page.get_by_role("textbox", name="Name of the dataset").press("Enter")
    page.get_by_role("button", name="Rename").last.click()
    expect(page.get_by_role("heading", name="In order")).to_be_visible()
    assert dataset.title == "In order"


def test_a_download_brought_in_again_is_the_same_and_deleting_can_be_undone(at, server, dataset, tmp_path, data_folder):
    from core.image_sets.edit import editing

    with editing(dataset, "another name, other parts") as edit:
        edit.rename_class(next(each.id for each in dataset.classes() if each.name == "streaks"), "a/b")
        edit.into_split(dataset.members().images[::4].tolist(), "val")
    page = at(f"{server.url}/data?set={dataset.id}")
    page.get_by_role("tab", name="Versions and more").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as ZIP").click()
    assert download.value.suggested_filename == f"{dataset.id}.zip"
    download.value.save_as(tmp_path / "down.zip")
    assert (tmp_path / "down.zip").read_bytes() == as_zip(dataset).read()

    go(page, f"{server.url}/data")
    page.get_by_role("button", name="ZIP or pictures").click()
    page.locator("input[type=file]").first.set_input_files(str(tmp_path / "down.zip"))
    expect(page.get_by_role("heading", name="Look at your 36 pictures")).to_be_visible()
    wait_until(lambda: set(page.locator(".classline b").all_inner_texts()) == set(COUNTS))
    page.get_by_role("textbox", name="Name", exact=True).fill("Again")
    page.get_by_role("button", name="Keep as a dataset").click()
    expect(page.get_by_role("heading", name="Again")).to_be_visible()
    [again] = [each for each in list_datasets(data_folder) if each.title == "Again"]
    assert described(again) == described(dataset)

    page.get_by_role("tab", name="Versions and more").click()
    page.get_by_role("button", name="Delete the dataset").click()
    expect(page.get_by_text("The dataset is deleted.")).to_be_visible()
    assert again not in list_datasets(data_folder)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The dataset is deleted.")).to_be_hidden()
    assert described(again) == described(dataset)
    go(page, f"{server.url}/data?set={again.id}")
    page.get_by_role("tab", name="Versions and more").click()
    page.get_by_role("button", name="Delete the dataset").click()
    expect(page.get_by_text("The dataset is deleted.")).to_be_visible()
    go(page, f"{server.url}/data")
    page.get_by_text("Deleted datasets").click()
    row = (
        page.locator("[data-testid=stHorizontalBlock]")
        .filter(has_text="Again")
        .filter(has=page.get_by_role("button", name="Bring back"))
    )
    row.get_by_role("button", name="Bring back").first.click()
    expect(row).to_have_count(0)
    assert again in list_datasets(data_folder)


def test_a_point_of_the_map_opens_its_picture_and_the_share_for_the_test_is_set_with_a_slider(at, server, dataset):
    images = dataset.members().images
    places = np.stack([np.arange(len(images)), np.arange(len(images)) % 7], axis=1).astype(np.float32)
    keep_map(dataset, PictureMap(images, places, np.ones(len(images), np.float32)))
    page = at(f"{server.url}/data?set={dataset.id}")
    page.get_by_role("tab", name="Check").click()
    expect(page.get_by_role("group", name="The oddest pictures").locator("figure")).to_have_count(12)
    chart = page.locator(".js-plotly-plot[aria-label='Map of the pictures']")
    chart.scroll_into_view_if_needed()
    point = chart.locator(".scatterlayer .points path").nth(20)
    said = page.locator(".st-key-picture-of-the-map").get_by_text("Labelled")
    press(lambda: point.click(force=True, timeout=3000), said)  # the layer that drags lies above
    expect(said).to_have_text("Labelled rings")
    before = counts(dataset)
    choose(page, "Is it another one?", "streaks")
    page.get_by_role("button", name="It is that").click()
    expect(said).to_have_text("Labelled streaks")
    assert counts(dataset) == {**before, "rings": 11, "streaks": 11}
    page.get_by_role("button", name="Take it out").click()
    expect(said).to_have_count(0)
    assert counts(dataset) == {**before, "rings": 11}

    page.get_by_role("tab", name="Versions and more").click()
    slider = page.get_by_role("slider", name="Share for the test")
    then = page.get_by_text("Then a training has")
    expect(then).to_be_visible()
    before = then.inner_text()
    slider.focus()
    slider.press("End")
    expect(then).not_to_have_text(before)
    kept = int(re.search(r"and ([\d,]+) test pictures", then.inner_text())[1])
    page.get_by_role("button", name=re.compile("^Hold out 50")).click()
    expect(page.get_by_text(re.compile("^Now 5[0-9.]+.% of the pictures"))).to_be_visible()
    assert sum(each.counts.get("test", 0) for each in dataset.classes()) == kept
