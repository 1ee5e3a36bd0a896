"""Resume, more epochs and a smaller batch once a run has ended, by the buttons of its page."""

import json

import pytest

from core.errors import TrainDeskError
from core.runs.events import EventWriter
from core.runs.store import create_run
from pages.components.run import controls
from pages.components.shell import start
from tests.helpers import assert_one_sentence, quick_config
from tests.pages.apps import open_app, press, run, sentence, widget, words
from tests.pages.fake_runs import fake_run, running, write_start

RESUME, LENGTHEN = "Resume", "Train more epochs"


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        ("paused", {RESUME}),
        ("stopped", {RESUME, LENGTHEN}),
        ("interrupted", {RESUME}),
        ("failed", {RESUME}),
        ("finished", {LENGTHEN}),
        ("starting", set()),
        ("queued", set()),
        ("damaged", set()),
    ],
)
def test_what_is_offered_depends_on_the_status(status, offered, runs_folder):
    app = open_app("run", run=fake_run(runs_folder, status).id)
    labels = {button.label for button in app.button} | {popover.proto.popover.label for popover in app.get("popover")}
    assert labels & {RESUME, LENGTHEN} == offered


@pytest.mark.parametrize("status", ["paused", "stopped", "interrupted"])
def test_resume_launches_a_worker_and_the_page_is_live_again(status, runs_folder, launched):
    ended = fake_run(runs_folder, status)
    app = press(open_app("run", run=ended.id), f"resume {ended.id}")
    assert launched == [ended.id]
    text = words(app)
    assert "starting" in text and "Going on where it was." in text
    assert "Loading what was learned so far" in text
    assert f"pause {ended.id}" in {button.key for button in app.button}
    assert ended.config() == fake_run(runs_folder, "finished").config(), "nothing else has changed"


def test_another_device_is_offered_where_there_is_one_and_the_run_goes_on_there(runs_folder, launched, monkeypatch):
    ended = fake_run(runs_folder, "paused")
    key = f"resume there {ended.id}"
    assert key not in {button.key for button in open_app("run", run=ended.id).button}, "this computer has no other"
    monkeypatch.setattr(controls, "devices", lambda: {"auto": "automatic", "cpu": "CPU", "cuda:0": "GPU 0: H100"})
    app = open_app("run", run=ended.id)
    widget(app, f"device {ended.id}").set_value("cuda:0")
    created = ended.created()
    press(run(app), key)
    assert launched == [ended.id] and ended.config().training.device == "cuda:0"
    assert (
        ended.created() == created
        and ended.config().training.epochs == fake_run(runs_folder, "paused").config().training.epochs
    )


def test_a_run_of_a_gpu_that_is_not_here_goes_on_with_the_processor(runs_folder, launched):
    away = fake_run(runs_folder, "interrupted")
    away.config_file.write_text(away.config().with_changes({"training.device": "cuda:3"}).model_dump_json())
    app = open_app("run", run=away.id)
    assert "Its device, cuda:3, is not on this computer" in widget(app, f"resume {away.id}").help
    widget(app, f"device {away.id}").set_value("cpu")
    press(run(app), f"resume there {away.id}")
    assert launched == [away.id] and away.config().training.device == "cpu"


def test_resume_of_a_run_whose_gpu_is_not_here_says_where_it_goes_on(runs_folder, launched):
    away = fake_run(runs_folder, "interrupted")
    away.config_file.write_text(away.config().with_changes({"training.device": "cuda:3"}).model_dump_json())
    app = press(open_app("run", run=away.id), f"resume {away.id}")
    assert launched == [away.id] and away.config().training.device == "auto"
    assert any("continues on the CPU" in caption.value for caption in app.caption)


def test_a_failed_run_can_go_on_with_a_smaller_learning_rate(runs_folder, launched):
    failed = fake_run(runs_folder, "failed")
    app = open_app("run", run=failed.id)
    widget(app, f"learning rate after failure {failed.id}").set_value("0.0002")
    press(run(app), f"go {failed.id}")
    assert launched == [failed.id]
    assert float(failed.learning_rate_request.read_text()) == 0.0002


def test_a_failed_run_goes_on_as_it_was_if_nothing_is_changed(runs_folder, launched):
    failed = fake_run(runs_folder, "failed")
    press(open_app("run", run=failed.id), f"go {failed.id}")
    assert launched == [failed.id]
    assert not failed.learning_rate_request.exists()


def test_a_wrong_learning_rate_for_going_on_is_one_sentence(runs_folder, launched):
    failed = fake_run(runs_folder, "failed")
    app = open_app("run", run=failed.id)
    widget(app, f"learning rate after failure {failed.id}").set_value("a lot")
    app = press(run(app), f"go {failed.id}")
    assert_one_sentence(sentence(app.error[-1]), "'a lot'")
    assert not launched


