"""From the first click of a sweep to the finished experiment, and what stands where on the pages around it."""

import re

import pytest
from playwright.sync_api import expect

from core.runs.store import create_run, list_runs
from core.workers.worker import work
from tests.browser.hands import choose, go, press, seen
from tests.browser.places import bottom, box
from tests.browser.trainings import train_started, without_workers
from tests.helpers import quick_config, wait_until
from tests.pages.fake_runs import fake_run, running

pytestmark = pytest.mark.browser
PROJECTOR, PHONE = {"width": 1280, "height": 720}, {"width": 390, "height": 844}
PLOTS = "[...document.querySelectorAll('.js-plotly-plot')]"
POINTS = f"Math.max(...{PLOTS}[0].data.map(curve => curve.x.length))"


@pytest.fixture
def waits(server):
    """What is started waits until a test trains it: it is seen to train however slowly its page is drawn."""
    with without_workers(server.runs):
        yield server


def chosen_to_try(page) -> None:
    """Opens the fold and chooses the learning rate; the first in the list is a setting, not "Select all"."""
    settings = page.get_by_role("combobox", name="Settings to try")
    press(page.get_by_text("Try several values").first, settings)
    rate = page.get_by_role("option", name="Optimizer: Learning rate", exact=True)
    press(settings, page.get_by_role("option").first.and_(rate))

    def choose_it() -> None:
        if not rate.is_visible():  # a page drawn anew closes the list
            settings.fill("Optimizer: Learning rate", timeout=3000)
        rate.click(timeout=3000)
        page.keyboard.press("Escape")  # while the list is open, nothing else on the page has a role

    press(choose_it, page.get_by_role("textbox", name="Optimizer: Learning rate"))


def test_three_learning_rates_from_the_first_click_to_the_best_network(at, waits, data_folder):
    page = at(f"{waits.url}/runs", PROJECTOR)
    page.get_by_role("link", name="Experiments").click()
    page.get_by_role("link", name="Choose other settings on Train").click()
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()  # all of the page is there
    source = create_run(quick_config(title="Tiny", architecture="simple_cnn", epochs=3), waits.runs)  # quick to train
    go(page, f"{waits.url}/train?from={source.id}")
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()
    chosen_to_try(page)
    values = page.get_by_role("textbox", name="Optimizer: Learning rate")
    expect(values).to_have_value("0.001")
    page.get_by_role("textbox", name="Slow motion").fill("0.01")
    start = page.get_by_test_id("stBottom").get_by_role("button", name="Start")
    values.fill("0,5")
    expect(page.get_by_role("alert").filter(has_text="can be read as 0.5, or as 0 and 5")).to_be_visible()
    expect(start).to_be_disabled()
    press(page.get_by_role("button", name="0.5", exact=True), lambda: values.input_value() == "0.5")
    expect(start).to_be_enabled()
    values.fill("0.02, 0.002, oops")
    expect(start).to_be_disabled()
    values.fill("0.02, 0.002, 0.0002")
    start = page.get_by_role("button", name="Start 3 runs")
    expect(start).to_be_enabled()
    page.get_by_role("textbox", name="Name of the experiment").fill("Three rates")
    page.get_by_role("textbox", name="Name of the experiment").press("Tab")
    before = set(list_runs(waits.runs))
    start.click()
    expect(page).to_have_url(re.compile(r"/experiment\?experiment=Three"))
    expect(page.get_by_role("heading", name="Three rates", level=1)).to_be_visible()
    expect(page.get_by_text("0 of 3 runs are done.")).to_be_visible()

    points = [0]

    def look(event) -> None:
        """The training stands still until its page shows this epoch."""
        if event["event"] == "epoch":
            points.append(seen(page, f"{POINTS} > {points[-1]} && {POINTS}"))
            expect(page.get_by_role("button", name="Stop all")).to_be_visible()

    first = min(set(list_runs(waits.runs)) - before, key=lambda run: run.id)
    assert work(first, data_folder, look)["event"] == "finished"
    assert [run.config().training.epoch_seconds for run in train_started(waits.runs, before, 3, data_folder)] == [
        0.01
    ] * 3
    expect(page.get_by_text("3 of 3 runs are done.")).to_be_visible()
    expect(page.get_by_role("button", name="Stop all")).to_have_count(0)

    page.wait_for_function(f"{PLOTS}.length === 2")
    curves, result = seen(page, f"{PLOTS}.map(plot => plot.data.length)")
    assert curves >= 3 and result >= 4, "three curves; three points and the star of the best"
    axis = seen(page, f"(({{type, ticktext}}) => ({{type, ticktext}}))({PLOTS}[1].layout.xaxis)")
    assert axis == {"type": "log", "ticktext": ["0.0002", "0.002", "0.02"]}
    expect(page.locator("tr.best")).to_have_count(1)
    page.wait_for_function(f"{PLOTS}.every(plot => plot.getBoundingClientRect().bottom < 600)")
    wait_until(lambda: bottom(page.locator("table tbody tr").last) <= 720, what="charts and table in the first screen")

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
    expect(page.get_by_role("img", name="Drawing area")).to_be_visible()


