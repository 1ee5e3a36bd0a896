"""One's own pictures, by clicking alone: a ZIP, drawings and a camera each become a network that answers."""

import contextlib
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Error, expect

from core.image_sets.folders import accept, delete_dataset, list_datasets
from core.image_sets.suggest import suggested
from core.run_config import RunConfig
from core.runs.store import create_run, list_runs
from core.workers.worker import work
from tests.browser.conftest import ARGUMENTS, Visit, chromium_path
from tests.browser.hands import press
from tests.browser.trainings import train_started, without_workers
from tests.helpers import wait_until
from tests.own import class_files, encoded, picture, staged, zipped

pytestmark = pytest.mark.browser

# straight strokes: from x, y to x, y, as shares of the canvas
CROSS = [(0.2, 0.2, 0.8, 0.8), (0.8, 0.2, 0.2, 0.8)]
BOX = [(0.2, 0.2, 0.2, 0.8), (0.2, 0.8, 0.8, 0.8), (0.8, 0.8, 0.8, 0.2), (0.8, 0.2, 0.2, 0.2)]


@pytest.fixture
def brought(data_folder):
    """The datasets that a test has made so far, which are thrown away at its end."""
    before = list_datasets(data_folder)

    def made():
        return [each for each in list_datasets(data_folder) if each not in before]

    yield made
    for dataset in made():
        delete_dataset(dataset)


@pytest.fixture
def desk(at, server, brought):
    """The Data page."""
    page = at(f"{server.url}/data")
    expect(page.get_by_role("heading", name="Pictures to learn from")).to_be_visible()
    return page


@pytest.fixture
def trains(server, data_folder):
    """What a click starts is trained to its end, as a worker would, in larger steps and so in fewer epochs."""
    changes = {"training.epochs": 6, "optimizer.learning_rate": 0.005}
    with without_workers(server.runs):

        def begun_by(click):
            before = set(list_runs(server.runs))
            click()
            return train_started(server.runs, before, 1, data_folder, changes)

        yield begun_by


def test_from_a_zip_of_folders_to_a_prediction(desk, trains, tmp_path):
    files = class_files({"stripes": 14, "rings": 14}, before="my pictures/")
    files |= {"my pictures/rings/broken.jpg": b"x", "__MACOSX/x.png": b"x"}
    files["my pictures/rings/same.png"] = files["my pictures/stripes/0.png"]
    desk.get_by_role("button", name="ZIP or pictures").click()
    brought = desk.get_by_test_id("stFileUploader").filter(has_text="A ZIP with a folder for each class")
    brought.locator("input[type=file]").set_input_files(str(zipped(tmp_path / "patterns.zip", files)))
    expect(desk.get_by_text("1 picture is in two classes at once")).to_be_visible()
    desk.get_by_text("1 file could not be read").click()
    expect(desk.get_by_text("rings/broken.jpg")).to_be_visible()
    desk.get_by_role("button", name="Take them out of both").click()
    expect(desk.get_by_text("1 picture is in two classes at once")).to_be_hidden()
    desk.get_by_role("button", name="Keep as a dataset").click()
    desk.get_by_role("button", name="Train on these pictures").click()
    trains(desk.get_by_role("button", name="Start training").click)
    expect(desk.get_by_text("finished", exact=True).first).to_be_visible()
    desk.get_by_role("button", name="Try it").or_(desk.get_by_role("link", name="Try it")).first.click()
    expect(desk.get_by_role("heading", name="Try a network")).to_be_visible()
    strange = tmp_path / "new.png"
    strange.write_bytes(encoded(picture("rings", 999, (200, 160))))
    tried = desk.get_by_test_id("stFileUploader").filter(has_text="Pictures of")
    tried.locator("input[type=file]").set_input_files(str(strange))
    expect(desk.locator(".bars .winner .name").first).to_have_text("rings")


