"""What a session does beside training: what it keeps when it ends in any way, and what it says."""

import errno
import os

import numpy as np
import pytest
import torch
from torch import nn

from core import session, worker
from core.architectures import ARCHITECTURES, ArchitectureSettings
from core.inference.classifier import Classifier
from core.runs import events
from core.runs.control import ask_to_resume
from core.runs.history import History
from core.runs.store import create_run
from core.training import checkpoints, recorder
from core.training.checkpoints import load_checkpoint
from core.training.loop import evaluate
from core.training.optimizers import SGD
from core.training.ready import data_on_device
from tests.core.running import finite, kinds, same_weights
from tests.core.training.trained import CPU, plain, result_of
from tests.helpers import assert_one_sentence, quick_config

QUICK = {"batch_size": 300}  # 5 steps an epoch


@pytest.fixture(autouse=True)
def _seen_at_once(monkeypatch):
    """Requests are seen after every step, and every step is in the log."""
    monkeypatch.setattr("core.runs.requests.POLL_SECONDS", 0)
    monkeypatch.setattr(recorder, "LONGEST_SILENCE", -1)


@pytest.fixture
def train(runs_folder):
    """Trains a run, or a new one of these settings, and gives it with its last event."""

    def start(run=None, listen=lambda event: None, **settings):
        run = run or create_run(quick_config(**{**QUICK, **settings}), runs_folder)
        return run, worker.work(run, runs_folder / "data", lambda event: listen(event))

    return start


def at(kind, request, **values):
    """A listener that asks for something at the first event of a kind with these values."""
    asked = []

    def listen(event):
        if event["event"] == kind and values.items() <= event.items() and not asked:
            asked.append(event)
            request()

    return listen


def new(runs_folder, **settings):
    return create_run(quick_config(**{**QUICK, **settings}), runs_folder)


def everything(path):
    """All of a checkpoint but the config it was made with and its metrics, which a pause in an epoch leaves out."""
    return plain({key: value for key, value in load_checkpoint(path).items() if key not in ("config", "metrics")})


# --- pauses ----------------------------------------------------------------------------------------------------------

