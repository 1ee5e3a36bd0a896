"""Runs that earlier releases wrote open as they are: their names of settings, of parts of checkpoints and of files are read."""

import json
import shutil
from pathlib import Path

import torch

from core.cli.overrides import with_overrides
from core.export.metrics import metrics_table
from core.run_config import RunConfig
from core.runs.example import example
from core.runs.history import History
from core.runs.snapshots import SnapshotStore
from core.runs.store import Run
from core.runs.summary import summarise
from core.training.checkpoints import load_checkpoint
from core.workers.worker import work

PAUSED = Path(__file__).parent / "last_release"  # in the middle of its second epoch of three


def copied(folder) -> Run:
    shutil.copytree(PAUSED, folder / PAUSED.name)
    return Run(folder / PAUSED.name)


def test_a_run_that_was_paused_goes_on_where_it_was(runs_folder, data_folder):
    run = copied(runs_folder)
    assert json.loads(run.config_file.read_text())["training"]["shortest_epoch"] == 0.2
    assert run.config().training.epoch_seconds == 0.2 and run.status().name == "paused"
    resume = load_checkpoint(run.last)["resume"]
    assert {"tally", "pieces", "waited"} <= resume.keys() and resume["optimizer"]["param_groups"][0]["pace"] == 1.0
    assert work(run, data_folder)["event"] == "finished"
    history = History(run).update()
    assert [epoch["epoch"] for epoch in history.epochs] == [1, 2, 3] and history.epochs[-1]["val/accuracy"] > 0.8
    assert history.epochs[-1]["seconds"] >= 0.19, "still in slow motion"
    assert SnapshotStore(run).epochs() == [1, 2, 3] and SnapshotStore(run).read(1).probabilities.shape == (12, 10)
    assert load_checkpoint(run.last)["resume"]["optimizer"]["param_groups"][0]["lr_scale"] == 1.0


def test_the_example_opens_unchanged(monkeypatch):
    monkeypatch.delenv("TRAINDESK_EXAMPLE")
    run = example()
    assert "shortest_epoch" in run.config_file.read_text() and run.config().training.epoch_seconds == 0
    history = History(run).update()
    summary = summarise(run, history, "finished", "")
    assert not summary.problem and summary.epochs == summary.planned and summary.test_accuracy > 0.9
    table = metrics_table(history)
    assert {"train/loss", "train/accuracy", "learning_rate", "images_per_second", "val/loss", "val/accuracy"} <= {
        *table.columns
    }
    store = SnapshotStore(run)
    assert len(store.probe_images().labels) == len(store.read(1).probabilities) and store.read(1).filters is not None
    assert all(torch.isfinite(weights).all() for weights in load_checkpoint(run.best)["model"].values())


def test_old_names_of_settings_are_read():
    config = RunConfig.from_dict({"architecture": {"name": "resnet18", "backbone_pace": 0.25}})
    assert config.architecture.backbone_lr_scale == 0.25 and "backbone_pace" not in config.model_dump_json()


def test_the_old_name_of_a_setting_is_taken_on_the_command_line():
    for name in ("shortest_epoch", "training.shortest_epoch", "epoch_seconds"):
        config = with_overrides(RunConfig.from_dict({}), [f"{name}=3"])
        assert config.training.epoch_seconds == 3 and "shortest_epoch" not in config.model_dump_json()