def test_an_experiment_that_was_suggested_validates_as_chosen_and_is_stopped_as_a_whole(at, waits):
    page = at(f"{waits.url}/experiment", PROJECTOR)
    page.get_by_role("button", name="Try three learning rates").click()
    expect(page.get_by_role("textbox", name="Optimizer: Learning rate")).to_have_value("0.02, 0.002, 0.0002")
    press(page.get_by_text("More training settings"), page.get_by_role("combobox", name="Validate"))
    choose(page, "Validate", "after each epoch only")
    seeds = page.get_by_role("spinbutton", name="Seeds for each")
    for number, runs in (("2", "Start 6 runs"), ("1", "Start 3 runs")):
        seeds.fill(number)
        seeds.press("Enter")
        expect(page.get_by_role("button", name=runs)).to_be_enabled()
    before = set(list_runs(waits.runs))
    page.get_by_role("button", name="Start 3 runs").click()
    expect(page).to_have_url(re.compile(r"/experiment\?experiment="))
    trains, *others = runs = sorted(set(list_runs(waits.runs)) - before, key=lambda run: run.id)
    assert [run.config().training.validate_every for run in runs] == ["epoch"] * 3
    trains.queue_place.unlink()
    with running(trains) as log:
        loss = page.locator("[aria-label='Chart: Loss']")
        press(page.get_by_text("Validation loss", exact=True), loss)
        expect(page).to_have_url(re.compile("metric=val"))
        sure = page.get_by_role("button", name="Yes, stop them")

        def stop() -> None:
            if not sure.is_visible():
                page.get_by_role("button", name="Stop all").click(timeout=3000)
            sure.click(timeout=3000)

        press(stop, trains.stop_request.exists)
        wait_until(lambda: not any(run.status().will_change for run in others), what="they have left the queue")
        log.write("stopped", message="Stopped.")
    expect(page.get_by_text("3 of 3 runs are done")).to_be_visible()


def test_recipes_and_the_settings_of_the_chosen_one_share_the_first_screen(visit, server):
    page = visit(viewport=PROJECTOR).page
    page.goto(f"{server.url}/train")
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
            wait_until(lambda field=field: bottom(field) <= box(start)["y"], what=f"{field} without scrolling")
    page.set_viewport_size(PHONE)
    wait_until(lambda: box(recipes)["height"] < 260, what="the cards leave room for the form")
    wait_until(lambda: box(page.get_by_role("combobox", name="Dataset"))["y"] < 700)
    page.set_viewport_size(PROJECTOR)
    wide = page.get_by_role("button", name=re.compile("^SimpleCNN wide"))
    press(page.get_by_role("radio", name="The classics"), wide)
    expect(recipes.get_by_role("button")).to_have_count(5)


def test_results_are_seen_against_either_of_two_settings(at, server):
    for rate, size in ((0.001, 32), (0.01, 32), (0.01, 64)):
        changes = {"experiment": "Two settings", "optimizer.learning_rate": rate, "training.batch_size": size}
        fake_run(server.runs, "finished", changes=changes)
    page = at(f"{server.url}/experiment?experiment=Two+settings", PROJECTOR)
    expect(page.locator("[aria-label='Validation accuracy, best epoch against learning rate']")).to_be_visible()
    page.get_by_test_id("stButtonGroup").filter(has_text="Learning rate").get_by_text("Batch size").click()
    expect(page.locator("[aria-label='Validation accuracy, best epoch against batch size']")).to_be_visible()
    page.get_by_role("button", name="Compare these").click()
    choose(page, "Against", "Batch size")
    expect(page.locator(".js-plotly-plot[aria-label$='against batch size']")).to_be_visible()
