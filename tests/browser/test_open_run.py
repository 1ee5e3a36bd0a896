"""A run is saved on one dashboard and opened on another: its curves, its answers, and its training that goes on."""

import shutil

import numpy as np
import pytest
from filelock import FileLock
from playwright.sync_api import expect

from core.export.saved.run_file import save_run
from core.runs.history import History
from core.runs.store import Run, create_run, find_run
from core.workers.worker import work
from tests.browser.access import BRIGHTNESS
from tests.browser.hands import barriers, draw_with_mouse, go, press, seen
from tests.browser.trainings import without_workers
from tests.helpers import quick_config
from tests.saved import quiet

pytestmark = pytest.mark.browser
BAG = """([name, bytes]) => {
    const bag = new DataTransfer(); bag.items.add(new File([new Uint8Array(bytes)], name)); return bag; }"""
TAKEN = """() => { window.taken = 0;
    document.addEventListener("change", (event) => { window.taken += event.target.type === "file"; }, true); }"""
CURVE = "name => Array.from(document.querySelector('.js-plotly-plot').data.find(curve => curve.name === name).x)"


@pytest.fixture(scope="module")
def saved(tmp_path_factory, data_folder):
    """(file, the run as it was on the computer where it was paused)."""
    folder = tmp_path_factory.mktemp("school")
    run = create_run(quick_config(epochs=4, title="From school", training={"epoch_seconds": 0.3}), folder / "runs")
    work(
        run, data_folder, listen=lambda event: event["event"] == "epoch" and event["epoch"] == 2 and run.request_pause()
    )
    save_run(run, folder / "From-school.traindesk", "", data_folder, quiet)
    return folder / "From-school.traindesk", run


@pytest.fixture
def home(server, saved):
    """A dashboard that does not know the run, before or after."""
    with without_workers(server.runs):
        yield server
    run = Run(server.runs / saved[1].id)
    with FileLock(run.worker_lock):
        shutil.rmtree(run.folder)


def test_a_saved_run_is_opened_elsewhere_looked_at_tried_and_trained_on(at, saved, home, tmp_path, data_folder):
    file, original = saved
    page = at(f"{home.url}/runs")
    chooser = page.locator("input[type=file]")
    torn = tmp_path / "torn.traindesk"
    torn.write_bytes(file.read_bytes()[:-200])
    press(page.get_by_role("button", name="Open a saved run"), lambda: chooser.count() == 1)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{BRIGHTNESS} < 100")
    assert barriers(page, "[data-testid=stPopover]", contrast_only=True) == [], "its open button"
    page.emulate_media(color_scheme="light")
    chooser.set_input_files(str(torn))
    expect(page.get_by_text("was cut short")).to_be_visible()
    assert barriers(page) == []
    chooser.set_input_files(str(file))
    expect(page.get_by_text("'From school' is here now.")).to_be_visible()
    expect(page.get_by_text("was cut short")).to_have_count(0)
    assert barriers(page) == []
    page.get_by_role("link", name="Look at it").click()
    expect(page.get_by_text("paused", exact=True)).to_be_visible()
    run = find_run(original.id, home.runs)
    steps = History(original).update()
    shown = np.array(seen(page, CURVE, "training"))
    assert np.allclose(shown * steps.started["steps_per_epoch"], steps.steps, atol=1e-3)

    go(page, f"{home.url}/classify?run={run.id}")
    draw_with_mouse(page, 3)
    expect(page.get_by_text("%").first).to_be_visible()

    go(page, f"{home.url}/run?run={run.id}")
    resume = page.get_by_role("button", name="Resume", exact=True)
    press(resume, run.queue_place.exists)
    work(run, data_folder)
    expect(page.get_by_text("finished", exact=True)).to_be_visible()
    expect(page.get_by_text("of 360 pictures right")).to_be_visible()
    assert [epoch["epoch"] for epoch in History(run).update().epochs] == [1, 2, 3, 4]


def test_a_file_that_is_dropped_anywhere_is_opened(at, saved, home):
    file, original = saved
    page = at(f"{home.url}/runs")
    expect(page.get_by_role("button", name="Open a saved run")).to_be_visible()
    bag = page.evaluate_handle(BAG, [file.name, list(file.read_bytes())])
    page.evaluate(TAKEN)
    hint = page.get_by_text("Drop it anywhere to open the run.")

    def drag_over():
        page.dispatch_event("h1", "dragover", {"dataTransfer": bag})

    press(drag_over, hint)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{BRIGHTNESS} < 100")
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"{BRIGHTNESS} > 100")
    page.dispatch_event("h1", "drop", {"dataTransfer": bag})
    expect(page.get_by_text("'From school' is here now.")).to_be_visible()
    assert page.evaluate("window.taken") == 1, "each time that the page took other colours it took the file once more"
    expect(hint).to_be_hidden()
    assert find_run(original.id, home.runs).status().name == "paused"
