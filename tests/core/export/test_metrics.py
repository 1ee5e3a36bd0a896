"""Runs for other programs: what they read there is what the log says."""

import csv
import io
import sys

import pandas as pd
import pytest

from core.cli import main
from core.errors import TrainDeskError
from core.export.metrics import as_csv, as_parquet, metrics_table, recorded, to_mlflow, to_tensorboard
from core.runs.events import EventWriter
from core.runs.history import History
from core.runs.store import create_run
from core.workers.worker import work
from tests.helpers import assert_one_sentence, quick_config


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    run = create_run(
        quick_config(title="To go", epochs=2, training={"epoch_seconds": 0.3, "validate_every": "9"}), folder
    )
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
    within = table[table.event == "validation"]
    assert within["step"].tolist() == [9, 18, 27, 36] and within["epoch"].tolist() == [1, 1, 2, 2]
    assert within["images"].tolist() == [history.started["val_images"]] * 4
    assert within["val/accuracy"].tolist() == history.validations.column("val/accuracy").tolist()
    assert steps["train/accuracy"].notna().all()
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
    for tag in ("train/loss", "train/accuracy"):
        assert [step for name, step in found if name == tag] == history.steps
    accuracies = history.curve.column("train/accuracy")
    assert found["train/accuracy", history.steps[-1]] == pytest.approx(accuracies[-1]), "not the mean of the epoch"
    assert [step for name, step in found if name == "val/loss"] == [9, 18, 20, 27, 36, 40]
    assert found["val/loss", 9] == pytest.approx(history.validations.column("val/loss")[0])


def test_a_validation_of_a_part_of_the_images_has_a_name_of_its_own(tmp_path):
    run = create_run(quick_config(), tmp_path)
    writer = EventWriter(run.event_log)
    writer.write("started", val_images=100, steps_per_epoch=10, epochs=1, total_steps=10)
    writer.write("step", epoch=1, step=3, **{"train/loss": 1.0})
    for step, images in [(4, 30), (8, 100)]:
        writer.write("validation", epoch=1, step=step, images=images, **{"val/loss": 0.5, "val/accuracy": 0.75})
    writer.write("epoch", epoch=1, step=10, **{"train/accuracy": 0.5, "val/accuracy": 0.8})
    writer.close()
    found = scalars(to_tensorboard(run))
    assert found["val_part/accuracy", 4] == found["val/accuracy", 8] == 0.75
    assert found["train/accuracy", 10] == 0.5, "where the steps have none, as in runs of before, that of the epoch is"
    assert ("val/accuracy", 4) not in found
    sent = {(name, step): value for name, value, _, step in recorded(History(run).update())}
    assert {key: sent[key] for key in found if key[0] != "images_per_second"} == pytest.approx(
        {key: value for key, value in found.items() if key[0] != "images_per_second"}
    )
    assert metrics_table(History(run).update())["images"].dropna().tolist() == [30, 100]


def test_live_the_files_grow_with_the_run(runs_folder):
    run = create_run(quick_config(epochs=2, training={"tensorboard": True}), runs_folder)
    assert work(run, runs_folder)["event"] == "finished"
    history = History(run).update()
    found = scalars(run.folder / "tensorboard")
    assert {step for tag, step in found if tag == "val/loss"} >= {epoch["step"] for epoch in history.epochs}
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
    accuracies = client.get_metric_history(run_id, "val/accuracy")
    assert sorted(metric.step for metric in accuracies) == [9, 18, 20, 27, 36, 40]
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
    assert main.main(["export", "latest", "csv", str(target), *common]) == 0
    assert target.read_bytes() == as_csv(History(run).update())
    assert main.main(["export", "latest", "csv", *common]) == 2
    assert_one_sentence(capsys.readouterr().err.strip(), "Say where to")
    assert main.main(["export", "latest", "parquet", str(tmp_path / "no" / "such.parquet"), *common]) == 1
    assert_one_sentence(capsys.readouterr().err.strip(), "could not be written")
