"""The class game on a shared dashboard: a host and two groups, each in a browser of their own, with real trainings."""

import pytest
from playwright.sync_api import expect

from core.game.played import game_of
from core.runs.store import list_runs
from tests.browser.access import unreadable_in_the_dark
from tests.browser.hands import barriers, choose, press
from tests.browser.test_sharing import log_in
from tests.browser.trainings import train_started, without_workers
from tests.desk import GUESTS, HOST, shared

pytestmark = pytest.mark.browser


def row(page, group, nth=0):
    return page.locator(".board tr").filter(has_text=group).nth(nth)


def comes(page, url, password, effect):
    """From the login to the game, by clicking."""
    log_in(page, url, password)
    page.get_by_role("link", name="Lessons", exact=True).click()
    press(page.get_by_role("link", name="Class game"), effect)


def plays(page, url, group):
    """Up to the form."""
    comes(page, url, GUESTS, page.get_by_text("60.0\u202f% in the fewest steps"))
    page.get_by_label("Your group").fill(group)
    press(page.get_by_role("button", name="Train for the board"), page.get_by_text(f"plays for {group}"))
    epochs = page.get_by_label("Epochs", exact=True)
    epochs.fill("6")
    epochs.press("Enter")


def trains(page, runs, data):
    """What is started is trained to its end; its page shows the way to the game."""
    before = set(list_runs(runs))
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("link", name="Class game")).to_be_visible()
    train_started(runs, before, 1, data)


def pictures_of_each(page):
    """The field of the form."""
    field = page.get_by_label("Training pictures (of each class)", exact=True)
    press(page.get_by_text("More training settings"), field)
    return field


def two_groups_play(red, blue, url, runs, data):
    """Red with as many pictures as the rules allow, as the form opens; Blue with too many, although it is warned."""
    plays(red, url, "Red")
    expect(pictures_of_each(red)).to_have_value("100")
    trains(red, runs, data)
    plays(blue, url, "Blue")
    field = pictures_of_each(blue)
    field.fill("0")
    field.press("Enter")
    expect(blue.get_by_text("Learns from 1,295 pictures; the rules allow 1,000")).to_be_visible()
    trains(blue, runs, data)


def test_two_groups_play_and_the_host_shows_it_to_all(visit, tmp_path, data_folder):
    runs = tmp_path / "runs"
    runs.mkdir()
    with shared(runs, data_folder, tmp_path / "shared.log") as desk:
        host, red, blue = (visit().page for _ in range(3))
        comes(host, desk.url, HOST, host.get_by_role("button", name="Begin the game"))
        choose(host, "Who wins", "who needs the fewest steps")
        choose(host, "Pictures", "Tiny digits, 8 x 8")
        for label, value in (("To reach, per cent", "60"), ("Training pictures", "1000")):
            host.get_by_label(label).fill(value)
        press(host.get_by_role("button", name="Begin the game"), host.get_by_text("The board is empty"))
        expect(host.get_by_text("At most 1,000 pictures.")).to_be_visible()

        with without_workers(runs):
            two_groups_play(red, blue, desk.url, runs, data_folder)

        host.get_by_role("button", name="Presenter view").click()
        expect(row(host, "Blue")).to_contain_text("Used 1,295 pictures; the rules allow 1,000.")
        expect(row(host, "Red")).to_contain_text("in the test")
        expect(row(host, "Red").locator(".place")).to_have_text("1")
        assert barriers(host) == [] and unreadable_in_the_dark(host) == []
        host.get_by_role("button", name="Leave the presenter view").click()

        red.get_by_role("link", name="Train", exact=True).click()
        red.get_by_role("button", name="Play no more").click()
        expect(red.get_by_text("plays for Red")).to_be_hidden()
        red.get_by_role("button", name="Start training").click()
        expect(red.get_by_role("button", name="Pause")).to_be_visible()
        assert len(game_of(runs).entries) == 2
        red.goto(f"{desk.url}/game")
        red.get_by_label("Your group").fill("red")
        press(red.get_by_role("button", name="Enter a run"), red.get_by_role("button", name="Put it on the board"))
        choose(red, "Your run", "SimpleCNN on Tiny digits, 8 x 8")
        press(red.get_by_role("button", name="Put it on the board"), row(host, "Red", 1))
        press(host.get_by_role("button", name="Rules"), host.get_by_role("button", name="Change the rules"))
        host.get_by_label("Tries of each group").fill("1")
        press(host.get_by_role("button", name="Change the rules"), host.get_by_text("1 try for each group"))
        host.get_by_role("button", name="Change the rules").wait_for(state="hidden")  # the board is free again
        expect(row(red, "Red", 1)).to_contain_text("Is run 2 of its group; the rules allow 1.")

        press(host.get_by_role("button", name="Replay the best"), host.get_by_role("button", name="Stop the replay"))
        expect(red.get_by_text("How Red learned")).to_be_visible()
        red.wait_for_function("document.querySelector('.js-plotly-plot')?.data?.[1]?.x?.length > 0")
        press(host.get_by_role("button", name="Stop the replay"), host.get_by_role("button", name="Replay the best"))
        expect(red.get_by_text("How Red learned")).to_be_hidden()

        press(host.get_by_role("button", name="Clear the board"), host.get_by_role("button", name="Yes, clear it"))
        choose(host, "Group", "Blue")
        press(
            host.get_by_role("button", name="Take this group off"),
            lambda: game_of(runs).groups() == ["Red"],
        )
        yes = host.get_by_role("button", name="Yes, clear it")
        opened = yes.or_(host.get_by_role("button", name="Clear the board")).last
        press(opened, lambda: not game_of(runs).entries)
        expect(red.get_by_text("The board is empty")).to_be_visible()
        for page in (host, red, blue):  # before their server goes
            page.close()
