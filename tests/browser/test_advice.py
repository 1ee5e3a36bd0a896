"""The coach's remedies are pressed while a run trains: a learning rate is set back, a training that stands still is ended."""

import pytest
from filelock import FileLock
from playwright.sync_api import expect

from core.runs.events import EventWriter
from core.runs.store import create_run
from tests.helpers import quick_config, wait_until
from tests.pages.fake_runs import STEPS_PER_EPOCH, write_start

pytestmark = pytest.mark.browser
EPOCHS = 100


def write_losses(log, losses, first=1):
    """An epoch for each loss, of training and validation alike."""
    for epoch, loss in enumerate(losses, first):
        log.write("step", epoch=epoch, step=epoch * STEPS_PER_EPOCH, learning_rate=0.001, **{"train/loss": loss})
        log.write(
            "epoch",
            epoch=epoch,
            step=epoch * STEPS_PER_EPOCH,
            best=loss == min(losses),
            seconds=0.5,
            **{"train/loss": loss, "train/accuracy": 0.97, "val/loss": loss, "val/accuracy": 0.97},
        )


def test_a_learning_rate_that_made_the_loss_jump_is_set_back_and_a_training_that_stands_still_is_ended(visit, server):
    run = create_run(quick_config(title="Advised", training={"epochs": EPOCHS}), server.runs)
    page = visit().page
    with FileLock(run.worker_lock):
        log = EventWriter(run.event_log)
        write_start(log, run, EPOCHS)
        write_losses(log, [1.5, 0.8, 0.4, 0.3])
        log.write("learning_rate", step=4 * STEPS_PER_EPOCH, learning_rate=0.5)
        write_losses(log, [2.0], first=5)
        page.goto(f"{server.url}/run?run={run.id}")
        expect(page.get_by_text("The loss jumped from 0.3 to 2 when the learning rate became 0.5.")).to_be_visible()
        page.get_by_role("button", name="Why?").click()
        expect(page.get_by_text("Training loss 0.3 before, 2 after")).to_be_visible()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Set it back to 0.001").click()
        assert (
            float(wait_until(lambda: run.learning_rate_request.exists() and run.learning_rate_request.read_text()))
            == 0.001
        )
        expect(page).to_have_url(f"{server.url}/run?run={run.id}")

        run.learning_rate_request.unlink()  # as its worker does
        log.write("learning_rate", step=5 * STEPS_PER_EPOCH, learning_rate=0.001)
        write_losses(log, [0.3] * 30, first=6)
        expect(page.get_by_text("It hardly gets better any more")).to_be_visible()
        expect(page.get_by_role("button", name="Set it back")).to_have_count(0)
        page.get_by_role("button", name="Stop here").click()
        expect(page.get_by_role("button", name="Stopping ...")).to_be_disabled()
        assert run.stop_request.exists()
        log.write("stopped", message="Stopped by request.")
        log.close()
    expect(page.get_by_text("stopped", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Stop here")).to_have_count(0)
