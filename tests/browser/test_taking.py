"""Take it with you, by clicking: what leaves the dashboard answers elsewhere as it did here."""

import contextlib
import json
import re
from contextlib import contextmanager

import psutil
import pytest
from playwright.sync_api import TimeoutError, expect

from core.export.kept import keep, place_for
from core.export.kinds import KINDS, make
from core.export.saved.archive import TABLE
from core.export.saved.run_file import open_run
from core.runs.history import History
from core.runs.store import create_run
from core.workers.worker import work
from tests.browser.hands import choose, draw_with_mouse, press
from tests.desk import GUESTS, shared
from tests.helpers import PATIENCE, answers, quick_config, wait_until
from tests.pages.trained import copied, train
from tests.saved import contents

pytestmark = pytest.mark.browser
GENTLY = 3 * PATIENCE * 1000  # milliseconds: what makes a file leaves the processor to whatever else needs it


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data_folder):
    return train(tmp_path_factory.mktemp("taken"), data_folder, epochs=8, title="Reads my digits")


@pytest.fixture(scope="module")
def run(trained, server):
    """The same on the dashboard."""
    return copied(trained, server.runs)


def exporting(server):
    """The processes that make files for this dashboard."""
    children = psutil.Process(server.process.pid).children(recursive=True)
    return [child for child, words in answers(children, psutil.Process.cmdline).items() if "export" in words]


@contextmanager
def made(page, kind, run, save):
    """What its button makes, saved: the download."""
    row = page.locator(f".st-key-take-{kind}-{run.id}")
    link = row.get_by_role("link", name=save)
    press(row.get_by_role("button", name="Make it", exact=True), row.get_by_role("button", name="Cancel").or_(link))
    link.wait_for(timeout=GENTLY)
    for patience in (20_000, 20_000, PATIENCE * 1000):  # where it appears something moves, and a click may miss
        with contextlib.suppress(TimeoutError):
            with page.expect_download(timeout=patience) as download:
                link.click()
            break
    yield download.value, row


def draw_until(page, digit, answer):
    """Draws it, again from the beginning where the page moved under the strokes, until that is the answer."""

    def drawn():
        clear = page.get_by_role("button", name="Clear", exact=True)
        if clear.is_enabled():
            clear.click(timeout=3000)
        draw_with_mouse(page, digit)

    press(drawn, lambda: answer.count() == 1 and str(digit) in answer.inner_text())


def test_a_page_goes_home_and_answers_as_the_dashboard_did(visit, server, run, tmp_path):
    page = visit().page
    page.goto(f"{server.url}/classify?run={run.id}")
    draw_until(page, 3, page.locator(".bars .winner"))

    page.goto(f"{server.url}/run?run={run.id}")
    heading = page.get_by_role("heading", name="Take it with you")
    press(
        page.get_by_role("link", name="Take it with you"), lambda: 0 <= (heading.bounding_box() or {"y": -1})["y"] < 900
    )
    with made(page, "page", run, "Save .html") as (download, _):
        assert download.suggested_filename == "Reads-my-digits.html"
        home = tmp_path / download.suggested_filename
        download.save_as(home)
    window = visit(offline=True)
    window.page.goto(home.as_uri())
    window.foreign.clear()  # the file itself
    expect(window.page.locator("#answer")).not_to_contain_text("Opening")
    draw_until(window.page, 3, window.page.locator("#bars .won"))


def test_package_script_report_and_run_are_made_and_saved(
    visit, server, run, trained, tmp_path, runs_folder, data_folder
):
    page = visit().page
    page.goto(f"{server.url}/run?run={run.id}")
    with made(page, "package", run, "Save .zip") as (download, row):
        expect(row).to_contain_text("get the same answer")
        package = {name.rpartition("/")[2]: data for name, data in contents(download.path()).items()}
        assert {"model.onnx", "predict.py", "train.py"} <= set(package) and json.loads(package["proof.json"])
    with made(page, "script", run, "Save .py") as (download, _):
        compile(download.path().read_text(), "train.py", "exec")
    with made(page, "report", run, "Save .html") as (download, _):
        assert "Reads my digits" in download.path().read_text()
    with made(page, "run", run, "Save .traindesk") as (download, _):
        saved = tmp_path / download.suggested_filename
        download.save_as(saved)
    opened = open_run(saved, runs_folder, data_folder, "")
    assert History(opened).update().test == History(trained).update().test
    page.reload()
    expect(page.locator(f".st-key-take-package-{run.id}").get_by_role("link", name="Save .zip")).to_be_visible()