def test_a_burst_of_each_class_is_told_before_start_and_a_button_mends_it(desk, tmp_path):
    """All pictures of a class look alike: none could be held out to validate with."""
    files = class_files({"dots": 4, "rings": 4}, before="test/", first=50)
    for name in ("dots", "rings"):
        one = picture(name, 5, (96, 80))
        files |= {f"train/{name}/{n}.jpg": encoded(one, "JPEG", quality=70 + n) for n in range(20)}
    desk.get_by_role("button", name="ZIP or pictures").click()
    desk.locator("input[type=file]").first.set_input_files(str(zipped(tmp_path / "bursts.zip", files)))
    told = desk.get_by_text("No picture is left for validation: all pictures of 'rings' look alike")
    expect(told.first).to_be_visible()
    expect(desk.get_by_text("A training will have 40 training, 0 validation and 8 test pictures.")).to_be_visible()
    desk.get_by_role("button", name="Keep as a dataset").click()
    expect(desk.get_by_text("A training has 40 training, 0 validation and 8 test pictures.")).to_be_visible()
    desk.get_by_role("button", name="Bring more pictures").click()
    expect(desk.get_by_role("tab", name="Add pictures")).to_have_attribute("aria-selected", "true")
    desk.get_by_role("button", name="Train on these pictures").click()
    start = desk.get_by_role("button", name="Start training")
    expect(told).to_be_visible()
    expect(start).to_be_disabled()
    desk.get_by_role("button", name="Split the groups").click()
    expect(told).to_be_hidden()
    expect(desk.get_by_text("36 training, 4 validation and 8 test pictures")).to_be_visible()
    desk.get_by_role("button", name="Pictures of each class").click()
    expect(desk.get_by_role("row", name="rings 18 2 4")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(start).to_be_enabled()


def test_a_folder_of_the_visitors_computer_comes_with_its_classes(desk, tmp_path):
    for name, content in class_files({"dots": 4, "rings": 4}, before="patterns/").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    desk.get_by_role("button", name=re.compile("^.*Folder of this computer")).click()
    brought = desk.get_by_test_id("stFileUploader").filter(has_text="A folder with a folder for each class in it")
    brought.locator("input[type=file][webkitdirectory]").set_input_files(str(tmp_path / "patterns"))
    expect(desk.get_by_role("heading", name="Look at your 8 pictures")).to_be_visible()
    expect(desk.get_by_role("textbox", name="Name", exact=True)).to_have_value("patterns")
    wait_until(lambda: set(desk.locator(".classline b").all_inner_texts()) == {"dots", "rings"})
    desk.get_by_role("button", name="Throw away").click()
    expect(desk.get_by_role("heading", name="Pictures to learn from")).to_be_visible()


def test_folders_that_can_mean_two_things_are_asked_about_and_can_be_read_again(desk, tmp_path):
    """2023 and 2024 hold the same folders; and pictures whose names say the class."""
    files = {}
    for year, first in (("2023", 0), ("2024", 50)):
        files |= class_files({"stripes": 8, "rings": 6}, f"{year}/", first)
    desk.set_viewport_size({"width": 1280, "height": 720})
    desk.get_by_role("button", name="ZIP or pictures").click()
    desk.locator("input[type=file]").first.set_input_files(str(zipped(tmp_path / "years.zip", files)))
    expect(desk.get_by_role("heading", name="How are these pictures sorted?")).to_be_visible()
    tree = desk.get_by_role("list", name="How the folders were read")
    expect(tree.get_by_role("list")).to_have_text(["rings6stripes8"] * 2)
    expect(tree).to_contain_text("2024 test")
    desk.get_by_text("are put together").click()
    expect(tree.get_by_role("list")).to_have_text(["rings12stripes16"])
    expect(desk.get_by_role("button", name="Read it like this")).to_be_in_viewport()
    desk.get_by_role("button", name="Read it like this").click()
    expect(desk.get_by_role("heading", name="Look at your 28 pictures")).to_be_visible()
    expect(desk.locator(".classline b")).to_have_text(["rings", "stripes"])
    desk.get_by_text("This is how I read your folders").click()
    years = desk.get_by_text("2 classes: '2023' and '2024'")
    press(desk.get_by_role("button", name="Not right?"), years)
    years.click()
    desk.get_by_role("button", name="Read it like this").click()
    expect(desk.locator(".classline b")).to_have_text(["2023", "2024"])
    desk.get_by_role("button", name="Throw away").click()

    named = {
        f"all/{kind}.{n}.png": encoded(picture(kind, n))
        for kind, number in (("dots", 5), ("rings", 4))
        for n in range(number)
    }
    desk.get_by_role("button", name="ZIP or pictures").click()
    desk.locator("input[type=file]").first.set_input_files(str(zipped(tmp_path / "named.zip", named)))
    expect(desk.get_by_text("the names of the files seem to")).to_be_visible()
    expect(tree.get_by_role("list")).to_have_text("dots5rings4")
    desk.get_by_role("button", name="Read it like this").click()
    desk.get_by_role("button", name="Keep as a dataset").click()
    expect(desk.get_by_role("button", name="Train on these pictures")).to_be_visible()


def test_from_drawn_symbols_to_a_prediction(desk, brought, server, data_folder):
    desk.get_by_role("button", name="Draw").click()
    for name, strokes in (("cross", CROSS), ("box", BOX)):
        desk.get_by_role("textbox", name="Class").fill(name)
        for number in range(5):
            expect(desk.get_by_role("img", name=re.compile("Drawing area"))).to_be_visible()
            draw(desk, strokes, number)
            if number % 2:  # at once after the stroke, without waiting for anything
                desk.keyboard.press("Enter")
            else:
                desk.get_by_role("button", name="Keep it and draw the next").click()
            expect(desk.get_by_text(f"{number + 1} of 20").last).to_be_visible()
        press(desk.get_by_role("button", name="Keep it and draw the next"), desk.get_by_text("Nothing is drawn yet"))
    desk.get_by_role("button", name="Make a dataset of 10 pictures").click()
    desk.get_by_role("button", name="Keep as a dataset").click()
    expect(desk.get_by_role("button", name="Train on these pictures")).to_be_visible()
    config = RunConfig.from_dict(suggested(brought()[0]))
    run = create_run(config.with_changes({"training.epochs": config.training.epochs // 3}), server.runs)
    work(run, data_folder)
    desk.goto(f"{server.url}/classify?run={run.id}")
    draw(desk, CROSS, 9)
    expect(desk.locator(".bars .winner .name").first).to_have_text("cross")


def draw(page, strokes, number):
    """Straight strokes on the canvas, a little different for every number."""
    area = page.get_by_role("img", name=re.compile("Drawing area")).bounding_box()
    random = np.random.default_rng(number)
    shift, size = random.uniform(-0.08, 0.08, 2), random.uniform(0.75, 1)
    for x, y, to_x, to_y in strokes:
        spots = [((np.array(spot) - 0.5) * size + 0.5 + shift) * area["width"] for spot in ((x, y), (to_x, to_y))]
        page.mouse.move(*(spots[0] + [area["x"], area["y"]]))
        page.mouse.down()
        page.mouse.move(*(spots[1] + [area["x"], area["y"]]), steps=4)
        page.mouse.up()


def photographed(page) -> None:
    """Takes a photo, again where one shows nothing: the first picture of a camera may be black."""
    with contextlib.suppress(Error):
        page.get_by_role("button", name="Clear photo").click(timeout=500)
    page.get_by_role("button", name="Take Photo").click(timeout=3000)


def test_a_camera_gives_photos_of_two_classes(browser, server, brought, trains):
    """With Chromium's own moving picture instead of a camera."""
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with contextlib.closing(
        browser.browser_type.launch(executable_path=chromium_path(), args=[*ARGUMENTS, *fake])
    ) as filmed:
        visit = Visit(filmed.new_context(viewport={"width": 1280, "height": 900}, permissions=["camera"]).new_page())
        page = visit.page
        page.goto(f"{server.url}/data")
        page.get_by_role("button", name="Camera").click()
        for name in ("left", "right"):
            page.get_by_role("textbox", name="Class").last.fill(name)
            page.get_by_role("textbox", name="Class").last.press("Enter")
            hold = page.get_by_role("button", name="Hold to take photos")
            expect(hold).to_be_enabled()
            hold.hover()  # once it has come to rest
            page.mouse.down()
            expect(page.locator(".said")).to_have_text(re.compile(r"^([89]|\d\d) photos"))
            page.mouse.up()
            expect(page.get_by_text(re.compile(r"\d+ of 20")).last).to_be_visible()
            expect(page.locator(f".gallery[aria-label={name}]")).to_be_visible()
        panel = page.locator("[class*=st-key-already]")
        expect(panel.locator(".bars .winner .name")).to_have_text(re.compile("left|right"))
        shares = panel.locator(".bars .share")
        before = shares.all_inner_texts()
        wait_until(lambda: shares.all_inner_texts() != before, what="the answer follows what the camera sees")
        keep = page.get_by_role("button", name="Keep this network")
        # what the camera sees draws the page anew all the time
        [run] = trains(lambda: press(keep, lambda: keep.count() == 0))
        expect(page.get_by_text("finished", exact=True).first).to_be_visible()
        [made] = brought()
        assert {each.name for each in made.classes()} == {"left", "right"}
        assert all(each.images >= 8 for each in made.classes())
        page.goto(f"{server.url}/classify?run={run.id}")
        page.get_by_role("radio", name="Photo").click()
        press(lambda: photographed(page), page.locator(".bars .winner .name").first)
        expect(page.locator(".bars .winner .name").first).to_have_text(re.compile("left|right"))
        assert visit.errors == [] and visit.foreign == []


def test_the_check_is_settled_by_its_buttons(desk, data_folder, tmp_path):
    """Twins with two labels, a blank picture, long pictures and labels that are wrong: every button of the check part."""
    files = class_files({"stripes": 30, "rings": 30}, size=(90, 45))
    near = picture("dots", 1, (90, 45)).resize((88, 44))
    files |= {"stripes/twin.png": encoded(picture("dots", 1, (90, 45))), "rings/twin.jpg": encoded(near, "JPEG")}
    files["stripes/blank.png"] = encoded(Image.new("RGB", (90, 45), "white"))
    for number in range(2):
        files[f"rings/stripes {number}.png"] = encoded(picture("stripes", 500 + number, (90, 45)))
    dataset = own_dataset_of(data_folder, tmp_path, files)
    desk.goto(f"{desk.url.split('/data')[0]}/data?set={dataset.id}")
    desk.get_by_role("tab", name="Check").click()
    expect(desk.get_by_text("look at what is marked below")).to_be_visible()
    expect(desk.get_by_text("1 pair of pictures looks nearly the same")).to_be_visible()
    desk.get_by_role("button", name="Both are rings").click()
    expect(desk.get_by_text("1 pair of pictures looks nearly the same")).to_be_hidden()
    desk.get_by_role("button", name="Remove it").click()
    expect(desk.get_by_text("1 picture is blank")).to_be_hidden()
    expect(desk.get_by_role("img", name="Squeeze")).to_be_visible()
    desk.get_by_role("radio", name="Add edges").click()
    wait_until(lambda: dataset.about("fit") == "pad")
    desk.get_by_role("button", name="Look for wrong labels").click()
    expect(desk.get_by_role("button", name="Look again")).to_be_visible()
    expect(desk.get_by_text("may be wrong, the likeliest first")).to_be_visible()
    doubted = desk.get_by_role("button", name="It is stripes")
    before, version = doubted.count(), dataset.newest()
    assert before >= 1
    doubted.first.click()
    expect(doubted).to_have_count(before - 1)
    assert dataset.newest() == version + 1


def own_dataset_of(data_folder, tmp_path, files):
    return accept(staged(tmp_path, files)[0], "Checked", data_folder)
