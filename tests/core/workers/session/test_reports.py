"""What a session says of itself, and that what it kept answers as what it trained."""

from contextlib import ExitStack
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from core.inference.classifier import Classifier
from core.machine.cores import take_processor
from core.runs.history import History
from core.training.checkpoints import load_checkpoint
from core.training.data import data_on_device
from core.training.evaluation import drained, evaluate
from core.workers.control import ask_to_resume
from tests.core.training.trained import CPU
from tests.core.workers.session.sessions import at, new


def test_the_status_goes_from_starting_to_running_to_its_end_and_never_back(train, runs_folder):
    run = new(runs_folder, epochs=2)
    run.starting_mark.touch()  # as who launches a worker leaves it
    seen = [run.status().name]
    look = lambda event: seen.append(run.status().name)  # noqa: E731
    train(run, look)
    seen.append(run.status().name)
    ask_to_resume(run, more_epochs=1)
    run.starting_mark.touch()
    seen.append(run.status().name)
    train(run, look)
    seen.append(run.status().name)
    changes = [name for index, name in enumerate(seen) if index == 0 or seen[index - 1] != name]
    assert changes == ["starting", "running", "finished", "starting", "running", "finished"]


def test_a_run_that_goes_on_has_the_threads_it_had(train, runs_folder, monkeypatch):
    """Another number of threads rounds sums differently."""
    monkeypatch.setattr("core.machine.devices.usable_cores", lambda: 2)
    monkeypatch.setattr("core.machine.devices._own_choice_of_torch", lambda: 2)
    monkeypatch.setattr("core.machine.cores.tempfile.tempdir", str(runs_folder))
    before = torch.get_num_threads()
    try:
        run = new(runs_folder, batch_size=400, epochs=2)
        train(run, at("epoch", run.request_pause, epoch=1))
        assert History(run).update().session["threads"] == 2
        monkeypatch.setattr("core.machine.devices.usable_cores", lambda: 1)
        in_use = []
        train(run, lambda event: in_use.append(torch.get_num_threads()) if event["event"] == "step" else None)
        assert History(run).update().session["threads"] == 2 and set(in_use) == {2}
    finally:
        torch.set_num_threads(before)


@pytest.fixture
def load(runs_folder, monkeypatch):
    """Two cores, of which others keep busy what is put into it, at which a run looks between any two steps."""
    load = SimpleNamespace(cores=0.0)
    monkeypatch.setattr("core.machine.devices.usable_cores", lambda: 2)
    monkeypatch.setattr("core.machine.devices._own_choice_of_torch", lambda: 2)
    monkeypatch.setattr("core.machine.cores.tempfile.tempdir", str(runs_folder))
    monkeypatch.setattr("core.machine.threads.OtherLoad.cores", lambda _: load.cores)
    monkeypatch.setattr("core.machine.threads.SHORTEST", 0.0)
    monkeypatch.setattr("core.machine.threads.LOOK", 0.0)
    monkeypatch.delenv("OMP_NUM_THREADS")
    before = torch.get_num_threads()
    yield load
    torch.set_num_threads(before)


@pytest.mark.parametrize(("repeatable", "expected"), [(False, 1), (True, 2)])
def test_a_run_gives_way_to_others_unless_it_is_to_be_repeatable(repeatable, expected, train, runs_folder, load):
    """What is kept is the number that it was given: it goes on with all of them when the others are gone."""
    load.cores = 1000.0
    run, in_use = new(runs_folder, training={"batch_size": 400, "epochs": 2, "repeatable": repeatable}), set()
    train(run, lambda event: in_use.add(torch.get_num_threads()) if event["event"] == "step" else None)
    told = [event["message"] for event in run.events()[0] if event["event"] == "notice"]
    assert in_use == {expected} and len(told) == (expected == 1), told
    assert load_checkpoint(run.last)["resume"]["threads"] == 2


@pytest.mark.parametrize(("repeatable", "at_the_end"), [(False, 2), (True, 1)])
def test_a_run_takes_the_threads_of_one_that_ends_unless_it_is_to_be_repeatable(
    repeatable, at_the_end, train, runs_folder, load
):
    other, in_use = ExitStack(), []
    take_processor(other)

    def look(event):
        if event["event"] == "step":
            in_use.append(torch.get_num_threads())
        if event["event"] == "epoch":
            other.close()

    run = new(runs_folder, training={"batch_size": 400, "epochs": 6, "repeatable": repeatable})
    train(run, look)
    assert (in_use[0], in_use[-1]) == (1, at_the_end)
    assert load_checkpoint(run.last)["resume"]["threads"] == 1, "what it was given"


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
    from core.training import build

    states, begin = [], build.begin
    monkeypatch.setattr(build, "begin", lambda *arguments: states.append(begin(*arguments)) or states[-1])
    run, end = train(**settings)
    assert end["event"] == "finished"
    classifier, config = Classifier.load(run), run.config()
    images = config.dataset.load(None).test_images
    answers = classifier.predict([image.numpy() for image in images])
    splits, _ = data_on_device(in_float32(config), runs_folder / "data", CPU)
    with torch.inference_mode():
        expected = config.loss.probabilities(states[0].eval_model.eval()(splits.test.slice(0, len(splits.test))[0]))
    np.testing.assert_allclose(answers, expected.numpy(), atol=1e-5)
    accuracy = (answers.argmax(axis=1) == splits.test.labels.numpy()).mean()
    assert accuracy == pytest.approx(History(run).update().test["test/accuracy"])


@pytest.mark.parametrize(("wanted", "said"), [("bfloat16", "bfloat16"), ("float32", "float32"), ("auto", "float32")])
def test_the_precision_is_in_the_log(wanted, said, train):
    run, _ = train(batch_size=100, training={"precision": wanted})
    started, resume = History(run).update().started, load_checkpoint(run.last)["resume"]
    assert started["precision"] == said == resume["precision"]
    assert started["layout"] == "channels last" == resume["layout"] and resume["device"] == "cpu"
    assert started["why"] == "by rule, as batches are small"


@pytest.mark.parametrize("settings", [{}, {"repeatable": True}, {"precision": "float32"}], ids=str)
def test_torch_is_told_how_to_compute(settings, train, monkeypatch):
    told = []
    monkeypatch.setattr("core.training.precision.set_up", lambda *how: told.append(how))
    train(training=settings)
    assert told == [(CPU, settings.get("precision", "auto"), "repeatable" in settings)]


def test_the_test_is_measured_in_float32(train, runs_folder):
    run, _ = train(training={"precision": "bfloat16"}, architecture={"name": "improved_cnn", "channels": [4]})
    classifier, config = Classifier.load(run), run.config()
    splits, choice = data_on_device(in_float32(config), runs_folder / "data", CPU)
    assert choice.way.precision is torch.float32
    test = History(run).update().test
    assert test["test/loss"] == drained(evaluate(classifier.model, splits.test, config.loss, 250)).loss
