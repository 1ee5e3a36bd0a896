"""What is kept of a network while it learns."""

import numpy as np
import pytest
import torch

from core.architectures import ARCHITECTURES
from core.runs.snapshots import PICTURES, SnapshotStore
from core.runs.store import create_run
from core.training.snapshots import first_filters, probe_rows
from core.workers.worker import work
from tests.helpers import quick_config


def test_one_of_each_class_in_turn():
    labels = torch.tensor([0, 0, 0, 0, 2, 1, 2, 1, 1])
    chosen = probe_rows(labels, 5)
    assert sorted(labels[chosen].tolist()) == [0, 0, 1, 1, 2] or sorted(labels[chosen].tolist()) == [0, 0, 1, 2, 2]
    assert len(set(chosen.tolist())) == 5
    assert len(probe_rows(labels, 100)) == len(labels)


def test_of_ten_classes_all_are_watched():
    labels = torch.arange(10).repeat(50)
    chosen = probe_rows(labels)
    assert len(chosen) == PICTURES and set(labels[chosen].tolist()) == set(range(10))


@pytest.mark.parametrize("name", ARCHITECTURES.names())
def test_first_filters_are_the_first_layers_weights(name):
    model = ARCHITECTURES.get(name)().build((3, 32, 32), 10)
    filters = first_filters(model, (3, 32, 32))
    weights = next(parameter for parameter in model.parameters() if parameter.ndim > 1)
    assert filters is not None and filters.shape[-1] == 3 and 1 < len(filters) <= 24
    expected = weights[0].detach().reshape(3, *filters.shape[1:3]).permute(1, 2, 0).numpy()
    assert np.allclose(filters[0], expected)


def test_a_run_keeps_what_its_network_says_of_the_watched_pictures(runs_folder):
    run = create_run(quick_config(epochs=3), runs_folder)
    assert work(run, runs_folder)["event"] == "finished"
    store = SnapshotStore(run)
    assert store.epochs() == [1, 2, 3]
    probe, snapshot = store.probe_images(), store.read(3)
    assert probe.pixels.dtype == np.uint8 and probe.pixels.shape[1:] == (8, 8, 1)
    assert np.allclose(snapshot.probabilities.sum(axis=1), 1, atol=0.01)
    assert (
        snapshot.confusion.sum() == [event for event in run.events()[0] if event["event"] == "started"][0]["val_images"]
    )
    from core.inference.classifier import Classifier

    classifier = Classifier.load(run)  # the best network; ask it the same pictures
    best = [event for event in run.events()[0] if event["event"] == "epoch" and event["best"]][-1]["epoch"]
    said = classifier.predict(list(probe.pixels.transpose(0, 3, 1, 2)))
    assert np.allclose(np.asarray(said), store.read(best).probabilities, atol=0.02)


def test_watching_does_not_change_the_training(runs_folder, monkeypatch):
    from core.training import snapshots
    from tests.core.running import same_weights

    kept = create_run(quick_config(epochs=2), runs_folder)
    work(kept, runs_folder)
    monkeypatch.setattr(snapshots.SnapshotRecorder, "epoch", lambda *_: None)
    alone = create_run(quick_config(epochs=2), runs_folder)
    work(alone, runs_folder)
    assert same_weights(kept.last, alone.last) and not SnapshotStore(alone).epochs()
