"""Take it with you, by clicking: what leaves the dashboard answers elsewhere as it did here."""

import contextlib
import json
import re
import shutil
from contextlib import contextmanager

import pytest
from playwright.sync_api import TimeoutError, expect

from core.export.kept import keep, place_for
from core.export.kinds import KINDS, make
from core.export.saved.archive import TABLE
from core.export.saved.run_file import open_run
from core.runs.history import History
from tests.browser.hands import choose, draw_with_mouse, go, press
from tests.desk import GUESTS, cookie_of, shared
from tests.helpers import PATIENCE, at_work, wait_until
from tests.pages.fake_runs import fake_run
from tests.pages.trained import copied, train
from tests.saved import contents, quiet

pytestmark = pytest.mark.browser
GENTLY = 3 * PATIENCE * 1000  # milliseconds: what makes a file leaves the processor to whatever else needs it


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data_folder):
    return train(tmp_path_factory.mktemp("taken"), data_folder, epochs=8, title="Reads my digits")


@pytest.fixture(scope="module")
def run(trained, server, data_folder):
    """The same on the dashboard, with all that it can be taken along as but a package."""
    run = copied(trained, server.runs)
    for name in ("page", "script", "report", "run"):
        make_and_keep(name, run, data_folder)
    return run


def place_of(name, run, **options):
    """(where the file lies that is made of the best network, which network that is)."""
    which = next(iter(run.checkpoints())) if KINDS[name].of_network else ""
    return place_for(run, run.folder.parent, KINDS[name], which, **options), which


def make_and_keep(name, run, data_folder, **options):
    """As the process of its button does."""
    place, which = place_of(name, run, **options)
    place.parent.mkdir(parents=True)
    keep(place, {"run": run.id, **make(KINDS[name], run, place, which, data_folder, quiet, **options)})


def exporting(server):
    """The processes that make files for this dashboard."""
    return at_work(server.process.pid, "export")


@contextmanager
def made(page, kind, run, save):
    """What was made, saved: the download."""
    row = page.locator(f".st-key-take-{kind}-{run.id}")
    link = row.get_by_role("link", name=save)
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


def test_what_was_made_is_saved_and_the_page_answers_at_home_as_the_dashboard_did(
    visit, server, run, trained, tmp_path, runs_folder, data_folder
):
    page = visit().page
    page.goto(f"{server.url}/classify?run={run.id}")
    draw_until(page, 3, page.locator(".bars .winner"))

    go(page, f"{server.url}/run?run={run.id}")
    heading = page.get_by_role("heading", name="Take it with you")
    press(
        page.get_by_role("link", name="Take it with you"), lambda: 0 <= (heading.bounding_box() or {"y": -1})["y"] < 900
    )
    with made(page, "script", run, "Save .py") as (download, _):
        compile(download.path().read_text(), "train.py", "exec")
    with made(page, "report", run, "Save .html") as (download, _):
        assert "Reads my digits" in download.path().read_text()
    with made(page, "run", run, "Save .traindesk") as (download, _):
        saved = tmp_path / download.suggested_filename
        download.save_as(saved)
    opened = open_run(saved, runs_folder, data_folder, "")
    assert History(opened).update().test == History(trained).update().test
    with made(page, "page", run, "Save .html") as (download, _):
        assert download.suggested_filename == "Reads-my-digits.html"
        home = tmp_path / download.suggested_filename
        download.save_as(home)
    window = visit(offline=True)
    window.page.goto(home.as_uri())
    window.foreign.clear()  # the file itself
    expect(window.page.locator("#answer")).not_to_contain_text("Opening")
    draw_until(window.page, 3, window.page.locator("#bars .won"))


def test_a_package_is_made_given_up_and_made_after_all(visit, server, run):
    page = visit().page
    page.goto(f"{server.url}/run?run={run.id}")
    row = page.locator(f".st-key-take-package-{run.id}")
    network = page.get_by_role("combobox", name="Network")
    shown = lambda: f"{network.input_value()} {network.locator('..').inner_text()}"  # noqa: E731
    choose(page, "Network", re.compile("^Last"), lambda: "Last" in shown())
    press(row.get_by_role("button", name="Make it", exact=True), lambda: exporting(server))
    expect(row.get_by_role("button", name="Cancel")).to_be_visible()
    for process in exporting(server):
        process.suspend()  # or it might be done before the click
    press(row.get_by_role("button", name="Cancel"), row.get_by_role("button", name="Make it", exact=True))
    wait_until(lambda: not exporting(server), what="its process ends", every=0.2)
    exports = server.runs / ".traindesk" / "exports"
    wait_until(lambda: not [each for each in exports.rglob("*.zip") if not (each.parent / "facts.json").exists()])
    link = row.get_by_role("link", name="Save .zip")
    press(row.get_by_role("button", name="Make it", exact=True), row.get_by_role("button", name="Cancel").or_(link))
    with made(page, "package", run, "Save .zip") as (download, _):
        expect(row).to_contain_text("get the same answer")
        package = {name.rpartition("/")[2]: data for name, data in contents(download.path()).items()}
    assert {"model.onnx", "predict.py", "train.py"} <= set(package) and json.loads(package["proof.json"])


def test_a_phone_gets_the_page_by_a_code_and_nothing_else(visit, server, run, tmp_path, data_folder):
    theirs, (made_before, _) = copied(run, tmp_path / "runs"), place_of("page", run)
    shutil.copytree(made_before.parent, place_of("page", theirs)[0].parent)
    with shared(theirs.folder.parent, data_folder, tmp_path / "shared.log") as desk:
        pupil = visit().page
        name, _, value = cookie_of(desk, GUESTS).partition(";")[0].partition("=")
        pupil.context.add_cookies([{"name": name, "value": value, "url": desk.url}])
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
    run = fake_run(server.runs, "paused", changes={"dataset": own, "title": "Patterns"})
    for options in ({}, {"pictures": True}):
        make_and_keep("run", run, data_folder, **options)
    page = visit().page
    page.goto(f"{server.url}/run?run={run.id}")
    with made(page, "run", run, "Save .traindesk") as (download, row):
        assert TABLE not in contents(download.path())
    size = row.get_by_role("link", name="Save .traindesk").inner_text()
    toggle = page.get_by_role("switch", name="Put the pictures into the file of the run")
    press(page.get_by_text("Put the pictures into the file of the run"), toggle.and_(page.locator(":checked")))
    expect(row.get_by_role("link", name="Save .traindesk")).not_to_have_text(size)
    with made(page, "run", run, "Save .traindesk") as (download, _):
        assert TABLE in contents(download.path())
