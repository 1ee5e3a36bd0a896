"""Networks of epochs that are kept besides the best and the last: which, and that they are what the network was then."""

import numpy as np
import pytest

from core.errors import TrainDeskError
from core.inference.classifier import Classifier
from core.runs.snapshots import SnapshotStore
from core.runs.store import create_run
from core.training.settings import KEPT, TrainingSettings
from core.workers.control import ask_to_resume
from core.workers.worker import work
from tests.helpers import assert_one_sentence, quick_config


def test_each_that_was_asked_for_is_the_network_of_its_epoch(runs_folder, data_folder):
    run = create_run(quick_config(epochs=4, training={"keep_every": 2}), runs_folder)
    work(run, data_folder)
    assert list(run.checkpoints()) == ["best", "last", "2", "4"]
    store = SnapshotStore(run)
    pictures = store.probe_images().pixels.transpose(0, 3, 1, 2)
    for epoch in (2, 4):
        classifier = Classifier.load(run, str(epoch))
        assert (classifier.epoch, classifier.checkpoint) == (epoch, str(epoch))
        assert np.allclose(classifier.predict(pictures), store.read(epoch).probabilities, atol=0.02)
    assert not np.allclose(Classifier.load(run, "2").predict(pictures), Classifier.load(run, "4").predict(pictures))
    assert Classifier.load(run, "last").epoch == 4 and Classifier.load(run).checkpoint == "best"
    ask_to_resume(run, more_epochs=2)
    work(run, data_folder)
    assert list(run.checkpoints()) == ["best", "last", "2", "4", "6"]
    for name in ("5", "../best", "000004"):
        with pytest.raises(TrainDeskError) as caught:
            Classifier.load(run, name)
        assert_one_sentence(str(caught.value), f"no network '{name}'", "best, last, epoch 2, epoch 4, epoch 6")


def test_what_else_lies_in_the_folder_is_no_network(runs_folder):
    run = create_run(quick_config(), runs_folder)
    run.kept.mkdir()
    for name in ("000001.pt.part", "5.pt", "notes.txt"):
        (run.kept / name).write_bytes(b"")
    (run.kept / "000003.pt").mkdir()
    assert run.checkpoints() == {} and run.checkpoint() is None
    run.kept.joinpath("000002.pt").write_bytes(b"")
    assert list(run.checkpoints()) == ["2"] and run.checkpoint() is None and run.checkpoint("2")


@pytest.mark.parametrize("every", [0, 1, 3, 10_000])
@pytest.mark.parametrize("epochs", [1, 100, 101, 2500, 10_000])
def test_no_training_keeps_more_than_a_hundred(epochs, every):
    training = TrainingSettings(epochs=epochs, keep_every=every)
    kept = [epoch for epoch in range(1, epochs + 1) if training.keeps(epoch)]
    assert len(kept) <= KEPT and all(epoch % every == 0 for epoch in kept)
    assert kept or every == 0 or epochs < every
    if every and epochs <= KEPT * every:
        assert kept == list(range(every, epochs + 1, every))
