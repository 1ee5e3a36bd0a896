"""The lists of runs, comparisons, datasets and words, at the sizes of a projector and of a phone."""

import re

import pytest
from playwright.sync_api import expect

from core.runs.metadata import change_metadata
from tests.browser.conftest import serving
from tests.browser.hands import choose, go
from tests.helpers import wait_until
from tests.pages.fake_runs import fake_run, running

pytestmark = pytest.mark.browser
PROJECTOR, PHONE = {"width": 1280, "height": 720}, {"width": 390, "height": 844}
SIDEWAYS = "() => document.documentElement.scrollWidth - innerWidth"
INSIDE = "element => element.scrollWidth - element.clientWidth"


@pytest.fixture(scope="module")
def desk(tmp_path_factory, data_folder):
    """A dashboard with five runs of its own."""
    folder = tmp_path_factory.mktemp("tables") / "runs"
    folder.mkdir()
    made = {name: fake_run(folder, "finished", epochs) for name, epochs in (("One", 1), ("Two", 2), ("Three", 3))}
    made |= {"Failed": fake_run(folder, "failed"), "Active": fake_run(folder, "starting")}
    for name, run in made.items():
        change_metadata(run, title=name)
    with running(made["Active"]), serving(folder, data_folder) as server:
        yield server, made


def names(page):
    return page.locator("tbody .name a").all_inner_texts()


def tick(page, name):
    return page.get_by_role("checkbox", name=f"Tick {name}", exact=True)


def test_runs_fit_a_projector_and_ticks_stay_on_the_way_to_a_comparison_and_back(at, desk):
    server, made = desk
    page = at(f"{server.url}/runs", PROJECTOR)
    expect(page.locator("tbody tr")).to_have_count(5)
    wait_until(lambda: page.evaluate(SIDEWAYS) <= 0 and page.locator(".runs").evaluate(INSIDE) <= 0)
    wait_until(lambda: names(page)[0] == "Active", what="what trains comes first")
    expect(page.get_by_role("progressbar", name="Progress of Active")).to_have_attribute("aria-valuenow", "33")
    expect(page.locator("tbody tr").nth(1).locator("td.rate")).not_to_be_empty()

    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_role("columnheader", name="Test")).to_have_attribute("aria-sort", "descending")
    wait_until(lambda: set(names(page)[:3]) == {"One", "Two", "Three"}, what="what has no test result comes last")
    page.get_by_role("button", name="Epochs").click()
    wait_until(lambda: names(page)[:1] + names(page)[-1:] in (["Three", "One"], ["Failed", "One"]))
    page.get_by_role("button", name="Epochs").click()
    wait_until(lambda: names(page)[0] == "One")
    page.get_by_role("button", name="Epochs").click()
    wait_until(lambda: names(page)[0] == "Active")

    tick(page, "One").check()
    page.get_by_role("button", name="Compare with ...").click()
    expect(page).to_have_url(re.compile(f"compare\\?runs={made['One'].id}$"))
    page.go_back()
    expect(tick(page, "One")).to_be_checked()
    tick(page, "Three").check()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_role("heading", name="Compare runs")).to_be_visible()
    page.go_back()
    expect(tick(page, "One")).to_be_checked()
    expect(tick(page, "Three")).to_be_checked()
    expect(page.get_by_role("button", name="Compare", exact=True)).to_have_count(1)
    page.get_by_role("link", name="Two", exact=True).click()
    expect(page).to_have_url(re.compile(f"run={made['Two'].id}"))
    page.get_by_role("link", name="Runs", exact=True).click()
    expect(tick(page, "Three")).to_be_checked()
    page.reload()
    expect(tick(page, "One")).to_be_checked()
    expect(page.get_by_role("button", name="Compare", exact=True)).to_be_visible()

    page.get_by_role("textbox", name="Search").fill("three")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("button", name="Compare with ...")).to_be_visible()  # hidden ticks are not acted on
    page.get_by_role("textbox", name="Search").fill("")
    expect(page.get_by_role("button", name="Compare", exact=True)).to_be_visible()
    page.get_by_role("checkbox", name="Tick all").check()
    expect(page.get_by_role("button", name="Stop", exact=True).last).to_be_visible()
    page.get_by_role("checkbox", name="Tick all").uncheck()
    expect(page.get_by_text("Tick runs to compare")).to_be_visible()


