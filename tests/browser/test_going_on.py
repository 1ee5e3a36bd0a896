"""Pausing and going on, and a change while it trains, in a real browser with a real worker."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core.runs.events import EventWriter
from core.runs.history import History
from core.runs.store import create_run, find_run, list_runs
from tests.browser.hands import CHARTS, press, seen
from tests.browser.trainings import train_started, without_workers
from tests.helpers import quick_config, wait_until

pytestmark = pytest.mark.browser
NO_MEMORY = "There was not enough memory for a batch of 256 images; choose a smaller batch size, such as 128"
EPOCHS, BATCH = 15, 16  # 81 short steps of an epoch, so that its first points come soon, and few epochs
PLAN = {"epochs": EPOCHS, "epoch_seconds": 55}
CURVE = "name => Array.from(document.querySelector('.js-plotly-plot').data.find(curve => curve.name === name).x)"
ENOUGH = "document.querySelector('.js-plotly-plot')?.data?.[0].x.length > 5"


def started(page, server):
    """Starts what the form holds, and waits for its curve."""
    page.get_by_role("button", name="Start training").click()
    expect(page).to_have_url(re.compile(r"/run\?run="))
    page.wait_for_function(ENOUGH)
    return find_run(re.search(r"run=([\w-]+)", page.url)[1], server.runs)


def test_one_training_is_watched_changed_paused_left_and_goes_on_step_by_step_to_the_end(at, server):
    """One training for all of it, as each costs seconds of a worker and of a page."""
    source = create_run(quick_config(title="Going on", batch_size=BATCH, training=PLAN), server.runs)
    page = at(f"{server.url}/train?from={source.id}")
    run = started(page, server)
    no_chart_stays_empty(page, run)
    another_learning_rate(page)
    press(page.get_by_role("button", name="Pause"), page.get_by_text("paused", exact=True))
    paused_at = History(run).update().steps[-1]
    page.goto("about:blank")  # as good as a closed tab

    page.goto(f"{server.url}/run?run={run.id}")
    expect(page.get_by_text("it goes on from there when you resume it")).to_be_visible()
    press(page.get_by_role("button", name="Resume"), page.get_by_role("button", name="Pause"))
    step_by_step_and_at_full_speed(page, run)
    expect(page.get_by_text("finished", exact=True)).to_be_visible()
    expect(page.get_by_text("of 360 pictures right")).to_be_visible()
    history = History(run).update()
    assert paused_at % history.started["steps_per_epoch"], "it was paused in the middle of an epoch"
    assert_all_is_shown(page, history)
    assert [change["learning_rate"] for change in history.learning_rates] == [0.0004]
    assert history.last_step["learning_rate"] == pytest.approx(0.0004)


def no_chart_stays_empty(page, run):
    """Loss, accuracy and validation move within the first epoch, which lasts a minute."""
    for chart in (0, 1):
        for name, least in (("training", 3), ("validation", 2)):
            page.wait_for_function(
                "([chart, name, least]) => (document.querySelectorAll('.js-plotly-plot')[chart].data"
                ".find(curve => curve.name === name)?.x.length ?? 0) >= least",
                arg=[chart, name, least],
            )
    assert not History(run).update().epochs, "all of it before the first epoch ended"
    expect(page.get_by_text("no points yet")).to_have_count(0)


def another_learning_rate(page):
    field = page.get_by_role("textbox", name="Learning rate from the next step on")
    press(page.get_by_role("button", name="Learning rate"), field)
    expect(field).to_have_value("0.001")
    field.fill("99")
    page.get_by_role("button", name="Apply").click()
    sentence = page.get_by_role("alert").filter(
        has_text="Learning rate is 99; it must be a number above 0, at most 10."
    )
    expect(sentence).to_be_visible()
    field.fill("0.0004")
    expect(sentence).to_have_count(0)
    draws = seen(page, CHARTS)[0]["draws"]
    page.wait_for_function(f"Number(document.querySelector('.js-plotly-plot').dataset.draws) > {draws} + 1")
    expect(field).to_have_value("0.0004")  # refreshes leave what was typed, and the popover open
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Now 0.0004, before the schedule")).to_be_visible()
    page.wait_for_function(
        "document.querySelector('.js-plotly-plot .annotation-text')?.textContent === 'learning rate 0.0004'"
    )
    page.keyboard.press("Escape")


def step_by_step_and_at_full_speed(page, run):
    """A step for each click, an epoch at a click, slow motion, and the rest at full speed."""
    next_step, next_epoch = (page.get_by_role("button", name=name) for name in ("Next step", "Next epoch"))
    speed, full_speed = (page.get_by_role("button", name=name) for name in ("Speed", "Full speed"))
    press(speed, full_speed)
    expect(page.get_by_role("button", name="55 s")).to_have_attribute("data-testid", "stBaseButton-primary")
    press(page.get_by_role("button", name="Step by step"), next_step)
    page.keyboard.press("Escape")
    expect(page.get_by_text(", waiting")).to_be_visible()

    last = lambda: History(run).update().last_step  # noqa: E731
    before = last()["step"]
    for count in (1, 2, 3):
        next_step.click()
        wait_until(lambda count=count: last()["step"] >= before + count, what="a step for each click")
        assert last()["step"] == before + count, "and no more"
    expect(page.get_by_text(f"step {before + 3:,} of 1,215, waiting")).to_be_visible()
    next_epoch.click()
    per_epoch = History(run).update().started["steps_per_epoch"]
    end = ((before + 3) // per_epoch + 1) * per_epoch
    expect(page.get_by_text(f"step {end:,} of 1,215, waiting")).to_be_visible()
    assert History(run).update().epochs[-1]["step"] == end == last()["step"], "validated, then it waits"

    press(speed, full_speed)
    minute = page.get_by_role("button", name="60 s")  # the epochs that are left outlast the clicks
    press(page.get_by_role("button", name="Slow motion"), minute)
    expect(next_step).to_have_count(0)
    for button, seconds in ((minute, 60), (full_speed, 0)):

        def choose_it(button=button):
            if not button.is_visible():
                speed.click(timeout=3000)
            button.click(timeout=3000)

        press(choose_it, lambda seconds=seconds: History(run).update().playbacks[-1]["epoch_seconds"] == seconds)
    told = [(each["epoch_seconds"], each["by_step"]) for each in History(run).update().playbacks]
    assert told[:1] == [(0, True)] and told[-2:] == [(60, False), (0, False)]


def assert_all_is_shown(page, history):
    """The curves have each step once, the validations within epochs and those at their ends, and these are what counts."""
    total, per_epoch = history.started["total_steps"], history.started["steps_per_epoch"]
    assert history.steps[-1] == total == EPOCHS * per_epoch
    assert (np.diff(history.steps) > 0).all(), "no step twice"
    shown = lambda name: np.array(seen(page, CURVE, name)) * per_epoch  # noqa: E731
    steps = list(history.steps)
    wait_until(lambda: len(shown("training")) == len(steps) and np.allclose(shown("training"), steps, atol=0.1))
    ends = [per_epoch * epoch for epoch in range(1, EPOCHS + 1)]
    points = sorted([*history.within_epochs("val/accuracy")[0], *ends])
    assert len(points) > EPOCHS
    wait_until(lambda: len(shown("validation")) == len(points) and np.allclose(shown("validation"), points, atol=0.1))
    assert [epoch["epoch"] for epoch in history.epochs] == [*range(1, EPOCHS + 1)]


def test_a_run_that_had_no_memory_goes_on_with_half_of_its_batch(at, server, data_folder):
    """Its page has a button for it, and the form offers the value that its sentence names."""
    short = create_run(quick_config(title="Too large", batch_size=256, training={"epochs": 2}), server.runs)
    log = EventWriter(short.event_log)
    log.write("failed", message=f"{NO_MEMORY}.", remedy={"training.batch_size": 128})
    log.close()
    page = at(f"{server.url}/run?run={short.id}")
    expect(page.get_by_text(NO_MEMORY).first).to_be_visible()
    page.get_by_role("button", name="Train again with changes").click()
    expect(page.get_by_text("Batch size 256 images → 128 images")).to_be_visible()
    page.go_back()
    halve = page.get_by_role("button", name="Halve the batch and go on")
    with without_workers(server.runs):
        press(halve, short.queue_place.exists)
        assert short.config().training.batch_size == 128
        train_started(server.runs, set(list_runs(server.runs)) - {short}, 1, data_folder)
    expect(page.get_by_text("of 360 pictures right")).to_be_visible()
    expect(halve).to_have_count(0)
