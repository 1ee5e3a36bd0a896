"""A training that continues from an earlier one with more pictures: what it keeps, and what it says."""

import pytest
import torch

from core.image_sets.edit import editing
from core.image_sets.folders import delete_dataset
from core.image_sets.merge import merge
from core.run_config import RunConfig
from core.runs.history import History
from core.runs.store import create_run
from core.training.checkpoints import load_checkpoint
from core.workers.earlier import continued, in_short, in_words, last_network, what_is_new
from core.workers.worker import work
from tests.helpers import assert_one_sentence
from tests.own import class_files, own_dataset, staged


@pytest.fixture
def grown(runs_folder, tmp_path, monkeypatch):
    """A dataset, the run that learned it, and what was added since: pictures, and a class that stands between the others."""
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path / "data"))
    dataset = own_dataset(tmp_path / "data", tmp_path, {"stripes": 20, "dots": 20})
    data = {
        "title": "First",
        "dataset": {"name": "own_images", "source": dataset.id, "side": 28},
        "architecture": {"name": "improved_cnn", "channels": [4, 8]},
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "training": {"epochs": 8, "batch_size": 8, "device": "cpu"},
    }
    run = create_run(RunConfig.from_dict(data), runs_folder)
    assert work(run, tmp_path / "data")["event"] == "finished"
    more, _ = staged(tmp_path, class_files({"stripes": 4, "rings": 20}, first=100), "more.zip")
    merge(more, dataset)
    return dataset, run, tmp_path / "data"


def head(run):
    return [value for name, value in load_checkpoint(run.best)["model"].items() if value.is_floating_point()][-2:]


def test_it_is_shorter_and_slower_and_keeps_the_rows_of_the_old_classes(grown, runs_folder):
    dataset, run, data = grown
    config = continued(run, dataset)
    assert (config.training.epochs, config.optimizer.learning_rate) == (4, 0.005)
    assert config.training.start_from == run.id and config.dataset.version == 2
    assert set(config.dataset.info().class_names) == {"stripes", "dots", "rings"}
    assert what_is_new(run.config(), config, dataset) == "24 new pictures and the new class 'rings'"
    assert in_short(run.config(), config) == "4 epochs at a learning rate of 0.005 instead of 8 at 0.01"
    still = config.model_copy(update={"optimizer": config.optimizer.model_copy(update={"learning_rate": 1e-12})})
    second = create_run(still, runs_folder)
    assert work(second, data)["event"] == "finished"
    now, then = config.dataset.info().class_names, run.config().dataset.info().class_names
    for here, there in zip(head(second), head(run), strict=True):
        for name in then:
            assert torch.allclose(here[now.index(name)], there[then.index(name)], atol=1e-6)
    [said] = History(second).update().notices
    assert_one_sentence(said["message"], "Continues from 'First', its network of epoch", "is kept, new is 'rings'")
    again = continued(second, dataset)
    assert (again.training.epochs, again.training.start_from) == (4, second.id), "not shorter each time"
    assert again.optimizer.learning_rate == 1e-12
    assert in_short(second.config(), again) == "4 epochs at a learning rate of 1e-12, as before"


def test_the_last_network_is_the_newest_that_has_ended_and_has_one(grown, runs_folder):
    dataset, run, _ = grown
    config = continued(run, dataset)
    without, moving = create_run(config, runs_folder), create_run(config, runs_folder)
    moving.best.write_bytes(b"never read")
    moving.starting_mark.touch()
    pairs = [(each, each.config()) for each in (moving, without, run)]
    assert last_network(dataset, [(without, None), *pairs]) == run
    moving.starting_mark.unlink()
    assert last_network(dataset, pairs) == moving
    assert last_network(dataset, pairs[1:2]) is None


def test_what_becomes_of_the_classes_is_said(grown):
    dataset, run, _ = grown
    config = continued(run, dataset)
    earlier = {"run": "A", "epoch": 3}
    same = earlier | {"class_names": config.dataset.info().class_names}
    assert in_words(config, same) == "Continues from 'A', its network of epoch 3: all it learned is kept."
    gone = in_words(config, earlier | {"class_names": ["dots", "x"]})
    assert_one_sentence(gone, "of 'dots' is kept, new is 'stripes' and 'rings', left out is 'x'")
    assert_one_sentence(in_words(config, earlier | {"class_names": ["x", "y"]}), "the last layer begins anew")
    with editing(dataset, "fewer") as edit:
        edit.remove(dataset.page(1, 0, 3))
    assert what_is_new(config, continued(run, dataset), dataset) == "the pictures as they are now"
    assert what_is_new(run.config(), continued(run, dataset), dataset) == "24 new pictures and the new class 'rings'"
    delete_dataset(dataset)