def test_a_room_sees_every_column_and_every_class_by_its_whole_name(at, desk):
    server, _ = desk
    page = at(f"{server.url}/runs?view=presenter", PROJECTOR)
    expect(page.locator("tbody tr")).to_have_count(5)
    wait_until(lambda: page.evaluate(SIDEWAYS) <= 0 and page.locator(".runs").evaluate(INSIDE) <= 0)
    age = page.get_by_role("columnheader", name="Age").bounding_box()
    assert age["x"] + age["width"] <= PROJECTOR["width"]
    go(page, f"{server.url}/data?view=presenter")
    automobile = page.locator(".chips li", has_text="automobile")
    expect(automobile).to_have_attribute("title", "automobile")
    wait_until(lambda: all(chip.evaluate(INSIDE) <= 0 for chip in page.locator(".chips li").all()), what="none is cut")


def test_a_phone_shows_title_curve_and_test_accuracy_of_each_run(visit, desk):
    server, _ = desk
    page = visit(viewport=PHONE).page
    page.goto(f"{server.url}/runs")
    expect(page.locator("tbody tr")).to_have_count(5)
    card = page.locator("tbody tr").filter(has=page.get_by_role("link", name="Three", exact=True))
    for part in ("a", "svg", "td.test"):
        box = card.locator(part).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"], part
    expect(card.locator("td.test")).to_have_text(re.compile("96.8.%"))
    wait_until(lambda: page.evaluate(SIDEWAYS) <= 0)
    tick(page, "Three").check()
    expect(page.get_by_role("button", name="Compare with ...")).to_be_visible()


def test_a_comparison_shows_its_sentence_and_curves_in_the_first_screen(at, desk):
    server, made = desk
    page = at(f"{server.url}/compare?runs={made['One'].id},{made['Two'].id},{made['Three'].id}", PROJECTOR)
    page.wait_for_function("document.querySelector('.js-plotly-plot')?.data?.length >= 3")
    plot = page.locator(".js-plotly-plot").first
    said = page.get_by_text(re.compile("test pictures")).first
    for element in (said, plot):
        box = element.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= PROJECTOR["height"], box
    wait_until(lambda: page.evaluate(SIDEWAYS) <= 0)
    page.get_by_test_id("stPopover").get_by_role("button", name="View").click()
    page.get_by_text("time", exact=True).click()
    expect(page).to_have_url(re.compile("axis=time"))
    page.keyboard.press("Escape")
    page.get_by_text("validation loss", exact=True).click()
    expect(page.locator("[aria-label='Chart: Validation loss']")).to_be_visible()


def test_the_glossary_has_an_index_a_search_and_columns(at, desk):
    server, _ = desk
    page = at(f"{server.url}/glossary", PROJECTOR)
    expect(page.get_by_role("heading", name="S", exact=True)).to_be_attached()
    wait_until(lambda: page.get_by_test_id("stMain").evaluate("element => element.scrollHeight") < 5_000)
    page.get_by_role("navigation", name="Letters").get_by_role("link", name="S", exact=True).click()
    expect(page.get_by_role("heading", name="S", exact=True)).to_be_in_viewport()
    expect(page.get_by_role("navigation", name="Letters")).to_be_in_viewport()
    page.get_by_role("textbox", name="Search").fill("softmax turns")
    expect(page.locator(".glossary dt")).to_have_text(["Softmax"])


def test_the_published_datasets_are_looked_at_class_by_class(at, desk):
    server, _ = desk
    page = at(f"{server.url}/data", PROJECTOR)
    expect(page.get_by_role("img", name="Pictures of MNIST").locator("img")).to_have_count(10)
    expect(page.get_by_text("170 MB")).to_be_visible()
    for way in ("ZIP or pictures", "Folder of this", "Draw", "Camera"):
        box = page.get_by_role("button", name=way).bounding_box()
        assert box["width"] > 200 and box["height"] > 70, way
    page.locator(".st-key-open-digits").get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name="Tiny digits, 8 x 8")).to_be_visible()
    expect(page.get_by_role("group", name="7").get_by_role("img")).to_have_count(14)
    choose(page, "Class", "7")
    expect(page.get_by_role("group", name="7").get_by_role("img")).to_have_count(120)
    first = page.get_by_role("group", name="7").get_by_role("img").first.get_attribute("alt")
    page.get_by_test_id("stPagination").get_by_role("button", name="2").click()
    expect(page.get_by_role("group", name="7").get_by_role("img").first).not_to_have_attribute("alt", first)
    page.get_by_text("test pictures", exact=True).click()
    expect(page.get_by_test_id("stPagination")).to_be_hidden()
    page.get_by_role("link", name="Train on these pictures").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Train")
    page.go_back()
    page.get_by_role("button", name="All datasets").click()
    expect(page.get_by_role("heading", name="Pictures to learn from")).to_be_visible()
