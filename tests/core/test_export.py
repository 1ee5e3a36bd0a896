"""Runs for other programs: what they read there is what the log says."""

import csv
import io
import sys

import pandas as pd
import pytest

from core import cli
from core.errors import TrainDeskError
from core.export import as_csv, as_parquet, metrics_table, to_mlflow, to_tensorboard
from core.runs.history import History
from core.runs.store import create_run
from core.worker import work
from tests.helpers import assert_one_sentence, quick_config


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    run = create_run(quick_config(title="To go", epochs=2, training={"shortest_epoch": 0.3}), folder)
    assert work(run, folder)["event"] == "finished"
    return run


def scalars(folder):
    """(tag, step) -> value of TensorBoard's event files, read by their own format."""
    from tensorboardX.proto.event_pb2 import Event

    found = {}
    for path in sorted(folder.glob("events.out.tfevents.*")):
        data = path.read_bytes()
        place = 0
        while place < len(data):
            length = int.from_bytes(data[place : place + 8], "little")
            event = Event.FromString(data[place + 12 : place + 12 + length])
            place += 12 + length + 4
            for value in event.summary.value:
                found[value.tag, event.step] = value.simple_value
    return found


def test_the_table_has_every_recorded_step_and_epoch_in_order(run):
    history = History(run).update()
    table = metrics_table(history)
    steps, epochs = table[table.event == "step"], table[table.event == "epoch"]
    assert steps["step"].tolist() == history.steps and steps["train/loss"].tolist() == history.losses
    assert epochs["val/accuracy"].tolist() == [epoch["val/accuracy"] for epoch in history.epochs]
    assert table["step"].is_monotonic_increasing and table["epoch"].max() == 2
    assert steps["epoch"].iloc[-1] == 2 and steps["epoch"].iloc[0] == 1


def test_csv_and_parquet_say_the_same(run):
    history = History(run).update()
    rows = list(csv.DictReader(io.StringIO(as_csv(history).decode())))
    table = pd.read_parquet(io.BytesIO(as_parquet(history)))
    assert len(rows) == len(table) == len(metrics_table(history))
    assert float(rows[0]["train/loss"]) == table["train/loss"].iloc[0] == history.losses[0]


def test_a_run_that_has_just_begun_is_an_empty_table(tmp_path):
    history = History(create_run(quick_config(), tmp_path)).update()
    assert len(metrics_table(history)) == 0 and as_csv(history)


def test_tensorboard_reads_what_the_log_says_also_when_it_is_written_twice(run):
    history = History(run).update()
    for _ in range(2):
        found = scalars(to_tensorboard(run))
    assert found["train/loss", history.steps[0]] == pytest.approx(history.losses[0])
    last = history.epochs[-1]
    assert found["val/accuracy", last["step"]] == pytest.approx(last["val/accuracy"])
    assert found["test/accuracy", last["step"]] == pytest.approx(history.test["test/accuracy"])
    assert len([1 for tag, _ in found if tag == "train/loss"]) == len(history.steps)


def test_live_the_files_grow_with_the_run(runs_folder):
    run = create_run(quick_config(epochs=2, training={"tensorboard": True}), runs_folder)
    assert work(run, runs_folder)["event"] == "finished"
    history = History(run).update()
    found = scalars(run.folder / "tensorboard")
    assert {step for tag, step in found if tag == "val/loss"} == {epoch["step"] for epoch in history.epochs}
    assert found["test/accuracy", history.steps[-1]] == pytest.approx(history.test["test/accuracy"])


def test_mlflow_gets_settings_metrics_and_the_best_network(run, tmp_path):
    tracking = pytest.importorskip("mlflow.tracking")
    run_id = to_mlflow(run, str(tmp_path / "mlflow"))
    client = tracking.MlflowClient(f"sqlite:///{tmp_path / 'mlflow' / 'mlflow.db'}")
    found = client.get_run(run_id)
    history = History(run).update()
    assert found.info.status == "FINISHED" and found.info.run_name == "To go"
    assert found.data.params["training.epochs"] == "2" and found.data.params["optimizer.name"]
    assert found.data.metrics["test/accuracy"] == pytest.approx(history.test["test/accuracy"])
    losses = client.get_metric_history(run_id, "train/loss")
    assert sorted(metric.step for metric in losses) == history.steps
    assert [file.path for file in client.list_artifacts(run_id)] == ["best.pt"]


def test_without_mlflow_one_sentence_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow.tracking", None)
    with pytest.raises(TrainDeskError) as caught:
        to_mlflow(run, "somewhere")
    assert_one_sentence(str(caught.value), "not installed", "pip install mlflow")


def test_an_address_where_no_mlflow_is_is_one_sentence(run, tmp_path):
    pytest.importorskip("mlflow.tracking")
    place = tmp_path / "file"
    place.write_text("")
    with pytest.raises(TrainDeskError) as caught:
        to_mlflow(run, str(place))
    assert_one_sentence(str(caught.value), "did not take the run", "check the address")


def test_the_command_line_writes_them_too(run, tmp_path, capsys):
    target = tmp_path / "run.csv"
    common = ["--runs", str(run.folder.parent)]
    assert cli.main(["export", "latest", "csv", str(target), *common]) == 0
    assert target.read_bytes() == as_csv(History(run).update())
    assert cli.main(["export", "latest", "csv", *common]) == 2
    assert_one_sentence(capsys.readouterr().err.strip(), "Say where to")
    assert cli.main(["export", "latest", "parquet", str(tmp_path / "no" / "such.parquet"), *common]) == 1
    assert_one_sentence(capsys.readouterr().err.strip(), "could not be written")
