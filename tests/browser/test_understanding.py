"""Watching, mistakes, comparing and links, as a visitor meets them."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core.analysis.mistakes import commonest_mistakes, confusion, in_cell
from core.runs.predictions import read_predictions
from tests.browser.hands import press, seen
from tests.helpers import wait_until
from tests.pages.trained import copied, train

pytestmark = pytest.mark.browser
PLACE = """(chart, [row, column]) => {
    const {xaxis, yaxis} = chart._fullLayout, box = chart.querySelector('.nsewdrag').getBoundingClientRect();
    return [box.x + xaxis.d2p(xaxis._categories[column]), box.y + yaxis.d2p(yaxis._categories[row])]; }"""


@pytest.fixture(scope="module")
def pair(tmp_path_factory, data_folder):
    """Two real runs that differ in one setting."""
    folder = tmp_path_factory.mktemp("pair")
    slow = {"name": "adam", "learning_rate": 0.0002}
    return train(folder, data_folder, title="Good"), train(folder, data_folder, title="Bad", optimizer=slow)


@pytest.fixture
def runs(pair, server):
    return [run if (server.runs / run.id).exists() else copied(run, server.runs) for run in pair]


def drawn(page):
    page.wait_for_function("document.querySelector('.js-plotly-plot')?.data?.[0].x.length > 0")


def test_a_click_on_a_cell_opens_the_pictures_behind_it(at, server, runs):
    run = runs[1]
    predictions = read_predictions(run, "test")
    matrix = confusion(predictions)
    np.fill_diagonal(matrix, 0)
    true, predicted = (int(place) for place in np.unravel_index(matrix.argmax(), matrix.shape))
    page = at(f"{server.url}/run?run={run.id}")
    chart = page.locator(".js-plotly-plot[aria-label^='Confusion matrix, test']")
    expect(chart.locator(".nsewdrag")).to_be_visible()

    def click_cell() -> None:
        chart.scroll_into_view_if_needed(timeout=3000)
        place = chart.evaluate(PLACE, [true, predicted], timeout=3000)
        page.mouse.move(*place)
        page.mouse.click(*place)

    press(click_cell, page.get_by_text(re.compile(f"{true} taken for {predicted}: ")))
    expect(page).to_have_url(re.compile(f"cell={true}-{predicted}"))
    gallery = page.get_by_role("group", name=f"{true} taken for {predicted}")
    expect(gallery.get_by_role("img").first).to_be_visible()
    alts = gallery.get_by_role("img").evaluate_all("pictures => pictures.map(picture => picture.alt)")
    expected = predictions.rows[in_cell(predictions, true, predicted)].tolist()
    assert [int(re.match(r"picture (\d+):", alt)[1]) for alt in alts] == expected[: len(alts)] and alts

    _, (other, taken, pictures), *_ = commonest_mistakes(confusion(predictions), 5)
    frequent = page.get_by_role("radiogroup", name="Most frequent mistakes").or_(
        page.get_by_role("group", name="Most frequent mistakes")
    )
    frequent.get_by_text(f"{other} taken for {taken} ({pictures})").click()
    expect(page).to_have_url(re.compile(f"cell={other}-{taken}"))
    expect(page.get_by_role("group", name=f"{other} taken for {taken}")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("group", name=f"{other} taken for {taken}")).to_be_hidden()
    page.get_by_text("Per cent", exact=True).click()
    expect(page.locator(".js-plotly-plot[aria-label$='test pictures, per cent']")).to_be_visible()
    page.get_by_text("validation pictures", exact=True).click()
    expect(page.locator(".js-plotly-plot[aria-label^='Confusion matrix, validation']")).to_be_visible()
    expect(page.locator(".js-plotly-plot[aria-label^='Confusion matrix']")).to_have_count(1)
    page.get_by_text("What it confused after this epoch").click()
    expect(page.locator(".js-plotly-plot[aria-label$='validation pictures, epoch 4']")).to_be_visible()


def test_a_shared_link_shows_the_same_elsewhere_and_back_goes_back(at, visit, server, runs):
    page = at(f"{server.url}/run?run={runs[0].id}")
    drawn(page)
    page.get_by_role("button", name="Chart options").click()
    page.get_by_text("time", exact=True).click()
    expect(page).to_have_url(re.compile("axis=time"))
    page.get_by_text("Learning rate and speed").click()
    expect(page).to_have_url(re.compile("more=true"))
    page.keyboard.press("Escape")
    slider = page.get_by_role("slider", name="Epoch")
    slider.focus()
    slider.press("ArrowLeft")
    expect(page).to_have_url(re.compile("epoch=3"))
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot .main-svg').length >= 4")
    link = page.url

    other = visit().page
    other.goto(link)
    expect(other.get_by_text("After epoch 3 it knows")).to_be_visible()
    other.wait_for_function(
        "document.querySelector('.js-plotly-plot')?._fullLayout?.xaxis.title.text.startsWith('training time')"
    )
    expect(other.locator(".js-plotly-plot[aria-label='Chart: Images per second']")).to_be_visible()

    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Runs")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("After epoch 3 it knows")).to_be_visible()


def test_a_comparison_by_link_keeps_its_colours_when_a_run_is_taken_out(at, server, runs):
    page = at(f"{server.url}/compare?runs={runs[0].id},{runs[1].id}")
    expect(page.get_by_text("points better than Bad")).to_be_visible()
    drawn(page)
    lines = "document.querySelector('.js-plotly-plot').data.filter(trace => trace.uid !== 'best')"
    colours = f"{lines}.map(trace => [trace.name, trace.line.color])"
    before = dict(seen(page, colours))
    assert set(before) == {"Good", "Bad"} and before["Good"] != before["Bad"]
    page.get_by_role("button", name=re.compile("^Remove Good")).click()
    page.wait_for_function(f"{lines}.length === 1")
    wait_until(lambda: dict(seen(page, colours)) == {"Bad": before["Bad"]})
    expect(page).to_have_url(re.compile(rf"runs=(%2C|,){runs[1].id}"))
