"""From the first click of a sweep to the finished experiment, and what stands where on the pages around it."""

import re

import pytest
from playwright.sync_api import expect

from core.runs.store import create_run, list_runs
from core.workers.dispatch import set_cpu_runs
from tests.browser.conftest import serving
from tests.browser.hands import choose, press, seen
from tests.helpers import quick_config, wait_until
from tests.pages.fake_runs import fake_run

pytestmark = pytest.mark.browser
PROJECTOR, PHONE = {"width": 1280, "height": 720}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def quiet(tmp_path_factory, data_folder):
    """A dashboard of its own: a sweep would keep the queue of the others busy."""
    runs = tmp_path_factory.mktemp("experiment") / "runs"
    runs.mkdir()
    with serving(runs, data_folder) as running:
        yield running


def bottom(locator) -> float:
    box = locator.bounding_box()
    return box["y"] + box["height"]


def chosen_to_try(page) -> None:
    """Opens the fold and chooses the learning rate; the first in the list is a setting, not "Select all"."""
    page.get_by_text("Try several values").first.click()
    first, box = page.get_by_role("option").first, page.get_by_role("combobox", name="Settings to try")
    press(box, page.get_by_role("option").first.and_(page.get_by_role("option", name="Optimizer: Learning rate")))

    def choose_it() -> None:
        if not first.is_visible():  # a page drawn anew closes the list
            box.fill("Optimizer: Learning rate")
        first.click(timeout=3000)
        page.keyboard.press("Escape")  # while the list is open, nothing else on the page has a role

    press(choose_it, page.get_by_role("textbox", name="Optimizer: Learning rate"))


def test_three_learning_rates_from_the_first_click_to_the_best_network(visit, quiet):
    page = visit(viewport=PROJECTOR).page
    page.goto(f"{quiet.url}/runs")
    page.get_by_role("link", name="Experiments").click()
    expect(page.get_by_text("An experiment is several runs")).to_be_visible()
    page.get_by_role("link", name="Choose other settings on Train").click()
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()  # all of the page is there
    source = create_run(quick_config(title="Tiny", architecture="simple_cnn", epochs=10), quiet.runs)  # quick to train
    page.goto(f"{quiet.url}/train?from={source.id}")
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()
    page.wait_for_load_state("networkidle")
    chosen_to_try(page)
    values = page.get_by_role("textbox", name="Optimizer: Learning rate")
    expect(values).to_have_value("0.001")
    page.get_by_role("textbox", name="Slow motion").fill("0.4")
    start = page.get_by_test_id("stBottom").get_by_role("button", name="Start")
    values.fill("0,5")
    expect(page.get_by_role("alert").filter(has_text="can be read as 0.5, or as 0 and 5")).to_be_visible()
    expect(start).to_be_disabled()
    page.get_by_role("button", name="0.5", exact=True).click()
    expect(start).to_be_enabled()
    values.fill("0.02, 0.002, oops")
    expect(start).to_be_disabled()
    values.fill("0.02, 0.002, 0.0002")
    page.get_by_role("textbox", name="Name of the experiment").fill("Three rates")
    page.get_by_role("textbox", name="Name of the experiment").press("Tab")
    page.get_by_role("button", name="Start 3 runs").click()
    expect(page).to_have_url(re.compile(r"/experiment\?experiment=Three"))
    expect(page.get_by_role("heading", name="Three rates", level=1)).to_be_visible()

    expect(page.get_by_role("button", name="Stop all")).to_be_visible()
    page.wait_for_function("document.querySelector('.js-plotly-plot')?.data?.[0].x.length > 1")
    points = "Math.max(...document.querySelector('.js-plotly-plot').data.map(curve => curve.x.length))"
    before = seen(page, points)
    expect(page.get_by_role("button", name="Stop all")).to_be_visible()  # seen while it runs
    page.wait_for_function(f"{points} > {before}")
    expect(page.get_by_text("3 of 3 runs are done.")).to_be_visible()
    expect(page.get_by_role("button", name="Stop all")).to_have_count(0)

    page.wait_for_function("document.querySelectorAll('.js-plotly-plot').length === 2")
    curves, result = seen(page, "[...document.querySelectorAll('.js-plotly-plot')].map(plot => plot.data.length)")
    assert curves >= 3 and result >= 4, "three curves; three points and the star of the best"
    axis = seen(
        page, "(({type, ticktext}) => ({type, ticktext}))(document.querySelectorAll('.js-plotly-plot')[1].layout.xaxis)"
    )
    assert axis == {"type": "log", "ticktext": ["0.0002", "0.002", "0.02"]}
    expect(page.locator("tr.best")).to_have_count(1)
    assert all(bottom(plot) < 600 for plot in page.locator(".js-plotly-plot").all())
    assert bottom(page.locator("table tbody tr").last) <= 720, "charts and table in the first screen"

    address = page.url
    best = re.search(r"run=([\w-]+)", page.locator("tr.best a").get_attribute("href"))[1]
    page.get_by_role("button", name="Compare these").click()
    expect(page).to_have_url(re.compile(r"/compare\?runs=[\w-]+(%2C|,)[\w-]+(%2C|,)[\w-]+"))
    choose(page, "Result", "Validation loss, best epoch")
    expect(page.locator("[aria-label='Validation loss, best epoch against learning rate']")).to_be_visible()
    page.go_back()
    expect(page).to_have_url(address)
    expect(page.get_by_text("3 of 3 runs are done.")).to_be_visible()
    page.get_by_role("button", name="Again with other values").click()
    expect(page.get_by_role("textbox", name="Optimizer: Learning rate")).to_have_value("0.02, 0.002, 0.0002")
    expect(page.get_by_role("button", name="Start 3 runs")).to_be_enabled()
    page.go_back()
    expect(page).to_have_url(address)
    page.get_by_role("button", name="Try the best one").click()
    expect(page).to_have_url(re.compile(rf"/classify\?run={best}"))