@pytest.mark.parametrize("status", ["finished", "stopped"])
def test_more_epochs_are_added_to_the_plan(status, runs_folder, launched):
    ended = fake_run(runs_folder, status)
    planned = ended.config().training.epochs
    app = open_app("run", run=ended.id)
    field = widget(app, f"more epochs {ended.id}")
    assert field.value == 5
    field.set_value(7)
    app = run(app)
    assert f"{planned} were planned; with 7 more it trains to epoch {planned + 7}." in words(app)
    press(app, f"train on {ended.id}")
    assert launched == [ended.id]
    assert json.loads(ended.config_file.read_text())["training"]["epochs"] == planned + 7


def test_one_epoch_was_planned(runs_folder, launched):
    ended = create_run(quick_config(epochs=1), runs_folder)
    log = EventWriter(ended.event_log)
    write_start(log, ended, 1)
    log.write("finished", message="Done.")
    log.close()
    assert "1 was planned; with 5 more it trains to epoch 6." in words(open_app("run", run=ended.id))


@pytest.mark.parametrize("wrong", [0, -3])
def test_fewer_than_one_epoch_more_is_no_offer(wrong, runs_folder, launched):
    ended = fake_run(runs_folder, "finished")
    app = open_app("run", run=ended.id)
    widget(app, f"more epochs {ended.id}").set_value(wrong)
    app = run(app)
    assert widget(app, f"train on {ended.id}").disabled
    assert "at least 1" in words(app)


def test_too_many_epochs_are_one_sentence(runs_folder, launched):
    ended = fake_run(runs_folder, "finished")
    app = open_app("run", run=ended.id)
    widget(app, f"more epochs {ended.id}").set_value(10_000)
    app = press(run(app), f"train on {ended.id}")
    assert_one_sentence(sentence(app.error[0]), f"Epochs is {10_000 + ended.config().training.epochs}", "10,000")
    assert not launched


def test_a_worker_that_cannot_be_launched_is_one_sentence_and_the_run_stays_paused(runs_folder, no_launch):
    paused = fake_run(runs_folder, "paused")
    app = press(open_app("run", run=paused.id), f"resume {paused.id}")
    assert sentence(app.error[0]) == "The training process could not be started (no memory)."
    assert paused.status().name == "paused"


def test_a_run_that_someone_else_resumed_is_shown_live(runs_folder, launched):
    paused = fake_run(runs_folder, "paused")
    app = open_app("run", run=paused.id)
    with running(paused):
        app = press(app, f"resume {paused.id}")
        assert not launched and not app.error
        assert "running" in words(app)


def test_what_the_engine_refuses_is_one_sentence_under_the_buttons(runs_folder, launched, monkeypatch):
    def refuse(run, *asked, **more):
        raise TrainDeskError(f"Run {run.id} is being trained; pause or stop it first.")

    monkeypatch.setattr(start, "ask_to_resume", refuse)
    paused = fake_run(runs_folder, "paused")
    app = press(open_app("run", run=paused.id), f"resume {paused.id}")
    assert_one_sentence(sentence(app.error[0]), "is being trained")
    assert not launched


def test_what_could_not_be_done_is_forgotten_once_the_run_goes_on(runs_folder, launched):
    failed = fake_run(runs_folder, "failed")
    app = open_app("run", run=failed.id)
    widget(app, f"learning rate after failure {failed.id}").set_value("a lot")
    app = press(run(app), f"go {failed.id}")
    widget(app, f"learning rate after failure {failed.id}").set_value("0.001")
    assert not press(run(app), f"go {failed.id}").error


def test_interrupted_runs_say_where_resume_begins(runs_folder):
    gone = fake_run(runs_folder, "interrupted")
    assert "Resume starts it anew, as there is no checkpoint yet." in words(open_app("run", run=gone.id))
    gone.last.write_bytes(b"not read")
    assert "Resume goes on from the last checkpoint." in words(open_app("run", run=gone.id))


def test_lists_say_what_can_be_done(runs_folder):
    for status in ("paused", "finished"):
        fake_run(runs_folder, status)
    assert words(open_app()).count("you can resume it") == 1


@pytest.mark.parametrize("status", ["failed", "interrupted"])
def test_a_run_without_memory_goes_on_with_half_of_its_batch(status, runs_folder, monkeypatch):
    short = create_run(quick_config(batch_size=64), runs_folder)
    log = EventWriter(short.event_log)
    write_start(log, short, 3)
    log.write(status, message="There was not enough memory.", remedy={"training.batch_size": 32})
    log.close()
    monkeypatch.setattr(start, "submit_all", lambda runs, *_: None)
    app = open_app("run", run=short.id)
    assert "the learning rate stays" in widget(app, f"halve {short.id}").help
    press(app, f"halve {short.id}")
    assert short.config().training.batch_size == 32


def test_where_a_smaller_batch_does_not_help_there_is_no_button_for_it(runs_folder):
    for remedy in ({}, {"architecture.enlarge_to": 64}, {"training.batch_size": "many"}):
        short = create_run(quick_config(batch_size=64), runs_folder)
        log = EventWriter(short.event_log)
        write_start(log, short, 3)
        log.write("failed", message="There was not enough memory.", remedy=remedy)
        log.close()
        app = open_app("run", run=short.id)
        assert f"halve {short.id}" not in [button.key for button in app.button]
