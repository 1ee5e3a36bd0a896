"""The live chart while data arrives: what a visitor has set up stays."""

import threading

import pytest
from filelock import FileLock
from playwright.sync_api import expect

from core.runs.events import EventWriter
from tests.browser.hands import charts
from tests.helpers import wait_until
from tests.pages.fake_runs import fake_run, write_epoch, write_start

pytestmark = pytest.mark.browser


@pytest.fixture
def growing(server):
    """(a run of 400 epochs that gains one four times a second, as if a worker were training it, what starts another). Later they
    grow more slowly, so that they outlast the tests."""
    stop, workers = threading.Event(), []

    def work(run) -> None:
        with FileLock(run.worker_lock):
            log = EventWriter(run.event_log)
            write_start(log, run, 400)
            epoch = 0
            while not stop.wait(max(0.25, epoch / 100)) and epoch < 400:
                epoch += 1
                write_epoch(log, epoch)
            log.write("finished", message="Done.")
            log.close()

    def start():
        run = fake_run(server.runs, "starting")
        workers.append(threading.Thread(target=work, args=(run,)))
        workers[-1].start()
        return run

    yield start(), start
    stop.set()
    for worker in workers:
        worker.join()


def wait_for_draws(page, more: int) -> None:
    draws = charts(page)[0]["draws"]
    page.wait_for_function(f"Number(document.querySelector('.js-plotly-plot').dataset.draws) >= {draws + more}")


def test_zoom_legend_choice_and_hover_outlive_refreshes_another_run_and_a_visit_elsewhere(at, server, growing):
    run, start_another = growing
    page = at(f"{server.url}/run?run={run.id}")
    page.wait_for_function("document.querySelector('.js-plotly-plot')?.data?.[0].x.length > 100")
    page.evaluate("document.querySelectorAll('.js-plotly-plot').forEach(chart => { chart.marked = true; })")
    area = page.locator(".js-plotly-plot .nsewdrag").first
    box = area.bounding_box()
    x, y = box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + box["width"] * 0.4, y + box["height"] * 0.4, steps=8)
    page.mouse.up()
    page.wait_for_function("document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range[0] > 0.2")
    zoomed = charts(page)[0]["range"]
    page.locator(".js-plotly-plot").first.locator(".legendtoggle").nth(1).click()
    page.wait_for_function("document.querySelector('.js-plotly-plot')._fullData[1].visible === 'legendonly'")
    start_another()
    wait_for_draws(page, 4)
    loss, accuracy = charts(page)[:2]
    assert loss["range"] == pytest.approx(zoomed)
    assert loss["visible"] == "legendonly"
    assert loss["marked"] and accuracy["marked"], "the same elements, not new ones"
    assert loss["points"] < accuracy["points"] * 20, "only the zoomed window is sent"
    assert accuracy["visible"] is True and accuracy["range"][1] > zoomed[1], "the other chart goes on"

    page.mouse.move(x + 10, y + 10, steps=4)
    label = page.locator(".js-plotly-plot").first.locator(".hoverlayer .legend")
    expect(label).to_be_visible()
    wait_for_draws(page, 2)
    expect(label).to_be_visible()
    expect(page.locator(".js-plotly-plot .hoverlayer .hovertext")).to_have_count(
        0
    )  # the one box for all curves, nothing else

    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Runs")).to_be_visible()
    page.go_back()
    page.wait_for_function("Number(document.querySelector('.js-plotly-plot')?.dataset.draws) >= 4")
    assert charts(page)[0]["range"] == pytest.approx(zoomed), "also when it grew since it came back"
    page.mouse.dblclick(x + 10, y + 10)
    page.wait_for_function(f"document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range[1] > {zoomed[1]}")


def test_at_the_end_the_polling_stops_and_results_stand_there(visit, server, tmp_path):
    run = fake_run(server.runs, "starting")
    with FileLock(run.worker_lock):
        log = EventWriter(run.event_log)
        write_start(log, run, 2)
        write_epoch(log, 1)
        page = visit().page
        frames = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(frame)))
        page.goto(f"{server.url}/run?run={run.id}")
        expect(page.get_by_text("running", exact=True)).to_be_visible()
        page.wait_for_function("Number(document.querySelector('.js-plotly-plot')?.dataset.draws) >= 1")
        write_epoch(log, 2)
        page.wait_for_function("Number(document.querySelector('.js-plotly-plot')?.dataset.draws) >= 2")
        log.write("failed", message="The disk is full; free some space.")
        log.close()
    expect(page.get_by_text("The disk is full; free some space.", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Train again with changes")).to_be_visible()

    def is_silent() -> bool:
        sent = len(frames)
        page.wait_for_timeout(2500)  # two refreshes long
        return len(frames) == sent

    wait_until(is_silent, what="nothing is asked for any more")  # the last refresh may still have been on its way


def test_the_type_of_a_chart_follows_that_of_the_page_where_its_size_stays(at, server):
    page = at(f"{server.url}/run?run={fake_run(server.runs, 'finished').id}")
    page.wait_for_function("document.querySelector('.js-plotly-plot')?.dataset.draws >= 1")
    page.evaluate("new Promise(next => requestAnimationFrame(() => requestAnimationFrame(next)))")
    assert charts(page)[0]["draws"] == 1, "drawn again where nothing has changed"
    page.evaluate("""() => {
        const size = document.createElement('style');
        size.textContent = '.plot { width: 400px !important; min-width: 0 !important; height: 400px !important; }';
        document.querySelector('.js-plotly-plot').after(size); }""")
    page.wait_for_function("document.querySelector('.js-plotly-plot')._fullLayout.width === 400")
    page.evaluate("document.documentElement.style.setProperty('font-size', '24px', 'important')")
    page.wait_for_function("document.querySelector('.js-plotly-plot')._fullLayout.font.size === 13 * 1.5")
    box = page.locator(".js-plotly-plot").first.bounding_box()
    assert (box["width"], box["height"]) == (400, 400)
    page.evaluate("document.documentElement.style.removeProperty('font-size')")  # the window is that of other tests too