def test_an_experiment_that_was_suggested_validates_as_chosen_and_is_stopped_as_a_whole(visit, quiet):
    set_cpu_runs(quiet.runs, 1)  # one trains, the others wait
    page = visit(viewport=PROJECTOR).page
    page.goto(f"{quiet.url}/experiment")
    page.get_by_role("button", name="Try three learning rates").click()
    expect(page.get_by_role("textbox", name="Optimizer: Learning rate")).to_have_value("0.02, 0.002, 0.0002")
    page.get_by_text("More training settings").click()
    choose(page, "Validate", "after each epoch only")
    seeds = page.get_by_role("spinbutton", name="Seeds for each")
    for number, runs in (("2", "Start 6 runs"), ("1", "Start 3 runs")):
        seeds.fill(number)
        seeds.press("Enter")
        expect(page.get_by_role("button", name=runs)).to_be_enabled()
    page.get_by_role("button", name="Start 3 runs").click()
    expect(page).to_have_url(re.compile(r"/experiment\?experiment="))
    page.get_by_text("Validation loss", exact=True).click()
    expect(page).to_have_url(re.compile("metric=val"))
    expect(page.locator("[aria-label='Chart: Loss']")).to_be_visible()
    sure = page.get_by_role("button", name="Yes, stop them")

    def stop() -> None:
        if not sure.is_visible():
            page.get_by_role("button", name="Stop all").click(timeout=3000)
        sure.click(timeout=3000)

    press(stop, lambda: not any(run.status().will_change for run in list_runs(quiet.runs)))
    expect(page.get_by_text("3 of 3 runs are done")).to_be_visible()
    runs = list_runs(quiet.runs)[:3]
    assert [run.config().training.validate_every for run in runs] == ["epoch"] * 3
    assert not any(run.status().will_change for run in runs)


def test_recipes_and_the_settings_of_the_chosen_one_share_the_first_screen(visit, quiet):
    page = visit(viewport=PROJECTOR).page
    page.goto(f"{quiet.url}/train")
    page.get_by_role("button", name=re.compile("^Fast MNIST")).click()
    expect(page.get_by_text("Three slim convolutions")).to_be_visible()
    start = page.get_by_role("button", name="Start training")
    expect(start).to_be_enabled()
    recipes = page.locator(".st-key-recipes")
    fields = [page.get_by_role("spinbutton", name=name) for name in ("Epochs", "Batch size")]
    fields.append(page.get_by_role("textbox", name="Learning rate"))
    for size in (PROJECTOR, {"width": 1440, "height": 900}):
        page.set_viewport_size(size)
        page.wait_for_function("document.querySelector('.st-key-recipes').offsetHeight < 110")  # one row
        for field in fields:
            wait_until(
                lambda field=field: bottom(field) <= start.bounding_box()["y"], what=f"{field} without scrolling"
            )
    page.set_viewport_size(PHONE)
    wait_until(lambda: recipes.bounding_box()["height"] < 260, what="the cards leave room for the form")
    wait_until(lambda: page.get_by_role("combobox", name="Dataset").bounding_box()["y"] < 700)
    page.set_viewport_size(PROJECTOR)
    page.get_by_role("radio", name="The classics").click()
    expect(page.get_by_role("button", name=re.compile("^SimpleCNN wide"))).to_be_visible()
    expect(recipes.get_by_role("button")).to_have_count(5)


def test_results_are_seen_against_either_of_two_settings(visit, quiet):
    for rate, size in ((0.001, 32), (0.01, 32), (0.01, 64)):
        changes = {"experiment": "Two settings", "optimizer.learning_rate": rate, "training.batch_size": size}
        fake_run(quiet.runs, "finished", changes=changes)
    page = visit(viewport=PROJECTOR).page
    page.goto(f"{quiet.url}/experiment?experiment=Two+settings")
    expect(page.locator("[aria-label='Validation accuracy, best epoch against learning rate']")).to_be_visible()
    page.get_by_test_id("stButtonGroup").filter(has_text="Learning rate").get_by_text("Batch size").click()
    expect(page.locator("[aria-label='Validation accuracy, best epoch against batch size']")).to_be_visible()
    page.get_by_role("button", name="Compare these").click()
    choose(page, "Against", "Batch size")
    expect(page.locator(".js-plotly-plot[aria-label$='against batch size']")).to_be_visible()