SITUATIONS = {
    "plain": {},
    "average, bfloat16 and MixUp": {
        "architecture": {"name": "improved_cnn", "channels": [4]},
        "augmentation": {"mixup": 0.3},
        "training": {"average_decay": 0.9, "precision": "bfloat16"},
        "schedule": "one_cycle",
    },
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_run_paused_after_every_second_step_ends_as_if_never_paused(name, train, runs_folder):
    settings = {**SITUATIONS[name], "epochs": 2}
    whole, _ = train(**settings)
    run = create_run(whole.config(), runs_folder)
    sessions, end = 0, {"event": "paused"}
    while end["event"] == "paused" and sessions < 20:  # a pause that saves nothing would never end
        steps = []

        def listen(event, steps=steps):
            steps.extend([event] if event["event"] == "step" else [])
            if len(steps) == 2:
                run.request_pause()

        _, end = train(run, listen)
        sessions += 1
    assert end["event"] == "finished" and sessions >= 5
    assert everything(run.last) == everything(whole.last) and everything(run.best) == everything(whole.best)
    mine, theirs = History(run).update(), History(whole).update()
    assert (mine.steps, mine.losses) == (theirs.steps, theirs.losses)
    timeless = ("time", "seconds", "memory_bytes")
    for one, other in zip([*mine.epochs, mine.test], [*theirs.epochs, theirs.test], strict=True):
        assert {k: v for k, v in one.items() if k not in timeless} == {
            k: v for k, v in other.items() if k not in timeless
        }
    assert kinds(run).count("started") == 1 and kinds(run).count("resumed") == sessions - 1


def test_a_pause_says_where_and_removes_its_request(train, runs_folder):
    run = new(runs_folder, epochs=3)
    _, end = train(run, at("step", run.request_pause, step=7))
    assert end["event"] == "paused" == run.status().name
    assert_one_sentence(end["message"], "Paused by request at step 7 of 15", "when you resume it")
    assert not run.pause_request.exists()
    assert load_checkpoint(run.last)["step"] == 7 and History(run).update().steps[-1] == 7


def test_a_pause_while_pictures_are_prepared_begins_with_them_again(train, runs_folder):
    resnet = {"name": "resnet18", "weights": "random", "train": "head"}
    run = new(runs_folder, architecture=resnet)
    _, end = train(run, at("preparing", run.request_pause))
    assert end["event"] == "paused" and not run.last.exists()
    assert train(run)[1]["event"] == "finished"
    assert kinds(run).count("started") == 2 and History(run).update().steps == [1, 2, 3, 4, 5]


def test_a_pause_while_testing_only_tests_again(train, runs_folder, monkeypatch):
    run = new(runs_folder)
    testing = session._test
    monkeypatch.setattr(session, "_test", lambda *arguments: run.request_pause() or testing(*arguments))
    _, end = train(run)
    assert end["event"] == "paused"
    assert_one_sentence(end["message"], "while testing")
    before = run.last.read_bytes()
    monkeypatch.setattr(session, "_test", testing)
    assert train(run)[1]["event"] == "finished"
    assert run.last.read_bytes() == before
    assert History(run).update().test["images"] == 360 and History(run).update().steps == [1, 2, 3, 4, 5]


def test_slow_motion_goes_on_where_it_was(train, runs_folder, monkeypatch):
    """A run left at the end of an epoch must not begin with waiting for as long as the epoch had taken."""
    waits = []
    monkeypatch.setattr(
        session, "_wait_until", lambda moment, requests: waits.append(moment - session.time.monotonic())
    )
    run = new(runs_folder, epochs=2, training={"shortest_epoch": 500})
    train(run, at("step", run.request_pause, step=4))
    assert waits == pytest.approx([100, 200, 300, 400], abs=20)
    waits.clear()
    train(run)
    assert waits[0] == pytest.approx(100, abs=20), "from the fourth step to the fifth"
    assert waits[1] == pytest.approx(100, abs=20), "and from the beginning of an epoch to its first"


# --- more epochs -----------------------------------------------------------------------------------------------------


def test_more_epochs_renew_the_test_and_the_config(train, runs_folder):
    run, _ = train(epochs=2)
    first = load_checkpoint(run.last)
    ask_to_resume(run, more_epochs=5)
    begun = []
    _, end = train(run, lambda event: begun.append(event) if event["event"] == "resumed" else None)
    assert_one_sentence(end["message"], "Trained 7 epochs")
    assert (begun[0]["step"], begun[0]["epoch"], begun[0]["epochs"]) == (10, 2, 7)
    assert run.config().training.epochs == 7 == load_checkpoint(run.last)["epoch"]
    history = History(run).update()
    assert [epoch["epoch"] for epoch in history.epochs] == [1, 2, 3, 4, 5, 6, 7]
    tests = [event for event in run.events()[0] if event["event"] == "test"]
    assert len(tests) == 2 and history.test == tests[1]
    assert tests[1]["from_epoch"] == history.best_epoch()["epoch"]
    assert first["step"] == 10


def test_patience_begins_anew_with_the_epochs_that_were_added(train):
    settings = {"epochs": 9, "optimizer": {"name": "sgd", "learning_rate": 1e-9}, "training": {"patience": 2}}
    run, end = train(**settings)
    assert_one_sentence(end["message"], "Trained 3 of 9")
    ask_to_resume(run, more_epochs=1)
    assert_one_sentence(train(run)[1]["message"], "Trained 5 of 10")


def test_a_pause_does_not_make_it_more_patient(train, runs_folder):
    settings = {"epochs": 9, "optimizer": {"name": "sgd", "learning_rate": 1e-9}, "training": {"patience": 3}}
    run = new(runs_folder, **settings)
    train(run, at("epoch", run.request_pause, epoch=3))
    assert_one_sentence(train(run)[1]["message"], "Trained 4 of 9")


# --- learning rate ---------------------------------------------------------------------------------------------------


def rates(run):
    return {event["step"]: event["learning_rate"] for event in run.events()[0] if event["event"] == "step"}


def test_a_learning_rate_asked_for_with_the_resume_counts_from_the_first_step(train, runs_folder):
    """After a loss that became NaN, one more step of the old length would be one too many."""
    run = new(runs_folder, optimizer={"name": "sgd", "learning_rate": 0.5}, schedule="constant")
    train(run, at("step", run.request_pause, step=2))
    ask_to_resume(run, learning_rate=0.01)
    train(run)
    assert rates(run) == pytest.approx({1: 0.5, 2: 0.5, 3: 0.01, 4: 0.01, 5: 0.01})
    (change,) = History(run).update().learning_rates
    assert (change["step"], change["learning_rate"]) == (2, 0.01)


def test_a_change_counts_from_the_next_step_on_under_the_schedule(train, runs_folder):
    schedule = {"name": "step", "every": 1, "gamma": 0.5}
    run = new(runs_folder, epochs=2, optimizer={"name": "sgd", "learning_rate": 0.4}, schedule=schedule)
    train(run, at("step", lambda: run.request_learning_rate(0.08), step=3))
    assert [rates(run)[step] for step in (3, 4, 5, 6, 10)] == pytest.approx([0.4, 0.08, 0.08, 0.04, 0.04])
    assert load_checkpoint(run.last)["resume"]["learning_rate"] == 0.08
    assert run.config().optimizer.learning_rate == 0.4, "the config says how it began"


# --- failures --------------------------------------------------------------------------------------------------------


def explode_at(number):
    """An SGD whose update of that number throws the weights out of the numbers."""

    def build(self, groups):
        optimizer, calls = torch.optim.SGD(groups, lr=0.01), iter(range(1, 1000))

        def before(*_):
            if next(calls) == number:
                optimizer.param_groups[0].update(lr=float("inf"))

        optimizer.register_step_pre_hook(before)
        return optimizer

    return build


@pytest.mark.parametrize("number", [1, 4, 5, 8])
def test_a_network_that_leaves_the_numbers_replaces_no_checkpoint_in_the_middle_of_an_epoch(number, train, monkeypatch):
    monkeypatch.setattr(session, "LONGEST_LOSS", -1.0)  # a checkpoint after every step
    monkeypatch.setattr(SGD, "build", explode_at(number))
    run, end = train(epochs=3, optimizer={"name": "sgd", "learning_rate": 0.02})
    assert end["event"] == "failed"
    assert_one_sentence(end["message"], "at step", "with learning rate 0.02", "try 0.002 or less")
    assert run.last.exists() == (number > 1)
    if number > 1:
        assert finite(run.last) and load_checkpoint(run.last)["step"] == number - 1
        monkeypatch.undo()
        ask_to_resume(run, learning_rate=0.002)
        assert train(run)[1]["event"] == "finished"


def test_the_best_of_the_epoch_before_a_failure_is_on_the_disk(train, monkeypatch):
    """It was asked for a moment before; the process must not end while it is being written."""
    write = checkpoints.write_atomically

    def slowly(path, data):
        session.time.sleep(0.2)
        write(path, data)

    monkeypatch.setattr(checkpoints, "write_atomically", slowly)
    monkeypatch.setattr(SGD, "build", explode_at(6))
    run, end = train(epochs=3, optimizer="sgd")
    assert end["event"] == "failed"
    assert load_checkpoint(run.best)["epoch"] == load_checkpoint(run.last)["epoch"] == 1


def test_an_epoch_is_in_the_log_before_a_checkpoint_knows_of_it(train, runs_folder, monkeypatch):
    """Killed in between, the epoch happens again; the other way round it would be missing for ever."""
    write, missing = checkpoints.write_atomically, []
    run = new(runs_folder, epochs=4)

    def look(path, data):
        write(path, data)
        epoch = load_checkpoint(path)["epoch"]
        missing.extend({*range(1, epoch + 1)} - {event["epoch"] for event in History(run).update().epochs})

    class AtOnce:
        """Instead of the thread: writes while the training waits."""

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def save(self, path, content):
            checkpoints.write_checkpoint(path, content)

        def check(self):
            pass

        wait = check

    monkeypatch.setattr(checkpoints, "write_atomically", look)
    monkeypatch.setattr("core.training.saving.CheckpointWriter", AtOnce)
    assert train(run)[1]["event"] == "finished"
    assert missing == []


class Limit(nn.Module):
    """Has memory for so many images at a time."""

    def __init__(self, most):
        super().__init__()
        self.most = most

    def forward(self, inputs):
        if self.training and len(inputs) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return inputs


class Tight(ArchitectureSettings):
    label = "tight"
    name: str = "tight"
    most: int = 0

    def build(self, shape, classes):
        return nn.Sequential(nn.Flatten(), Limit(self.most), nn.Linear(shape[0] * shape[1] * shape[2], classes))


@pytest.fixture
def tight(monkeypatch):
    monkeypatch.setitem(ARCHITECTURES._classes, "tight", Tight)
    return lambda most: {"architecture": {"name": "tight", "most": most}}


def test_short_memory_is_said_once_and_remembered(tight, train, runs_folder):
    run = new(runs_folder, epochs=2, **tight(100))
    train(run, at("step", run.request_pause, step=3))
    assert load_checkpoint(run.last)["resume"]["pieces"] == 4
    assert train(run)[1]["event"] == "finished"
    notices = [notice["message"] for notice in History(run).update().notices]
    assert len(notices) == 2, "the second half of the run knows"
    assert_one_sentence(notices[1], "300 images does not fit", "in 4 pieces", "the arithmetic stays the same")
    roomy, _ = train(epochs=2, **tight(1000))
    one, other = (load_checkpoint(path)["model"] for path in (run.last, roomy.last))
    for name, weights in one.items():
        torch.testing.assert_close(weights, other[name], rtol=1e-3, atol=1e-5)


def test_too_short_memory_is_one_sentence(tight, train):
    _, end = train(**tight(0))
    assert end["event"] == "failed"
    assert_one_sentence(end["message"], "not enough memory", "even with 1 image at a time")


# --- full disks ------------------------------------------------------------------------------------------------------


def full(path="last.pt"):
    return OSError(errno.ENOSPC, "No space left on device", str(path))


@pytest.mark.parametrize("where", ["open", "fsync", "replace"])
def test_a_disk_that_fills_up_pauses_the_run_and_leaves_its_checkpoint(where, train, runs_folder, monkeypatch):
    run = new(runs_folder, epochs=6)
    train(run, at("epoch", run.request_pause, epoch=2))
    before = everything(run.last)

    def fails(*_, **__):
        raise full()

    with monkeypatch.context() as patch:
        if where == "open":
            patch.setattr(checkpoints, "write_atomically", fails)
        else:
            patch.setattr(os, where, fails)
        _, end = train(run)
    assert end["event"] == "paused" == run.status().name
    assert_one_sentence(end["message"], "disk is full", "the last checkpoint is intact", "free some space and resume")
    assert everything(run.last) == before
    assert not list(run.folder.glob(".*.tmp"))
    assert train(run)[1]["event"] == "finished"
    assert same_weights(run.last, train(epochs=6)[0].last)


@pytest.mark.parametrize("when", ["from the start", "later"])
def test_a_disk_too_full_for_the_log_too_is_said_where_the_worker_prints(when, train, runs_folder, monkeypatch, capsys):
    run = new(runs_folder, epochs=3)
    write = events.EventWriter.write

    def full_log(self, kind, **values):
        if when == "from the start" or kind not in ("started", "step"):
            raise full("events.jsonl")
        return write(self, kind, **values)

    with monkeypatch.context() as patch:
        patch.setattr(events.EventWriter, "write", full_log)
        _, end = train(run)
    assert end["event"] == "paused"
    said = capsys.readouterr().err
    assert "the disk is full" in said and "No space left on device" in said and "Traceback" not in said
    assert run.status().name == "interrupted" and not run.worker_is_alive(), "its lock is free"
    assert train(run)[1]["event"] == "finished"
    assert [epoch["epoch"] for epoch in History(run).update().epochs] == [1, 2, 3]


def test_a_log_that_cannot_be_opened_is_one_sentence(runs_folder, capsys):
    run = new(runs_folder)
    run.event_log.mkdir()
    assert worker.main([str(run.folder), "--data", str(runs_folder)]) == 1
    assert_one_sentence(capsys.readouterr().err.strip(), run.id, "cannot be written")
    assert not run.worker_is_alive()


def test_what_a_killed_worker_left_half_written_is_removed_and_nothing_else(train, runs_folder):
    run = new(runs_folder)
    for name in (".last.pt.123.tmp", ".best.pt.4.tmp", ".config.json.5.tmp", "notes.pt.tmp"):
        (run.folder / name).write_bytes(b"half")
    train(run)
    left = {path.name for path in run.folder.iterdir()}
    assert left == {
        *("config.json", "events.jsonl", "best.pt", "last.pt", "worker.lock"),
        *(".config.json.5.tmp", "notes.pt.tmp"),
    }


@pytest.mark.parametrize("content", [b"", b"PK", b"These are no weights."])
def test_a_damaged_last_checkpoint_fails_in_one_sentence_and_stays(content, train):
    run, _ = train()
    run.last.write_bytes(content)
    ask_to_resume(run, more_epochs=1)
    _, end = train(run)
    assert end["event"] == "failed"
    assert_one_sentence(end["message"], "last.pt")
    assert run.last.read_bytes() == content and run.best.exists()


# --- status, threads, answers ----------------------------------------------------------------------------------------


def test_the_status_goes_from_starting_to_running_to_its_end_and_never_back(train, runs_folder):
    run = new(runs_folder, epochs=2)
    seen = [run.status().name]
    look = lambda event: seen.append(run.status().name)  # noqa: E731
    train(run, look)
    seen.append(run.status().name)
    ask_to_resume(run, more_epochs=1)
    seen.append(run.status().name)
    train(run, look)
    seen.append(run.status().name)
    changes = [name for index, name in enumerate(seen) if index == 0 or seen[index - 1] != name]
    assert changes == ["starting", "running", "finished", "starting", "running", "finished"]


def test_a_run_that_goes_on_has_the_threads_it_had(train, runs_folder, monkeypatch):
    """Another number of threads rounds sums differently."""
    monkeypatch.setattr("core.devices.usable_cores", lambda: 2)
    monkeypatch.setattr("core.devices._own_choice_of_torch", lambda: 2)
    monkeypatch.setattr("core.machine.tempfile.tempdir", str(runs_folder))
    before = torch.get_num_threads()
    try:
        run = new(runs_folder, batch_size=400, epochs=2)
        train(run, at("epoch", run.request_pause, epoch=1))
        assert History(run).update().session["threads"] == 2
        monkeypatch.setattr("core.devices.usable_cores", lambda: 1)
        in_use = []
        train(run, lambda event: in_use.append(torch.get_num_threads()) if event["event"] == "step" else None)
        assert History(run).update().session["threads"] == 2 and set(in_use) == {2}
    finally:
        torch.set_num_threads(before)


RESNET = {"name": "resnet18", "weights": "random", "train": "head"}


def in_float32(config):
    return config.model_copy(update={"training": config.training.model_copy(update={"precision": "float32"})})


@pytest.mark.parametrize(
    "settings",
    [
        {"training": {"precision": "bfloat16"}, "architecture": {"name": "improved_cnn", "channels": [4]}},
        {"training": {"average_decay": 0.9}, "architecture": {"name": "improved_cnn", "channels": [4]}},
        {"architecture": RESNET},
        {"architecture": RESNET, "training": {"precision": "bfloat16", "average_decay": 0.5}},
    ],
    ids=["bfloat16", "average", "features", "all"],
)
def test_a_classifier_answers_as_the_network_that_was_trained(settings, train, runs_folder, monkeypatch):
    from core.training import loop

    states, begin = [], loop.begin
    monkeypatch.setattr(loop, "begin", lambda *arguments: states.append(begin(*arguments)) or states[-1])
    run, end = train(**settings)
    assert end["event"] == "finished"
    classifier, config = Classifier.load(run), run.config()
    images = config.dataset.load(None).test_images
    answers = classifier.predict([image.numpy() for image in images])
    splits, _ = data_on_device(in_float32(config), runs_folder / "data", CPU)
    with torch.inference_mode():
        expected = config.loss.probabilities(states[0].judged.eval()(splits.test.slice(0, len(splits.test))[0]))
    np.testing.assert_allclose(answers, expected.numpy(), atol=1e-5)
    accuracy = (answers.argmax(axis=1) == splits.test.labels.numpy()).mean()
    assert accuracy == pytest.approx(History(run).update().test["test/accuracy"])


@pytest.mark.parametrize(("wanted", "said"), [("bfloat16", "bfloat16"), ("float32", "float32"), ("auto", "float32")])
def test_the_precision_is_in_the_log(wanted, said, train):
    run, _ = train(batch_size=100, training={"precision": wanted})
    assert History(run).update().started["precision"] == said == load_checkpoint(run.last)["resume"]["precision"]


def test_the_test_is_measured_in_float32(train, runs_folder):
    run, _ = train(training={"precision": "bfloat16"}, architecture={"name": "improved_cnn", "channels": [4]})
    classifier, config = Classifier.load(run), run.config()
    splits, precision = data_on_device(in_float32(config), runs_folder / "data", CPU)
    assert precision is torch.float32
    test = History(run).update().test
    assert test["test/loss"] == result_of(evaluate(classifier.model, splits.test, config.loss, 250)).loss