def test_what_is_made_can_be_given_up(visit, server, run):
    page = visit().page
    page.goto(f"{server.url}/run?run={run.id}")
    row = page.locator(f".st-key-take-package-{run.id}")
    network = page.get_by_role("combobox", name="Network")
    shown = lambda: f"{network.input_value()} {network.locator('..').inner_text()}"  # noqa: E731
    wait_until(lambda: not exporting(server), what="what the tests before have pressed twice is made")
    choose(page, "Network", re.compile("^Last"), lambda: "Last" in shown())
    press(row.get_by_role("button", name="Make it", exact=True), lambda: exporting(server))
    expect(row.get_by_role("button", name="Cancel")).to_be_visible()
    for process in exporting(server):
        process.suspend()  # or it might be done before the click
    press(row.get_by_role("button", name="Cancel"), row.get_by_role("button", name="Make it", exact=True))
    wait_until(lambda: not exporting(server), what="its process ends")
    exports = server.runs / ".traindesk" / "exports"
    wait_until(lambda: not [each for each in exports.rglob("*.zip") if not (each.parent / "facts.json").exists()])


def test_a_phone_gets_the_page_by_a_code_and_nothing_else(visit, trained, tmp_path, data_folder):
    run, kind = copied(trained, tmp_path / "runs"), KINDS["page"]
    place = place_for(run, run.folder.parent, kind, next(iter(run.checkpoints())))
    place.parent.mkdir(parents=True)
    facts = make(kind, run, place, "", data_folder, lambda share, words: None)  # as its process does
    keep(place, {"run": run.id, **facts})
    with shared(run.folder.parent, data_folder, tmp_path / "shared.log") as desk:
        pupil = visit().page
        pupil.goto(desk.url)
        pupil.get_by_label("Password").fill(GUESTS)
        pupil.get_by_role("button", name="Come in").click()
        expect(pupil.get_by_role("link", name="Train", exact=True)).to_be_visible()
        pupil.goto(f"{desk.url}/run?run={run.id}")
        with made(pupil, "page", run, "Save .html") as (_, row):
            press(
                row.get_by_role("button", name="Send to a phone"), pupil.get_by_role("img", name=re.compile("A code"))
            )
            address = pupil.get_by_test_id("stPopoverBody").locator("code").inner_text()
        path = address.removeprefix(re.match(r"https?://[^/]+", address)[0])
        phone = visit(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844})
        phone.page.goto(desk.url + path)
        expect(phone.page.locator("#answer")).not_to_contain_text("Opening")
        reads = "() => { try { return document.cookie; } catch (refusal) { return refusal.name; } }"
        assert phone.page.evaluate(reads) == "SecurityError", "the page has nothing of this place"
        phone.page.goto(f"{desk.url}/run?run={run.id}")
        expect(phone.page.get_by_label("Password")).to_be_visible()
        for each in (pupil, phone.page):  # before their server goes
            each.close()


def test_own_pictures_go_along_with_their_run_if_that_is_wished(visit, server, patterns, data_folder):
    own = {"name": "own_images", "source": patterns.id, "side": 28}
    run = create_run(quick_config(batch_size=8, dataset=own, title="Patterns"), server.runs)
    work(run, data_folder)
    page = visit().page
    page.goto(f"{server.url}/run?run={run.id}")
    with made(page, "run", run, "Save .traindesk") as (download, _):
        assert TABLE not in contents(download.path())
    toggle = page.get_by_role("switch", name="Put the pictures into the file of the run")
    row = page.locator(f".st-key-take-run-{run.id}")
    press(
        page.get_by_text("Put the pictures into the file of the run"),
        row.get_by_role("button", name="Make it", exact=True),
    )
    expect(toggle).to_be_checked()
    with made(page, "run", run, "Save .traindesk") as (download, _):
        assert TABLE in contents(download.path())
    with made(page, "script", run, "Save .zip") as (download, _):
        assert {name.rpartition("/")[2] for name in contents(download.path())} == {
            "Patterns-training.py",
            "Patterns-training-split.json",
        }
