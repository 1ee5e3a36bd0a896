"""A run without memory names what it was, offers a value that may go, and goes on with it."""

import pytest
import torch
from filelock import FileLock

from core.machine.memory import OutOfMemory
from core.runs.events import EventWriter, last_event
from core.runs.history import History
from core.runs.running import epochs_at
from core.runs.store import create_run
from core.training import loop, scoring
from core.training.checkpoints import load_checkpoint
from core.workers import session, worker
from core.workers.control import ask_to_resume
from core.workers.short_memory import half_batch, note_killed, of_memory, with_remedy
from tests.core.running import kinds
from tests.core.short import EACH_KIND, WORDINGS
from tests.helpers import assert_one_sentence, quick_config


def said(run):
    return [notice["message"] for notice in History(run).update().notices]


@EACH_KIND
def test_wherever_it_happens_the_batch_and_half_of_it_are_named(error, runs_folder, monkeypatch):
    def broken(*_):
        raise error

    monkeypatch.setattr(session.TrainingSession, "train", broken)
    run = create_run(quick_config(batch_size=48), runs_folder)
    end = worker.work(run, runs_folder / "data")
    assert_one_sentence(end["message"], "not enough memory", "batch of 48 images", "such as 24")
    assert last_event(run.event_log)["remedy"] == {"training.batch_size": 24} and half_batch(end) == 24
    assert with_remedy(run, run.config()).training.batch_size == 24


def test_where_fewer_pictures_at_a_time_do_not_help_smaller_ones_are_named(runs_folder):
    frozen = {"name": "resnet18", "weights": "random", "enlarge_to": 224}
    run = create_run(quick_config(architecture=frozen, batch_size=16), runs_folder)
    what, ways = "No room even for 1 image", "choose a smaller network, smaller pictures or another device"
    short = of_memory(OutOfMemory(what, ways), run)
    assert_one_sentence(
        str(short), what, "smaller pictures, such as 128 instead of 224 pixels a side", "another device"
    )
    assert short.remedy == {"architecture.enlarge_to": 128}
    plain = create_run(quick_config(), runs_folder)
    assert str(of_memory(OutOfMemory(what, ways), plain)) == f"{what}; {ways}."
    assert half_batch({"event": "failed", "remedy": short.remedy}) is None


def test_a_batch_that_cannot_be_smaller_is_not_halved(runs_folder):
    run = create_run(quick_config(batch_size=1), runs_folder)
    short = of_memory(MemoryError(), run)
    assert short.remedy == {} and "batch size" not in str(short) and "smaller network" in str(short)


def test_a_run_goes_on_with_half_of_its_batch(runs_folder, monkeypatch):
    """In the middle of an epoch, after which all its pictures have been seen and its curves lie where its epochs do."""
    run = create_run(
        quick_config(epochs=3, batch_size=64, optimizer={"name": "adam", "learning_rate": 0.002}), runs_folder
    )
    taken, real = [], loop.Pictures.picked

    def short(self, pick):
        taken.append(len(pick))
        if taken.count(64) == 31:
            raise WORDINGS["CUDA"]
        return real(self, pick)

    monkeypatch.setattr("core.workers.loop_follower.LONGEST_LOSS", 0)
    monkeypatch.setattr(loop.Pictures, "picked", short)
    end = worker.work(run, runs_folder / "data")
    assert end["event"] == "failed" and half_batch(end) == 32
    monkeypatch.undo()
    before = load_checkpoint(run.last)
    assert before["resume"]["batch"] > 0, "in the middle of an epoch"
    ask_to_resume(run, batch_size=half_batch(end))
    assert run.config().training.batch_size == 32
    assert worker.work(run, runs_folder / "data")["event"] == "finished"
    after, history = load_checkpoint(run.last), History(run).update()
    assert after["config"]["training"]["batch_size"] == 32 and after["resume"]["learning_rate"] == 0.002
    assert [words for words in said(run) if "32 images instead of 64" in words and "learning rate stays 0.002" in words]
    assert after["step"] == history.started["total_steps"] == history.last_step["step"]
    per_epoch = history.started["steps_per_epoch"]
    left = (3 - before["epoch"]) * per_epoch - 2 * before["resume"]["batch"]
    assert after["step"] == before["step"] + left, "no picture is left out"
    ends = [epoch["step"] for epoch in history.epochs]
    assert epochs_at(history, torch.tensor(ends).numpy()) == pytest.approx([1, 2, 3], abs=0.05)


def test_the_test_has_the_memory_of_what_trained(runs_folder, monkeypatch):
    import gc
    import weakref

    alive, testing, beginning = [], scoring.evaluate_checkpoint, session.TrainingSession.begin

    def begin(self, *arguments):
        splits, state, earlier = beginning(self, *arguments)
        alive.extend(weakref.ref(each) for each in (state.model, state.optimizer))
        return splits, state, earlier

    def look(*arguments):
        gc.collect()
        found.append([each() is None for each in alive])
        return testing(*arguments)

    found = []
    monkeypatch.setattr(session.TrainingSession, "begin", begin)
    monkeypatch.setattr(scoring, "evaluate_checkpoint", look)
    for more in ({}, {"tensorboard": True}):
        run = create_run(quick_config(epochs=1, training=more), runs_folder)
        assert worker.work(run, runs_folder / "data")["event"] == "finished"
    assert found and all(map(all, found))


@pytest.mark.parametrize("error", [WORDINGS["CUDA"], WORDINGS["cuDNN"], WORDINGS["Windows"]])
def test_a_test_that_does_not_fit_is_halved_and_said_once(error, runs_folder, monkeypatch):
    whole = create_run(quick_config(epochs=1), runs_folder)
    worker.work(whole, runs_folder / "data")
    real = scoring.rebuild

    def tight(*arguments):
        model = real(*arguments)

        def look(module, inputs):
            if len(inputs[0]) > 100:
                raise error

        model.register_forward_pre_hook(look)
        return model

    monkeypatch.setattr(scoring, "rebuild", tight)
    run = create_run(quick_config(epochs=1), runs_folder)
    assert worker.work(run, runs_folder / "data")["event"] == "finished"
    found, expected = (History(each).update().test for each in (run, whole))
    assert found["confusion_matrix"] == expected["confusion_matrix"]
    assert found["test/loss"] == pytest.approx(expected["test/loss"], rel=1e-5)
    assert sum("measured at a time" in words for words in said(run)) == 1


def test_a_process_that_was_killed_for_memory_is_told_as_such(runs_folder):
    run = create_run(quick_config(batch_size=64), runs_folder)
    log = EventWriter(run.event_log)
    log.write("started", epochs=1, total_steps=3)
    log.close()
    run.worker_lock.touch()
    note_killed(run)
    status = run.status()
    assert status.name == "interrupted"
    assert_one_sentence(status.reason, "system ended its process because memory ran out", "such as 32")
    assert half_batch(History(run).update().end) == 32
    note_killed(run)
    assert kinds(run).count("interrupted") == 1


@pytest.mark.parametrize("what", ["it ended with a word", "it waits again", "another one trains it"])
def test_a_run_that_goes_its_way_is_not_told_killed(what, runs_folder):
    run = create_run(quick_config(), runs_folder)
    log = EventWriter(run.event_log)
    log.write("failed" if what == "it ended with a word" else "started", message="So.")
    log.close()
    if what == "it waits again":
        run.queue_place.touch()
    with FileLock(run.worker_lock) if what == "another one trains it" else FileLock(runs_folder / "another.lock"):
        note_killed(run)
    assert "interrupted" not in kinds(run)
