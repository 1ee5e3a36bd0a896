"""Controls that no other journey presses: each is pressed once, and what it did is looked for where it must be."""

import re

import pandas
import pytest
from playwright.sync_api import expect

from core.runs.history import History
from core.runs.metadata import read_metadata
from core.runs.queue import waiting
from core.runs.store import create_run
from core.runs.trash import deleted_runs
from core.workers.worker import work
from tests.browser.conftest import serving
from tests.browser.hands import choose, draw_with_mouse, go, press
from tests.browser.trainings import without_workers
from tests.helpers import quick_config, wait_until
from tests.pages.fake_runs import fake_run

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_folder):
    """A dashboard with four runs: one really trained, two finished, one that waits."""
    folder = tmp_path_factory.mktemp("pressed") / "runs"
    folder.mkdir()
    trained = create_run(quick_config(title="Trained", epochs=3), folder)
    work(trained, data_folder)
    made = {"Trained": trained, "One": fake_run(folder, "finished"), "Two": fake_run(folder, "finished", 2)}
    fake_run(folder, "stopped")
    with serving(folder, data_folder) as server:
        yield server, made


def tick(page, name):
    page.get_by_role("checkbox", name=f"Tick {name}", exact=True).check()


def pressed(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def opened(page, name, field):
    """What a button opens; pressed again where a page drawn anew has closed it."""
    press(page.get_by_role("button", name=name, exact=True), field)
    return field


def test_runs_are_named_tagged_repeated_thrown_away_and_had_back(at, house):
    server, made = house
    one, two = made["One"], made["Two"]
    page = at(f"{server.url}/runs")
    expect(page.locator("tbody tr").first).to_be_visible()
    for run, title in ((one, "First words"), (two, "Second words")):
        page.locator(f"tbody a[href*='{run.id}']").first.wait_for()
        page.locator("tbody tr", has=page.locator(f"a[href*='{run.id}']")).get_by_role("checkbox").check()
        opened(page, "Name, note, tags", page.get_by_role("textbox", name="Title")).fill(title)
        page.get_by_role("textbox", name="Note").fill(f"Words about {title}")
        page.get_by_role("textbox", name="Tags, separated by commas").fill("maths")
        pressed(page, "Keep")
        expect(page.get_by_role("link", name=title, exact=True)).to_be_visible()
        found = read_metadata(run)
        assert (found.title, found.note, found.tags) == (title, f"Words about {title}", ("maths",))
        page.get_by_role("checkbox", name=f"Tick {title}").uncheck()

    page.get_by_role("toolbar", name="Status").get_by_text("stopped").click()
    expect(page.get_by_role("link", name="First words", exact=True)).to_have_count(0)
    page.get_by_role("toolbar", name="Status").get_by_text("stopped").click()
    tick(page, "First words")
    tick(page, "Second words")
    opened(page, "Tag", page.get_by_role("textbox", name="Tag for 2 runs")).fill("physics")
    pressed(page, "Add it")
    expect(page.get_by_role("dialog")).to_have_count(0)
    wait_until(
        lambda: [read_metadata(run).tags for run in (one, two)] == [("maths", "physics")] * 2, what="both are tagged"
    )

    page.get_by_role("checkbox", name="Tick Second words").uncheck()
    press(page.get_by_role("button", name="Favourite", exact=True), page.get_by_role("button", name="No favourite"))
    page.get_by_text("Favourites first", exact=True).click()
    expect(page.locator("tbody tr").first).to_contain_text("First words")

    pressed(page, "Run it again with changes")
    expect(page).to_have_url(re.compile(rf"/train\?from={one.id}"))
    page.go_back()
    expect(page.get_by_role("checkbox", name="Tick First words", exact=True)).to_be_checked()

    pressed(page, "Delete")
    expect(page.get_by_role("link", name="First words", exact=True)).to_have_count(0)
    assert [run.id for run in deleted_runs(server.runs)] == [one.id]
    page.get_by_text("Deleted runs (1)").click()
    pressed(page, "Restore")
    expect(page.get_by_role("link", name="First words", exact=True)).to_be_visible()

    go(page, f"{server.url}/run?run={two.id}")
    pressed(page, "More")
    pressed(page, "Delete")
    wait_until(lambda: deleted_runs(server.runs), what="it lies in the trash")
    expect(page).to_have_url(re.compile("/runs"))  # where it leads
    go(page, f"{server.url}/run?run={two.id}")
    pressed(page, "Restore")
    wait_until(lambda: not deleted_runs(server.runs), what="it is back")
    expect(page.get_by_text("It lies in the trash")).to_have_count(0)


def test_the_trash_is_emptied_and_a_run_leaves_the_queue(visit, house):
    server, _ = house
    page = visit().page  # in which nothing is ticked
    gone = fake_run(server.runs, "finished", 1)
    with without_workers(server.runs):  # else its turn would come
        waits = fake_run(server.runs, "queued")
        page.goto(f"{server.url}/run?run={waits.id}")
        pressed(page, "Take out of the queue")
        wait_until(
            lambda: not [each for each in waiting(server.runs) if each.run.id == waits.id], what="it waits no more"
        )
    go(page, f"{server.url}/runs")
    page.locator("tbody tr", has=page.locator(f"a[href*='{gone.id}']")).get_by_role("checkbox").check()
    pressed(page, "Delete")
    wait_until(lambda: deleted_runs(server.runs), what="it lies in the trash")
    go(page, f"{server.url}/system")
    pressed(page, "Empty the trash")
    pressed(page, "Yes, empty it")
    expect(page.get_by_text("The trash is empty.")).to_be_visible()
    assert not deleted_runs(server.runs) and not (server.runs / gone.id).exists()


def test_a_finished_run_trains_on_is_exported_and_made_small(at, house, data_folder):
    server, made = house
    run = made["Trained"]
    page = at(f"{server.url}/run?run={run.id}")
    pressed(page, "Chart options")
    page.get_by_role("radio", name="step", exact=True).click()
    expect(page).to_have_url(re.compile("axis=step"))
    page.get_by_role("slider", name="Smoothing").press("End")
    expect(page).to_have_url(re.compile("smoothing=0.999"))
    page.keyboard.press("Escape")

    opened(page, "Train more epochs", page.get_by_role("spinbutton", name="Epochs more")).fill("2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("with 2 more it trains to epoch 5")).to_be_visible()
    with without_workers(server.runs):
        pressed(page, "Train on")
        wait_until(run.queue_place.exists, what="it is to train on")
        work(run, data_folder)
    assert History(run).update().end["message"].startswith("Trained 5 epochs")

    go(page, f"{server.url}/run?run={run.id}")
    page.get_by_text("Take its metrics elsewhere").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Parquet").click()
    assert len(pandas.read_parquet(download.value.path())) > 0
    pressed(page, "Write TensorBoard files")
    expect(page.get_by_text("tensorboard --logdir")).to_be_visible()
    assert list((run.folder / "tensorboard").glob("*tfevents*"))
    page.get_by_role("textbox", name="MLflow's folder or address").fill(" ")  # its client takes seconds: test_manage.py
    pressed(page, "Send to MLflow")
    expect(page.get_by_text("MLflow's place is empty; type a folder")).to_be_visible()
    page.get_by_text("Files of this run").click()
    press(page.get_by_role("button", name="Keep only the best network"), lambda: not run.last.exists())
    expect(page.get_by_text("The last state is needed only")).to_have_count(0)
    assert run.best.exists()


def test_every_way_to_ask_a_network_more(at, house):
    server, made = house
    run = made["Trained"]
    page = at(f"{server.url}/classify?run={run.id}")
    draw_with_mouse(page, 1)
    expect(page.locator(".bars .winner").first).to_be_visible()
    for part, there in (
        ("What it sees", "Steps"),
        ("Similar pictures", None),
        ("Where it looked", None),
        ("Its layers", None),
    ):
        page.get_by_role("radio", name=part).click()
        place = page.locator("[class*=st-key-closer-part]")
        expect(place.locator("img").first).to_be_visible()
        if there:
            steps = place.locator("figure, .card, img").count()
            page.get_by_text("Shrink the picture as it is").click()
            wait_until(
                lambda before=steps, place=place: place.locator("figure, .card, img").count() < before,
                what="there are fewer steps",
            )
            page.get_by_text("Shrink the picture as it is").click()
    pressed(page, "When does it say “I don’t know”?")
    expect(page.get_by_role("slider", name="Validation pictures that it still answers")).to_be_visible()
    page.keyboard.press("Escape")
    choose(page, "What was it really?", "7")
    pressed(page, "Keep it for the next training")
    expect(page.get_by_text("1 picture of yours for")).to_be_visible()
    pressed(page, "Train with them")
    expect(page).to_have_url(re.compile(rf"/train\?from={run.id}"))
    expect(page.get_by_text("My corrections 0 times → 20 times")).to_be_visible()
    page.go_back()
    page.get_by_role("radio", name="Test").click()
    pressed(page, "One that it gets wrong")
    expect(page.locator(".bars .winner").first).to_be_visible()

    go(page, f"{server.url}/run?run={run.id}&cell=0-0")
    cards = page.get_by_role("group", name="0 taken for 0").locator("figure")
    expect(cards).to_have_count(24)
    page.get_by_role("button", name=re.compile(r"^Show \d+ more of \d")).first.click()
    wait_until(lambda: cards.count() > 24, what="more of the pictures are shown")


def test_recipes_are_listed_by_their_goal_and_a_forecast_is_measured(at, house):
    server, _ = house
    page = at(f"{server.url}/train?recipe=digits")
    cards = page.locator(".st-key-recipes button")
    expect(cards.first).to_be_visible()
    goals = page.get_by_role("radiogroup", name="Recipes for")
    before = cards.all_inner_texts()
    goals.get_by_role("radio").nth(1).click()
    wait_until(lambda: cards.all_inner_texts() not in ([], before), what="other recipes are shown")
    pressed(page, "How long will it take?")
    expect(page.get_by_text(re.compile("an epoch.*weights"))).to_be_visible()


def test_a_form_survives_a_reload_and_leaves_links_as_they_are(visit, house):
    server, _ = house
    page = visit().page
    page.goto(f"{server.url}/train?recipe=digits")
    rate = page.get_by_role("textbox", name="Learning rate", exact=True)
    rate.fill("0,0123")
    changed = page.get_by_text("Changed from Handwritten digits: Learning rate 0.006 → 0.0123")
    expect(changed).to_be_visible()
    page.get_by_role("textbox", name="Title of this run").fill("Mine")
    wait_until(lambda: "0,0123" in kept(page) and "Mine" in kept(page), what="the browser keeps what was typed")
    page.reload()
    offer = page.locator(".st-key-kept-offer")
    expect(offer).to_contain_text(re.compile("What you typed here today .*Mine.*Learning rate 0.006 → 0.0123"))
    expect(rate).to_have_value("0.006")
    pressed(page, "Bring it back")
    expect(rate).to_have_value("0,0123")
    expect(changed).to_be_visible()
    expect(offer).to_have_count(0)
    expect(page).to_have_url(re.compile("recipe=digits"))

    page.goto(f"{server.url}/train?recipe=mlp")  # a link fills the form with what it says
    expect(offer).to_contain_text("Mine")
    expect(page.get_by_text("Changed from")).to_have_count(0)
    pressed(page, "Forget it")
    expect(offer).to_have_count(0)
    wait_until(lambda: kept(page) == "", what="nothing is kept")
    page.reload()
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()
    expect(offer).to_have_count(0)


def kept(page) -> str:
    return page.evaluate("Object.entries(localStorage).filter(([key]) => key.startsWith('traindesk form')).join()")
