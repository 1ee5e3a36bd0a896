"""Lessons from Begin to the last step, by clicking, with real trainings."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core.lessons import find_lesson
from core.lessons.whose_digits import DIGITS, collection
from core.runs.history import History
from core.runs.predictions import read_predictions
from core.runs.store import list_runs
from tests.browser.conftest import serving
from tests.browser.hands import draw_with_mouse, press
from tests.browser.trainings import train_started, without_workers
from tests.drawings import draw_digit

pytestmark = pytest.mark.browser
FEW = 0.01  # of the pictures to validate with: 600 in place of 6,000 after each of many short epochs


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    """A dashboard of its own: its trainings wait for no others, and its datasets are those of the lessons."""
    folder = tmp_path_factory.mktemp("lessons")
    for name in ("runs", "data"):
        (folder / name).mkdir()
    with without_workers(folder / "runs"), serving(folder / "runs", folder / "data") as running:
        running.data = folder / "data"
        yield running


@pytest.fixture
def page(at, school):
    """The list of all lessons."""
    return at(f"{school.url}/lessons")


def step(page, number):
    return page.locator(f".st-key-step-{number}")


def is_done(page, number):
    expect(step(page, number).locator(".verdict.done")).to_be_visible()


def is_open(page, number, said):
    """Not done yet, and what is missing."""
    expect(step(page, number).locator(".verdict:not(.done)")).to_contain_text(said)


def opens(page, name):
    """That lesson, from the list, which loads nothing anew."""
    lesson, is_lesson = find_lesson(name), "/lessons" in page.url
    listed = page.get_by_role("button", name=f"{lesson.place}. {lesson.title}")
    way = ("button", "All lessons") if is_lesson else ("link", "Lessons")
    press(page.get_by_role(way[0], name=way[1], exact=True), listed)
    press(listed, page.get_by_role("heading", name=lesson.title))


def begin(page, *names):
    """Begins these lessons, of which no step is done then; the last one is shown."""
    for name in names:
        opens(page, name)
        press(page.get_by_role("button", name="Begin", exact=True), page.get_by_role("button", name="Begin anew"))
        expect(page.locator(".verdict:not(.done)")).to_have_count(len(find_lesson(name).steps))


def choose(page, number, answer):
    press(step(page, number).get_by_role("radio", name=answer, exact=True), step(page, number).locator(".verdict.done"))


def started(page, school, number, label, more, **smaller):
    """Presses the button of a step; returns the trainings that it starts when they have ended, the oldest first. They are as
    real as in a class but for `smaller` values of their `training`, with which they take a tenth of the time."""
    before = set(list_runs(school.runs))
    press(
        step(page, number).get_by_role("button", name=label), lambda: len(set(list_runs(school.runs)) - before) == more
    )
    changes = {f"training.{name}": value for name, value in smaller.items()}
    return train_started(school.runs, before, more, school.data, changes)


def is_finished(page):
    expect(page.get_by_text("All steps are done.")).to_be_visible()


def test_the_learning_rate_from_the_list_to_a_better_one(page, school):
    press(
        page.get_by_role("button", name="3. The learning rate"), page.get_by_role("heading", name="The learning rate")
    )
    press(page.get_by_role("button", name="Begin", exact=True), page.get_by_role("button", name="Begin anew"))
    is_open(page, 1, "0 of 3 done")
    before = set(list_runs(school.runs))
    press(
        page.get_by_role("button", name="Start the three trainings"), lambda: len(list_runs(school.runs)) > len(before)
    )
    few = {"training.training_pictures": 500, "training.validation_share": FEW}
    train_started(school.runs, before, 3, school.data, few)
    is_done(page, 1)
    press(page.get_by_role("radio", name="0.0001"), page.get_by_text("it did not read most digits"))
    choose(page, 2, "0.01")
    step(page, 2).get_by_role("link", name="Compare the runs").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Compare")
    page.go_back()
    step(page, 3).get_by_role("link", name="Open the form").click()
    rate = page.get_by_role("textbox", name="Learning rate", exact=True).or_(
        page.get_by_role("spinbutton", name="Learning rate", exact=True)
    )
    rate.fill("0.15")
    rate.press("Enter")
    before = set(list_runs(school.runs))
    page.get_by_role("button", name="Start training").click()
    as_given = {"training.training_pictures": 0, "training.validation_share": 0.1}  # or the goal would be out of reach
    train_started(school.runs, before, 1, school.data, as_given)
    opens(page, "learning_rate")
    is_done(page, 3)
    is_finished(page)
    page.reload()
    is_finished(page)
    lesson = find_lesson("learning_rate")
    shown = page.get_by_text(lesson.answer[:30])
    expect(shown).to_be_hidden()
    press(page.get_by_text("An answer"), shown)
    for link, is_told in (("Sheet for pupils", False), ("Sheet for the teacher", True)):
        with page.expect_download() as saved:
            page.get_by_role("link", name=link).click()
        sheet = saved.value.path().read_text(encoding="utf-8")
        opened = page.context.new_page()
        opened.set_content(sheet)
        expect(opened.get_by_role("heading", name=lesson.title, exact=True)).to_be_visible()
        assert opened.get_by_text(lesson.answer[:30]).count() == is_told
        opened.close()
    page.get_by_role("button", name="Begin anew").click()
    is_open(page, 1, "0 of 3 done")
    page.get_by_role("button", name="All lessons").click()
    expect(page).to_have_url(re.compile("/lessons$"))
    expect(page.get_by_text("0 of 3 steps done")).to_be_visible()


def test_how_many_pictures_and_learning_by_heart(page, school):
    begin(page, "how_many_pictures")
    is_open(page, 1, "Guess first")
    choose(page, 1, "30 to 60\u202f%")
    is_open(page, 2, "0 of 3 done")
    started(page, school, 2, "Start the three trainings", 3, epochs=3, validation_share=FEW)
    is_done(page, 2)
    press(step(page, 3).get_by_role("radio", name="from 500 to 5,000"), page.get_by_text("subtract the accuracies"))
    choose(page, 3, "from 50 to 500")
    is_finished(page)
    begin(page, "by_heart")
    is_open(page, 2, "First the training has to finish.")
    started(page, school, 1, "Start the training", 1, epochs=5, validation_share=FEW)
    is_done(page, 1)
    press(step(page, 2).get_by_role("radio", name="It has understood digits."), page.get_by_text("If it had, it would"))
    choose(page, 2, "It knows them by heart.")
    is_open(page, 3, "0 of 1 done")
    started(page, school, 3, "Start the second training", 1, epochs=5, validation_share=FEW)
    is_done(page, 3)
    is_finished(page)


def test_the_biased_camera_whose_second_network_is_a_first_one_and_never_saw_a_house(page, school):
    begin(page, "first_network", "never_saw", "biased_camera")
    is_open(page, 2, "First the network has to be trained.")
    small = {"training_pictures": 500, "validation_share": FEW}
    started(page, school, 1, "Start the training", 1, **small)
    is_done(page, 1)
    press(step(page, 2).get_by_role("radio", name="1", exact=True), page.get_by_text("It reads the 1 better"))
    choose(page, 2, "7")
    press(step(page, 3).get_by_role("radio", name="It still reads it right."), page.get_by_text("still thicker"))
    choose(page, 3, "It says 7.")
    press(
        step(page, 4).get_by_role("radio", name="They stand at the edge"), page.get_by_text("the pictures themselves")
    )
    choose(page, 4, "All of them were written with a thick pen.")
    is_open(page, 5, "0 of 1 done")
    [mended] = started(page, school, 5, "Start with better pictures", 1, **small)
    is_done(page, 5)
    is_finished(page)

    opens(page, "first_network")
    is_done(page, 1)  # any training on digits counts
    is_open(page, 2, "Look at the mistakes")
    said = read_predictions(mended, "test")
    missed = np.bincount(said.labels[~said.right], minlength=10)
    press(
        step(page, 2).get_by_role("radio", name=str(missed.argmin()), exact=True),
        page.get_by_text("Another digit is misread"),
    )
    choose(page, 2, str(missed.argmax()))
    step(page, 3).get_by_role("link", name="Draw").click()
    draw_with_mouse(page, 3)
    expect(page.locator(".bars .winner").first).to_be_visible()
    opens(page, "first_network")
    is_open(page, 3, "Draw three digits")
    choose(page, 3, "2 of 3")
    is_finished(page)

    opens(page, "never_saw")
    is_done(page, 1)
    for number, wrong, why, right in (
        (2, "Yes or no for each thing in the world.", "how many are there", "Ten numbers that add up"),
        (3, "A digit, as ever.", "Make it a house", "I don't know."),
    ):
        press(step(page, number).get_by_role("radio", name=wrong), step(page, number).get_by_text(why))
        press(step(page, number).get_by_role("radio", name=right), step(page, number).locator(".verdict.done"))
    is_open(page, 4, "Draw things that are no digits")
    choose(page, 4, "in two or three tries")
    is_finished(page)


def test_whose_digits_with_two_who_drew_elsewhere(page, school):
    everyone = collection(school.data)
    for hand, (writer, digits) in enumerate((("Anna", DIGITS), ("Ben", DIGITS), ("Cem", DIGITS[:-1]))):
        for digit in digits:
            everyone.keep(writer, digit, draw_digit(int(digit), hand, seed=hand))

    def drawn():
        return sum(everyone.drawn()["Cem"].values())

    begin(page, "whose_digits")
    is_open(page, 1, "Cem has 9 of 10, which is too few to judge by")
    expect(page.get_by_role("button", name="Leave out one after the other")).to_be_disabled()
    is_open(page, 2, "First 3 writers have to draw")
    page.get_by_role("textbox", name="Who is drawing?").fill("cem")
    for is_kept in (False, True):
        expect(page.get_by_text("Cem, draw a 9 (10 of 10).")).to_be_visible()
        draw_with_mouse(page, 9)
        press(page.get_by_role("button", name="Keep it"), lambda: drawn() == 10)
        if not is_kept:
            press(page.get_by_role("button", name="Take the last one back"), lambda: drawn() == 9)
    is_done(page, 1)
    runs = started(page, school, 2, "Leave out one after the other", 3)
    is_done(page, 2)
    shares = {run.config().title.removeprefix("Without "): History(run).update().test["test/accuracy"] for run in runs}
    assert set(shares) == {"Anna", "Ben", "Cem"}
    choose(page, 3, min(shares, key=shares.get))
    press(
        step(page, 4).get_by_role("radio", name="There are fewer digits"), step(page, 4).get_by_text("All have given")
    )
    choose(page, 4, "Nobody whom it learned from writes like that.")
    is_finished(page)
    step(page, 4).get_by_role("link", name="See the digits").click()
    press(page.get_by_role("tab", name="Versions and more"), page.get_by_text("Anna 10, Ben 10, Cem 10."))
    press(
        page.get_by_role("button", name="Test with these, learn from all others"),
        page.get_by_text("The test is Anna's pictures alone."),
    )
    opens(page, "whose_digits")
    press(page.get_by_role("button", name="Remove all"), page.get_by_role("button", name="Remove all drawings"))
    press(page.get_by_role("button", name="Remove all drawings"), lambda: not everyone.drawn())
    is_open(page, 1, "0 of 3 writers")


def test_the_leak_found_by_the_check_and_taken_out(page, school):
    begin(page, "the_leak")
    is_open(page, 1, "Press the button")
    press(page.get_by_role("button", name="Bring the digits"), step(page, 1).locator(".verdict.done"))
    is_open(page, 3, "First the training has to finish.")
    [leaking] = started(page, school, 2, "Train on them", 1)
    is_done(page, 2)
    press(
        step(page, 3).get_by_role("radio", name="Many pictures have wrong labels."),
        page.get_by_text("Read the sentence"),
    )
    choose(page, 3, "Test pictures are among those that it learned from.")
    is_open(page, 4, "110 training pictures are still in the test too.")
    expect(page.get_by_role("button", name="Train without the leak")).to_be_disabled()
    step(page, 4).get_by_role("link", name="Check the digits").click()
    press(page.get_by_role("tab", name="Check"), page.get_by_text("training pictures look like a test picture"))
    press(
        page.get_by_role("button", name="Take them out of training"),
        page.get_by_text("version 2. A run remembers"),
    )
    opens(page, "the_leak")
    is_done(page, 4)
    is_open(page, 5, "0 of 1 done")
    [honest] = started(page, school, 5, "Train without the leak", 1)
    is_done(page, 5)
    before, after = (History(run).update().test["test/accuracy"] for run in (leaking, honest))
    assert before > after + 0.1
    is_finished(page)
